"""One at a time: the lock that is held by whoever changes which builds a home has.

A lock of a process that ended, whatever way, is no lock: the system lets go of it.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from kb.errors import BusyError
from kb.files import storage_errors

LOCK_SECONDS = 600.0
"""How long another is waited for."""

log = logging.getLogger(__name__)


@contextmanager
def locked(home: Path, *, wait: bool = True) -> Iterator[None]:
    """Nobody else changes the builds of a home while the block runs.

    Another is waited for, with a warning, or else refused at once.

    :raises BusyError: another did not end in time, or is not waited for.
    :raises StorageError: the home cannot be written.
    """
    lock = FileLock(home / "refresh.lock")
    with storage_errors(home):
        home.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if not wait:
                raise BusyError(
                    f"{home}: another refresh or rollback is under way; repeat when it has ended"
                ) from None
            log.warning("another refresh or rollback is under way in %s; waiting for it to end", home)
            try:
                lock.acquire(timeout=LOCK_SECONDS)
            except Timeout:
                raise BusyError(
                    f"{home}: another refresh or rollback did not end within {LOCK_SECONDS:.0f} seconds; "
                    "stop it and repeat"
                ) from None
    try:
        yield
    finally:
        lock.release()
