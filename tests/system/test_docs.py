"""The documents agree with the code."""

import re
import shlex
import tomllib
from importlib.metadata import version

import pytest
from support.homes import ROOT

from assistant.cli import main
from kb.settings import Settings

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"`(genlens [^`]+)`|^\$ (genlens .+)$", README, flags=re.MULTILINE)))


@pytest.mark.parametrize("command", [a or b for a, b in COMMANDS])
def test_command_in_the_readme_is_valid(command: str) -> None:
    words = shlex.split(command)
    verb = main.commands[words[1]]
    verb.make_parser(verb.context_class(verb)).parse_args(args=words[2:])


def test_readme_has_every_command() -> None:
    named = {shlex.split(a or b)[1] for a, b in COMMANDS}
    assert named == set(main.commands)


def test_readme_has_every_setting() -> None:
    assert set(re.findall(r"^\| `(GENLENS_[A-Z_]+)`", README, flags=re.MULTILINE)) == {
        f"GENLENS_{name.upper()}" for name in Settings.model_fields
    }


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "docs/architecture.md",
        "docs/models.md",
        "docs/page.md",
        "docs/quality.md",
        "docs/refreshing.md",
        "docs/reliability.md",
        "docs/speed.md",
        "docs/tool-server.md",
        "docs/llamaindex.md",
        "docs/tracing.md",
        "SECURITY.md",
        "data/README.md",
    ],
)
def test_links_and_named_files_exist(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    linked = {target for target in re.findall(r"\]\(([^)#]+)\)", text) if not target.startswith("http")}
    missing = [target for target in linked if not ((ROOT / document).parent / target).exists()]
    named = set(re.findall(r"`((?:tests|kb|ingest|assistant)/[\w/]+\.py)`", text))
    assert missing + [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_every_risk_has_a_control_and_a_test() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (LLM\d\d:2026) [^|]+\|[^|]+\|[^|]+\|([^|]+)\|$", text, flags=re.MULTILINE)
    assert [risk for risk, _ in rows] == [f"LLM{number:02}:2026" for number in range(1, 11)]
    practices = re.findall(r"^\| (GENSEC\d\d-BP\d\d) [^|]+\|[^|]+\|([^|]+)\|$", text, flags=re.MULTILINE)
    assert {practice[:8] for practice, _ in practices} == {f"GENSEC{number:02}" for number in range(1, 7)}
    assert all(re.search(r"`tests/[\w/]+\.py`", tests) for _, tests in (*rows, *practices))


def test_changelog_has_the_version() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    heads = re.findall(
        r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert heads[:2] == ["Unreleased", declared]
    assert version("genlens") == declared
