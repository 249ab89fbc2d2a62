"""Feedback on answers, and a count of questions that were not covered; it never leaves this machine.

It is one SQLite file under the home, safe for several processes. Texts are cleaned and cut to MAX_CHARACTERS;
each table keeps its newest MAX_ROWS rows.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from kb.errors import StorageError
from kb.text import squeeze

FILE = "feedback.sqlite3"
MAX_CHARACTERS, MAX_IDS, MAX_ROWS = 2000, 20, 10_000
LOCK_TIMEOUT = 10.0  # seconds to wait while another process writes
_TABLES = """
    CREATE TABLE IF NOT EXISTS opinions (
        message TEXT PRIMARY KEY, at TEXT, question TEXT, ids TEXT, build TEXT, verdict TEXT, comment TEXT
    );
    CREATE TABLE IF NOT EXISTS gaps (
        question TEXT PRIMARY KEY, first TEXT, last TEXT, times INTEGER, ids TEXT, build TEXT
    );
"""


class Verdict(StrEnum):
    """A thumb up or down."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Opinion:
    """A verdict on the answer of a message, with the ids it cites in order.

    A later verdict on the same `message` replaces the earlier one. `at` is the time of saving in UTC, empty
    before.
    """

    message: str
    question: str
    ids: tuple[str, ...]
    build: str
    verdict: Verdict
    comment: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """A question that was not covered, with its count and the nearest topics when it was last asked."""

    question: str
    times: int
    first: str
    last: str
    ids: tuple[str, ...]
    build: str


class Feedback:
    """The opinions and gaps of a home; the first write creates the file."""

    def __init__(self, home: Path) -> None:
        self._path = home / FILE

    def save(self, opinion: Opinion) -> None:
        """Save an opinion, in place of an earlier one on the same message.

        :raises StorageError: the file cannot be written.
        """
        row = (
            opinion.message,
            _now(),
            _cut(opinion.question),
            _joined(opinion.ids),
            opinion.build,
            opinion.verdict.value,
            _cut(opinion.comment),
        )
        with self._open() as database:
            database.execute("INSERT OR REPLACE INTO opinions VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            _prune(database, "opinions", "at")

    def withdraw(self, message: str) -> None:
        """Delete the opinion on a message, if any.

        :raises StorageError: the file cannot be written.
        """
        with self._open() as database:
            database.execute("DELETE FROM opinions WHERE message = ?", (message,))

    def count_gap(self, question: str, ids: Sequence[str], build: str) -> None:
        """Count a question that is not covered.

        :raises StorageError: the file cannot be written.
        """
        now = _now()
        with self._open() as database:
            database.execute(
                "INSERT INTO gaps VALUES (?, ?, ?, 1, ?, ?) ON CONFLICT (question) DO UPDATE SET "
                "last = excluded.last, times = times + 1, ids = excluded.ids, build = excluded.build",
                (_cut(question), now, now, _joined(ids), build),
            )
            _prune(database, "gaps", "last")

    def opinions(self) -> tuple[Opinion, ...]:
        """All opinions, newest first.

        :raises StorageError: the file cannot be read.
        """
        columns = "message, question, ids, build, verdict, comment, at"
        rows = self._rows(f"SELECT {columns} FROM opinions ORDER BY at DESC, rowid DESC")  # noqa: S608 - ours
        return tuple(Opinion(m, q, _split(ids), b, Verdict(v), c, at) for m, q, ids, b, v, c, at in rows)

    def gaps(self) -> tuple[Gap, ...]:
        """All gaps, by count, then newest first.

        :raises StorageError: the file cannot be read.
        """
        columns = "question, times, first, last, ids, build"
        rows = self._rows(f"SELECT {columns} FROM gaps ORDER BY times DESC, last DESC")  # noqa: S608 - ours
        return tuple(Gap(q, times, first, last, _split(ids), b) for q, times, first, last, ids, b in rows)

    def _rows(self, select: str) -> list[tuple]:  # type: ignore[type-arg]
        if not self._path.exists():
            return []
        with self._open() as database:
            return database.execute(select).fetchall()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The database in one transaction, rolled back on any error."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(mode=0o600)  # questions are private
            with closing(sqlite3.connect(self._path, timeout=LOCK_TIMEOUT)) as database:
                database.executescript(_TABLES)
                with database:
                    yield database
        except (OSError, sqlite3.Error) as error:
            raise StorageError(
                f"{self._path} cannot be used ({error}); free disk space, make it writable, "
                "or set GENLENS_FEEDBACK=false"
            ) from error


def _prune(database: sqlite3.Connection, table: str, age: str) -> None:
    database.execute(
        f"DELETE FROM {table} WHERE rowid IN "  # noqa: S608 - names of ours
        f"(SELECT rowid FROM {table} ORDER BY {age} DESC, rowid DESC LIMIT -1 OFFSET ?)",
        (MAX_ROWS,),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _cut(text: str) -> str:
    """The text on one line, cleaned and cut; lone surrogates are replaced."""
    return squeeze(text[: 2 * MAX_CHARACTERS].encode(errors="replace").decode())[:MAX_CHARACTERS]


def _joined(ids: Sequence[str]) -> str:
    return " ".join(ids[:MAX_IDS])


def _split(ids: str) -> tuple[str, ...]:
    return tuple(ids.split())
