import logging
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.clock import Clock
from support.corpus import MADE_AT, SOURCES, corpus, question
from support.encoder import WordEncoder

import kb.make
import kb.storage.builds
from kb.embedding.encoder import Vectors
from kb.entries import Entry, Item, Language, Role, Section, read_entries
from kb.files import digests_of
from kb.index.bm25 import read_index
from kb.index.chunker import read_chunks
from kb.index.passage_table import read_table
from kb.index.passages import quotable
from kb.index.vector_store import VectorStore
from kb.knowledge_base import KnowledgeBase
from kb.make import make_build
from kb.settings import DEFAULT_MODEL
from kb.storage.builds import Build, current_build, list_builds
from kb.storage.fingerprint import fingerprint
from kb.storage.manifest import Manifest, read_manifest, write_manifest
from kb.text import is_japanese


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "ticks", 0)
    monkeypatch.setattr(kb.storage.builds, "datetime", Clock)


# Embedded texts of the small corpus: its chunks and its quotable passages.
TEXTS = 18 + 17


def build(home: Path, encoder: WordEncoder, entries: Sequence[Entry] = corpus()) -> Manifest:
    return make_build(home, encoder, entries, SOURCES, MADE_AT)


def stored(home: Path, build_id: str) -> dict[str, Vectors]:
    with VectorStore(home / "builds" / build_id / "chroma") as store:
        return store.by_digest()


def test_build_matches_its_manifest(home: Path, encoder: WordEncoder) -> None:
    manifest = build(home, encoder)
    folder = home / "builds" / manifest.id
    assert replace(manifest, files={}, seal="") == Manifest(
        id=manifest.id,
        format=2,
        made_at=MADE_AT,
        model="tests/words",
        weights_sha256="0" * 64,
        dim=256,
        counts={"question": 1, "best_practice": 3, "page": 1, "risk": 3},
        chunks=18,
        sources=SOURCES,
        content=fingerprint(corpus(), "tests/words", "0" * 64, {}),
        passages=17,
    )
    assert manifest.id == f"20260102T000001-{manifest.content[:8]}"
    assert (current_build(home).id, read_manifest(folder)) == (manifest.id, manifest)
    assert manifest.files == {n: d for n, d in digests_of(folder).items() if n != "manifest.json"}
    assert manifest.seal == manifest.digest
    assert sorted(path.name for path in folder.iterdir()) == [
        "chroma",
        "chunks.jsonl",
        "entries.jsonl",
        "keywords",
        "manifest.json",
        "passages.jsonl",
        "passages.npy",
    ]
    assert tuple(read_entries(folder / "entries.jsonl")) == corpus()
    chunks = read_chunks(folder / "chunks.jsonl")
    assert [chunk.id for chunk in chunks][-2:] == ["LLM06:2025.en.0.0", "LLM06:2025.en.1.0"]
    assert sorted(path.name for path in (folder / "keywords").iterdir()) == ["chunks", "entries"]
    by_chunk, by_entry = (read_index(folder / "keywords" / name) for name in ("chunks", "entries"))
    assert (by_chunk.count, by_entry.count) == (len(chunks), 9) == (18, 9)
    # "refunds" is in the steps of GENSEC05-BP01: its third chunk, after one chunk of GENSEC05.
    assert np.flatnonzero(by_chunk.score({"refund": 1})).tolist() == [3]
    assert np.flatnonzero(by_entry.score({"refund": 1})).tolist() == [1]
    vectors = encoder.encode([chunk.embedded for chunk in chunks])
    by_digest = stored(home, manifest.id)
    np.testing.assert_allclose([by_digest[chunk.digest] for chunk in chunks], vectors, atol=1e-6)
    passages = [passage for entry in corpus() for passage in quotable(entry)]
    table = read_table(folder, 256)
    assert [(row.entry_id, row.language, row.section, row.start, row.end) for row in table.rows] == [
        (p.entry.id, p.entry.language, p.section_index, p.start, p.end) for p in passages
    ]
    vectors = encoder.encode([passage.text for passage in passages])
    np.testing.assert_allclose(table.vectors, vectors, atol=1e-3)


def test_rebuild_of_the_same_entries_embeds_no_text(home: Path, encoder: WordEncoder) -> None:
    first = build(home, encoder)
    assert len(encoder.encoded) == TEXTS
    encoder.encoded.clear()
    second = build(home, encoder)
    assert encoder.encoded == []
    assert list_builds(home) == (second.id, first.id)
    before, after = stored(home, first.id), stored(home, second.id)
    assert before.keys() == after.keys()
    assert all((before[digest] == after[digest]).all() for digest in before)
    old, new = (read_table(home / "builds" / name.id, 256) for name in (first, second))
    assert old.rows == new.rows
    assert (old.vectors == new.vectors).all()


def test_only_changed_text_is_embedded(home: Path, encoder: WordEncoder) -> None:
    build(home, encoder)
    encoder.encoded.clear()
    said = "Agents serve people who watch over them."
    section = Section("Introduction", Role.INTRODUCTION, (Item(said), Item("Bounds hold.")))
    manifest = build(home, encoder, (replace(question(), sections=(section,)), *corpus()[1:-1]))
    assert encoder.encoded == [
        said,
        f"Excessive agency\nHow do you keep agents within bounds?\nIntroduction\n{said}\nBounds hold.",
    ]
    assert manifest.chunks == 16


def test_vectors_of_other_weights_are_not_reused(home: Path, encoder: WordEncoder) -> None:
    build(home, encoder)
    encoder.encoded.clear()
    encoder.weights_sha256 = "1" * 64
    build(home, encoder)
    assert len(encoder.encoded) == TEXTS


@pytest.mark.parametrize("file", ["chroma/chroma.sqlite3", "manifest.json", "passages.npy", "passages.jsonl"])
def test_damaged_build_is_replaced(home: Path, encoder: WordEncoder, file: str) -> None:
    first = build(home, encoder)
    (home / "builds" / first.id / file).write_bytes(b"damaged " * 1000)
    encoder.encoded.clear()
    second = build(home, encoder)
    assert len(encoder.encoded) == TEXTS
    assert KnowledgeBase(Build(home, second.id), encoder).search("refunds")[0].entry.id == "GENSEC05-BP01"


def test_text_the_model_cannot_read_is_stored_but_not_embedded(
    home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "model", DEFAULT_MODEL)
    manifest = build(home, encoder)
    assert manifest.chunks == 18
    assert len(stored(home, manifest.id)) == 16
    assert len(encoder.encoded) == 16 + 17
    assert not any(is_japanese(text) for text in encoder.encoded)
    assert "agent per each dedicated role make" in encoder.encoded  # a gloss, to compare with questions


def test_out_of_scope_examples_are_chunks_without_an_entry(home: Path, encoder: WordEncoder) -> None:
    out_of_scope = {Language.ENGLISH: ["Which soup today?", "Who won?"], Language.JAPANESE: ["パンの味は？"]}
    new = make_build(home, encoder, corpus(), SOURCES, MADE_AT, out_of_scope=out_of_scope)
    folder = home / "builds" / new.id
    examples = [
        (chunk.id, chunk.entry_id, chunk.role, chunk.embedded)
        for chunk in read_chunks(folder / "chunks.jsonl")[18:]
    ]
    assert examples == [
        ("outside.en.0", "", "outside", "Which soup today?"),
        ("outside.en.1", "", "outside", "Who won?"),
        ("outside.ja.0", "", "outside", "パンの味は？"),
    ]
    assert new.chunks == len(stored(home, new.id)) == read_index(folder / "keywords" / "chunks").count == 21
    base = KnowledgeBase(Build(home, new.id), encoder)
    assert base.search("soup") == ()
    assert not {hit.entry.id for hit in base.retrieve("Which soup today?").hits} - {e.id for e in corpus()}


def test_progress_is_reported_before_and_after_each_batch(
    home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kb.make, "BATCH", 15)
    reports: list[tuple[int, int]] = []
    for _ in range(2):
        make_build(
            home, encoder, corpus(), SOURCES, MADE_AT, lambda done, total: reports.append((done, total))
        )
    assert reports == [(0, TEXTS), (15, TEXTS), (30, TEXTS), (TEXTS, TEXTS), (0, 0)]


def test_build_after_one_without_passages_has_them(home: Path, encoder: WordEncoder) -> None:
    older = build(home, encoder)
    folder = home / "builds" / older.id
    write_manifest(folder, replace(older, passages=0, files={}, seal=""))
    for name in ("passages.jsonl", "passages.npy"):
        (folder / name).unlink()
    encoder.encoded.clear()
    newer = build(home, encoder)
    assert newer.passages == 17
    assert len(encoder.encoded) == 17  # the vectors of chunks are reused


def test_last_five_builds_are_kept(home: Path, encoder: WordEncoder) -> None:
    ids = [build(home, encoder).id for _ in range(7)]
    assert list_builds(home) == tuple(ids[:1:-1])
    assert current_build(home).id == ids[-1]


def test_missing_vector_store_of_the_served_build_is_logged(
    home: Path, encoder: WordEncoder, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(home / "builds" / build(home, encoder).id / "chroma")
    caplog.set_level(logging.INFO, "kb.make")
    build(home, encoder)
    assert "no vectors to reuse: " in caplog.text
    assert "35 texts, 35 of them to embed" in caplog.text
