"""The manifest of a build: its model, counts and sources."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from kb.entries import Entry, Language
from kb.errors import DamagedIndexError
from kb.files import write_atomic

# Raised when this version can no longer read older builds.
FORMAT = 2
MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True, slots=True)
class SourceState:
    """Where the entries of one edition came from; `fetched_at` is ISO 8601 UTC."""

    name: str
    edition: str
    language: str
    entries: int
    fetched_at: str
    origin: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a build is made of; `content` is its fingerprint, empty in builds without one.

    `passages` is 0 in builds made without a table of passages.
    """

    id: str
    format: int
    made_at: str
    model: str
    weights_sha256: str
    dim: int
    counts: dict[str, int]
    chunks: int
    sources: tuple[SourceState, ...]
    content: str = ""
    passages: int = 0


_MANIFEST = TypeAdapter(Manifest)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a build.

    :raises DamagedIndexError: the manifest is damaged, or of another format.
    """
    try:
        manifest = _MANIFEST.validate_json((folder / MANIFEST_FILE).read_bytes())
    except (OSError, ValidationError) as error:
        raise DamagedIndexError(f"{folder}: its manifest cannot be read; run: genlens refresh") from error
    if manifest.format != FORMAT:
        raise DamagedIndexError(
            f"{folder}: format {manifest.format}, expected {FORMAT}; make a new build with: genlens refresh"
        )
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, last of all files: a folder with a manifest can be opened.

    :raises StorageError: the home is not writable, or the disk is full.
    """
    write_atomic(folder / MANIFEST_FILE, json.dumps(asdict(manifest), indent=1).encode())


def count_kinds(entries: Sequence[Entry]) -> dict[str, int]:
    """The number of entries of each kind, translations not counted."""
    return dict(Counter(entry.kind.value for entry in entries if entry.language is Language.ENGLISH))
