"""The digest that tells whether a new build would be the same again."""

import hashlib
from dataclasses import replace

import pytest
from support.corpus import corpus
from support.encoder import WordEncoder

import kb.storage.fingerprint
from kb.entries import Language
from kb.index.bm25 import index_chunks, index_entries
from kb.index.chunker import cut
from kb.storage.fingerprint import RECIPE, fingerprint

ENTRIES = corpus()
SAME = fingerprint(ENTRIES, "model", "weights", {Language.ENGLISH: ["Which soup?"]})
OTHERS = {
    "entries": fingerprint(ENTRIES[1:], "model", "weights", {Language.ENGLISH: ["Which soup?"]}),
    "order": fingerprint(ENTRIES[::-1], "model", "weights", {Language.ENGLISH: ["Which soup?"]}),
    "a title": fingerprint(
        (replace(ENTRIES[0], title="Other"), *ENTRIES[1:]),
        "model",
        "weights",
        {Language.ENGLISH: ["Which soup?"]},
    ),
    "the model": fingerprint(ENTRIES, "other", "weights", {Language.ENGLISH: ["Which soup?"]}),
    "the weights": fingerprint(ENTRIES, "model", "other", {Language.ENGLISH: ["Which soup?"]}),
    "the scope": fingerprint(ENTRIES, "model", "weights", {Language.ENGLISH: ["Which bread?"]}),
    "the language of the scope": fingerprint(
        ENTRIES, "model", "weights", {Language.JAPANESE: ["Which soup?"]}
    ),
}


def test_equal_content_has_an_equal_digest() -> None:
    again = fingerprint(corpus(), "model", "weights", {Language.ENGLISH: ("Which soup?",)})
    assert again == SAME
    assert len(SAME) == 64


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_whatever_makes_another_build_makes_another_digest(other: str) -> None:
    assert other != SAME


@pytest.mark.parametrize("number", ["RECIPE", "FORMAT"])
def test_another_way_to_make_builds_makes_another_digest(
    monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    monkeypatch.setattr(kb.storage.fingerprint, number, 99)
    assert fingerprint(ENTRIES, "model", "weights", {Language.ENGLISH: ["Which soup?"]}) != SAME


def test_builds_are_made_as_the_recipe_says() -> None:
    """Where this fails, chunks or indexes of the same entries differ from before: raise `RECIPE`, and then
    put the new digest here."""
    chunks = tuple(cut(ENTRIES, WordEncoder().count_pieces))
    digest = hashlib.sha256(repr([(chunk.id, chunk.embedded) for chunk in chunks]).encode())
    for index in (index_chunks(chunks), index_entries(ENTRIES)):
        scores = [f"{score:.3f}" for score in (*index.scores, *index.idf)]
        digest.update(repr([list(index.vocabulary), index.starts.tolist(), index.rows.tolist()]).encode())
        digest.update(repr(scores).encode())
    assert (RECIPE, digest.hexdigest()[:16]) == (2, "5942bd05e1443bf3")
