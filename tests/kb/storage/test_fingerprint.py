"""The fingerprint of a build: equal for equal content, different after any change."""

import hashlib
from dataclasses import astuple, replace

import pytest
from support.corpus import corpus
from support.encoder import WordEncoder
from support.hits import even
from support.restated import restated

import kb.storage.fingerprint
from kb.entries import Language
from kb.index.bm25 import index_chunks, index_entries
from kb.index.chunker import cut
from kb.index.passage_table import digest_of, embedded_texts, make_table
from kb.storage.fingerprint import RECIPE, fingerprint

ENTRIES = corpus()
FINGERPRINT = fingerprint(ENTRIES, "model", "weights", {Language.ENGLISH: ["Which soup?"]})
OTHERS = {
    "entries": fingerprint(ENTRIES[1:], "model", "weights", {Language.ENGLISH: ["Which soup?"]}),
    "order": fingerprint(ENTRIES[::-1], "model", "weights", {Language.ENGLISH: ["Which soup?"]}),
    "title": fingerprint(
        (replace(ENTRIES[0], title="Other"), *ENTRIES[1:]),
        "model",
        "weights",
        {Language.ENGLISH: ["Which soup?"]},
    ),
    "model": fingerprint(ENTRIES, "other", "weights", {Language.ENGLISH: ["Which soup?"]}),
    "weights": fingerprint(ENTRIES, "model", "other", {Language.ENGLISH: ["Which soup?"]}),
    "scope": fingerprint(ENTRIES, "model", "weights", {Language.ENGLISH: ["Which bread?"]}),
    "language of the scope": fingerprint(ENTRIES, "model", "weights", {Language.JAPANESE: ["Which soup?"]}),
}


def test_equal_content_has_an_equal_fingerprint() -> None:
    again = fingerprint(corpus(), "model", "weights", {Language.ENGLISH: ("Which soup?",)})
    assert again == FINGERPRINT
    assert len(FINGERPRINT) == 64


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_changed_content_changes_the_fingerprint(other: str) -> None:
    assert other != FINGERPRINT


@pytest.mark.parametrize("constant", ["RECIPE", "FORMAT"])
def test_recipe_and_format_change_the_fingerprint(monkeypatch: pytest.MonkeyPatch, constant: str) -> None:
    monkeypatch.setattr(kb.storage.fingerprint, constant, 99)
    assert fingerprint(ENTRIES, "model", "weights", {Language.ENGLISH: ["Which soup?"]}) != FINGERPRINT


def test_recipe_has_known_chunks_passages_and_indexes() -> None:
    """If this fails, chunks, passages or indexes of the same entries have changed: raise `RECIPE`, then
    update the digest."""
    chunks = tuple(cut(ENTRIES, WordEncoder().count_pieces))
    digest = hashlib.sha256(repr([(chunk.id, chunk.embedded) for chunk in chunks]).encode())
    for index in (index_chunks(chunks), index_entries(ENTRIES)):
        scores = [f"{score:.3f}" for score in (*index.scores, *index.idf)]
        digest.update(repr([list(index.vocabulary), index.starts.tolist(), index.rows.tolist()]).encode())
        digest.update(repr(scores).encode())
    entries = (*ENTRIES, restated())
    texts = list(embedded_texts(entries, "tests/words"))
    vectors = dict(zip(map(digest_of, texts), WordEncoder().encode(texts), strict=True))
    for row in make_table(entries, "tests/words", vectors, even).rows:
        digest.update(repr(astuple(row)).encode())
    assert (RECIPE, digest.hexdigest()[:16]) == (3, "ef417a4650c98160")
