"""The commands status, changes and rollback, with small builds and the fake model."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.clock import Clock
from support.corpus import MADE_AT, SOURCES, corpus
from support.encoder import WordEncoder

import kb.storage.builds
from assistant.cli import main
from kb.make import make_build
from kb.storage.builds import current_build

Run = Callable[..., Result]
FIRST, SECOND, THIRD = (f"20260102T00000{second}" for second in (1, 2, 3))


@pytest.fixture
def run() -> Run:
    """Runs the command line in this process and checks the exit code."""

    def run(*arguments: str, code: int = 0) -> Result:
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == code, done.output
        assert done.exception is None or isinstance(done.exception, SystemExit)
        return done

    return run


@pytest.fixture
def builds(home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three builds, oldest first; each lacks one more of the last entries."""
    monkeypatch.setattr(Clock, "ticks", 0)
    monkeypatch.setattr(kb.storage.builds, "datetime", Clock)
    monkeypatch.setattr("kb.rollback.open_encoder", lambda _folder, _model, _weights: encoder)
    monkeypatch.setenv("GENLENS_MODEL", "tests/words")
    entries = corpus()
    every = len(entries)
    return [make_build(home, encoder, entries[: every - count], SOURCES, MADE_AT).id for count in range(3)]


def test_status_lists_kept_builds_and_marks_the_served_one(run: Run, builds: list[str]) -> None:
    first, second, third = builds
    assert [build[:15] for build in builds] == [FIRST, SECOND, THIRD]
    assert json.loads(run("status", "--json").stdout)["kept"] == [third, second, first]
    assert run("status").stdout.splitlines()[-3:] == [
        f"kept   {third}  (served)",
        f"kept   {second}",
        f"kept   {first}",
    ]


def test_changes_compares_the_last_two_builds(run: Run, builds: list[str]) -> None:
    done = run("changes", "--json")
    assert json.loads(done.stdout) == {
        "from": builds[1],
        "to": builds[2],
        "added": [],
        "removed": ["LLM06:2026"],
        "changed": [],
    }
    assert done.stderr.startswith(f"genlens: {builds[1]} has owasp-llm 2025 (en) from the genlens catalogue")
    assert run("changes").stdout.splitlines()[-2:] == ["removed", "   LLM06:2026  Unbounded Consumption"]
    assert "\n## Removed\n\n- [LLM06:2026](" in run("changes", "--markdown", "--diff").stdout


def test_changes_compares_named_builds(run: Run, builds: list[str]) -> None:
    first, second, _ = builds
    assert json.loads(run("changes", first, "--json").stdout)["removed"] == ["LLM06:2026", "LLM06:2025"]
    assert json.loads(run("changes", second, first, "--json").stdout)["added"] == ["LLM06:2025"]
    assert run("changes", second, second).stdout.endswith("\n\nno changes\n")


def test_rollback_serves_the_previous_build_and_prints_the_status(
    run: Run, home: Path, builds: list[str]
) -> None:
    first, second, third = builds
    record = json.loads(run("rollback", "--json").stdout)
    assert (record["build"], record["kept"]) == (second, [third, second, first])
    assert current_build(home).id == second
    lines = run("rollback", third).stdout.splitlines()
    assert (lines[0], lines[-3]) == (f"build  {third}", f"kept   {third}  (served)")
    assert json.loads(run("status", "--json").stdout)["build"] == third


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("changes", "--json", "--markdown"), 2, "--markdown and --json exclude each other"),
        (("changes", "a", "b", "c"), 2, "unexpected extra argument"),
        (("changes", "gone"), 1, "genlens: 'gone' is not a build in "),
        (("changes", FIRST), 1, f"genlens: '{FIRST}' is not a build in "),
        (("rollback", "gone"), 1, "genlens: 'gone' is not a build in "),
        (("rollback", "--json", "\x1b[31m"), 1, "genlens: '[31m' is not a build in "),
    ],
)
@pytest.mark.usefixtures("builds")
def test_bad_input_is_refused_with_a_message(
    run: Run, arguments: tuple[str, ...], code: int, line: str
) -> None:
    done = run(*arguments, code=code)
    assert done.stdout == ""
    assert line in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("verb", ["changes", "rollback"])
def test_missing_index_is_one_line_with_the_command_to_run(run: Run, home: Path, verb: str) -> None:
    assert run(verb, code=2).stderr == f"genlens: no index in {home}; make one with: genlens refresh\n"
    assert not home.exists()


def test_single_build_cannot_be_compared_or_rolled_back(run: Run, home: Path, encoder: WordEncoder) -> None:
    only = make_build(home, encoder, corpus(), SOURCES, MADE_AT).id
    assert run("changes", code=1).stderr == (
        f"genlens: {only} is the only build in {home}, expected two to compare\n"
    )
    assert run("rollback", code=1).stderr == (
        f"genlens: {only} is served, and no build before it is kept in {home}\n"
    )
