"""What a keyword search found, counted by facet, and narrowed down by what is chosen of each."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum

from kb.entries import Entry
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import Filters
from kb.ranking.search import Hit


class Facet(StrEnum):
    """A property of entries that a search is narrowed down by."""

    KIND = "kind"
    PILLAR = "pillar"
    SOURCE = "source"
    LEVEL = "level"


Chosen = Mapping[Facet, Collection[str]]
"""The values chosen of each facet; one without any lets every entry pass."""

_VALUES: Mapping[Facet, Callable[[Entry], str | None]] = {
    Facet.KIND: lambda entry: entry.kind,
    Facet.PILLAR: lambda entry: entry.pillar,
    Facet.SOURCE: lambda entry: source_of(entry),
    Facet.LEVEL: lambda entry: entry.risk_level,
}


def source_of(entry: Entry) -> str:
    """The source of an entry with its edition, as one value: "owasp-llm 2025"."""
    return f"{entry.source} {entry.edition}"


def search_all(base: KnowledgeBase, typed: str) -> tuple[Hit, ...]:
    """Every entry of every edition that a keyword search finds, best first.

    :raises InputError: the query is blank or too long.
    """
    every = frozenset(entry.edition for entry in base.entries)
    return base.search(typed, Filters(editions=every), limit=len(base.entries))


def narrowed(hits: Sequence[Hit], chosen: Chosen) -> tuple[Hit, ...]:
    """The hits that have a chosen value of every facet of which some are chosen."""
    return tuple(hit for hit in hits if _passes(hit.entry, chosen))


def counted(hits: Sequence[Hit], chosen: Chosen) -> dict[Facet, Counter[str]]:
    """How many hits each value of each facet has, were it chosen beside those of the other facets."""
    counts: dict[Facet, Counter[str]] = {}
    for facet, value in _VALUES.items():
        others = {other: values for other, values in chosen.items() if other is not facet}
        found = (value(hit.entry) for hit in narrowed(hits, others))
        counts[facet] = Counter(str(one) for one in found if one is not None)
    return counts


def _passes(entry: Entry, chosen: Chosen) -> bool:
    return all(not values or _VALUES[facet](entry) in values for facet, values in chosen.items())
