"""Coverage: the calibrated probability that the sources answer a question."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kb.index.bm25 import Scores
from kb.ranking.candidates import Candidates, CandidateSearch
from kb.ranking.layout import Rows
from kb.ranking.query import Query

# The evidence besides the features of the best entry.
EVIDENCE = ("matched", "score", "lead", "keyword out of scope", "vector out of scope")
# Hits whose terms count as matched.
MATCHED_HITS = 3


@dataclass(frozen=True, slots=True)
class CoverageModel:
    """A logistic regression on evidence; below `threshold` a question counts as not covered."""

    weights: tuple[float, ...]
    intercept: float
    threshold: float

    def confidence(self, evidence: Sequence[float]) -> float:
        """The probability that the sources answer the question, in [0, 1]."""
        logit = self.intercept + float(np.dot(self.weights, evidence))
        return 1 / (1 + math.exp(-max(-40.0, min(40.0, logit))))


def evidence(
    search: CandidateSearch, query: Query, candidates: Candidates, scores: Scores, ranked: Rows
) -> list[float]:
    """The features of the best entry, followed by EVIDENCE.

    EVIDENCE is the idf-weighted share of the query's terms matched by the best MATCHED_HITS entries, the best
    score, its lead over the second, and the two scores of the nearest out-of-scope example.
    """
    if not len(ranked):
        return [0.0] * (len(candidates.feature_set.names) + len(EVIDENCE))
    best = float(scores[ranked[0]])
    lead = best - (float(scores[ranked[1]]) if len(ranked) > 1 else 0.0)
    matched = search.matched_share(query, ranked[:MATCHED_HITS])
    features = candidates.features[ranked[0]]
    return [*map(float, features), matched, best, lead, *candidates.out_of_scope]
