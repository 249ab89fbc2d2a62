"""Files of the home: atomic writes, JSON Lines, digests, temporary folders, and the time as recorded."""

import errno
import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from threading import get_ident
from types import TracebackType
from typing import Annotated, TypeVar

from filelock import FileLock, Timeout
from pydantic import AfterValidator, TypeAdapter, ValidationError

from kb.errors import DamagedIndexError, RecordError, StorageError, first_problem

Record = TypeVar("Record")
# The names of temporary files of `write_atomic`.
_TEMPORARY = re.compile(r"\..+\.\d+(-\d+)?")
# The ending of the lock beside a temporary folder.
_LOCK = ".lock"


def _is_time(text: str) -> str:
    datetime.fromisoformat(text)
    return text


Time = Annotated[str, AfterValidator(_is_time)]
"""A time in a file, as ISO 8601; another text is a validation error."""


def utc_now() -> str:
    """The current time as ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def digests_of(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file below a folder, by its name from there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}


def check_digest(file: Path, expected: str) -> None:
    """Reject a file with another SHA-256.

    :raises DamagedIndexError: the file differs, is missing or cannot be read.
    """
    try:
        problem = "" if sha256_of(file) == expected else "its content is not what was written"
    except OSError as error:
        problem = error.strerror or str(error)
    if problem:
        raise DamagedIndexError(
            f"{file} is damaged ({problem}); serve another build with: genlens rollback, "
            "or make one with: genlens refresh"
        )


def read_records(path: Path, form: TypeAdapter[Record], *, skip_blank: bool = False) -> Iterator[Record]:
    """Records of a JSON Lines file in file order; blank lines are skipped, or else an error.

    :raises RecordError: a line is not a record of this form; the message names file, line and field.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if skip_blank and line.isspace():
                continue
            try:
                yield form.validate_json(line)
            except ValidationError as error:
                problem = first_problem(error)
                field = problem.field or "line"
                raise RecordError(f"{path}, line {number}, {field}: {problem.message}") from error


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, flush it to disk, then rename it into place.

    :raises StorageError: the folder is not writable, or the disk is full.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{get_ident()}")
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def remove_temporary(folder: Path, seconds: float = 0.0) -> None:
    """Remove the temporary files of killed writers in a folder, changed at least some seconds ago.

    Without `seconds`, call it only if nobody can be writing there.
    """
    for path in folder.glob(".*"):
        with suppress(OSError):  # gone in the meantime, or not ours to remove
            if _TEMPORARY.fullmatch(path.name) and abs(time.time() - path.stat().st_mtime) >= seconds:
                path.unlink()


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn an OSError inside the block into one clear line with the remedy.

    :raises StorageError: for every OSError in the block.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            reason = "the disk is full; free some space and repeat: the served build is untouched"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            reason = "it is not writable; give write permission or set GENLENS_HOME to another folder"
        elif error.errno == errno.EISDIR:
            remedy = "remove it, or set GENLENS_HOME to a folder that can be written"
            reason = f"it is a folder, expected a file; {remedy}"
        else:
            reason = f"{error.strerror or error}; set GENLENS_HOME to a folder that can be written"
        raise StorageError(f"{error.filename2 or error.filename or path}: {reason}") from error


class TemporaryFolder:
    """An empty folder of this process; its name is the prefix and eight hexadecimal digits.

    The OS releases the lock beside it when the process exits or is killed: a folder with a free lock is
    abandoned.
    """

    def __init__(self, parent: Path, prefix: str) -> None:
        """Make the folder; the lock comes first, so that a folder in use is never without one.

        :raises OSError: the parent is missing or not writable.
        """
        self.path = parent / f"{prefix}{token_hex(4)}"
        self._lock = _lock_of(self.path)
        self._lock.acquire()
        try:
            self.path.mkdir(mode=0o700)
        except OSError:
            self.remove()
            raise

    def __enter__(self) -> Path:
        return self.path

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def remove(self) -> None:
        """Remove the folder and its lock."""
        shutil.rmtree(self.path, ignore_errors=True)
        _unlock(self._lock)


def remove_abandoned(parent: Path, form: re.Pattern[str]) -> None:
    """Remove the folders of this user with names of a form that no living process uses."""
    if not parent.is_dir():
        return
    found = {path.name.removesuffix(_LOCK): path for path in parent.iterdir()}
    for name, path in found.items():
        if form.fullmatch(name) and _is_ours(path):
            lock = _lock_of(parent / name)
            try:
                lock.acquire(timeout=0)
            except (Timeout, OSError):  # in use, or not ours to remove
                continue
            shutil.rmtree(parent / name, ignore_errors=True)
            _unlock(lock)


def _lock_of(folder: Path) -> FileLock:
    # Not of one thread: a folder may be removed by another one, or by the garbage collector.
    return FileLock(f"{folder}{_LOCK}", thread_local=False)


def _unlock(lock: FileLock) -> None:
    lock.release()
    Path(lock.lock_file).unlink(missing_ok=True)


def _is_ours(path: Path) -> bool:
    """True for a file or folder of this user; links are nobody's."""
    try:
        facts = path.lstat()
    except FileNotFoundError:  # removed in the meantime
        return False
    return not path.is_symlink() and (not hasattr(os, "getuid") or facts.st_uid == os.getuid())
