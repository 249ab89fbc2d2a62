"""Canary questions: a build is published only if it finds its own entries."""

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

QUESTIONS = {
    "GENSEC05": "Who may act for whom?",
    "GENSEC05-BP01": "Why did our bot drop the whole table?",
    "GENSEC05-BP02": "Why does one session never finish?",
    "GENCOST03-BP01": "Why do we pay twice for one preamble?",
    "LLM03:2026": "What happens when a plugin goes rogue?",
    "LLM06:2025": "What did the older list say of rogue plugins?",
}


def with_questions() -> tuple[Entry, ...]:
    """The small corpus with a question for most entries."""
    return tuple(
        replace(
            entry,
            sections=(*entry.sections, prose("What people ask", Role.ASKS, QUESTIONS[entry.id], "And?")),
        )
        if entry.id in QUESTIONS and entry.language == "en"
        else entry
        for entry in corpus()
    )


def build(home: Path, encoder: WordEncoder, entries: Sequence[Entry]) -> Manifest:
    return make_build(home, encoder, entries, SOURCES, MADE_AT)


def test_canaries_are_the_first_questions_of_answering_entries() -> None:
    assert [(question, entry.id) for question, entry in canary_questions(with_questions())] == [
        (question, name) for name, question in QUESTIONS.items() if name != "GENSEC05"
    ]


def test_entries_without_questions_have_no_canaries(home: Path, encoder: WordEncoder) -> None:
    assert canary_questions(corpus()) == ()
    assert build(home, encoder, corpus()).id == current_build(home).id


def test_canaries_are_spread_over_the_catalogue() -> None:
    data = data_folder()
    entries = [e for source in load_sources(data / "sources") for e in read_source(data / "catalog", source)]
    canaries = canary_questions(entries)
    assert len(canaries) == len({entry.id + entry.language for _, entry in canaries}) == 12
    assert {entry.kind for _, entry in canaries} == {Kind.BEST_PRACTICE, Kind.RISK} == set(ANSWERING)
    assert {entry.language.value for _, entry in canaries} == {"en", "ja"}
    assert len({entry.pillar for _, entry in canaries}) >= 5


def test_build_is_published_if_it_finds_its_entries(home: Path, encoder: WordEncoder) -> None:
    assert build(home, encoder, with_questions()).id == current_build(home).id


def test_build_with_mixed_up_entries_is_not_published(
    home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = kb.make._write_vectors

    def write_shifted(folder: Path, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        store(folder, chunks, np.roll(vectors, len(chunks) // 2, axis=0))

    monkeypatch.setattr(kb.make, "_write_vectors", write_shifted)
    monkeypatch.setattr(kb.make, "index_chunks", lambda chunks: index_chunks(chunks[::-1]))
    monkeypatch.setattr(kb.make, "index_entries", lambda entries: index_entries(entries[::-1]))
    monkeypatch.setattr(kb.verify, "CANARY_RANK", 1)
    with pytest.raises(
        DamagedIndexError, match=r"^'.*\?' finds .*, expected .* among the first 1; nothing is"
    ):
        build(home, encoder, with_questions())
    with pytest.raises(NoIndexError):
        current_build(home)
    assert list((home / "builds").iterdir()) == []
