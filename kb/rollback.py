"""Roll back to an earlier build: opened and checked first, then served in one step."""

from pathlib import Path

from kb.embedding.open import open_encoder
from kb.errors import NotKeptError
from kb.knowledge_base import open_build
from kb.settings import Settings
from kb.storage.builds import Build, current_build, kept_build, kept_builds, serve
from kb.storage.locks import refresh_lock
from kb.storage.manifest import Manifest
from kb.verify import check_files


def rollback(settings: Settings, build_id: str | None = None, *, wait: bool = True) -> Manifest:
    """Serve a kept build: the named one, or the one before the served build.

    All of its files are checked first; the old build is served until then, and kept. `wait` waits for a
    running refresh.

    :raises NoIndexError: nothing has been built yet.
    :raises NotKeptError: no kept build has this id, or none is older than the served one.
    :raises DamagedIndexError: the build is damaged.
    :raises ModelError: it was made with another model than GENLENS_MODEL, or its model cannot be opened.
    :raises BusyError: a refresh is running: after a while, or at once without `wait`.
    :raises StorageError: the home is not writable.
    """
    home = settings.home
    kept_builds(home)  # locking would create a missing home
    with refresh_lock(home, wait=wait):
        build = _build_before(home) if build_id is None else kept_build(home, build_id)
        manifest = _checked(settings, build)
        serve(build)
    return manifest


def _build_before(home: Path) -> Build:
    """The newest kept build before the served one."""
    served = current_build(home)
    older = [build_id for build_id in kept_builds(home) if build_id < served.id]
    if not older:
        raise NotKeptError(f"{served.id} is served, and no build before it is kept in {home}")
    return Build(home, older[0])


def _checked(settings: Settings, build: Build) -> Manifest:
    """The manifest of a build whose files and model were all opened."""
    base = open_build(settings, build)
    open_encoder(settings.home, base.manifest.model, base.manifest.weights_sha256)
    check_files(build, base)
    return base.manifest
