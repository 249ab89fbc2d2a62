"""Thumbs and gaps are kept on this machine, whole, once each, by several processes."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.homes import ROOT

from assistant.cli import main
from assistant.feedback import FILE, MAX_CHARACTERS, Feedback, Opinion, Verdict
from kb.errors import StorageError

HOSTILE = "<img src=x onerror=alert(1)> ![a](http://evil.test/a.png) \u200b\U000e0041\x1b[31m red"
WRITER = """
import sys
from pathlib import Path
from assistant.feedback import Feedback
for number in range(20):
    Feedback(Path(sys.argv[1])).count_gap("the same question", ["GENSEC05-BP01"], "b")
"""


def opinion(message: str = "m", verdict: Verdict = Verdict.UP, comment: str = "") -> Opinion:
    return Opinion(message, "prompt caching", ("GENCOST03-BP03",), "b", verdict, comment)


def test_a_changed_mind_replaces_what_was_kept(home: Path) -> None:
    kept = Feedback(home)
    kept.save(opinion())
    kept.save(opinion(verdict=Verdict.DOWN, comment="too short"))
    (only,) = kept.opinions()
    assert (only.verdict, only.comment, only.ids) == (Verdict.DOWN, "too short", ("GENCOST03-BP03",))
    kept.withdraw("m")
    assert kept.opinions() == ()


def test_opinions_come_newest_first_and_gaps_by_how_often_they_were_asked(home: Path) -> None:
    kept = Feedback(home)
    for message in ("first", "second"):
        kept.save(opinion(message))
    for question in ("lasagna", "passport", "passport"):
        kept.count_gap(question, ["GENOPS01-BP01"], "b")
    assert [one.message for one in kept.opinions()] == ["second", "first"]
    assert [(gap.question, gap.times) for gap in kept.gaps()] == [("passport", 2), ("lasagna", 1)]


def test_hostile_comments_are_kept_as_short_lines_without_invisible_characters(home: Path) -> None:
    Feedback(home).save(opinion(comment=HOSTILE))
    assert Feedback(home).opinions()[0].comment == (
        "<img src=x onerror=alert(1)> ![a](http://evil.test/a.png) [31m red"
    )
    Feedback(home).save(opinion(comment="x" * 1_000_000 + "\ud800"))
    assert Feedback(home).opinions()[0].comment == "x" * MAX_CHARACTERS


def test_the_oldest_go_when_there_are_too_many(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.feedback.MAX_ROWS", 2)
    for message in ("a", "b", "c"):
        Feedback(home).save(opinion(message))
    assert [one.message for one in Feedback(home).opinions()] == ["c", "b"]


def test_reading_makes_no_file_and_only_the_owner_reads_it(home: Path) -> None:
    assert (Feedback(home).opinions(), Feedback(home).gaps()) == ((), ())
    assert not (home / FILE).exists()
    Feedback(home).save(opinion())
    assert (home / FILE).stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_database_is_told_with_what_to_do(home: Path) -> None:
    home.mkdir()
    (home / FILE).write_text("no database" * 100)
    with pytest.raises(StorageError, match="GENLENS_FEEDBACK=false"):
        Feedback(home).save(opinion())


def test_processes_that_write_at_once_lose_nothing(home: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(home)]
    writers = [subprocess.Popen(command, env={"PYTHONPATH": str(ROOT)}) for _ in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert [gap.times for gap in Feedback(home).gaps()] == [60]


def test_the_verb_lists_opinions_and_gaps(home: Path) -> None:
    assert CliRunner().invoke(main, ["feedback"]).exit_code == 1
    Feedback(home).save(opinion(comment="just right"))
    Feedback(home).count_gap("lasagna", ["GENOPS01-BP01"], "b")
    told = CliRunner().invoke(main, ["feedback"])
    assert told.exit_code == 0
    assert "up    prompt caching  [GENCOST03-BP03]" in told.stdout
    assert "      just right\n" in told.stdout
    assert "  1x  not covered: lasagna  nearest: GENOPS01-BP01\n" in told.stdout
    assert '"times": 1' in CliRunner().invoke(main, ["feedback", "--json"]).stdout
