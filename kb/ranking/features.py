"""The features of each entry: keyword scores and cosines of its chunks, folded into a row of numbers.

Keyword scores are divided by the weight of the query (the sum of the idf of its terms), so short and long
questions compare. Cosines are used as they are.
"""

from collections.abc import Iterator
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from kb.entries import Language, Role
from kb.index.bm25 import BM25Index, Scores
from kb.ranking.layout import Layout, Rows
from kb.ranking.query import Query

Matrix = npt.NDArray[np.float32]

# Chunks of one purpose are compared with each other: an ask is shorter than a paragraph, and nearer to a
# question.
_APART = frozenset({Role.ASKS, Role.SIGNS, Role.IN_PLACE, Role.TERMS, Role.OUT_OF_SCOPE})
BODY = frozenset(Role) - _APART
# How the chunk scores of an entry become one number: the mean of its best N chunks in some roles.
_FOLDS: dict[str, tuple[int, frozenset[Role]]] = {
    "body": (1, BODY),
    "body, best 3": (3, BODY),
    "asks": (1, frozenset({Role.ASKS})),
    "asks, best 3": (3, frozenset({Role.ASKS})),
    "signs": (1, frozenset({Role.SIGNS})),
    "in place": (1, frozenset({Role.IN_PLACE})),
    "in place, best 3": (3, frozenset({Role.IN_PLACE})),
    "terms": (1, frozenset({Role.TERMS})),
    "asks and signs, best 5": (5, frozenset({Role.ASKS, Role.SIGNS})),
}
# The same for the parent of the entry, which says in general what the entry says in particular.
_PARENT_FOLDS = {f"parent {name}": _FOLDS[name] for name in ("body", "asks", "asks, best 3")}
_NAMES = (*_FOLDS, *_PARENT_FOLDS)
KEYWORD_FEATURES = (
    *(f"keyword {name}" for name in _NAMES),
    "keyword entry",
    "keyword parent",
    "keyword pillar",
)
VECTOR_FEATURES = (*(f"vector {name}" for name in _NAMES), "vector pillar")
_SPOKEN = frozenset({Role.ASKS, Role.SIGNS, Role.IN_PLACE})


class FeatureSet(StrEnum):
    """The available features: keywords alone, or vectors too, of the question or of its gloss."""

    VECTORS = "vectors"
    JAPANESE_GLOSSED = "gloss ja"
    ENGLISH_KEYWORDS = "keywords en"
    JAPANESE_KEYWORDS = "keywords ja"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the features, in the order of their columns."""
        alone = self in (FeatureSet.ENGLISH_KEYWORDS, FeatureSet.JAPANESE_KEYWORDS)
        return KEYWORD_FEATURES if alone else KEYWORD_FEATURES + VECTOR_FEATURES


def feature_set(language: Language, encoded: Language | None) -> FeatureSet:
    """The features of a query in a language whose encoded text, if any, is in the language `encoded`."""
    if encoded is not None:
        return FeatureSet.VECTORS if encoded is language else FeatureSet.JAPANESE_GLOSSED
    japanese = language is Language.JAPANESE
    return FeatureSet.JAPANESE_KEYWORDS if japanese else FeatureSet.ENGLISH_KEYWORDS


def query_weight(query: Query, chunk_index: BM25Index) -> float:
    """The sum of the idf of the query's terms, above 0."""
    return max(sum(weight * chunk_index.idf_of(term) for term, weight in query.weights.items()), 1e-6)


def keyword_features(
    layout: Layout, query: Query, chunk_scores: Scores, entry_scores: Scores, rows: Rows
) -> Matrix:
    """(n_rows, len(KEYWORD_FEATURES)) float32, at least 0, for some rows of ids.

    Both scores are divided by the weight of the query; shapes (n_chunks,) and (n_ids,).
    """
    parents = _padded(entry_scores)[layout.parents[rows]]
    pillar = pillar_means(layout, entry_scores[rows], rows)
    folded = _folded(layout, _padded(chunk_scores), query.language, rows)
    return np.stack([*folded, entry_scores[rows], parents, pillar], axis=1)


def vector_features(layout: Layout, cosines: Scores, language: Language, rows: Rows) -> Matrix:
    """(n_rows, len(VECTOR_FEATURES)) float32 for some rows of ids, from the cosines of all chunks."""
    padded = _padded(cosines)
    near = best_chunks(layout, padded, rows, language, _SPOKEN, count=5)
    return np.stack([*_folded(layout, padded, language, rows), pillar_means(layout, near, rows)], axis=1)


def best_chunks(
    layout: Layout, padded: Scores, rows: Rows, language: Language, roles: frozenset[Role], count: int = 1
) -> Scores:
    """(n_rows,) the mean of the best `count` chunk scores of each id in a language and roles.

    `padded` are the scores of all chunks plus a final 0, which stands in for missing chunks.
    """
    return _mean_of_best(padded[layout.chunk_table(language, roles)[rows]], count)


def _mean_of_best(scores: Scores, count: int) -> Scores:
    """(n_rows,) the mean of the best `count` scores of each row; missing ones count as 0."""
    if count == 1:
        return np.asarray(scores.max(axis=1, initial=0))
    return np.asarray(np.sort(scores, axis=1)[:, -count:].sum(axis=1) / np.float32(count))


def spread_documents(layout: Layout, scores: Scores, language: Language) -> Scores:
    """(n_ids,) the scores of the documents in a language, by id; 0 for ids without one."""
    documents, owners = layout.documents_in(language)
    spread = np.zeros(len(layout.ids), dtype=np.float32)
    spread[owners] = scores[documents]
    return spread


def pillar_means(layout: Layout, values: Scores, rows: Rows) -> Scores:
    """(n_rows,) the mean of the best three values in the pillar of each row.

    Twin practices differ by the point of view of their pillar.
    """
    pillars = layout.pillars[rows]
    best = np.zeros(len(rows), dtype=np.float32)
    for pillar in range(int(pillars.max(initial=-1)) + 1):
        own = pillars == pillar
        best[own] = np.sort(values[own])[-3:].sum() / np.float32(3)
    return best


def _folded(layout: Layout, padded: Scores, language: Language, rows: Rows) -> Iterator[Scores]:
    """Chunk scores folded to rows of ids, in the order of `_NAMES`."""
    for folds, owners in ((_FOLDS, rows), (_PARENT_FOLDS, layout.parents[rows])):
        scores = {
            roles: padded[layout.chunk_table(language, roles)[owners]]
            for roles in dict.fromkeys(roles for _, roles in folds.values())
        }
        for count, roles in folds.values():
            yield _mean_of_best(scores[roles], count)


def _padded(scores: Scores) -> Scores:
    """The scores plus a final 0, for missing chunks and parents."""
    return np.append(scores, np.float32(0))
