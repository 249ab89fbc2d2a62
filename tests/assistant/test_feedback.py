"""Thumbs and gaps, saved on this machine."""

import sqlite3
import subprocess
import sys
from contextlib import closing
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


def test_second_opinion_replaces_the_first(home: Path) -> None:
    feedback = Feedback(home)
    feedback.save(opinion())
    feedback.save(opinion(verdict=Verdict.DOWN, comment="too short"))
    (only,) = feedback.opinions()
    assert (only.verdict, only.comment, only.ids) == (Verdict.DOWN, "too short", ("GENCOST03-BP03",))
    feedback.withdraw("m")
    assert feedback.opinions() == ()


def test_opinions_are_newest_first_and_gaps_most_frequent_first(home: Path) -> None:
    feedback = Feedback(home)
    for message in ("first", "second"):
        feedback.save(opinion(message))
    for question in ("lasagna", "passport", "passport"):
        feedback.count_gap(question, ["GENOPS01-BP01"], "b")
    assert [one.message for one in feedback.opinions()] == ["second", "first"]
    assert [(gap.question, gap.times) for gap in feedback.gaps()] == [("passport", 2), ("lasagna", 1)]


def test_hostile_comment_is_shortened_and_loses_invisible_characters(home: Path) -> None:
    Feedback(home).save(opinion(comment=HOSTILE))
    assert Feedback(home).opinions()[0].comment == (
        "<img src=x onerror=alert(1)> ![a](http://evil.test/a.png) [31m red"
    )
    Feedback(home).save(opinion(comment="x" * 1_000_000 + "\ud800"))
    assert Feedback(home).opinions()[0].comment == "x" * MAX_CHARACTERS


def test_oldest_opinions_are_removed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.feedback.MAX_ROWS", 2)
    for message in ("a", "b", "c"):
        Feedback(home).save(opinion(message))
    assert [one.message for one in Feedback(home).opinions()] == ["c", "b"]


def test_reading_creates_no_file_and_only_the_owner_can_read_it(home: Path) -> None:
    assert (Feedback(home).opinions(), Feedback(home).gaps()) == ((), ())
    assert not (home / FILE).exists()
    Feedback(home).save(opinion())
    assert (home / FILE).stat().st_mode & 0o077 == 0


def test_damaged_file_is_an_error_with_advice(home: Path) -> None:
    home.mkdir()
    (home / FILE).write_text("no database" * 100)
    with pytest.raises(StorageError, match="GENLENS_FEEDBACK=false"):
        Feedback(home).save(opinion())


def test_concurrent_writers_lose_no_count(home: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(home)]
    writers = [subprocess.Popen(command, env={"PYTHONPATH": str(ROOT)}) for _ in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert [gap.times for gap in Feedback(home).gaps()] == [60]


def test_command_lists_opinions_and_gaps(home: Path) -> None:
    assert CliRunner().invoke(main, ["feedback"]).exit_code == 1
    Feedback(home).save(opinion(comment="just right"))
    Feedback(home).count_gap("lasagna", ["GENOPS01-BP01"], "b")
    listed = CliRunner().invoke(main, ["feedback"])
    assert listed.exit_code == 0
    assert "up    prompt caching  [GENCOST03-BP03]" in listed.stdout
    assert "      just right\n" in listed.stdout
    assert "  1x  not covered: lasagna  nearest: GENOPS01-BP01\n" in listed.stdout
    assert '"times": 1' in CliRunner().invoke(main, ["feedback", "--json"]).stdout


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("verdict", "'sideways'", "verdict: Input should be 'up' or 'down'"),
        ("verdict", "NULL", "verdict: Input should be 'up' or 'down'"),
        ("question", "NULL", "question: Input should be a valid string"),
        ("question", "x'ff00'", "question: Input should be a valid string"),
        ("ids", "NULL", "ids: Input should be a valid tuple"),
        ("ids", "x'ff00'", "ids: Input should be a valid tuple"),
        ("comment", "NULL", "comment: Input should be a valid string"),
    ],
)
def test_row_that_cannot_be_read_is_left_out_and_told(
    home: Path, column: str, value: str, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    for message in ("broken", "sound"):
        Feedback(home).save(opinion(message))
    broken(home, f"UPDATE opinions SET {column} = {value} WHERE message = 'broken'")  # noqa: S608 - ours
    assert [one.message for one in Feedback(home).opinions()] == ["sound"]
    (told,) = [record.getMessage() for record in caplog.records]
    assert told.startswith(f"{home / FILE}: a row is left out ({problem}")
    Feedback(home).save(opinion("later"))
    assert [one.message for one in Feedback(home).opinions()] == ["later", "sound"]


def test_gap_that_cannot_be_read_is_left_out_and_told(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    for question in ("lasagna", "passport"):
        Feedback(home).count_gap(question, [], "b")
    broken(home, "UPDATE gaps SET times = 'often' WHERE question = 'lasagna'")
    assert [gap.question for gap in Feedback(home).gaps()] == ["passport"]
    assert "times: Input should be a valid integer" in caplog.text


def test_text_that_is_not_utf_8_gets_a_stand_in(home: Path) -> None:
    Feedback(home).save(opinion(comment="so"))
    broken(home, "UPDATE opinions SET comment = CAST(x'6fff6b' AS TEXT)")
    assert Feedback(home).opinions()[0].comment == "o\ufffdk"


def test_table_of_another_version_is_an_error_with_advice(home: Path) -> None:
    Feedback(home).save(opinion())
    broken(home, "ALTER TABLE opinions RENAME COLUMN verdict TO thumb")
    with pytest.raises(StorageError, match=r"no such column: verdict.*move a damaged file away"):
        Feedback(home).opinions()


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_half_a_file_is_an_error_with_advice(home: Path, share: float) -> None:
    for number in range(50):
        Feedback(home).save(opinion(f"{number}", comment="x" * 500))
    content = (home / FILE).read_bytes()
    (home / FILE).write_bytes(content[: int(len(content) * share)])
    with pytest.raises(StorageError, match="move a damaged file away"):
        Feedback(home).opinions()


def test_folder_in_place_of_the_file_is_an_error(home: Path) -> None:
    (home / FILE).mkdir(parents=True)
    with pytest.raises(StorageError, match="unable to open database file"):
        Feedback(home).opinions()


def test_file_in_place_of_the_home_is_an_error(home: Path) -> None:
    home.write_text("")
    with pytest.raises(StorageError, match="Not a directory"):
        Feedback(home).opinions()


def test_clock_that_went_back_loses_no_feedback(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.feedback.MAX_ROWS", 2)
    feedback = Feedback(home)
    for day in ("2031-01-02", "2031-01-01", "2026-01-01"):
        monkeypatch.setattr("assistant.feedback._now", lambda day=day: day)
        feedback.save(opinion(day))
        feedback.count_gap("asked each day", [], "b")
        feedback.count_gap(f"asked on {day}", [], "b")
    assert [one.message for one in feedback.opinions()] == ["2026-01-01", "2031-01-01"]
    assert [(gap.question, gap.times, gap.first) for gap in feedback.gaps()] == [
        ("asked each day", 3, "2031-01-02"),
        ("asked on 2026-01-01", 1, "2026-01-01"),
    ]


def broken(home: Path, change: str) -> None:
    """Change the file behind our back."""
    with closing(sqlite3.connect(home / FILE)) as database, database:
        database.execute(change)
