"""Facets of a search: narrowing by chosen values, and counts of values."""

import pytest

from assistant.views.facets import Facet, counted, look_up, narrowed, search_all
from kb.entries import Language
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


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("gensec5 bp1", "GENSEC05-BP01"),
        (" GENSEC05－BP01 ", "GENSEC05-BP01"),
        ("ｇｅｎｓｅｃ５", "GENSEC05"),
        ("llm6 2025", "LLM06:2025"),
        ("llm6", "LLM06:2026"),
        ("genai-lens/definitions", "genai-lens/definitions"),
    ],
)
def test_id_in_any_spelling_is_looked_up(base: KnowledgeBase, typed: str, expected: str) -> None:
    entry = look_up(base, typed, Language.ENGLISH)
    assert entry is not None
    assert entry.id == expected


@pytest.mark.parametrize(
    "typed", ["agents", "agents gensec5 bp1", "gensec5 bp1 llm6", "GENSEC09", "llm9 2025", ""]
)
def test_other_words_and_unknown_ids_are_not_looked_up(base: KnowledgeBase, typed: str) -> None:
    assert look_up(base, typed, Language.ENGLISH) is None


def test_entry_is_in_the_requested_language(base: KnowledgeBase) -> None:
    entry = look_up(base, "gensec5 bp1", Language.JAPANESE)
    assert entry is not None
    assert entry.language is Language.JAPANESE
