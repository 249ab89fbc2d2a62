"""What failed at the last refresh and when: `HOME/failures.json`, kept until a refresh ends well."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from kb.errors import GenlensError, StorageError
from kb.files import storage_errors, write_aside
from kb.text import squeeze

# What a failure is of that is not one of a source.
REFRESH = "refresh"
LONGEST = 500  # characters of a reason


@dataclass(frozen=True, slots=True)
class Failure:
    """What failed (an edition of a source, or the refresh), why, and when (ISO 8601 UTC)."""

    what: str
    reason: str
    at: str


_FAILURES = TypeAdapter(tuple[Failure, ...])


def failed_now(what: str, reason: object) -> Failure:
    """A failure of this moment; its reason is one line that can be shown, whatever a page put into it."""
    line = squeeze(str(reason))
    short = line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
    return Failure(what, short, datetime.now(UTC).isoformat(timespec="seconds"))


def read_failures(home: Path) -> tuple[Failure, ...]:
    """What failed since a refresh last ended well; a file that cannot be read is told as a failure."""
    path = home / "failures.json"
    try:
        return _FAILURES.validate_json(path.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValidationError) as error:
        return (failed_now(REFRESH, f"{path} cannot be read ({type(error).__name__}); repeat the refresh"),)


def write_failures(home: Path, failures: Sequence[Failure]) -> None:
    """Take the place of what was recorded before; without any failure no file is left.

    :raises StorageError: the home cannot be written or is full.
    """
    path = home / "failures.json"
    if failures:
        write_aside(path, json.dumps([asdict(f) for f in failures], ensure_ascii=False, indent=1).encode())
    else:
        with storage_errors(path):
            path.unlink(missing_ok=True)


@contextmanager
def recording(home: Path) -> Iterator[list[Failure]]:
    """A list for what fails in the block; it is kept when the block ends, however it ends.

    A process that is killed can no longer write anything, so the record says from the start that the
    refresh has not ended.

    :raises StorageError: the home cannot be written or is full.
    """
    earlier = [failure for failure in read_failures(home) if failure.what != REFRESH]
    write_failures(home, [*earlier, failed_now(REFRESH, "it began and has not ended")])
    failures: list[Failure] = []
    try:
        yield failures
    except GenlensError as error:
        with suppress(StorageError):  # a disk that is full may have no room for this either
            write_failures(home, [*failures, failed_now(REFRESH, error)])
        raise
    write_failures(home, failures)
