"""Entries of the sites merged with the catalogue: its sections, its Japanese, facts and relations."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ingest.catalogue.reader import Catalogue
from kb.entries import Entry, Language, Origin


def with_catalogue(entries: Sequence[Entry], catalogue: Catalogue) -> list[Entry]:
    """Entries of the sites, each with the sections and facts the catalogue adds.

    Catalogue entries with ids missing from the sites are dropped, and so are relations to them.
    """
    ids = {entry.id for entry in entries}
    return [
        replace(e, related=tuple(r for r in catalogue.relations.get((e.id, e.language), ()) if r.id in ids))
        for e in _all_languages(entries, catalogue)
    ]


def _all_languages(entries: Sequence[Entry], catalogue: Catalogue) -> Iterator[Entry]:
    """Each entry merged, followed by its catalogue entries in languages the sites lack."""
    written = {(entry.id, entry.language): entry for entry in catalogue.all_entries}
    present = {(entry.id, entry.language) for entry in entries}
    for entry in entries:
        ours = written.get((entry.id, entry.language))
        yield _merged(entry, ours) if ours else entry
        for language in Language:
            other = written.get((entry.id, language))
            if other and (entry.id, language) not in present:
                present.add((entry.id, language))
                yield replace(other, edition=entry.edition, url=entry.url)


def without_catalogue(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Entries of a build as their site has them; entries of the catalogue alone are dropped."""
    return tuple(
        replace(entry, sections=sections, phases=(), wa_tool=None, related=())
        for entry in entries
        if (sections := tuple(section for section in entry.sections if section.origin is Origin.SITE))
    )


def _merged(entry: Entry, ours: Entry) -> Entry:
    """An entry with the sections and facts of its catalogue entry."""
    added = ours.sections if ours.sections != entry.sections else ()
    return replace(entry, sections=entry.sections + added, phases=ours.phases, wa_tool=ours.wa_tool)
