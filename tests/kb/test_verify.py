"""Canary questions hold back a build that does not find its own entries."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.corpus import MADE_AT, SOURCES, corpus, prose
from support.encoder import WordEncoder

import kb.make
import kb.verify
from ingest.catalogue.reader import read_source
from ingest.sources import load_sources
from kb.data import data_folder
from kb.embedding.encoder import Vectors
from kb.entries import Entry, Kind, Role
from kb.errors import DamagedIndexError, NoIndexError
from kb.index.bm25 import index_chunks, index_entries
from kb.index.chunker import Chunk
from kb.make import make_build
from kb.ranking.search import ANSWERING
from kb.storage.builds import current_build
from kb.storage.manifest import Manifest
from kb.verify import canary_questions

ASKED = {
    "GENSEC05": "Who may act for whom?",
    "GENSEC05-BP01": "Why did our bot drop the whole table?",
    "GENSEC05-BP02": "Why does one session never finish?",
    "GENCOST03-BP01": "Why do we pay twice for one preamble?",
    "LLM03:2026": "What happens when a plugin goes rogue?",
    "LLM06:2025": "What did the older list say of rogue plugins?",
}


def asked() -> tuple[Entry, ...]:
    """The small corpus with a question that people ask of most entries."""
    return tuple(
        replace(
            entry, sections=(*entry.sections, prose("What people ask", Role.ASKS, ASKED[entry.id], "And?"))
        )
        if entry.id in ASKED and entry.language == "en"
        else entry
        for entry in corpus()
    )


def build(home: Path, encoder: WordEncoder, entries: Sequence[Entry]) -> Manifest:
    return make_build(home, encoder, entries, SOURCES, MADE_AT)


def test_each_entry_that_can_answer_is_asked_its_first_question() -> None:
    assert [(question, entry.id) for question, entry in canary_questions(asked())] == [
        (question, name) for name, question in ASKED.items() if name != "GENSEC05"
    ]


def test_without_questions_of_the_catalogue_nothing_is_asked(home: Path, encoder: WordEncoder) -> None:
    assert canary_questions(corpus()) == ()
    assert build(home, encoder, corpus()).id == current_build(home).id


def test_a_few_entries_from_all_over_the_catalogue_are_asked() -> None:
    data = data_folder()
    entries = [e for source in load_sources(data / "sources") for e in read_source(data / "catalog", source)]
    found = canary_questions(entries)
    assert len(found) == len({entry.id + entry.language for _, entry in found}) == 12
    assert {entry.kind for _, entry in found} == {Kind.BEST_PRACTICE, Kind.RISK} == set(ANSWERING)
    assert {entry.language.value for _, entry in found} == {"en", "ja"}
    assert len({entry.pillar for _, entry in found}) >= 5


def test_a_build_that_finds_its_entries_is_published(home: Path, encoder: WordEncoder) -> None:
    assert build(home, encoder, asked()).id == current_build(home).id


def test_a_build_that_mixes_its_entries_up_is_not_published(
    home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = kb.make._write_vectors

    def turned(folder: Path, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        store(folder, chunks, np.roll(vectors, len(chunks) // 2, axis=0))

    monkeypatch.setattr(kb.make, "_write_vectors", turned)
    monkeypatch.setattr(kb.make, "index_chunks", lambda chunks: index_chunks(chunks[::-1]))
    monkeypatch.setattr(kb.make, "index_entries", lambda entries: index_entries(entries[::-1]))
    monkeypatch.setattr(kb.verify, "CANARY_RANK", 1)
    with pytest.raises(
        DamagedIndexError, match=r"^'.*\?' finds .*, expected .* among the first 1; nothing is"
    ):
        build(home, encoder, asked())
    with pytest.raises(NoIndexError):
        current_build(home)
    assert list((home / "builds").iterdir()) == []
