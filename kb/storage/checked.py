"""When the sources were last found to say what a build says: `HOME/checked.json`, beside immutable builds."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from kb.entries import Origin
from kb.files import write_aside
from kb.storage.builds import Manifest


@dataclass(frozen=True, slots=True)
class _Checked:
    build: str
    at: str


_CHECKED = TypeAdapter(_Checked)


def checked_at(home: Path, served: Manifest) -> str:
    """When the sites were last asked and had nothing new for a build (ISO 8601 UTC).

    Until that is recorded, the time that its newest source was read; empty where none came from its site.
    """
    try:
        checked = _CHECKED.validate_json((home / "checked.json").read_bytes())
    except (OSError, ValidationError):  # it says no more than the build itself does
        checked = _Checked("", "")
    if checked.build == served.id:
        return checked.at
    return max((state.fetched_at for state in served.sources if state.origin == Origin.SITE), default="")


def write_checked(home: Path, build_id: str, at: str) -> None:
    """Record that the sites were asked and had nothing new for a build.

    :raises StorageError: the home cannot be written or is full.
    """
    write_aside(home / "checked.json", json.dumps(asdict(_Checked(build_id, at))).encode())
