"""Prints, after a run, how many cases of each risk passed."""

from collections import Counter

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    passed, all_of_it = Counter[str](), Counter[str]()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            risk = dict(getattr(report, "user_properties", ())).get("risk")
            if risk and report.when == "call":
                all_of_it[risk] += 1
                passed[risk] += outcome == "passed"
    if all_of_it:
        terminalreporter.section("red team, cases that passed")
        for risk in sorted(all_of_it):
            terminalreporter.write_line(f"{risk}  {passed[risk]} of {all_of_it[risk]}")
        terminalreporter.write_line(f"all         {passed.total()} of {all_of_it.total()}")
