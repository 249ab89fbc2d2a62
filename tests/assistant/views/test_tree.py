"""The tree of entries, what stands next to each, and how practices and risks cross."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.corpus import BOUNDS, MADE_AT, SOURCES, corpus
from support.encoder import WordEncoder

from assistant.views.crosswalk import counterparts, crossings
from assistant.views.tree import neighbours, tree
from kb.entries import Entry, Language, Related
from kb.knowledge_base import KnowledgeBase
from kb.make import make_build
from kb.storage.builds import Build

ENGLISH = Language.ENGLISH
PAIRS = {
    "GENSEC05-BP01": (Related("LLM03:2026", "Narrow roles."), Related("GENSEC05-BP02", "Both bound.")),
    "GENSEC05-BP02": (Related("GENSEC05-BP01", "Both bound."),),
    "LLM03:2026": (Related("LLM06:2025", "Moved up."), Related("GENSEC05-BP01", "Narrow roles.")),
    "LLM06:2025": (Related("LLM03:2026", "Moved up."), Related("LLM99:2026", "Not in the build.")),
}


@pytest.fixture
def paired(home: Path, encoder: WordEncoder) -> KnowledgeBase:
    """The small corpus with a practice, a risk and what it was in the other edition."""
    entries: list[Entry] = [replace(entry, related=PAIRS.get(entry.id, ())) for entry in corpus()]
    return KnowledgeBase(Build(home, make_build(home, encoder, entries, SOURCES, MADE_AT).id), encoder)


def test_the_tree_has_pillars_questions_practices_and_risks_by_edition(base: KnowledgeBase) -> None:
    found = tree(base, ENGLISH)
    (branch,) = found.pillars["Security"]
    assert branch.question is not None
    assert (branch.id, branch.question.id, branch.asked) == ("GENSEC05", "GENSEC05", BOUNDS)
    assert [entry.id for entry in branch.practices] == ["GENSEC05-BP01", "GENSEC05-BP02"]
    assert {year: [e.id for e in risks] for year, risks in found.risks.items()} == {
        "2026": ["LLM03:2026", "LLM06:2026"],
        "2025": ["LLM06:2025"],
    }
    (orphan,) = found.pillars["Cost optimization"]  # a practice whose question the build lacks
    assert (orphan.id, orphan.question, [e.id for e in orphan.practices]) == (
        "GENCOST03", None, ["GENCOST03-BP01"],
    )  # fmt: skip
    assert [entry.id for entry in found.pages] == ["genai-lens/definitions"]
    assert found.principles == ()


def test_entries_are_in_the_language_where_they_have_it(base: KnowledgeBase) -> None:
    (branch,) = tree(base, Language.JAPANESE).pillars["Security"]
    assert [entry.language.value for entry in branch.practices] == ["ja", "en"]


@pytest.mark.parametrize(
    ("entry_id", "before", "after"),
    [
        ("GENSEC05-BP01", None, "GENSEC05-BP02"),
        ("GENSEC05-BP02", "GENSEC05-BP01", "GENCOST03-BP01"),
        ("GENCOST03-BP01", "GENSEC05-BP02", None),
        ("LLM06:2025", None, None),  # alone in its edition
        ("LLM03:2026", None, "LLM06:2026"),
    ],
)
def test_neighbours_are_of_the_same_kind_and_edition(
    base: KnowledgeBase, entry_id: str, before: str | None, after: str | None
) -> None:
    found = neighbours(base, base.entry(entry_id))
    assert tuple(other and other.id for other in found) == (before, after)


def test_a_risk_is_known_in_its_other_edition(paired: KnowledgeBase) -> None:
    (found,) = counterparts(paired, paired.entry("LLM03:2026"))
    assert (found.risk.id, found.why) == ("LLM06:2025", "Moved up.")
    assert counterparts(paired, paired.entry("LLM06:2026")) == ()


def test_a_practice_crosses_risks_of_one_edition_by_itself_and_of_the_other_through_it(
    paired: KnowledgeBase,
) -> None:
    (newer,) = crossings(paired, ENGLISH, "2026")
    assert (newer.practice.id, newer.risk.id, newer.why, newer.via) == (
        "GENSEC05-BP01", "LLM03:2026", "Narrow roles.", None,
    )  # fmt: skip
    (older,) = crossings(paired, ENGLISH, "2025")
    assert (older.practice.id, older.risk.id) == ("GENSEC05-BP01", "LLM06:2025")
    assert older.via is not None
    assert older.via.id == "LLM03:2026"
