"""Files of the home: atomic writes, JSON Lines, digests, and the time as files record it."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, TypeAdapter, ValidationError

from kb.errors import DamagedIndexError, RecordError, StorageError, first_problem

Record = TypeVar("Record")


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
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
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
