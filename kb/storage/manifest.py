"""The manifest of a build: its model, counts and sources."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from kb.entries import Entry, Language
from kb.errors import DamagedIndexError
from kb.files import check_digest, digests_of, write_atomic

# Raised when this version can no longer read older builds.
FORMAT = 2
MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True, slots=True)
class SourceState:
    """Where the entries of one edition came from; `fetched_at` is ISO 8601 UTC.

    `notes` name losses since the build before, and pages genlens does not understand.
    """

    name: str
    edition: str
    language: str
    entries: int
    fetched_at: str
    origin: str
    notes: tuple[str, ...] = ()


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Manifest:
    """What a build is made of; `content` is its fingerprint, empty in builds without one.

    `passages` is 0 in builds made without a table of passages. `files` has the SHA-256 of every other file,
    and `seal` that of the manifest itself; both are empty in builds made without them.
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
    files: dict[str, str] = field(default_factory=dict)
    seal: str = ""

    def sealed(self, folder: Path) -> "Manifest":
        """The manifest with the digests of the files in a finished folder."""
        files = digests_of(folder)
        files.pop(MANIFEST_FILE, None)
        named = replace(self, files=files, seal="")
        return replace(named, seal=named.digest)

    @property
    def digest(self) -> str:
        """The SHA-256 of all fields but the seal."""
        fields = asdict(replace(self, seal=""))
        for state in fields["sources"]:
            if not state["notes"]:  # as in builds that were sealed before there were notes
                del state["notes"]
        return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()

    def files_below(self, name: str) -> dict[str, str]:
        """The digests of the files in a subfolder, by their names from there."""
        return {
            file.removeprefix(f"{name}/"): digest
            for file, digest in self.files.items()
            if file.startswith(f"{name}/")
        }


_MANIFEST = TypeAdapter(Manifest)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a build.

    :raises DamagedIndexError: the manifest is damaged, or of another format.
    """
    try:
        manifest = _MANIFEST.validate_json((folder / MANIFEST_FILE).read_bytes())
    except (OSError, ValidationError) as error:
        raise DamagedIndexError(f"{folder}: its manifest cannot be read; run: genlens refresh") from error
    if manifest.seal and manifest.seal != manifest.digest:
        raise DamagedIndexError(
            f"{folder / MANIFEST_FILE} is damaged (its content is not what was written); run: genlens refresh"
        )
    if manifest.format != FORMAT:
        raise DamagedIndexError(
            f"{folder}: format {manifest.format}, expected {FORMAT}; make a new build with: genlens refresh"
        )
    return manifest


def check_file(folder: Path, manifest: Manifest, name: str) -> Path:
    """A file of a build, checked against its digest, if the build has digests.

    :raises DamagedIndexError: the file is damaged or missing.
    """
    if manifest.files:
        check_digest(folder / name, manifest.files.get(name, ""))
    return folder / name


def damaged_files(folder: Path, manifest: Manifest) -> tuple[str, ...]:
    """The names of the files of a build that are missing or not what was written, in order."""
    damaged = []
    for name in manifest.files:
        try:
            check_file(folder, manifest, name)
        except DamagedIndexError:
            damaged.append(name)
    return tuple(damaged)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, last of all files: a folder with a manifest can be opened.

    :raises StorageError: the home is not writable, or the disk is full.
    """
    write_atomic(folder / MANIFEST_FILE, json.dumps(asdict(manifest), indent=1).encode())


def count_kinds(entries: Sequence[Entry]) -> dict[str, int]:
    """The number of entries of each kind, translations not counted."""
    return dict(Counter(entry.kind.value for entry in entries if entry.language is Language.ENGLISH))
