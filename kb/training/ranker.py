"""Examples to the weights of the ranker and of the coverage model.

Ranking: softmax over the entries, cross-entropy with the right entry, weights of at least 0, L-BFGS-B.
Coverage: logistic regression on the evidence, both classes weighted equally, so the confidence is the
probability of coverage when half of all questions are covered.
"""

import logging
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from kb.ranking.coverage import evidence
from kb.ranking.ranker import order
from kb.training.examples import Example

RANKING_L2, COVERAGE_L2 = 1e-3, 1e-2
# Questions below this confidence are declined. Chosen on 2026-11-28 on the development questions and our own
# (sites' build): it declines 0.95 and 0.88 of the out-of-scope questions, 0.014 and 0.018 of the others.
THRESHOLD = 0.58
Floats = npt.NDArray[np.float64]
log = logging.getLogger(__name__)


def fit_ranking(examples: Sequence[Example]) -> Floats:
    """(n_features,) weights of at least 0 that rank the right entries first."""
    rows = [
        (e.candidates.features[e.allowed].astype(float), int(e.allowed[: e.gold].sum())) for e in examples
    ]
    width = rows[0][0].shape[1]

    def loss(weights: Floats) -> tuple[float, Floats]:
        total, slope = 0.0, np.zeros(width)
        for features, gold in rows:
            scores = features @ weights
            probabilities = np.exp(scores - scores.max())
            probabilities /= probabilities.sum()
            total -= float(np.log(probabilities[gold] + 1e-12))
            slope += features.T @ probabilities - features[gold]
        penalty = RANKING_L2 * float(weights @ weights) / 2
        return total / len(rows) + penalty, slope / len(rows) + RANKING_L2 * weights

    return np.asarray(
        minimize(loss, np.ones(width), jac=True, method="L-BFGS-B", bounds=[(0, None)] * width).x
    )


def fit_coverage(examples: Sequence[Example], ranking: Floats) -> tuple[Floats, float]:
    """(n_features + len(EVIDENCE),) weights of the evidence, and the intercept."""
    facts = np.array([_evidence(example, ranking) for example in examples])
    covered = np.array([example.gold >= 0 for example in examples])
    balance = np.where(covered, 0.5 / covered.sum(), 0.5 / (~covered).sum())
    scaler = StandardScaler().fit(facts)
    model = LogisticRegression(C=1 / COVERAGE_L2, tol=1e-8, max_iter=10_000)
    model.fit(scaler.transform(facts), covered, sample_weight=balance)
    weights = model.coef_[0] / scaler.scale_
    intercept = float(model.intercept_[0] - weights @ scaler.mean_)
    declined = 1 / (1 + np.exp(-(facts @ weights + intercept))) < THRESHOLD
    log.info(
        "declined: %.3f of the out-of-scope questions, %.3f of the asks",
        declined[~covered].mean(),
        declined[covered].mean(),
    )
    return weights, intercept


def _evidence(example: Example, ranking: Floats) -> list[float]:
    scores = (example.candidates.features @ ranking).astype(np.float32)
    ranked = order(scores, example.allowed)
    return evidence(example.search, example.query, example.candidates, scores, ranked)
