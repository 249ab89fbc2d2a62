"""Lookup of an entry by a typed id."""

import pytest

from assistant.views.facets import look_up
from kb.entries import Language
from kb.knowledge_base import KnowledgeBase


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
