"""The refresh lock: one process at a time changes the builds of a home.

The OS releases the lock when the process exits or is killed.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from kb.errors import BusyError
from kb.files import storage_errors

LOCK_SECONDS = 600.0  # the longest wait for another process

log = logging.getLogger(__name__)


@contextmanager
def refresh_lock(home: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the refresh lock of a home; wait for another holder with a warning, or fail at once.

    :raises BusyError: another process holds the lock: after LOCK_SECONDS, or at once without `wait`.
    :raises StorageError: the home is not writable.
    """
    lock = FileLock(home / "refresh.lock")
    with storage_errors(home):
        home.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if not wait:
                raise BusyError(
                    f"{home}: another refresh or rollback is running; repeat when it has ended"
                ) from None
            log.warning("another refresh or rollback is running in %s; waiting for it to end", home)
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
