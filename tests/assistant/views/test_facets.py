"""Facets of a search: narrowing by chosen values, and counts of values."""

import pytest

from assistant.views.facets import Facet, counted, narrowed, search_all
from kb.errors import InputError
from kb.knowledge_base import KnowledgeBase


def ids(hits: tuple) -> set[str]:  # type: ignore[type-arg]
    return {hit.entry.id for hit in hits}


def test_search_covers_every_edition(base: KnowledgeBase) -> None:
    assert {"LLM03:2026", "LLM06:2025", "GENSEC05-BP01"} <= ids(search_all(base, "agent"))


def test_values_of_a_facet_are_alternatives_and_facets_combine(base: KnowledgeBase) -> None:
    hits = search_all(base, "agent records loop")
    assert ids(narrowed(hits, {Facet.LEVEL: ["High", "Medium"]})) == {"GENSEC05-BP01", "GENSEC05-BP02"}
    assert ids(narrowed(hits, {Facet.LEVEL: ["High"], Facet.KIND: ["best_practice"]})) == {"GENSEC05-BP01"}
    assert ids(narrowed(hits, {Facet.SOURCE: ["owasp-llm 2025"]})) == {"LLM06:2025"}
    assert narrowed(hits, {Facet.KIND: [], Facet.LEVEL: []}) == hits
    assert narrowed(hits, {Facet.SOURCE: ["owasp-llm 2025"], Facet.LEVEL: ["High"]}) == ()


def test_count_is_the_number_of_hits_after_choosing_the_value(base: KnowledgeBase) -> None:
    hits = search_all(base, "agent records loop")
    chosen = {Facet.KIND: ["best_practice"]}
    counts = counted(hits, chosen)
    for facet, values in counts.items():
        for value, count in values.items():
            assert count == len(narrowed(hits, {**chosen, facet: [value]})), (facet, value)
    assert counts[Facet.LEVEL] == {"High": 1, "Medium": 1}
    assert counts[Facet.KIND]["risk"] == 2  # values of the same facet can still be added


def test_blank_query_is_refused(base: KnowledgeBase) -> None:
    with pytest.raises(InputError, match="empty"):
        search_all(base, " ?! ")
