"""A keyword search with facets: all hits, counted and narrowed by the chosen values; ids are looked up."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum

from kb.entries import Entry, Language
from kb.ids import find_ids
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import Filters
from kb.ranking.search import Hit
from kb.text import fold, squeeze


class Facet(StrEnum):
    """A property of entries to narrow a search by."""

    KIND = "kind"
    PILLAR = "pillar"
    SOURCE = "source"
    LEVEL = "level"


Chosen = Mapping[Facet, Collection[str]]
"""The chosen values of each facet; a facet without any allows every entry."""

_VALUES: Mapping[Facet, Callable[[Entry], str | None]] = {
    Facet.KIND: lambda entry: entry.kind,
    Facet.PILLAR: lambda entry: entry.pillar,
    Facet.SOURCE: lambda entry: source_of(entry),
    Facet.LEVEL: lambda entry: entry.risk_level,
}


def source_of(entry: Entry) -> str:
    """The source and edition of an entry as one value: "owasp-llm 2025"."""
    return f"{entry.source} {entry.edition}"


def look_up(base: KnowledgeBase, typed: str, language: Language) -> Entry | None:
    """The entry if the typed text is nothing but its id, in any spelling; else None."""
    text = squeeze(typed)
    if base.has(text):
        return base.entry(text, language)
    matches = find_ids(text, base.editions[0])
    folded = fold(text)
    alone = len(matches) == 1 and folded[: matches[0].start] + folded[matches[0].end :] == ""
    return base.entry(matches[0].id, language) if alone and base.has(matches[0].id) else None


def search_all(base: KnowledgeBase, typed: str) -> tuple[Hit, ...]:
    """All hits of a keyword search in all editions, best first.

    :raises InputError: the query is blank or too long.
    """
    every = frozenset(entry.edition for entry in base.entries)
    return base.search(typed, Filters(editions=every), limit=len(base.entries))


def narrowed(hits: Sequence[Hit], chosen: Chosen) -> tuple[Hit, ...]:
    """The hits with a chosen value of every facet that has chosen values."""
    return tuple(hit for hit in hits if _passes(hit.entry, chosen))


def counted(hits: Sequence[Hit], chosen: Chosen) -> dict[Facet, Counter[str]]:
    """The number of hits for each value of each facet, given the chosen values of the other facets."""
    counts: dict[Facet, Counter[str]] = {}
    for facet, value in _VALUES.items():
        others = {other: values for other, values in chosen.items() if other is not facet}
        values = (value(hit.entry) for hit in narrowed(hits, others))
        counts[facet] = Counter(str(one) for one in values if one is not None)
    return counts


def _passes(entry: Entry, chosen: Chosen) -> bool:
    return all(not values or _VALUES[facet](entry) in values for facet, values in chosen.items())
