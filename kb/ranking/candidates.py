"""The candidates of a query: the entries worth ranking, with their features."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from kb.index.bm25 import BM25Index, Scores
from kb.ranking.features import (
    FeatureSet,
    Matrix,
    feature_set,
    keyword_features,
    query_weight,
    spread_documents,
    vector_features,
)
from kb.ranking.filters import Mask
from kb.ranking.layout import Layout, Rows
from kb.ranking.neighbours import Neighbours, NeighbourSearch
from kb.ranking.query import Query

if TYPE_CHECKING:
    from kb.embedding.encoder import Vectors

# Entries whose features are computed: the best by keyword, and as many of the nearest.
CANDIDATES = 200


@dataclass(frozen=True, slots=True)
class Candidates:
    """Features of all entries, (n_ids, n_features), and scores of all chunks, (n_chunks,).

    Features are 0 for entries that are filtered out or not candidates. `out_of_scope` has the keyword score
    and the cosine of the nearest example of an out-of-scope question. `vector` is the query's, (dim,), and
    `aspects` are those of its aspects, (n_aspects, dim), or None if they were not encoded.
    """

    feature_set: FeatureSet
    features: Matrix
    chunk_scores: Scores
    out_of_scope: tuple[float, float]
    vector: "Vectors | None" = None
    aspects: "Vectors | None" = None


@dataclass(frozen=True, slots=True)
class CandidateSearch:
    """Finds the candidates of a query in one build."""

    layout: Layout
    chunk_index: BM25Index
    entry_index: BM25Index
    vectors: NeighbourSearch

    def by_keyword(self, query: Query, allowed: Mask) -> Candidates:
        """The allowed candidates with keyword features only; no model is loaded."""
        return self._candidates(query, allowed, None)

    def by_all(self, query: Query, allowed: Mask, aspects: Sequence[str] = ()) -> Candidates:
        """The allowed candidates with keyword features, and vector features if the model reads the query."""
        return self._candidates(query, allowed, self.vectors.nearest(query, aspects))

    def with_terms(self, terms: Iterable[str]) -> Rows:
        """The rows of the entries with all terms in one of their languages, in order."""
        documents = (self.entry_index.documents(term).astype(np.intp) for term in terms)
        return self.layout.owners_of_documents(reduce(np.intersect1d, documents))

    def matched_share(self, query: Query, rows: Rows) -> float:
        """The share of the query's terms, weighted by idf, that occur in some entries; in [0, 1]."""
        weights = {term: self.chunk_index.idf_of(term) for term in query.terms}
        documents = self.layout.documents_of(rows)
        matched = sum(idf for term, idf in weights.items() if self.entry_index.holds(term, documents))
        return matched / sum(weights.values()) if weights else 0.0

    def _candidates(self, query: Query, allowed: Mask, near: Neighbours | None) -> Candidates:
        weight = np.float32(query_weight(query, self.chunk_index))
        chunk_scores = self.chunk_index.score(query.weights) / weight
        document_scores = self.entry_index.score(query.weights)
        entry_scores = spread_documents(self.layout, document_scores, query.language) / weight
        rows = np.flatnonzero((entry_scores > 0) & allowed)
        rows = rows[np.argsort(-entry_scores[rows], kind="stable")[:CANDIDATES]]
        if near is not None:
            owners = self.layout.owners_of_chunks(near.rows)
            rows = np.union1d(rows, owners[allowed[owners]][:CANDIDATES])
        blocks = [keyword_features(self.layout, query, chunk_scores, entry_scores, rows)]
        out_of_scope = (_best(chunk_scores, self.layout.out_of_scope_chunks(query.language)), 0.0)
        if near is not None:
            blocks.append(vector_features(self.layout, near.cosines, near.language, rows))
            others = self.layout.out_of_scope_chunks(near.language)
            out_of_scope = (out_of_scope[0], _best(near.cosines, others))
            # Both in [0, 1]: a chunk is near by words, by meaning, or best by both.
            strongest = np.float32(max(float(chunk_scores.max(initial=0)), 1e-6))
            chunk_scores = chunk_scores / strongest + near.cosines
        return Candidates(
            feature_set(query.language, near.language if near else None),
            self._spread(rows, blocks),
            chunk_scores,
            out_of_scope,
            near.vector if near else None,
            near.aspects if near else None,
        )

    def _spread(self, rows: Rows, blocks: Sequence[Matrix]) -> Matrix:
        """Blocks of features of some rows as one matrix of all rows."""
        features = np.hstack(blocks)
        spread = np.zeros((len(self.layout.ids), features.shape[1]), dtype=np.float32)
        spread[rows] = features
        return spread


def _best(scores: Scores, rows: Rows) -> float:
    return float(scores[rows].max(initial=0))
