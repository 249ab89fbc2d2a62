"""The tree of entries, their neighbours, and the crosswalk of practices and risks."""

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
    """The small corpus with related entries: practices, risks, and risks of the other edition."""
    entries: list[Entry] = [replace(entry, related=PAIRS.get(entry.id, ())) for entry in corpus()]
    return KnowledgeBase(Build(home, make_build(home, encoder, entries, SOURCES, MADE_AT).id), encoder)


def test_tree_has_pillars_questions_practices_and_risks_by_edition(base: KnowledgeBase) -> None:
    entry_tree = tree(base, ENGLISH)
    (branch,) = entry_tree.pillars["Security"]
    assert branch.question is not None
    assert (branch.id, branch.question.id, branch.asked) == ("GENSEC05", "GENSEC05", BOUNDS)
    assert [entry.id for entry in branch.practices] == ["GENSEC05-BP01", "GENSEC05-BP02"]
    assert {year: [e.id for e in risks] for year, risks in entry_tree.risks.items()} == {
        "2026": ["LLM03:2026", "LLM06:2026"],
        "2025": ["LLM06:2025"],
    }
    (orphan,) = entry_tree.pillars["Cost optimization"]  # its question is not in the build
    assert (orphan.id, orphan.question, [e.id for e in orphan.practices]) == (
        "GENCOST03", None, ["GENCOST03-BP01"],
    )  # fmt: skip
    assert [entry.id for entry in entry_tree.pages] == ["genai-lens/definitions"]
    assert entry_tree.principles == ()


def test_entries_are_in_the_chosen_language_if_translated(base: KnowledgeBase) -> None:
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
def test_neighbours_have_the_same_kind_and_edition(
    base: KnowledgeBase, entry_id: str, before: str | None, after: str | None
) -> None:
    pair = neighbours(base, base.entry(entry_id))
    assert tuple(entry and entry.id for entry in pair) == (before, after)


def test_risk_has_its_counterpart_in_the_other_edition(paired: KnowledgeBase) -> None:
    (counterpart,) = counterparts(paired, paired.entry("LLM03:2026"))
    assert (counterpart.risk.id, counterpart.why) == ("LLM06:2025", "Moved up.")
    assert counterparts(paired, paired.entry("LLM06:2026")) == ()


def test_practice_crosses_newer_risks_directly_and_older_ones_through_them(
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
