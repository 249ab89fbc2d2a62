"""The pipeline: read every edition, merge with the catalogue, compare, build, remember what failed."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.catalogue import reader as catalog
from ingest.catalogue.merge import with_catalogue
from ingest.editions import EditionReader, Reading
from ingest.errors import NoSourceError, UnreachableError
from ingest.fetch.page_store import now
from ingest.fetch.rate_limit import Pace
from ingest.sources import load_sources
from kb.changes import Changes, Contents, compare, served_contents
from kb.embedding.encoder import Encoder
from kb.entries import Entry, Language
from kb.errors import DamagedIndexError
from kb.files import data_folder
from kb.knowledge_base import KnowledgeBase
from kb.make import Progress, encoder_for, make_build, silent
from kb.settings import Settings
from kb.storage.builds import Manifest, SourceState, remove_leftovers
from kb.storage.checked import write_checked
from kb.storage.fingerprint import content_digest
from kb.storage.locks import locked
from kb.storage.refresh_log import Failure, failed_now, recording
from kb.verify import check_whole

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """What a refresh did, and which editions are not as their sites show them now.

    `manifest` is that of the build that is served after it: a new one, or where nothing is `published` the
    one that was. `unreachable` are the hosts where there was no network at all: the first build is then
    made without.
    """

    manifest: Manifest
    changes: Changes
    published: bool
    failures: tuple[Failure, ...] = ()
    unreachable: tuple[str, ...] = ()

    @property
    def in_part(self) -> bool:
        """Whether something failed that was expected to go well."""
        return bool(self.failures) and not self.unreachable


@dataclass(frozen=True, slots=True)
class Preview:
    """What a refresh would change, and whether it would publish a build (`anew`).

    It may without any change: for new words of the catalogue, for what makes no difference to a reader, or
    because an earlier version of genlens made the build that is served.
    """

    changes: Changes
    anew: bool
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """What the sources say now, with the catalogue's words behind; `served` is what was there before."""

    served: KnowledgeBase | None
    entries: tuple[Entry, ...]
    states: tuple[SourceState, ...]
    outside: Mapping[Language, Sequence[str]]
    unreachable: tuple[str, ...]


def refresh(
    settings: Settings,
    *,
    offline: bool = False,
    wait: bool = True,
    progress: Progress = silent,
    pace: Pace | None = None,
) -> Report:
    """Read every source, from its site or else from kept pages or the catalogue, and publish what is new.

    An edition that fails stays as it was; when all of them do, nothing is published, unless nothing is
    served yet. Nothing is embedded or published either where a build of the very same content is served,
    and is whole. While another refresh is under way, this one waits for it to end, or fails at once.

    :raises NoSourceError: no edition could be read; what was served still is.
    :raises GenlensError: the home cannot be written, another refresh does not end, the model is missing.
    """
    home = settings.home
    with locked(home, wait=wait), recording(home) as failures:
        remove_leftovers(home)
        before = served_contents(home)
        found = _read(settings, failures, pace or Pace(), offline=offline)
        encoder = encoder_for(home, settings.model)
        kept = _unchanged(settings, found, encoder)
        manifest = kept or make_build(
            home, encoder, found.entries, found.states, now(), progress, found.outside
        )
        if kept and not offline:
            write_checked(home, kept.id, now())
    changes = compare(before, Contents(manifest.id, manifest.sources, found.entries))
    return Report(manifest, changes, kept is None, tuple(failures), found.unreachable)


def preview(
    settings: Settings, *, offline: bool = False, wait: bool = True, pace: Pace | None = None
) -> Preview:
    """Read every source as a refresh does and tell what it would change; nothing is built or published.

    Pages that changed take the place of the kept ones, as in a refresh. What failed at the last refresh
    stays remembered as it is.

    :raises NoSourceError: no edition could be read.
    :raises GenlensError: the home cannot be written, another refresh does not end.
    """
    failures: list[Failure] = []
    with locked(settings.home, wait=wait):
        before = served_contents(settings.home)
        found = _read(settings, failures, pace or Pace(), offline=offline)
    changes = compare(before, Contents("", found.states, found.entries))
    made = found.served.manifest if found.served else None
    anew = made is None or made.content != content_digest(
        found.entries, made.model, made.weights_sha256, found.outside
    )
    return Preview(changes, anew, tuple(failures))


def _read(settings: Settings, failures: list[Failure], pace: Pace, *, offline: bool) -> _Found:
    """Every edition, as far as it can be read; what fails is added to the failures."""
    data = data_folder()
    sources = load_sources(data / "sources")
    reader = EditionReader(settings, data, pace, offline=offline)
    readings: list[Reading] = []
    for source in sources:
        for edition in source.editions:
            readings.append(reader.read(source, edition))
            if readings[-1].error:
                what = f"{source.name} {edition.edition} ({edition.language})"
                failures.append(failed_now(what, readings[-1].error))
    if len(failures) == len(readings) and reader.served:
        raise NoSourceError(failures[0].reason)
    return _Found(
        served=reader.served,
        entries=tuple(with_catalogue([e for r in readings for e in r.entries], sources, data / "catalog")),
        states=tuple(reading.state for reading in readings if reading.entries),
        outside=catalog.read_scope(data / "catalog"),
        unreachable=_unreachable(readings),
    )


def _unchanged(settings: Settings, found: _Found, encoder: Encoder) -> Manifest | None:
    """The build that is served, where it is whole and a new one would be the same; else None."""
    base = found.served
    content = content_digest(found.entries, encoder.model, encoder.weights_sha256, found.outside)
    if base is None or base.manifest.content != content or base.entries != found.entries:
        return None
    try:
        check_whole(settings.home, base)
    except DamagedIndexError as error:
        log.warning("%s; it is made anew", error)
        return None
    return base.manifest


def _unreachable(readings: list[Reading]) -> tuple[str, ...]:
    """The hosts of the editions, each once, where not one of them could be reached."""
    hosts = [r.error.host for r in readings if isinstance(r.error, UnreachableError)]
    return tuple(dict.fromkeys(hosts)) if len(hosts) == len(readings) else ()
