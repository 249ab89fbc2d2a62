"""Prints the number of passed cases per risk after a run."""

from collections import Counter

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    passed, total = Counter[str](), Counter[str]()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            risk = dict(getattr(report, "user_properties", ())).get("risk")
            if risk and report.when == "call":
                total[risk] += 1
                passed[risk] += outcome == "passed"
    if total:
        terminalreporter.section("red team: passed cases")
        for risk in sorted(total):
            terminalreporter.write_line(f"{risk}  {passed[risk]} of {total[risk]}")
        terminalreporter.write_line(f"all         {passed.total()} of {total.total()}")
