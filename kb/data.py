"""Where the bundled data is, and how its line files are read."""

from collections.abc import Iterator
from pathlib import Path

from kb.errors import RecordError

_ROOT = Path(__file__).resolve().parent.parent


def data_folder() -> Path:
    """The folder of sources, catalogue and question files: in the installed package or the checkout."""
    installed = _ROOT / "genlens_data"
    return installed if installed.is_dir() else _ROOT / "data"


def data_lines(file: Path) -> Iterator[tuple[int, str]]:
    """Lines of a bundled file with their numbers from 1; empty lines and comments are skipped.

    :raises RecordError: the file cannot be read.
    """
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{file} cannot be read ({error}); install genlens again") from error
    yield from ((n, line) for n, line in enumerate(lines, start=1) if line and not line.startswith("#"))
