"""Reading one edition: from its site, from the pages kept of it, or from what stands in for them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from ingest.catalogue import reader as catalog
from ingest.catalogue.merge import without_catalogue
from ingest.errors import CountError, IngestError, UnreachableError
from ingest.fetch.client import CONNECTIONS, Client
from ingest.fetch.page_store import Page, PageStore, now
from ingest.fetch.rate_limit import Pace
from ingest.readers import aws_lens, owasp
from ingest.sources import Edition, Reader, Source
from kb.entries import Entry, Kind, Origin
from kb.errors import ModelError, RecordError, ServingError
from kb.knowledge_base import KnowledgeBase, open_served
from kb.settings import Settings
from kb.storage.builds import SourceState, check_entries

_READERS = {Reader.AWS_LENS: aws_lens, Reader.OWASP: owasp}


@dataclass(frozen=True, slots=True)
class Reading:
    """The entries of one edition and where they came from; `error` is why not from its site."""

    entries: tuple[Entry, ...]
    state: SourceState
    error: IngestError | RecordError | None = None


class EditionReader:
    """Reads editions one by one; one that fails does not stop the others."""

    def __init__(self, settings: Settings, data: Path, pace: Pace, *, offline: bool) -> None:
        self._settings = settings
        self._pace = pace
        self._data = data
        self._offline = offline

    def read(self, source: Source, edition: Edition) -> Reading:
        """An edition as its site shows it; offline as the pages kept of it do, else as the catalogue does.

        Where that fails, as the served build has it, or else kept pages, or else the catalogue.

        :raises CatalogueError: the catalogue itself cannot be read.
        """
        if self._offline:
            return self._kept_or_catalogue(source, edition)
        try:
            return self._from_site(source, edition)
        except (IngestError, RecordError) as error:
            found = self._from_served(source, edition) or self._kept_or_catalogue(source, edition)
            return replace(found, error=error)

    @cached_property
    def served(self) -> KnowledgeBase | None:
        """The build that is served; None where there is none that can be opened with these settings."""
        try:
            return open_served(self._settings)
        except (ServingError, ModelError):
            return None

    def _store(self, source: Source) -> PageStore:
        return PageStore(self._settings.home / "pages" / source.name)

    def _from_site(self, source: Source, edition: Edition) -> Reading:
        store = self._store(source)
        with Client(source.hosts, self._settings.mirror, self._pace) as client:
            fetched = _fetched(source, edition, lambda address: client.fetch(address, store.get(address)))
        reading = _read(source, edition, fetched.__getitem__)
        for address, page in fetched.items():  # only now: pages that cannot be read replace none that can
            store.put(address, page)
        return reading

    def _from_served(self, source: Source, edition: Edition) -> Reading | None:
        """An edition as the served build has it; None where it does not have it from the site."""
        state = _state_of(source, edition, self.served.manifest.sources) if self.served else None
        if self.served is None or state is None or state.origin != Origin.SITE:
            return None
        place = (state.name, state.edition, state.language)
        entries = (e for e in self.served.entries if (e.source, e.edition, e.language) == place)
        own = tuple(entry for entry in map(without_catalogue, entries) if entry.sections)
        return Reading(own, state)

    def _kept_or_catalogue(self, source: Source, edition: Edition) -> Reading:
        store = self._store(source)

        def kept(address: str) -> Page:
            page = store.get(address)
            if page is None:
                raise UnreachableError(address, "it is not among the kept pages")
            return page

        try:
            return _read(source, edition, kept)
        except UnreachableError:
            return self._from_catalogue(source, edition)
        except (IngestError, RecordError) as error:
            return replace(self._from_catalogue(source, edition), error=error)

    def _from_catalogue(self, source: Source, edition: Edition) -> Reading:
        entries = tuple(
            entry
            for entry in catalog.read(self._data / "catalog", source)
            if entry.edition == edition.edition and entry.language is edition.language
        )
        return Reading(entries, _state(source, edition, edition.edition, entries, now(), Origin.CATALOGUE))


def _fetched(source: Source, edition: Edition, fetch: Callable[[str], Page]) -> dict[str, Page]:
    """Every page of an edition by address; those that did not change are the kept ones."""
    found: dict[str, Page] = {}

    def once(address: str) -> Page:
        if address not in found:
            found[address] = fetch(address)
        return found[address]

    addresses = _READERS[source.reader].addresses(edition, once)
    once(addresses[0])  # alone: whether the host answers, and its robots.txt, are found out once
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(once, addresses))
    return found


def _read(source: Source, edition: Edition, pages: Callable[[str], Page]) -> Reading:
    reader = _READERS[source.reader]
    found, entries = reader.read(source, edition, pages)
    check_entries(entries)
    _check_counts(source, edition, found, entries)
    fetched_at = min(pages(address).fetched_at for address in reader.addresses(edition, pages))
    return Reading(entries, _state(source, edition, found, entries, fetched_at, Origin.SITE))


def _state(
    source: Source, edition: Edition, found: str, entries: tuple[Entry, ...], fetched_at: str, origin: Origin
) -> SourceState:
    return SourceState(source.name, found, edition.language, len(entries), fetched_at, origin)


def _state_of(source: Source, edition: Edition, states: tuple[SourceState, ...]) -> SourceState | None:
    """The state of an edition in a build.

    A site that shows its newest edition may have shown another than the source file names: where a
    source has one edition in a language, that is the one, whatever it is called.
    """
    alike = [s for s in states if (s.name, s.language) == (source.name, edition.language)]
    if sum(other.language is edition.language for other in source.editions) > 1:
        alike = [state for state in alike if state.edition == edition.edition]
    return alike[0] if alike else None


def _check_counts(source: Source, edition: Edition, found: str, entries: tuple[Entry, ...]) -> None:
    expected = edition.expected_in(found)
    counted = {
        "pillar": aws_lens.pillars(entries),
        "question": sum(entry.kind is Kind.QUESTION for entry in entries),
        "best_practice": sum(entry.kind is Kind.BEST_PRACTICE for entry in entries),
        "risk": sum(entry.kind is Kind.RISK for entry in entries),
    }
    for kind, count in counted.items():
        least = getattr(expected, kind)
        if count < least:
            raise CountError(
                f"{source.name} {found}: found {count} entries of kind {kind}, expected at least {least}"
            )
