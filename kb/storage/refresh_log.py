"""The log of refreshes: what failed at the last one, and when the sources were last found unchanged.

HOME/failures.json  kept until a refresh ends without a failure
HOME/checked.json   the build that was up to date, and when; builds themselves never change
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from kb.entries import Origin
from kb.errors import GenlensError, StorageError
from kb.files import Time, storage_errors, utc_now, write_atomic
from kb.storage.manifest import Manifest
from kb.text import squeeze

# `Failure.what` of a failure outside of any source.
REFRESH = "refresh"
MAX_REASON = 500  # characters


@dataclass(frozen=True, slots=True)
class Failure:
    """What failed (an edition of a source, or the refresh), why, and when (ISO 8601 UTC)."""

    what: str
    reason: str
    at: Time


@dataclass(frozen=True, slots=True)
class _Check:
    """The build that was up to date at a time (ISO 8601 UTC)."""

    build: str
    at: Time


_FAILURES = TypeAdapter(tuple[Failure, ...])
_CHECK = TypeAdapter(_Check)


def failed_now(what: str, reason: object) -> Failure:
    """A failure at this moment; its reason is cut to one printable line."""
    line = squeeze(str(reason))
    short = line if len(line) <= MAX_REASON else f"{line[: MAX_REASON - 1]}…"
    return Failure(what, short, utc_now())


def read_failures(home: Path) -> tuple[Failure, ...]:
    """The failures since a refresh last ended well; an unreadable file is reported as a failure."""
    path = home / "failures.json"
    try:
        return _FAILURES.validate_json(path.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValidationError) as error:
        return (failed_now(REFRESH, f"{path} cannot be read ({type(error).__name__}); repeat the refresh"),)


def write_failures(home: Path, failures: Sequence[Failure]) -> None:
    """Replace the recorded failures; without any, the file is removed.

    :raises StorageError: the home is not writable, or the disk is full.
    """
    path = home / "failures.json"
    if failures:
        write_atomic(path, json.dumps([asdict(f) for f in failures], ensure_ascii=False, indent=1).encode())
    else:
        with storage_errors(path):
            path.unlink(missing_ok=True)


@contextmanager
def recording_failures(home: Path) -> Iterator[list[Failure]]:
    """A list for the failures of a refresh, recorded at the end of the block.

    A killed process cannot record anything, so an unfinished refresh is recorded at the start.

    :raises StorageError: the home is not writable, or the disk is full.
    """
    earlier = [failure for failure in read_failures(home) if failure.what != REFRESH]
    write_failures(home, [*earlier, failed_now(REFRESH, "it started and did not finish")])
    failures: list[Failure] = []
    try:
        yield failures
    except GenlensError as error:
        with suppress(StorageError):  # a full disk may have no room for this either
            write_failures(home, [*failures, failed_now(REFRESH, error)])
        raise
    write_failures(home, failures)


def checked_at(home: Path, served: Manifest) -> str:
    """When the sites were last found unchanged since this build (ISO 8601 UTC).

    Without such a check, the time its newest source was read; empty if no source came from its site.
    """
    try:
        check = _CHECK.validate_json((home / "checked.json").read_bytes())
    except (OSError, ValidationError):  # the file only adds to what the build says
        check = _Check("", "")
    if check.build == served.id:
        return check.at
    return max((state.fetched_at for state in served.sources if state.origin == Origin.SITE), default="")


def write_check(home: Path, build_id: str, at: str) -> None:
    """Record that the sites have nothing newer than a build.

    :raises StorageError: the home is not writable, or the disk is full.
    """
    write_atomic(home / "checked.json", json.dumps(asdict(_Check(build_id, at))).encode())
