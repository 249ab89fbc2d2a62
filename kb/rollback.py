"""Serving an earlier build again: found, opened as a question would open it, then pointed at in one step."""

from pathlib import Path

from kb.embedding.encoder import open_encoder
from kb.errors import NotKeptError
from kb.knowledge_base import open_build
from kb.settings import Settings
from kb.storage.builds import Manifest, current_id, export_folder, kept_builds, kept_id, serve
from kb.storage.locks import locked
from kb.verify import check_whole


def rollback(settings: Settings, build_id: str | None = None, *, wait: bool = True) -> Manifest:
    """Serve a kept build again: the named one, or the one before that which is served.

    The build is opened whole first; what was served stays until then, and is kept. A refresh that is under
    way is waited for, or else refused at once.

    :raises NoIndexError: nothing has been built yet.
    :raises NotKeptError: the name is none of the builds kept, or there is none before the served one.
    :raises DamagedIndexError: the build cannot be read.
    :raises ModelError: it was made with another model than the one that is set, or that cannot be opened.
    :raises BusyError: a refresh is under way and does not end, or is not waited for.
    :raises StorageError: the home cannot be written.
    """
    kept_builds(settings.home)  # a home without any is not made one by the lock
    with locked(settings.home, wait=wait):
        wanted = _before_served(settings.home) if build_id is None else kept_id(settings.home, build_id)
        manifest = _opened_whole(settings, wanted)
        serve(settings.home, wanted)
    return manifest


def _before_served(home: Path) -> str:
    served = current_id(home)
    older = [build_id for build_id in kept_builds(home) if build_id < served]
    if not older:
        raise NotKeptError(f"{served} is served, and no build before it is kept in {home}")
    return older[0]


def _opened_whole(settings: Settings, build_id: str) -> Manifest:
    """The manifest of a build of which every part was opened."""
    base = open_build(settings, build_id)
    made = base.manifest
    open_encoder(export_folder(settings.home, made.weights_sha256), made.model, made.weights_sha256)
    check_whole(settings.home, base)
    return made
