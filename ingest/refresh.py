"""The pipeline: fetch, read, merge with the catalogue, build."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ingest import aws_lens, catalog, owasp
from ingest.errors import CountError, UnreachableError
from ingest.fetch import CONNECTIONS, Client
from ingest.pages import Page, PageStore
from ingest.relations import read_relations
from ingest.sources import Edition, Reader, Source, load_sources
from kb.builds import Manifest, SourceState, remove_leftovers
from kb.entries import Entry, Kind, Language, Origin
from kb.files import data_folder
from kb.locks import locked
from kb.make import Progress, encoder_for, make_build, silent
from kb.settings import Settings

_READERS = {Reader.AWS_LENS: aws_lens, Reader.OWASP: owasp}


@dataclass(frozen=True, slots=True)
class Report:
    """What a refresh did: the new build, and the hosts that could not be reached for it."""

    manifest: Manifest
    unreachable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    entries: tuple[Entry, ...]
    state: SourceState
    unreachable: str | None = None


def refresh(settings: Settings, *, offline: bool = False, progress: Progress = silent) -> Report:
    """Read every source, from its site or else from kept pages or the catalogue, and publish a build.

    :raises IngestError: a site answered with something else than expected; nothing is published.
    :raises GenlensError: the home cannot be written, another refresh does not end, the model is missing.
    """
    sources = load_sources(data_folder() / "sources")
    with locked(settings.home):
        remove_leftovers(settings.home)
        reads = [
            _read(source, edition, settings, offline) for source in sources for edition in source.editions
        ]
        entries = [entry for read in reads for entry in read.entries]
        manifest = make_build(
            settings.home,
            encoder_for(settings.home, settings.model),
            _with_catalogue(entries, sources),
            tuple(read.state for read in reads if read.entries),
            _now(),
            progress,
            catalog.read_scope(data_folder() / "catalog"),
        )
    return Report(manifest, tuple(dict.fromkeys(read.unreachable for read in reads if read.unreachable)))


def _read(source: Source, edition: Edition, settings: Settings, offline: bool) -> _Read:
    reader = _READERS[source.reader]
    store = PageStore(settings.home / "pages" / source.name)
    fetched: dict[str, Page] = {}
    try:
        if not offline:
            fetched = _fetched(source, edition, settings, store)
        pages = _kept(store) if offline else fetched.__getitem__
        found, entries = reader.read(source, edition, pages)
    except UnreachableError as error:
        if not offline:
            return replace(_read(source, edition, settings, offline=True), unreachable=error.host)
        entries = _from_catalogue(source, edition)
        state = SourceState(
            source.name, edition.edition, edition.language, len(entries), _now(), Origin.CATALOGUE
        )
        return _Read(entries, state)
    _check_counts(source, edition, found, entries)
    for address, page in fetched.items():  # only now: pages that cannot be read replace none that can
        store.put(address, page)
    fetched_at = min(pages(address).fetched_at for address in reader.addresses(edition, pages))
    state = SourceState(source.name, found, edition.language, len(entries), fetched_at, Origin.SITE)
    return _Read(entries, state)


def _from_catalogue(source: Source, edition: Edition) -> tuple[Entry, ...]:
    return tuple(
        entry
        for entry in catalog.read(data_folder() / "catalog", source)
        if entry.edition == edition.edition and entry.language is edition.language
    )


def _kept(store: PageStore) -> Callable[[str], Page]:
    def page(address: str) -> Page:
        kept = store.get(address)
        if kept is None:
            raise UnreachableError(address, "it is not among the kept pages")
        return kept

    return page


def _fetched(source: Source, edition: Edition, settings: Settings, store: PageStore) -> dict[str, Page]:
    """Every page of an edition by address; those that did not change are the kept ones."""
    found: dict[str, Page] = {}
    with Client(source.hosts, settings.mirror) as client:

        def fetch(address: str) -> Page:
            if address not in found:
                found[address] = client.fetch(address, store.get(address))
            return found[address]

        addresses = _READERS[source.reader].addresses(edition, fetch)
        fetch(addresses[0])  # alone: whether the host answers, and its robots.txt, are found out once
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(fetch, addresses))
    return found


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
                f"{source.name} {found}: found {count} entries of kind {kind}, expected at least {least}; "
                "nothing is published"
            )


def _with_catalogue(entries: list[Entry], sources: tuple[Source, ...]) -> list[Entry]:
    """Entries of the sites with the catalogue's words behind theirs, its Japanese, facts and relations.

    An entry of the catalogue whose id the site no longer has is left out, and so is a relation to it.
    """
    folder = data_folder() / "catalog"
    written = {
        (entry.id, entry.language): entry for source in sources for entry in catalog.read(folder, source)
    }
    relations = read_relations(folder)
    ids = {entry.id for entry in entries}
    present = {(entry.id, entry.language) for entry in entries}
    merged: list[Entry] = []
    for entry in entries:
        own = written.get((entry.id, entry.language))
        merged.append(_merged(entry, own) if own else entry)
        for language in Language:
            other = written.get((entry.id, language))
            if other and (entry.id, language) not in present:
                present.add((entry.id, language))
                merged.append(replace(other, edition=entry.edition, url=entry.url))
    return [
        replace(e, related=tuple(r for r in relations.get((e.id, e.language), ()) if r.id in ids))
        for e in merged
    ]


def _merged(entry: Entry, own: Entry) -> Entry:
    """An entry with the sections and facts that the catalogue adds to it."""
    added = own.sections if own.sections != entry.sections else ()
    return replace(entry, sections=entry.sections + added, phases=own.phases, wa_tool=own.wa_tool)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
