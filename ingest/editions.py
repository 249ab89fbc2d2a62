"""One edition of a source: from its site, from kept pages, from the served build, or from the catalogue."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from ingest.catalogue.merge import without_catalogue
from ingest.catalogue.reader import Catalogue
from ingest.errors import CountError, IngestError, LossError, UnreachableError
from ingest.fetch.client import CONNECTIONS, Client
from ingest.fetch.page_store import Page, PageStore
from ingest.fetch.rate_limit import RateLimit
from ingest.readers.aws_lens import LensPages, count_pillars
from ingest.readers.edition_pages import EditionEntries, EditionPages, Pages
from ingest.readers.owasp import RiskPages
from ingest.shape import compare, shape_of
from ingest.sources import Edition, Reader, Source
from kb.entries import Entry, Kind, Origin
from kb.errors import RecordError
from kb.files import utc_now
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings
from kb.storage.manifest import SourceState
from kb.verify import check_entries


@dataclass(frozen=True, slots=True)
class Reading:
    """The entries of one edition and their origin; `error` is the reason they are not from the site."""

    entries: tuple[Entry, ...]
    state: SourceState
    error: IngestError | RecordError | None = None


class EditionReader:
    """Reads editions one by one; a failed edition does not stop the others."""

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        served: KnowledgeBase | None,
        limit: RateLimit,
        *,
        offline: bool,
        accept_losses: bool = False,
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._served = served
        self._limit = limit
        self._offline = offline
        self._accept_losses = accept_losses

    def read(self, source: Source, edition: Edition) -> Reading:
        """An edition from its site; offline, from its kept pages or else from the catalogue.

        If the site fails, from the served build, or else from kept pages, or else from the catalogue.
        """
        if self._offline:
            return self._from_kept_pages(source, edition)
        try:
            return self._from_site(source, edition)
        except (IngestError, RecordError) as error:
            reading = self._from_served(source, edition) or self._from_kept_pages(source, edition)
            return replace(reading, error=error)

    def _from_site(self, source: Source, edition: Edition) -> Reading:
        store = self._store(source)
        with Client(source.hosts, self._settings.mirror, self._limit) as client:
            opened, pages = _fetch(source, edition, client, store)
        reading, losses = self._noted(source, edition, _read(source, edition, opened, pages.__getitem__))
        if losses and not self._accept_losses:
            raise LossError(f"{source.name} {reading.state.edition}", losses)
        for address, page in pages.items():  # only now: unreadable pages must not replace readable ones
            store.put(address, page)
        return reading

    def _noted(self, source: Source, edition: Edition, reading: Reading) -> tuple[Reading, tuple[str, ...]]:
        """A reading with the notes on its shape in its state, and the large losses among them.

        Notes of the served build stay as long as the shape does: a loss is one only once.
        """
        served = self._from_served(source, edition)
        now, before = shape_of(reading.entries), shape_of(served.entries) if served else None
        notes = compare(now, before, edition.expected_in(reading.state.edition).having)
        earlier = served.state.notes if served and now == before else ()
        texts = tuple(dict.fromkeys((*earlier, *(note.text for note in notes))))
        noted = replace(reading, state=replace(reading.state, notes=texts))
        return noted, tuple(note.text for note in notes if note.large)

    def _from_served(self, source: Source, edition: Edition) -> Reading | None:
        """An edition from the served build; None unless the build has it from the site."""
        if self._served is None:
            return None
        state = _served_state(source, edition, self._served.manifest.sources)
        if state is None or state.origin != Origin.SITE:
            return None
        place = (state.name, state.edition, state.language)
        entries = (e for e in self._served.entries if (e.source, e.edition, e.language) == place)
        return Reading(without_catalogue(entries), state)

    def _from_kept_pages(self, source: Source, edition: Edition) -> Reading:
        """An edition from its kept pages, or else from the catalogue."""
        store = self._store(source)

        def kept(address: str) -> Page:
            page = store.get(address)
            if page is None:
                raise UnreachableError(address, "not among the kept pages")
            return page

        try:
            reading = _read(source, edition, open_edition(source, edition, kept), kept)
            return self._noted(source, edition, reading)[0]
        except UnreachableError:
            return self._from_catalogue(source, edition)
        except (IngestError, RecordError) as error:
            return replace(self._from_catalogue(source, edition), error=error)

    def _from_catalogue(self, source: Source, edition: Edition) -> Reading:
        entries = tuple(
            entry
            for entry in self._catalogue.entries[source.name]
            if entry.edition == edition.edition and entry.language is edition.language
        )
        state = _state(source, edition, EditionEntries(edition.edition, entries), utc_now(), Origin.CATALOGUE)
        return Reading(entries, state)

    def _store(self, source: Source) -> PageStore:
        return PageStore(self._settings.home / "pages" / source.name)


def open_edition(source: Source, edition: Edition, pages: Pages) -> EditionPages:
    """The pages of an edition, for the reader its source file names."""
    if source.reader is Reader.OWASP:
        return RiskPages(source, edition)
    return LensPages(source, edition, pages)


def _fetch(
    source: Source, edition: Edition, client: Client, store: PageStore
) -> tuple[EditionPages, dict[str, Page]]:
    """The opened edition and all its pages by address; unchanged pages are the kept ones."""
    pages: dict[str, Page] = {}

    def once(address: str) -> Page:
        if address not in pages:
            pages[address] = client.fetch(address, store.get(address))
        return pages[address]

    opened = open_edition(source, edition, once)
    client.allowance.check_pages(opened.addresses[0], len(opened.addresses))
    once(opened.addresses[0])  # alone: an unreachable host or its robots.txt is found once
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(once, opened.addresses))
    return opened, pages


def _read(source: Source, edition: Edition, opened: EditionPages, pages: Pages) -> Reading:
    found = opened.read(pages)
    check_entries(found.entries)
    _check_counts(source, edition, found)
    fetched_at = min(pages(address).fetched_at for address in opened.addresses)
    return Reading(found.entries, _state(source, edition, found, fetched_at, Origin.SITE))


def _state(
    source: Source, edition: Edition, found: EditionEntries, fetched_at: str, origin: Origin
) -> SourceState:
    count = len(found.entries)
    return SourceState(source.name, found.edition, edition.language, count, fetched_at, origin)


def _served_state(source: Source, edition: Edition, states: tuple[SourceState, ...]) -> SourceState | None:
    """The state of an edition in the served build, or None.

    A site with only its newest edition may have another edition than the source file names. If a source has
    one edition in a language, that one matches under any name.
    """
    matches = [s for s in states if (s.name, s.language) == (source.name, edition.language)]
    if sum(other.language is edition.language for other in source.editions) > 1:
        matches = [state for state in matches if state.edition == edition.edition]
    return matches[0] if matches else None


def _check_counts(source: Source, edition: Edition, found: EditionEntries) -> None:
    expected = edition.expected_in(found.edition)
    counts = {
        "pillar": count_pillars(found.entries),
        "question": sum(entry.kind is Kind.QUESTION for entry in found.entries),
        "best_practice": sum(entry.kind is Kind.BEST_PRACTICE for entry in found.entries),
        "risk": sum(entry.kind is Kind.RISK for entry in found.entries),
        "design_principle": sum(entry.kind is Kind.PRINCIPLE for entry in found.entries),
    }
    strange = "".join(f"; {note.text}" for note in compare(shape_of(found.entries), None))
    for kind, count in counts.items():
        minimum = getattr(expected, kind)
        if count < minimum:
            raise CountError(
                f"{source.name} {found.edition}: found {count} entries of kind {kind}, "
                f"expected at least {minimum}{strange}"
            )
