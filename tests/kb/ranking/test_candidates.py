import shutil
from collections.abc import Callable, Sequence
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
from kb.index.chunker import cut, out_of_scope_chunks, read_chunks
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


def test_keyword_search_uses_neither_model_nor_vectors(
    home: Path, base: KnowledgeBase, encoder: WordEncoder
) -> None:
    shutil.rmtree(home / "builds" / base.build / "chroma")
    encoder.encoded.clear()
    assert ids(base, "refunds") == ["GENSEC05-BP01"]
    assert encoder.encoded == []
    with pytest.raises(DamagedIndexError, match=r"chroma: no vector store"):
        base.retrieve("refunds")


def test_retrieval_without_a_model_is_refused(home: Path, base: KnowledgeBase) -> None:
    opened = KnowledgeBase(Build(home, base.build))
    assert ids(opened, "refunds") == ["GENSEC05-BP01"]
    with pytest.raises(ModelError, match="model 'tests/words' is not a folder"):
        opened.retrieve("refunds")


def test_japanese_question_is_glossed_for_an_english_model(
    home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "model", DEFAULT_MODEL)
    manifest = make_build(home, encoder, corpus(), SOURCES, MADE_AT)
    encoder.encoded.clear()
    opened = KnowledgeBase(Build(home, manifest.id), encoder)
    assert opened.retrieve("記録を消す").hits[0].entry.id == "GENSEC05-BP01"
    assert encoder.encoded == ["record log delete"]
    opened.retrieve("deleting records")
    assert encoder.encoded[1:] == ["deleting records"]


def test_japanese_question_without_known_words_is_not_encoded(
    home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "model", DEFAULT_MODEL)
    opened = KnowledgeBase(Build(home, make_build(home, encoder, corpus(), SOURCES, MADE_AT).id), encoder)
    encoder.encoded.clear()
    assert not opened.retrieve("ぴよぴよ").covered
    assert encoder.encoded == []


def test_japanese_question_is_encoded_as_typed_by_other_models(
    base: KnowledgeBase, encoder: WordEncoder
) -> None:
    encoder.encoded.clear()
    base.retrieve("記録を消す")
    assert encoder.encoded == ["記録を消す"]


def test_idf_is_higher_for_rarer_terms(base: KnowledgeBase) -> None:
    # In 1 of 18 chunks: ln(1 + 17.5 / 1.5); in 0 of 18: ln(1 + 18.5 / 1.5).
    assert base.idf("refund") == pytest.approx(2.53897, abs=1e-5)
    assert base.idf("soup") == pytest.approx(2.59026, abs=1e-5)
    assert base.idf("agent") < base.idf("refund")


# Chunks 0 and 1 belong to A, 2 to B, 3 to C; chunk 4 is an out-of-scope example.
ALL_ENTRIES = np.ones(3, dtype=np.bool_)
COSINES = np.array([0.1, 0.6, 0.5, 0.0, 0.4], dtype=np.float32)


@dataclass(frozen=True)
class FixedNeighbours:
    """The same neighbours for every query."""

    neighbours: Neighbours | None

    def nearest(self, _query: Query, _aspects: Sequence[str] = ()) -> Neighbours | None:
        return self.neighbours


def small_search(cosines: Scores | None = COSINES, language: Language = Language.ENGLISH) -> CandidateSearch:
    """A: "key" and "role"; B: "role"; C: "soup"; out of scope: "soup". Chunks have equal length."""
    entries = tuple(
        practice(entry_id, "Note", RiskLevel.LOW, *(prose("Text", Role.OTHER, text) for text in texts))
        for entry_id, *texts in (("A", "key lamp", "role lamp"), ("B", "role lamp"), ("C", "soup lamp"))
    )
    chunks = (*cut(entries, lambda _: 1), *out_of_scope_chunks({Language.ENGLISH: ["soup today"]}))
    chunks = tuple(replace(chunk, context="") for chunk in chunks)
    ids = tuple(entry.id for entry in entries)
    layout = Layout(ids, chunks, entries)
    neighbours = (
        None if cosines is None else Neighbours(np.argsort(-cosines, kind="stable"), cosines, language)
    )
    return CandidateSearch(layout, index_chunks(chunks), index_entries(entries), FixedNeighbours(neighbours))


def column(candidates: Candidates, name: str) -> list[float]:
    return [float(value) for value in candidates.features[:, candidates.feature_set.names.index(name)]]


def test_keyword_scores_cover_chunks_and_out_of_scope_examples() -> None:
    # Terms in 2 of 5 chunks have an idf of ln(1 + 3.5 / 2.5) = 0.875469, the score of one match at mean
    # length. Scores are divided by the weight of the query: twice the idf.
    candidates = small_search().by_keyword(read_query("soup roles"), ALL_ENTRIES)
    assert candidates.feature_set is FeatureSet.ENGLISH_KEYWORDS
    assert candidates.features.shape == (3, len(KEYWORD_FEATURES))
    assert candidates.chunk_scores.tolist() == pytest.approx([0, 0.5, 0.5, 0.5, 0.5])
    assert candidates.out_of_scope == (pytest.approx(0.5), 0.0)
    assert column(candidates, "keyword body") == pytest.approx([0.5, 0.5, 0.5])


def test_chunk_scores_add_keyword_score_and_cosine() -> None:
    candidates = small_search().by_all(read_query("soup roles"), ALL_ENTRIES)
    assert candidates.feature_set is FeatureSet.VECTORS
    assert candidates.features.shape == (3, len(KEYWORD_FEATURES) + len(VECTOR_FEATURES))
    # Keyword scores are divided by the highest one, then cosines are added.
    assert candidates.chunk_scores.tolist() == pytest.approx([0.1, 1.6, 1.5, 1.0, 1.4])
    assert candidates.out_of_scope == (pytest.approx(0.5), pytest.approx(0.4))
    assert column(candidates, "vector body") == pytest.approx([0.6, 0.5, 0.0])
    unknown = small_search().by_all(read_query("zzz"), ALL_ENTRIES)
    assert unknown.chunk_scores.tolist() == pytest.approx([0.1, 0.6, 0.5, 0.0, 0.4])


def test_gloss_is_compared_with_english_chunks() -> None:
    glossed = small_search().by_all(read_query("鍵"), ALL_ENTRIES)
    assert glossed.feature_set is FeatureSet.JAPANESE_GLOSSED
    assert column(glossed, "vector body") == pytest.approx([0.6, 0.5, 0.0])
    assert column(glossed, "keyword body") == [0, 0, 0]
    assert glossed.out_of_scope == (0, pytest.approx(0.4))
    as_typed = small_search(language=Language.JAPANESE).by_all(read_query("鍵"), ALL_ENTRIES)
    assert as_typed.feature_set is FeatureSet.VECTORS
    assert column(as_typed, "vector body") == [0, 0, 0]
    assert as_typed.out_of_scope == (0, 0)


def test_disallowed_entries_have_no_features() -> None:
    candidates = small_search().by_all(read_query("soup roles"), np.array([True, False, True]))
    assert [bool(row.any()) for row in candidates.features] == [True, False, True]


def test_features_are_computed_for_top_keyword_and_vector_candidates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kb.ranking.candidates, "CANDIDATES", 1)
    keyword_only = small_search().by_keyword(read_query("soup soup roles"), ALL_ENTRIES)
    assert [bool(row.any()) for row in keyword_only.features] == [False, False, True]
    both = small_search().by_all(read_query("soup soup roles"), ALL_ENTRIES)
    assert [bool(row.any()) for row in both.features] == [True, False, True]


def test_with_terms_returns_entries_with_every_term() -> None:
    assert small_search().with_terms(["lamp"]).tolist() == [0, 1, 2]
    assert small_search().with_terms(["lamp", "role"]).tolist() == [0, 1]
    assert small_search().with_terms(["role", "soup"]).tolist() == []
    assert small_search().with_terms(["lamp", "zzz"]).tolist() == []


def test_candidates_without_vectors_use_keywords() -> None:
    candidates = small_search(None).by_all(read_query("soup roles"), ALL_ENTRIES)
    assert (candidates.feature_set, candidates.out_of_scope[1]) == (FeatureSet.ENGLISH_KEYWORDS, 0.0)
    assert candidates.features.shape == (3, len(KEYWORD_FEATURES))


def evidence_of(typed: str, scores: list[float], ranked: list[int]) -> dict[str, float]:
    search, query = small_search(), read_query(typed)
    candidates = search.by_all(query, ALL_ENTRIES)
    rows = np.array(ranked, dtype=np.intp)
    values = evidence(search, query, candidates, np.array(scores, np.float32), rows)
    return dict(zip((*candidates.feature_set.names, *EVIDENCE), values, strict=True))


def test_evidence_describes_the_best_entry_and_the_terms_of_the_top_three() -> None:
    facts = evidence_of("soup roles", [0.5, 2.0, 0.25], [1, 0])
    assert (facts["keyword body"], facts["vector body"]) == (pytest.approx(0.5), pytest.approx(0.5))
    # The top two have "role" but not "soup"; both terms have the same idf.
    assert (facts["matched"], facts["score"], facts["lead"]) == (pytest.approx(0.5), 2.0, 1.5)
    assert facts["keyword out of scope"] == pytest.approx(0.5)
    assert facts["vector out of scope"] == pytest.approx(0.4)
    assert evidence_of("soup roles", [0.5, 2.0, 0.25], [1, 0, 2])["matched"] == pytest.approx(1)
    # A term of the fourth entry does not count.
    assert evidence_of("soup roles", [0.5, 2.0, 0.25], [1, 0, 0, 2])["matched"] == pytest.approx(0.5)


def test_lead_of_a_single_entry_is_its_score() -> None:
    facts = evidence_of("key keys zzz", [3.0, 0, 0], [0])
    assert (facts["score"], facts["lead"]) == (3.0, 3.0)
    # Each term counts once: ln(1 + 4.5 / 1.5) for "key", ln(1 + 5.5 / 1.5) for "zzz".
    assert facts["matched"] == pytest.approx(1.386294 / (1.386294 + 1.540445))


def test_evidence_is_zero_without_entries_or_terms() -> None:
    assert set(evidence_of("soup roles", [0, 0, 0], []).values()) == {0.0}
    assert evidence_of("what is it", [1, 0, 0], [0])["matched"] == 0


def test_chunks_beyond_the_neighbours_get_the_lowest_neighbour_cosine(
    home: Path, base: KnowledgeBase, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = Build(home, base.build)
    chunks = read_chunks(build.folder / "chunks.jsonl")
    query = read_query(chunks[5].embedded)

    def cosines() -> list[float]:
        neighbours = VectorSearch(build, base.manifest, chunks, encoder).nearest(query)
        assert neighbours is not None
        return neighbours.cosines.tolist()

    exact = cosines()
    assert exact[5] == pytest.approx(1, abs=1e-5)
    third = sorted(exact)[-3]
    monkeypatch.setattr(kb.ranking.neighbours, "NEIGHBOURS", 3)
    assert cosines() == pytest.approx([max(cosine, third) for cosine in exact], abs=1e-6)


def delete(file: Path) -> None:
    file.unlink()


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-30])


def break_utf_8(file: Path) -> None:
    file.write_bytes(b"\xff" + file.read_bytes())


@pytest.mark.parametrize("damage", [delete, truncate, break_utf_8])
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
def test_damaged_build_is_reported(
    home: Path, base: KnowledgeBase, name: str, damage: Callable[[Path], None]
) -> None:
    folder = home / "builds" / base.build
    damage(folder / name)
    with pytest.raises(DamagedIndexError, match=rf"^{folder}.*genlens refresh$"):
        KnowledgeBase(Build(home, base.build)).search("refunds")
