"""Builds on disk: made aside, checked, published in one step.

    HOME/builds/<id>/manifest.json  what the build is made of
                     entries.jsonl  chunks.jsonl  keywords/chunks/  keywords/entries/  chroma/
    HOME/builds/.making-<id>/       a build that is not published
    HOME/current                    the id of the build that is served
    HOME/checked.json               when the sources were last found to say what it says
    HOME/exports/<weights>/         exported models, shared by builds

A reader opens what `current` names; it sees the old build or the new one, whole.
"""

import json
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from kb.entries import Entry, Language
from kb.errors import DamagedIndexError, NoIndexError, NotKeptError, RecordError, ServingError, StorageError
from kb.files import storage_errors, write_aside
from kb.index.chunker import Chunk
from kb.text import squeeze

# Raised when an older build can no longer be read by the code.
FORMAT = 2
KEPT_BUILDS = 5
_MAKING = ".making-"


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
    """What a build is made of; `content` is the digest of it, empty in builds that recorded none."""

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


_MANIFEST = TypeAdapter(Manifest)
_CHUNK = TypeAdapter(Chunk)


def build_folder(home: Path, build_id: str) -> Path:
    """The folder of a build."""
    return home / "builds" / build_id


def export_folder(home: Path, weights_sha256: str) -> Path:
    """The folder of the exported model that was made from the given weights."""
    return home / "exports" / weights_sha256[:16]


def current_id(home: Path) -> str:
    """The id of the build that is served.

    :raises NoIndexError: nothing has been published.
    """
    try:
        found = (home / "current").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise _nothing_built(home) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedIndexError(
            f"{home / 'current'} cannot be read ({error}); run: genlens refresh"
        ) from error
    if not found or "/" in found or found.startswith(".") or not build_folder(home, found).is_dir():
        raise DamagedIndexError(
            f"{home / 'current'} names {found!r}, which is not a build here; run: genlens refresh"
        )
    return found


def _nothing_built(home: Path) -> NoIndexError:
    return NoIndexError(f"no index in {home}; make one with: genlens refresh")


def read_manifest(folder: Path) -> Manifest:
    """What a build is made of.

    :raises DamagedIndexError: the manifest cannot be read, or is of another format.
    """
    try:
        manifest = _MANIFEST.validate_json((folder / "manifest.json").read_bytes())
    except (OSError, ValidationError) as error:
        raise DamagedIndexError(f"{folder}: its manifest cannot be read; run: genlens refresh") from error
    if manifest.format != FORMAT:
        raise DamagedIndexError(
            f"{folder}: format {manifest.format}, expected {FORMAT}; make a new build with: genlens refresh"
        )
    return manifest


def read_chunks(folder: Path) -> tuple[Chunk, ...]:
    """The chunks of a build, in the order of its keyword index.

    :raises RecordError: a line is not a chunk.
    """
    path = folder / "chunks.jsonl"
    with path.open("rb") as file:
        try:
            return tuple(_CHUNK.validate_json(line) for line in file)
        except ValidationError as error:
            raise RecordError(f"{path}: {error.errors()[0]['msg']}") from error


def write_chunks(folder: Path, chunks: Sequence[Chunk]) -> None:
    """Write one chunk a line, as JSON in UTF-8."""
    with (folder / "chunks.jsonl").open("wb") as file:
        for chunk in chunks:
            file.write(_CHUNK.dump_json(chunk) + b"\n")


def new_id(home: Path, content: str) -> str:
    """An id of no build yet, that sorts by time and tells equal content: `20261122T183000-1a2b3c4d`."""
    moment = datetime.now(UTC)
    while build_folder(home, found := f"{moment:%Y%m%dT%H%M%S}-{content[:8]}").exists():
        moment += timedelta(seconds=1)
    return found


def count_kinds(entries: Sequence[Entry]) -> dict[str, int]:
    """How many entries there are of each kind, translations not counted."""
    return dict(Counter(entry.kind.value for entry in entries if entry.language is Language.ENGLISH))


@contextmanager
def making(home: Path, build_id: str) -> Iterator[Path]:
    """A folder to make a build in; it is removed when the block ends without `publish`.

    :raises StorageError: the home cannot be written or is full.
    """
    folder = home / "builds" / f"{_MAKING}{build_id}"
    with storage_errors(home):
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write what a build is made of, last of all: a folder with it can be opened.

    :raises StorageError: the home cannot be written or is full.
    """
    write_aside(folder / "manifest.json", json.dumps(asdict(manifest), indent=1).encode())


def publish(home: Path, folder: Path, manifest: Manifest) -> None:
    """Make a finished folder the build that is served, and remove the oldest beyond those kept.

    The build that was served until now stays, however old: a reader may still have it open.

    :raises StorageError: the home cannot be written or is full; what was served before still is.
    """
    in_use = {manifest.id, *_served(home)}
    build = build_folder(home, manifest.id)
    with storage_errors(home):
        folder.rename(build)
    try:
        serve(home, manifest.id)
    except StorageError:
        shutil.rmtree(build, ignore_errors=True)
        raise
    _remove_old(home, in_use)


def serve(home: Path, build_id: str) -> None:
    """Make a whole build the one that is served, in one step.

    :raises StorageError: the home cannot be written or is full; what was served before still is.
    """
    write_aside(home / "current", f"{build_id}\n".encode())


def list_builds(home: Path) -> tuple[str, ...]:
    """The ids of the builds that are kept, newest first."""
    folder = home / "builds"
    if not folder.is_dir():
        return ()
    return tuple(sorted((p.name for p in folder.iterdir() if p.is_dir() and p.name[0] != "."), reverse=True))


def kept_builds(home: Path) -> tuple[str, ...]:
    """The ids of the builds that are kept, newest first; at least one.

    :raises NoIndexError: nothing has been built yet.
    """
    kept = list_builds(home)
    if not kept:
        raise _nothing_built(home)
    return kept


def kept_id(home: Path, typed: str) -> str:
    """The id of a build that is kept, exactly as it was typed.

    :raises NoIndexError: nothing has been built yet.
    :raises NotKeptError: it names none of those kept.
    """
    kept = kept_builds(home)
    if typed not in kept:
        raise NotKeptError(f"{squeeze(typed)[:60]!r} is no build in {home}; kept are: {', '.join(kept)}")
    return typed


def _served(home: Path) -> tuple[str, ...]:
    """The id of the build that is served, where there is one."""
    try:
        return (current_id(home),)
    except ServingError:
        return ()


def _remove_old(home: Path, in_use: Collection[str]) -> None:
    for build_id in list_builds(home)[KEPT_BUILDS:]:
        if build_id not in in_use:
            shutil.rmtree(build_folder(home, build_id), ignore_errors=True)


def remove_leftovers(home: Path) -> None:
    """Remove what builds that were killed left behind; call it only under the refresh lock."""
    for folder in (home / "builds").glob(f"{_MAKING}*"):
        shutil.rmtree(folder, ignore_errors=True)


def check_entries(entries: Sequence[Entry]) -> None:
    """Refuse a set of entries that cannot be served.

    :raises RecordError: there is none, an id stands twice in a language, or an entry has no text or address.
    """
    if not entries:
        raise RecordError("no entries were read, expected some")
    seen: set[tuple[str, str]] = set()
    for entry in entries:
        if (entry.id, entry.language) in seen:
            raise RecordError(f"{entry.id} ({entry.language}) stands twice among the entries, expected once")
        seen.add((entry.id, entry.language))
        if not entry.url.startswith("https://") or not any(section.text for section in entry.sections):
            raise RecordError(f"{entry.id} ({entry.language}) has no text or no https address, expected both")
