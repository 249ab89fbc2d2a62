"""Where the data that travels with genlens lies, and writing files so that none is ever half written."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kb.errors import RecordError, StorageError

_ROOT = Path(__file__).resolve().parent.parent


def data_folder() -> Path:
    """The folder of sources, catalogue and question files: in the installed package or the checkout."""
    installed = _ROOT / "genlens_data"
    return installed if installed.is_dir() else _ROOT / "data"


def data_lines(file: Path) -> Iterator[tuple[int, str]]:
    """Lines of a file of the data folder with their numbers, without comments and empty ones.

    :raises RecordError: the file cannot be read.
    """
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{file} cannot be read ({error}); install genlens again") from error
    yield from ((n, line) for n, line in enumerate(lines, start=1) if line and not line.startswith("#"))


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def write_aside(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, flush it to the disk, then rename it into place.

    :raises StorageError: the folder cannot be written or the disk is full.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with aside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn an OSError inside the block into one clear line that says what to do.

    :raises StorageError: for every OSError in the block.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            reason = "the disk is full; free some space and repeat: what was served before is untouched"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            reason = "it cannot be written; give write permission or set GENLENS_HOME to another folder"
        else:
            reason = f"{error.strerror or error}; set GENLENS_HOME to a folder that can be written"
        raise StorageError(f"{error.filename or path}: {reason}") from error
