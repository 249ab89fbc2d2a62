"""The rows of a build: chunks and documents by entry, parents, and examples of out-of-scope questions."""

from dataclasses import replace

import numpy as np
from support.corpus import prose

from kb.entries import Entry, Kind, Language, Related, Role
from kb.index.chunker import Chunk
from kb.ranking.layout import Layout

EN, JA = Language.ENGLISH, Language.JAPANESE


def entry(entry_id: str, language: Language = EN) -> Entry:
    sections = (prose("Text", Role.OTHER, "words"),)
    return Entry(entry_id, Kind.PAGE, "Title", "tests", "1", "https://x.test/", language, sections)


def chunk(entry_id: str, role: Role, language: Language = EN) -> Chunk:
    return Chunk("c", entry_id, language, 0, role, 0, 1, "", "x")


# A has an English and a Japanese version; its chunks are not adjacent.
LAYOUT = Layout(
    ids=("A", "C-BP01", "C"),
    chunks=(
        chunk("A", Role.INTRODUCTION),  # 0
        chunk("C", Role.RESOURCES),  # 1
        chunk("A", Role.ASKS),  # 2
        chunk("A", Role.STEPS, JA),  # 3
        chunk("A", Role.ASKS, JA),  # 4
        chunk("C-BP01", Role.ASKS),  # 5
        chunk("A", Role.STEPS),  # 6
        chunk("", Role.OUT_OF_SCOPE),  # 7
        chunk("", Role.OUT_OF_SCOPE, JA),  # 8
        chunk("", Role.OUT_OF_SCOPE),  # 9
    ),
    entries=(entry("A"), entry("C-BP01"), entry("A", JA), entry("C")),
)


def test_chunks_and_documents_are_listed_by_entry() -> None:
    assert LAYOUT.chunks_of(entry("A")) == [0, 2, 6]
    assert LAYOUT.chunks_of(entry("A", JA)) == [3, 4]
    assert LAYOUT.chunks_of(entry("C-BP01", JA)) == []
    assert np.flatnonzero(LAYOUT.documents_of(np.array([2, 0]))).tolist() == [0, 2, 3]
    assert not LAYOUT.documents_of(np.array([], dtype=np.intp)).any()
    assert LAYOUT.rows == {"A": 0, "C-BP01": 1, "C": 2}


def test_documents_in_a_language_come_with_their_entries() -> None:
    documents, owners = LAYOUT.documents_in(EN)
    assert (documents.tolist(), owners.tolist()) == ([0, 1, 3], [0, 1, 2])
    documents, owners = LAYOUT.documents_in(JA)
    assert (documents.tolist(), owners.tolist()) == ([2], [0])


def test_owners_of_documents_are_unique_and_in_order() -> None:
    assert LAYOUT.owners_of_documents(np.array([3, 2, 0])).tolist() == [0, 2]


def test_owners_of_chunks_follow_chunk_order_without_examples() -> None:
    assert LAYOUT.owners_of_chunks(np.array([7, 5, 2, 3, 0])).tolist() == [1, 0]


def test_chunk_table_is_padded_and_ends_with_an_empty_row() -> None:
    table = LAYOUT.chunk_table(EN, frozenset({Role.INTRODUCTION, Role.STEPS, Role.RESOURCES}))
    assert table.tolist() == [[0, 6], [10, 10], [1, 10], [10, 10]]
    assert LAYOUT.chunk_table(JA, frozenset({Role.ASKS})).tolist() == [[4], [10], [10], [10]]
    assert LAYOUT.chunk_table(EN, frozenset()).shape == (4, 0)


def test_out_of_scope_examples_are_listed_by_language() -> None:
    assert LAYOUT.out_of_scope_chunks(EN).tolist() == [7, 9]
    assert LAYOUT.out_of_scope_chunks(JA).tolist() == [8]
    assert Layout(LAYOUT.ids, LAYOUT.chunks[:7], LAYOUT.entries).out_of_scope_chunks(EN).tolist() == []


def test_parent_is_the_question_of_a_practice_or_the_earlier_edition_of_a_risk() -> None:
    twins = (Related("LLM09:2026", "near"), Related("LLM06:2025", "the same"), Related("LLM01:2025", "part"))
    entries = (
        entry("LLM06:2025"),
        replace(entry("LLM03:2026"), related=twins),
        replace(entry("LLM03:2026", JA), related=twins),
        entry("GENSEC01-BP01"),
        replace(entry("GENSEC02-BP01"), related=twins),
        entry("GENSEC01"),
    )
    ids = tuple(dict.fromkeys(e.id for e in entries))
    layout = Layout(ids, (), entries)
    # 5 means no parent: the oldest edition, a practice without its question, and a question.
    assert layout.parents.tolist() == [5, 0, 4, 5, 5]


def test_pillars_are_numbered_and_default_to_the_source() -> None:
    other = replace(entry("C-BP01"), pillar="Security")
    layout = Layout(LAYOUT.ids, LAYOUT.chunks, (entry("A"), other, entry("C")))
    assert layout.pillars.tolist() == [0, 1, 0]
