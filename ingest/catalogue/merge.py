"""The catalogue's words behind those of the sites: its sections, its Japanese, facts and relations."""

from dataclasses import replace
from pathlib import Path

from ingest.catalogue import reader as catalog
from ingest.catalogue.relations import read_relations
from ingest.sources import Source
from kb.entries import Entry, Language, Origin


def with_catalogue(entries: list[Entry], sources: tuple[Source, ...], folder: Path) -> list[Entry]:
    """Entries of the sites with the catalogue's words behind theirs.

    An entry of the catalogue whose id the site no longer has is left out, and so is a relation to it.

    :raises CatalogueError: a file of the catalogue does not have the expected form.
    """
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


def without_catalogue(entry: Entry) -> Entry:
    """An entry of a build as its site gave it; without sections where it is the catalogue's alone."""
    own = tuple(section for section in entry.sections if section.origin is Origin.SITE)
    return replace(entry, sections=own, phases=(), wa_tool=None, related=())


def _merged(entry: Entry, own: Entry) -> Entry:
    """An entry with the sections and facts that the catalogue adds to it."""
    added = own.sections if own.sections != entry.sections else ()
    return replace(entry, sections=entry.sections + added, phases=own.phases, wa_tool=own.wa_tool)
