"""Feedback on answers, and a count of questions that were not covered; it never leaves this machine.

It is one SQLite file under the home, safe for several processes. Texts are cleaned and cut to MAX_CHARACTERS;
each table keeps its newest MAX_ROWS rows. A row that is not of this form is left out with a warning.
"""

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from kb.errors import StorageError, first_problem
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


_OPINION, _GAP = TypeAdapter(Opinion), TypeAdapter(Gap)
Row = TypeVar("Row", Opinion, Gap)
log = logging.getLogger(__name__)


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
            _prune(database, "opinions")

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
        row = {"asked": _cut(question), "now": _now(), "ids": _joined(ids), "build": build}
        with self._open() as database:
            database.execute(
                "INSERT OR REPLACE INTO gaps SELECT :asked, coalesce(min(first), :now), :now, "
                "coalesce(max(times), 0) + 1, :ids, :build FROM gaps WHERE question = :asked",
                row,
            )
            _prune(database, "gaps")

    def opinions(self) -> tuple[Opinion, ...]:
        """All opinions, newest first.

        :raises StorageError: the file cannot be read.
        """
        columns = "message, question, ids, build, verdict, comment, at"
        select = f"SELECT {columns} FROM opinions ORDER BY rowid DESC"  # noqa: S608 - names of ours
        return self._rows(select, _OPINION)

    def gaps(self) -> tuple[Gap, ...]:
        """All gaps, by count, then newest first.

        :raises StorageError: the file cannot be read.
        """
        columns = "question, times, first, last, ids, build"
        select = f"SELECT {columns} FROM gaps ORDER BY times DESC, rowid DESC"  # noqa: S608 - names of ours
        return self._rows(select, _GAP)

    def _rows(self, select: str, form: TypeAdapter[Row]) -> tuple[Row, ...]:
        """The rows of a form, without those that cannot be read."""
        with self._errors():
            try:
                self._path.stat()
            except FileNotFoundError:  # nothing has been saved
                return ()
        with self._open() as database:
            database.row_factory = sqlite3.Row
            database.text_factory = _decoded
            found = [dict(row) for row in database.execute(select)]
        rows = []
        for values in found:
            try:
                rows.append(form.validate_python(values | {"ids": _split(values["ids"])}))
            except ValidationError as error:
                problem = first_problem(error)
                log.warning("%s: a row is left out (%s: %s)", self._path, problem.field, problem.message)
        return tuple(rows)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The database in one transaction, rolled back on any error."""
        with self._errors():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(mode=0o600)  # questions are private
            with closing(sqlite3.connect(self._path, timeout=LOCK_TIMEOUT)) as database:
                database.executescript(_TABLES)
                with database:
                    yield database

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn an error of the file inside the block into one clear line with the remedy."""
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise StorageError(
                f"{self._path} cannot be used ({error}); free disk space, make it writable, move a damaged "
                "file away, or set GENLENS_FEEDBACK=false"
            ) from error


def _prune(database: sqlite3.Connection, table: str) -> None:
    """Keep the newest rows: a saved row gets the highest number, whatever the clock says."""
    database.execute(
        f"DELETE FROM {table} WHERE rowid IN "  # noqa: S608 - names of ours
        f"(SELECT rowid FROM {table} ORDER BY rowid DESC LIMIT -1 OFFSET ?)",
        (MAX_ROWS,),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _cut(text: str) -> str:
    """The text on one line, cleaned and cut; lone surrogates are replaced."""
    return squeeze(text[: 2 * MAX_CHARACTERS].encode(errors="replace").decode())[:MAX_CHARACTERS]


def _joined(ids: Sequence[str]) -> str:
    return " ".join(ids[:MAX_IDS])


def _split(ids: object) -> object:
    return tuple(ids.split()) if isinstance(ids, str) else ids


def _decoded(stored: bytes) -> str:
    """Stored text, with a stand-in for bytes that are not UTF-8."""
    return stored.decode(errors="replace")
