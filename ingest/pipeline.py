"""The pipeline of a refresh: read every edition, merge with the catalogue, compare, build, log failures."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.catalogue.merge import with_catalogue
from ingest.catalogue.reader import read_catalogue
from ingest.editions import EditionReader, Reading
from ingest.errors import NoSourceError, UnreachableError
from ingest.fetch.rate_limit import RateLimit
from ingest.sources import load_sources
from kb.changes import Changes, Contents, compare, contents_of
from kb.data import data_folder
from kb.embedding.encoder import Encoder
from kb.embedding.open import prepare_encoder
from kb.entries import Entry, Language
from kb.errors import DamagedIndexError, ServingError
from kb.files import utc_now
from kb.knowledge_base import KnowledgeBase
from kb.make import Progress, make_build, no_progress
from kb.settings import Settings
from kb.storage.builds import Build, current_build, remove_leftovers
from kb.storage.fingerprint import fingerprint
from kb.storage.locks import refresh_lock
from kb.storage.manifest import Manifest, SourceState
from kb.storage.refresh_log import Failure, failed_now, recording_failures, write_check
from kb.verify import check_files

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a refresh.

    `manifest` is the served build: a new one if `published`, or the old one. `failures` name the editions
    that are not up to date. `unreachable` are the hosts of a refresh without any network.
    """

    manifest: Manifest
    changes: Changes
    published: bool
    failures: tuple[Failure, ...] = ()
    unreachable: tuple[str, ...] = ()

    @property
    def in_part(self) -> bool:
        """True if some sources failed and others did not; a refresh without network is not a failure."""
        return bool(self.failures) and not self.unreachable


@dataclass(frozen=True, slots=True)
class Preview:
    """The changes a refresh would bring; `publishes` is True if it would publish a new build.

    A new build without changes is possible: for new catalogue texts, for differences no reader sees, or after
    an upgrade of genlens.
    """

    changes: Changes
    publishes: bool
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class _Contents:
    """The current contents of all sources, merged with the catalogue."""

    entries: tuple[Entry, ...]
    states: tuple[SourceState, ...]
    out_of_scope: Mapping[Language, Sequence[str]]
    unreachable: tuple[str, ...]

    def made(self, manifest: Manifest, model: str, weights_sha256: str) -> bool:
        """True if a build was made from these contents with this model, and has the same notes."""
        content = fingerprint(self.entries, model, weights_sha256, self.out_of_scope)
        return manifest.content == content and _notes(manifest.sources) == _notes(self.states)


def refresh(
    settings: Settings,
    *,
    offline: bool = False,
    accept_losses: bool = False,
    wait: bool = True,
    progress: Progress = no_progress,
    limit: RateLimit | None = None,
) -> Report:
    """Read all sources, and publish a new build if something changed.

    A failed edition keeps its old entries; if all fail, nothing is published, unless there is no build yet.
    Nothing is embedded or published if the served build is intact and has the same contents. An edition with
    large losses fails, unless `accept_losses` is set. `wait` waits for a running refresh instead of failing
    at once.

    :raises NoSourceError: no edition could be read; the old build is still served.
    :raises GenlensError: the home is not writable, another refresh does not end, or the model is missing.
    """
    home = settings.home
    with refresh_lock(home, wait=wait), recording_failures(home) as failures:
        remove_leftovers(home)
        served = _open_served(settings)
        contents = _read_sources(
            settings, served, failures, limit, offline=offline, accept_losses=accept_losses
        )
        encoder = prepare_encoder(home, settings.model)
        kept = _up_to_date(settings, served, contents, encoder)
        manifest = kept or make_build(
            home, encoder, contents.entries, contents.states, utc_now(), progress, contents.out_of_scope
        )
        if kept and not offline:
            write_check(home, kept.id, utc_now())
    changes = compare(contents_of(served), Contents(manifest.id, manifest.sources, contents.entries))
    return Report(manifest, changes, kept is None, tuple(failures), contents.unreachable)


def preview(
    settings: Settings,
    *,
    offline: bool = False,
    accept_losses: bool = False,
    wait: bool = True,
    limit: RateLimit | None = None,
) -> Preview:
    """Read all sources like a refresh and compare them with the served build; nothing is published.

    Changed pages replace the kept ones, as in a refresh. The recorded failures stay as they are.

    :raises NoSourceError: no edition could be read.
    :raises GenlensError: the home is not writable, or another refresh does not end.
    """
    failures: list[Failure] = []
    with refresh_lock(settings.home, wait=wait):
        served = _open_served(settings)
        contents = _read_sources(
            settings, served, failures, limit, offline=offline, accept_losses=accept_losses
        )
    changes = compare(contents_of(served), Contents("", contents.states, contents.entries))
    made = _usable(served, settings)
    publishes = made is None or not contents.made(
        made.manifest, made.manifest.model, made.manifest.weights_sha256
    )
    return Preview(changes, publishes, tuple(failures))


def _open_served(settings: Settings) -> KnowledgeBase | None:
    """The served build, with any model; None if there is none, or it is damaged."""
    try:
        return KnowledgeBase(current_build(settings.home))
    except ServingError:
        return None


def _usable(served: KnowledgeBase | None, settings: Settings) -> KnowledgeBase | None:
    """The served build if it was made with the model of the settings, else None."""
    return served if served and served.manifest.model == settings.model else None


def _notes(states: Sequence[SourceState]) -> list[tuple[str, ...]]:
    return [state.notes for state in states]


def _read_sources(
    settings: Settings,
    served: KnowledgeBase | None,
    failures: list[Failure],
    limit: RateLimit | None,
    *,
    offline: bool,
    accept_losses: bool,
) -> _Contents:
    """All editions, as far as they can be read; failed ones are added to the failures."""
    data = data_folder()
    sources = load_sources(data / "sources")
    catalogue = read_catalogue(data / "catalog", sources)
    usable = _usable(served, settings)
    reader = EditionReader(
        settings, catalogue, usable, limit or RateLimit(), offline=offline, accept_losses=accept_losses
    )
    readings: list[Reading] = []
    for source in sources:
        for edition in source.editions:
            readings.append(reader.read(source, edition))
            if readings[-1].error:
                what = f"{source.name} {edition.edition} ({edition.language})"
                failures.append(failed_now(what, readings[-1].error))
    if len(failures) == len(readings) and usable:
        raise NoSourceError(failures[0].reason)
    return _Contents(
        entries=tuple(with_catalogue([e for r in readings for e in r.entries], catalogue)),
        states=tuple(reading.state for reading in readings if reading.entries),
        out_of_scope=catalogue.out_of_scope,
        unreachable=_unreachable(readings),
    )


def _up_to_date(
    settings: Settings, served: KnowledgeBase | None, contents: _Contents, encoder: Encoder
) -> Manifest | None:
    """The manifest of the served build if it is intact and has the same contents, else None."""
    base = _usable(served, settings)
    if base is None or base.entries != contents.entries:
        return None
    if not contents.made(base.manifest, encoder.model, encoder.weights_sha256):
        return None
    try:
        check_files(Build(settings.home, base.build), base)
    except DamagedIndexError as error:
        log.warning("%s; a new build is made", error)
        return None
    return base.manifest


def _unreachable(readings: list[Reading]) -> tuple[str, ...]:
    """The hosts of all editions, each once, if none could be reached; else empty."""
    hosts = [r.error.host for r in readings if isinstance(r.error, UnreachableError)]
    return tuple(dict.fromkeys(hosts)) if len(hosts) == len(readings) else ()
