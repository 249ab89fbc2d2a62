"""An id that is all that was typed leads to its entry."""

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
def test_an_id_in_any_spelling_is_looked_up(base: KnowledgeBase, typed: str, expected: str) -> None:
    found = look_up(base, typed, Language.ENGLISH)
    assert found is not None
    assert found.id == expected


@pytest.mark.parametrize(
    "typed", ["agents", "agents gensec5 bp1", "gensec5 bp1 llm6", "GENSEC09", "llm9 2025", ""]
)
def test_other_words_and_ids_of_nothing_are_not(base: KnowledgeBase, typed: str) -> None:
    assert look_up(base, typed, Language.ENGLISH) is None


def test_the_entry_comes_in_the_language_that_is_asked_for(base: KnowledgeBase) -> None:
    found = look_up(base, "gensec5 bp1", Language.JAPANESE)
    assert found is not None
    assert found.language is Language.JAPANESE
