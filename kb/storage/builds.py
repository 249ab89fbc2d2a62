"""Builds on disk: drafted aside, checked, then published in one step.

    HOME/builds/<id>/manifest.json  what the build is made of
                     entries.jsonl  chunks.jsonl  keywords/chunks/  keywords/entries/  chroma/
    HOME/builds/.making-<id>/       a draft
    HOME/current                    the id of the served build
    HOME/checked.json               when the sources were last found unchanged
    HOME/exports/<weights>/         exported models, shared by builds

A reader opens the build named in `current`: the old build or the new one, always complete.
"""

import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import gettempdir

from kb.errors import DamagedIndexError, NoIndexError, NotKeptError, ServingError, StorageError
from kb.files import remove_abandoned, remove_temporary, storage_errors, write_atomic
from kb.text import squeeze

KEPT_BUILDS = 5
_DRAFT = ".making-"
_TIME = "%Y%m%dT%H%M%S"
# Folders of `kb.embedding.onnx_export` and `kb.index.vector_store`; a copy has the id of its build or draft.
_EXPORT = re.compile(r"\.export-\w+")
_COPY = re.compile(r"genlens-(\.making-)?\d{8}T\d{6}-[0-9a-f]{8}-\w{8}")
LONG_WRITE = 3600.0  # seconds; no write of a response takes that long


@dataclass(frozen=True, slots=True)
class Build:
    """A published build of a home."""

    home: Path
    id: str

    @property
    def folder(self) -> Path:
        """The folder of its files."""
        return self.home / "builds" / self.id


@dataclass(frozen=True, slots=True)
class Draft:
    """A build in the making: readers never see its folder, `publish` renames it."""

    home: Path
    id: str

    @property
    def folder(self) -> Path:
        """The folder of its files."""
        return self.home / "builds" / f"{_DRAFT}{self.id}"

    def publish(self) -> Build:
        """Serve the finished draft, and remove the oldest builds beyond KEPT_BUILDS.

        The build served until now stays, however old: a reader may still have it open.

        :raises StorageError: the home is not writable, or the disk is full; the old build is still served.
        """
        in_use = {self.id, *_served_id(self.home)}
        build = Build(self.home, self.id)
        with storage_errors(self.home):
            self.folder.rename(build.folder)
        try:
            serve(build)
        except StorageError:
            shutil.rmtree(build.folder, ignore_errors=True)
            raise
        _remove_old(self.home, in_use)
        return build


@contextmanager
def draft_build(home: Path, fingerprint: str) -> Iterator[Draft]:
    """A new draft; its folder is removed when the block ends without `publish`.

    :raises StorageError: the home is not writable, or the disk is full.
    """
    draft = Draft(home, new_id(home, fingerprint))
    with storage_errors(home):
        draft.folder.mkdir(parents=True)
        try:
            yield draft
        finally:
            shutil.rmtree(draft.folder, ignore_errors=True)


def new_id(home: Path, fingerprint: str) -> str:
    """An unused build id: its time and the start of its fingerprint, `20261122T183000-1a2b3c4d`.

    Builds are ordered by id. If the clock went back, the time is a second after that of the newest build.
    """
    after = [_time_of(build_id) + timedelta(seconds=1) for build_id in list_builds(home)]
    return f"{max([datetime.now(UTC), *after]):{_TIME}}-{fingerprint[:8]}"


def current_build(home: Path) -> Build:
    """The served build.

    :raises NoIndexError: nothing has been published.
    :raises DamagedIndexError: the pointer is damaged, or names a missing build.
    """
    pointer = home / "current"
    try:
        build_id = pointer.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise _nothing_built(home) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedIndexError(f"{pointer} cannot be read ({error}); run: genlens refresh") from error
    build = Build(home, build_id)
    if not build_id or "/" in build_id or build_id.startswith(".") or not build.folder.is_dir():
        raise DamagedIndexError(
            f"{pointer} names {build_id!r}, which is not a build here; run: genlens refresh"
        )
    return build


def serve(build: Build) -> None:
    """Make a complete build the served one, in one step.

    :raises StorageError: the home is not writable, or the disk is full; the old build is still served.
    """
    write_atomic(build.home / "current", f"{build.id}\n".encode())


def list_builds(home: Path) -> tuple[str, ...]:
    """The ids of the kept builds, newest first."""
    folder = home / "builds"
    if not folder.is_dir():
        return ()
    return tuple(sorted((p.name for p in folder.iterdir() if p.is_dir() and p.name[0] != "."), reverse=True))


def kept_builds(home: Path) -> tuple[str, ...]:
    """The ids of the kept builds, newest first; at least one.

    :raises NoIndexError: nothing has been built yet.
    """
    kept = list_builds(home)
    if not kept:
        raise _nothing_built(home)
    return kept


def kept_build(home: Path, build_id: str) -> Build:
    """The kept build with this exact id.

    :raises NoIndexError: nothing has been built yet.
    :raises NotKeptError: no kept build has this id.
    """
    kept = kept_builds(home)
    if build_id not in kept:
        raise NotKeptError(f"{squeeze(build_id)[:60]!r} is not a build in {home}; kept: {', '.join(kept)}")
    return Build(home, build_id)


def remove_leftovers(home: Path) -> None:
    """Remove what killed processes left behind; call it only under the refresh lock.

    Drafts, pages and the files of the home are written under this lock. Exports, responses and the private
    copies of vectors may belong to a living process: these stay.
    """
    for folder in (home / "builds").glob(f"{_DRAFT}*"):
        shutil.rmtree(folder, ignore_errors=True)
    for folder in (home, *(home / "pages").glob("*")):
        remove_temporary(folder)
    remove_temporary(home / "responses", seconds=LONG_WRITE)
    remove_abandoned(home / "exports", _EXPORT)
    remove_abandoned(Path(gettempdir()), _COPY)


def _time_of(build_id: str) -> datetime:
    """The time in a build id; a folder with another name is older than every build."""
    try:
        return datetime.strptime(build_id.partition("-")[0], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def _nothing_built(home: Path) -> NoIndexError:
    return NoIndexError(f"no index in {home}; make one with: genlens refresh")


def _served_id(home: Path) -> tuple[str, ...]:
    """The id of the served build; empty without one."""
    try:
        return (current_build(home).id,)
    except ServingError:
        return ()


def _remove_old(home: Path, in_use: Collection[str]) -> None:
    for build_id in list_builds(home)[KEPT_BUILDS:]:
        if build_id not in in_use:
            shutil.rmtree(Build(home, build_id).folder, ignore_errors=True)
