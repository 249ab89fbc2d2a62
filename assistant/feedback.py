"""What people think of answers, and the questions that were not covered: kept on this machine alone.

One SQLite file under the home, which several processes may use at once. Texts are cleaned and cut to
MOST_CHARACTERS; of each table the last MOST_ROWS rows are kept.
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
MOST_CHARACTERS, MOST_IDS, MOST_ROWS = 2000, 20, 10_000
PATIENCE = 10.0  # seconds to wait for another process that writes
_TABLES = """
    CREATE TABLE IF NOT EXISTS opinions (
        message TEXT PRIMARY KEY, at TEXT, question TEXT, ids TEXT, build TEXT, verdict TEXT, comment TEXT
    );
    CREATE TABLE IF NOT EXISTS gaps (
        question TEXT PRIMARY KEY, first TEXT, last TEXT, times INTEGER, ids TEXT, build TEXT
    );
"""


class Verdict(StrEnum):
    """What somebody thinks of an answer."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Opinion:
    """A verdict on an answer; `message` is the same when somebody changes their mind about one answer.

    `ids` are those that the answer cites, in order; `at` is a time in UTC, or empty until it is kept.
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
    """A question that was not covered, how often it was asked, and the nearest topics at the last time."""

    question: str
    times: int
    first: str
    last: str
    ids: tuple[str, ...]
    build: str


class Feedback:
    """The opinions and gaps of a home; its file is made by the first one that is kept."""

    def __init__(self, home: Path) -> None:
        self._path = home / FILE

    def keep(self, opinion: Opinion) -> None:
        """Keep an opinion in place of an earlier one on the same message.

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
        """Forget the opinion on a message, if there is one.

        :raises StorageError: the file cannot be written.
        """
        with self._open() as database:
            database.execute("DELETE FROM opinions WHERE message = ?", (message,))

    def miss(self, question: str, ids: Sequence[str], build: str) -> None:
        """Count a question that was not covered.

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
        """What was kept, newest first.

        :raises StorageError: the file cannot be read.
        """
        columns = "message, question, ids, build, verdict, comment, at"
        rows = self._rows(f"SELECT {columns} FROM opinions ORDER BY at DESC, rowid DESC")  # noqa: S608 - ours
        return tuple(Opinion(m, q, _split(ids), b, Verdict(v), c, at) for m, q, ids, b, v, c, at in rows)

    def gaps(self) -> tuple[Gap, ...]:
        """Questions that were not covered, those asked most first, then the newest.

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
        """The database within one transaction, which is undone where it fails."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(mode=0o600)  # what people asked is their own business
            with closing(sqlite3.connect(self._path, timeout=PATIENCE)) as database:
                database.executescript(_TABLES)
                with database:
                    yield database
        except (OSError, sqlite3.Error) as error:
            raise StorageError(
                f"{self._path} cannot be used ({error}); "
                "give it space and rights, or set GENLENS_FEEDBACK=false"
            ) from error


def _prune(database: sqlite3.Connection, table: str, age: str) -> None:
    database.execute(
        f"DELETE FROM {table} WHERE rowid IN "  # noqa: S608 - names of ours
        f"(SELECT rowid FROM {table} ORDER BY {age} DESC, rowid DESC LIMIT -1 OFFSET ?)",
        (MOST_ROWS,),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _cut(text: str) -> str:
    """The text on one line without invisible characters, and not too long; half characters are replaced."""
    return squeeze(text[: 2 * MOST_CHARACTERS].encode(errors="replace").decode())[:MOST_CHARACTERS]


def _joined(ids: Sequence[str]) -> str:
    return " ".join(ids[:MOST_IDS])


def _split(ids: str) -> tuple[str, ...]:
    return tuple(ids.split())
