import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from support.corpus import MADE_AT, SOURCES, corpus, practice, prose
from support.encoder import WordEncoder

import kb.ranking.candidates
import kb.ranking.neighbours
from kb.entries import Language, RiskLevel, Role
from kb.errors import DamagedIndexError, ModelError
from kb.index.bm25 import Scores, index_chunks, index_entries
from kb.index.chunker import cut, outside_chunks, read_chunks
from kb.knowledge_base import KnowledgeBase
from kb.make import make_build
from kb.ranking.candidates import Candidates, CandidateSearch
from kb.ranking.coverage import EVIDENCE, evidence
from kb.ranking.features import KEYWORD_FEATURES, VECTOR_FEATURES, FeatureSet
from kb.ranking.layout import Layout
from kb.ranking.neighbours import Neighbours, VectorSearch
from kb.ranking.query import Query, read_query
from kb.settings import DEFAULT_MODEL
from kb.storage.builds import Build


def ids(base: KnowledgeBase, typed: str) -> list[str]:
    return [hit.entry.id for hit in base.search(typed)]


def test_a_keyword_search_uses_neither_model_nor_vectors(
    home: Path, base: KnowledgeBase, encoder: WordEncoder
) -> None:
    shutil.rmtree(home / "builds" / base.build / "chroma")
    encoder.encoded.clear()
    assert ids(base, "refunds") == ["GENSEC05-BP01"]
    assert encoder.encoded == []
    with pytest.raises(DamagedIndexError, match=r"chroma: no vector store"):
        base.retrieve("refunds")


def test_without_the_exported_model_or_the_model_itself_there_is_no_answer(
    home: Path, base: KnowledgeBase
) -> None:
    served = KnowledgeBase(Build(home, base.build))
    assert ids(served, "refunds") == ["GENSEC05-BP01"]
    with pytest.raises(ModelError, match="model 'tests/words' is not a folder"):
        served.retrieve("refunds")


def test_a_japanese_question_is_put_in_english_to_a_model_that_reads_no_other(
    home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "model", DEFAULT_MODEL)
    manifest = make_build(home, encoder, corpus(), SOURCES, MADE_AT)
    encoder.encoded.clear()
    served = KnowledgeBase(Build(home, manifest.id), encoder)
    assert served.retrieve("記録を消す").hits[0].entry.id == "GENSEC05-BP01"
    assert encoder.encoded == ["record log delete"]
    served.retrieve("deleting records")
    assert encoder.encoded[1:] == ["deleting records"]


def test_a_japanese_question_without_a_known_word_is_put_to_no_english_model(
    home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "model", DEFAULT_MODEL)
    served = KnowledgeBase(Build(home, make_build(home, encoder, corpus(), SOURCES, MADE_AT).id), encoder)
    encoder.encoded.clear()
    assert not served.retrieve("ぴよぴよ").covered
    assert encoder.encoded == []


def test_a_japanese_question_is_put_to_any_other_model(base: KnowledgeBase, encoder: WordEncoder) -> None:
    encoder.encoded.clear()
    base.retrieve("記録を消す")
    assert encoder.encoded == ["記録を消す"]


def test_rarer_terms_tell_more(base: KnowledgeBase) -> None:
    # In one of 18 chunks: ln(1 + 17.5 / 1.5); in none: ln(1 + 18.5 / 1.5).
    assert base.idf("refund") == pytest.approx(2.53897, abs=1e-5)
    assert base.idf("soup") == pytest.approx(2.59026, abs=1e-5)
    assert base.idf("agent") < base.idf("refund")


# Chunks 0 and 1 are of A, 2 of B, 3 of C, and 4 is an example of what is outside.
EVERY = np.ones(3, dtype=np.bool_)
COSINES = np.array([0.1, 0.6, 0.5, 0.0, 0.4], dtype=np.float32)


@dataclass(frozen=True)
class Fixed:
    """The same neighbours for every query."""

    neighbours: Neighbours | None

    def nearest(self, _query: Query) -> Neighbours | None:
        return self.neighbours


def small(cosines: Scores | None = COSINES, language: Language = Language.ENGLISH) -> CandidateSearch:
    """A: "key" and "role"; B: "role"; C: "soup"; outside: "soup". All chunks are of like length."""
    entries = tuple(
        practice(entry_id, "Note", RiskLevel.LOW, *(prose("Text", Role.OTHER, text) for text in texts))
        for entry_id, *texts in (("A", "key lamp", "role lamp"), ("B", "role lamp"), ("C", "soup lamp"))
    )
    chunks = (*cut(entries, lambda _: 1), *outside_chunks({Language.ENGLISH: ["soup today"]}))
    chunks = tuple(replace(chunk, context="") for chunk in chunks)
    ids = tuple(entry.id for entry in entries)
    layout = Layout(ids, chunks, entries)
    near = None if cosines is None else Neighbours(np.argsort(-cosines, kind="stable"), cosines, language)
    return CandidateSearch(layout, index_chunks(chunks), index_entries(entries), Fixed(near))


def column(found: Candidates, name: str) -> list[float]:
    return [float(value) for value in found.features[:, found.feature_set.names.index(name)]]


def test_by_keyword_there_are_scores_of_chunks_and_of_what_is_outside() -> None:
    # In two of five chunks: ln(1 + 3.5 / 2.5) = 0.875469; once in a chunk of mean length this is the score.
    # The query's weight, which scores are divided by, is twice that.
    found = small().by_keyword(read_query("soup roles"), EVERY)
    assert found.feature_set is FeatureSet.ENGLISH_KEYWORDS
    assert found.features.shape == (3, len(KEYWORD_FEATURES))
    assert found.chunk_scores.tolist() == pytest.approx([0, 0.5, 0.5, 0.5, 0.5])
    assert found.outside == (pytest.approx(0.5), 0.0)
    assert column(found, "keyword body") == pytest.approx([0.5, 0.5, 0.5])


def test_with_vectors_a_chunk_is_near_by_words_by_meaning_or_both() -> None:
    found = small().by_all(read_query("soup roles"), EVERY)
    assert found.feature_set is FeatureSet.VECTORS
    assert found.features.shape == (3, len(KEYWORD_FEATURES) + len(VECTOR_FEATURES))
    # Keyword scores are divided by the highest, and cosines added.
    assert found.chunk_scores.tolist() == pytest.approx([0.1, 1.6, 1.5, 1.0, 1.4])
    assert found.outside == (pytest.approx(0.5), pytest.approx(0.4))
    assert column(found, "vector body") == pytest.approx([0.6, 0.5, 0.0])
    unknown = small().by_all(read_query("zzz"), EVERY)
    assert unknown.chunk_scores.tolist() == pytest.approx([0.1, 0.6, 0.5, 0.0, 0.4])


def test_what_is_near_to_an_english_gloss_are_the_english_chunks() -> None:
    found = small().by_all(read_query("鍵"), EVERY)
    assert found.feature_set is FeatureSet.JAPANESE_GLOSSED
    assert column(found, "vector body") == pytest.approx([0.6, 0.5, 0.0])
    assert column(found, "keyword body") == [0, 0, 0]
    assert found.outside == (0, pytest.approx(0.4))
    as_asked = small(language=Language.JAPANESE).by_all(read_query("鍵"), EVERY)
    assert as_asked.feature_set is FeatureSet.VECTORS
    assert column(as_asked, "vector body") == [0, 0, 0]
    assert as_asked.outside == (0, 0)


def test_entries_that_are_not_allowed_have_no_features() -> None:
    found = small().by_all(read_query("soup roles"), np.array([True, False, True]))
    assert [bool(row.any()) for row in found.features] == [True, False, True]


def test_features_are_worked_out_for_the_best_by_keyword_and_the_nearest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kb.ranking.candidates, "CANDIDATES", 1)
    alone = small().by_keyword(read_query("soup soup roles"), EVERY)
    assert [bool(row.any()) for row in alone.features] == [False, False, True]
    both = small().by_all(read_query("soup soup roles"), EVERY)
    assert [bool(row.any()) for row in both.features] == [True, False, True]


def test_entries_that_hold_every_term_are_told() -> None:
    assert small().with_terms(["lamp"]).tolist() == [0, 1, 2]
    assert small().with_terms(["lamp", "role"]).tolist() == [0, 1]
    assert small().with_terms(["role", "soup"]).tolist() == []
    assert small().with_terms(["lamp", "zzz"]).tolist() == []


def test_without_vectors_all_there_is_are_keywords() -> None:
    found = small(None).by_all(read_query("soup roles"), EVERY)
    assert (found.feature_set, found.outside[1]) == (FeatureSet.ENGLISH_KEYWORDS, 0.0)
    assert found.features.shape == (3, len(KEYWORD_FEATURES))


def told_by(typed: str, scores: list[float], ranked: list[int]) -> dict[str, float]:
    search, query = small(), read_query(typed)
    found = search.by_all(query, EVERY)
    rows = np.array(ranked, dtype=np.intp)
    values = evidence(search, query, found, np.array(scores, np.float32), rows)
    return dict(zip((*found.feature_set.names, *EVIDENCE), values, strict=True))


def test_evidence_is_that_of_the_best_entry_and_of_the_terms_the_best_three_hold() -> None:
    told = told_by("soup roles", [0.5, 2.0, 0.25], [1, 0])
    assert (told["keyword body"], told["vector body"]) == (pytest.approx(0.5), pytest.approx(0.5))
    # "role" is held by the best two, "soup", as rare, is not.
    assert (told["matched"], told["score"], told["lead"]) == (pytest.approx(0.5), 2.0, 1.5)
    assert (told["keyword outside"], told["vector outside"]) == (pytest.approx(0.5), pytest.approx(0.4))
    assert told_by("soup roles", [0.5, 2.0, 0.25], [1, 0, 2])["matched"] == pytest.approx(1)
    # What only the fourth holds is not counted.
    assert told_by("soup roles", [0.5, 2.0, 0.25], [1, 0, 0, 2])["matched"] == pytest.approx(0.5)


def test_a_single_entry_leads_by_its_whole_score() -> None:
    told = told_by("key keys zzz", [3.0, 0, 0], [0])
    assert (told["score"], told["lead"]) == (3.0, 3.0)
    # Each term counts once: ln(1 + 4.5 / 1.5) for "key", ln(1 + 5.5 / 1.5) for "zzz".
    assert told["matched"] == pytest.approx(1.386294 / (1.386294 + 1.540445))


def test_nothing_ranked_and_no_terms_are_no_evidence() -> None:
    assert set(told_by("soup roles", [0, 0, 0], []).values()) == {0.0}
    assert told_by("what is it", [1, 0, 0], [0])["matched"] == 0


def test_chunks_that_are_not_among_the_nearest_have_the_cosine_of_the_farthest_of_these(
    home: Path, base: KnowledgeBase, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = Build(home, base.build)
    chunks = read_chunks(build.folder / "chunks.jsonl")
    query = read_query(chunks[5].embedded)

    def cosines() -> list[float]:
        found = VectorSearch(build, base.manifest, chunks, encoder).nearest(query)
        assert found is not None
        return found.cosines.tolist()

    every = cosines()
    assert every[5] == pytest.approx(1, abs=1e-5)
    third = sorted(every)[-3]
    monkeypatch.setattr(kb.ranking.neighbours, "NEIGHBOURS", 3)
    assert cosines() == pytest.approx([max(cosine, third) for cosine in every], abs=1e-6)


def gone(file: Path) -> None:
    file.unlink()


def damaged(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-30])


def not_utf_8(file: Path) -> None:
    file.write_bytes(b"\xff" + file.read_bytes())


@pytest.mark.parametrize("damage", [gone, damaged, not_utf_8])
@pytest.mark.parametrize(
    "name",
    [
        "manifest.json",
        "entries.jsonl",
        "chunks.jsonl",
        "keywords/chunks/vocabulary.json",
        "keywords/entries/vocabulary.json",
    ],
)
def test_a_damaged_build_says_so(
    home: Path, base: KnowledgeBase, name: str, damage: Callable[[Path], None]
) -> None:
    folder = home / "builds" / base.build
    damage(folder / name)
    with pytest.raises(DamagedIndexError, match=rf"^{folder}.*genlens refresh$"):
        KnowledgeBase(Build(home, base.build)).search("refunds")
