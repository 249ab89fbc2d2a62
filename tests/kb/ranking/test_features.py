from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from support.corpus import prose

from kb.entries import Entry, Kind, Language, Role
from kb.index.bm25 import BM25Index, Scores
from kb.index.chunker import Chunk
from kb.ranking.features import (
    BODY,
    KEYWORD_FEATURES,
    VECTOR_FEATURES,
    FeatureSet,
    best_chunks,
    feature_set,
    keyword_features,
    pillar_means,
    query_weight,
    spread_documents,
    vector_features,
)
from kb.ranking.layout import Layout
from kb.ranking.query import Query, read_query

EN, JA = Language.ENGLISH, Language.JAPANESE


def entry(entry_id: str, language: Language = EN) -> Entry:
    sections = (prose("Text", Role.OTHER, "words"),)
    return Entry(entry_id, Kind.PAGE, "Title", "tests", "1", "https://x.test/", language, sections)


_numbers = count()


def chunk(entry_id: str, role: Role, language: Language = EN) -> Chunk:
    return Chunk(f"c{next(_numbers)}", entry_id, language, 0, role, 0, 1, "", "x")


# A has an English and a Japanese version; its chunks are not adjacent.
LAYOUT = Layout(
    ids=("A", "C-BP01", "C"),
    chunks=(
        chunk("A", Role.INTRODUCTION),  # 0
        chunk("C", Role.RESOURCES),  # 1
        chunk("A", Role.ASKS),  # 2
        chunk("A", Role.ASKS),  # 3
        chunk("A", Role.ASKS),  # 4
        chunk("A", Role.ASKS),  # 5
        chunk("A", Role.STEPS, JA),  # 6
        chunk("A", Role.ASKS, JA),  # 7
        chunk("C-BP01", Role.SIGNS),  # 8
        chunk("C-BP01", Role.TERMS),  # 9
        chunk("C-BP01", Role.ASKS),  # 10
        chunk("A", Role.STEPS),  # 11
        chunk("", Role.OUT_OF_SCOPE),  # 12
        chunk("", Role.OUT_OF_SCOPE, JA),  # 13
        chunk("", Role.OUT_OF_SCOPE),  # 14
    ),
    entries=(entry("A"), entry("C-BP01"), entry("A", JA), entry("C")),
)
SCORES = np.array(
    [0.2, 0.7, 0.1, 0.4, 0.3, 0.2, 0.9, 0.8, 0.5, 0.3, 0.8, 0.6, 0.95, 0.99, 0.35], dtype=np.float32
)

PADDED_SCORES = np.append(SCORES, np.float32(0))
ALL_ROWS = np.arange(3)
ASKS, SIGNS, TERMS = (frozenset({role}) for role in (Role.ASKS, Role.SIGNS, Role.TERMS))


def assert_close(values: Scores, expected: list[float] | list[list[float]]) -> None:
    np.testing.assert_allclose(values, expected, atol=1e-6)
    assert values.dtype == np.float32


@pytest.mark.parametrize(
    ("language", "roles", "expected"),
    [
        (EN, BODY, [0.6, 0, 0.7]),
        (EN, ASKS, [0.4, 0.8, 0]),
        (EN, SIGNS, [0, 0.5, 0]),
        (EN, TERMS, [0, 0.3, 0]),
        (EN, ASKS | SIGNS | TERMS | BODY, [0.6, 0.8, 0.7]),
        (EN, frozenset(), [0, 0, 0]),
        (JA, BODY, [0.9, 0, 0]),
        (JA, ASKS, [0.8, 0, 0]),
        (JA, SIGNS, [0, 0, 0]),
    ],
)
def test_entry_score_is_its_best_chunk_by_language_and_role(
    language: Language, roles: frozenset[Role], expected: list[float]
) -> None:
    assert_close(best_chunks(LAYOUT, PADDED_SCORES, ALL_ROWS, language, roles), expected)


def test_best_chunks_are_averaged_over_a_fixed_count() -> None:
    # A: (0.4 + 0.3 + 0.2) / 3, without the fourth. B: 0.8 / 3.
    assert_close(best_chunks(LAYOUT, PADDED_SCORES, ALL_ROWS, EN, ASKS, count=3), [0.3, 0.266667, 0])
    # A: (0.2 + 0.6) / 3. C: 0.7 / 3.
    assert_close(best_chunks(LAYOUT, PADDED_SCORES, ALL_ROWS, EN, BODY, count=3), [0.266667, 0, 0.233333])
    # A: 1.0 / 5. B: (0.5 + 0.8) / 5.
    assert_close(best_chunks(LAYOUT, PADDED_SCORES, ALL_ROWS, EN, ASKS | SIGNS, count=5), [0.2, 0.26, 0])


def test_scores_of_separate_calls_are_not_mixed() -> None:
    assert_close(best_chunks(LAYOUT, PADDED_SCORES, ALL_ROWS, EN, SIGNS), [0, 0.5, 0])
    assert_close(best_chunks(LAYOUT, np.append(SCORES / 2, np.float32(0)), ALL_ROWS, EN, SIGNS), [0, 0.25, 0])


def test_document_scores_are_spread_by_entry_and_language() -> None:
    scores = np.array([0.5, 0.25, 0.125, 0.75], dtype=np.float32)
    assert_close(spread_documents(LAYOUT, scores, EN), [0.5, 0.25, 0.75])
    assert_close(spread_documents(LAYOUT, scores, JA), [0.125, 0, 0])


def postings(rows: list[int], scores: list[float], idf: list[float], count: int) -> BM25Index:
    """An index with "role" in the first two rows and "key" or "鍵" in the other rows."""
    return BM25Index(
        vocabulary={"role": 0, "key": 1, "鍵": 1},
        starts=np.array([0, 2, len(rows)]),
        rows=np.array(rows, dtype=np.int32),
        scores=np.array(scores, dtype=np.float32),
        idf=np.array(idf, dtype=np.float32),
        count=count,
    )


# "role" is in chunks 0 and 10, "key" in 0, 1, 6, 8 and 12; the idf of documents is not used.
CHUNKS = postings([0, 10, 0, 1, 6, 8, 12], [1, 2, 0.5, 1, 3, 4, 10], [2.0, 1.0], 15)
ENTRIES = postings([0, 1, 0, 2], [5, 2.5, 1, 4], [9.0, 9.0], 4)


def features(typed: str) -> tuple[Query, Scores]:
    query = read_query(typed)
    weight = np.float32(query_weight(query, CHUNKS))
    document_scores = spread_documents(LAYOUT, ENTRIES.score(query.weights), query.language) / weight
    return query, keyword_features(
        LAYOUT, query, CHUNKS.score(query.weights) / weight, document_scores, ALL_ROWS
    )


def nonzero(names: Sequence[str], row: Scores) -> dict[str, float]:
    """The non-zero features of a row."""
    return {n: round(float(v), 4) for n, v in zip(names, row, strict=True) if v}


def test_keyword_scores_are_divided_by_the_query_weight() -> None:
    # "role" twice with idf 2 and "key" once with idf 1: weight 5. Chunk 0 scores 2 * 1 + 0.5,
    # chunk 10 scores 2 * 2, chunks 1 and 8 score 1 and 4; documents 0 and 1 score 11 and 5.
    query, rows = features("role key roles")
    assert query_weight(query, CHUNKS) == 5
    # Pillar (here the source): (2.2 + 1.0 + 0) / 3. The third entry is the parent of the second.
    assert [nonzero(KEYWORD_FEATURES, row) for row in rows] == [
        {
            "keyword body": 0.5,
            "keyword body, best 3": 0.1667,
            "keyword entry": 2.2,
            "keyword pillar": 1.0667,
        },
        {
            "keyword asks": 0.8,
            "keyword asks, best 3": 0.2667,
            "keyword signs": 0.8,
            "keyword asks and signs, best 5": 0.32,
            "keyword parent body": 0.2,
            "keyword entry": 1.0,
            "keyword pillar": 1.0667,
        },
        {"keyword body": 0.2, "keyword body, best 3": 0.0667, "keyword pillar": 1.0667},
    ]


def test_keyword_features_of_a_japanese_query_use_japanese_text() -> None:
    query, rows = features("鍵")
    assert query.language is JA
    assert [nonzero(KEYWORD_FEATURES, row) for row in rows] == [
        {
            "keyword body": 3.0,
            "keyword body, best 3": 1.0,
            "keyword entry": 4.0,
            "keyword pillar": 1.3333,
        },
        {"keyword pillar": 1.3333},
        {"keyword pillar": 1.3333},
    ]


def test_unknown_term_lowers_keyword_scores() -> None:
    # 5 plus ln(1 + 15.5 / 1.5)
    query, rows = features("role key roles soup")
    assert query_weight(query, CHUNKS) == pytest.approx(5 + 2.427748, abs=1e-6)
    assert rows[0, KEYWORD_FEATURES.index("keyword entry")] == pytest.approx(11 / 7.427748)


@pytest.mark.parametrize("typed", ["what is it", "soup", "これはなに"])
def test_query_without_known_terms_has_no_features(typed: str) -> None:
    _, rows = features(typed)
    assert not rows.any()
    assert rows.shape == (3, len(KEYWORD_FEATURES))


def test_vector_features_are_cosines_of_chunks_by_role() -> None:
    rows = vector_features(LAYOUT, SCORES, EN, ALL_ROWS)
    assert [nonzero(VECTOR_FEATURES, row) for row in rows] == [
        {
            "vector body": 0.6,
            "vector body, best 3": 0.2667,
            "vector asks": 0.4,
            "vector asks, best 3": 0.3,
            "vector asks and signs, best 5": 0.2,
            "vector pillar": 0.1533,
        },
        {
            "vector asks": 0.8,
            "vector asks, best 3": 0.2667,
            "vector signs": 0.5,
            "vector terms": 0.3,
            "vector asks and signs, best 5": 0.26,
            "vector parent body": 0.7,
            "vector pillar": 0.1533,
        },
        {"vector body": 0.7, "vector body, best 3": 0.2333, "vector pillar": 0.1533},
    ]
    rows = vector_features(LAYOUT, SCORES, JA, ALL_ROWS)
    assert [nonzero(VECTOR_FEATURES, row) for row in rows] == [
        {
            "vector body": 0.9,
            "vector body, best 3": 0.3,
            "vector asks": 0.8,
            "vector asks, best 3": 0.2667,
            "vector asks and signs, best 5": 0.16,
            "vector pillar": 0.0533,
        },
        {"vector pillar": 0.0533},
        {"vector pillar": 0.0533},
    ]


def test_features_are_computed_for_requested_rows() -> None:
    assert_close(best_chunks(LAYOUT, PADDED_SCORES, np.array([2, 0]), EN, BODY), [0.7, 0.6])
    all_features = vector_features(LAYOUT, SCORES, EN, ALL_ROWS)
    assert_close(vector_features(LAYOUT, SCORES, EN, np.array([1]))[:, :-1], all_features[[1], :-1].tolist())


def test_pillar_score_is_the_mean_of_its_best_three() -> None:
    values = np.array([0.3, 0.9, 0.6], dtype=np.float32)
    assert_close(pillar_means(LAYOUT, values, ALL_ROWS), [0.6, 0.6, 0.6])
    other = replace(entry("C-BP01"), pillar="Security")
    split = Layout(LAYOUT.ids, LAYOUT.chunks, (entry("A"), other, entry("C")))
    assert_close(pillar_means(split, values, ALL_ROWS), [0.3, 0.3, 0.3])
    assert_close(pillar_means(split, np.array([0.6, 0.9], dtype=np.float32), np.array([0, 1])), [0.2, 0.3])


def test_feature_set_depends_on_question_and_encoded_language() -> None:
    assert feature_set(Language.ENGLISH, Language.ENGLISH) is FeatureSet.VECTORS
    assert feature_set(Language.JAPANESE, Language.JAPANESE) is FeatureSet.VECTORS
    assert feature_set(Language.JAPANESE, Language.ENGLISH) is FeatureSet.JAPANESE_GLOSSED
    assert feature_set(Language.ENGLISH, None) is FeatureSet.ENGLISH_KEYWORDS
    assert feature_set(Language.JAPANESE, None) is FeatureSet.JAPANESE_KEYWORDS
