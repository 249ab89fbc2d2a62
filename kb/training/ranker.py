"""Examples to the weights of the ranker: of the features, and of the evidence that a question is covered.

Ranking: softmax over the entries, cross-entropy with the entry asked about, weights not below 0, L-BFGS-B.
Coverage: logistic regression on the best entry's features, both classes weighted alike, so that its
confidence is the probability that a question is covered where one in two is.
"""

import logging
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from kb.ranking.filters import order
from kb.training.examples import Example

RANKING_L2, COVERAGE_L2 = 1e-3, 1e-2
# A question is declined below this confidence; chosen by looking at the labelled questions.
THRESHOLD = 0.58
Floats = npt.NDArray[np.float64]
log = logging.getLogger(__name__)


def fit_ranking(examples: Sequence[Example]) -> Floats:
    """Weights of the features, not below 0, that put the entries asked about first."""
    rows = [(e.found.features[e.allowed].astype(float), int(e.allowed[: e.gold].sum())) for e in examples]
    width = rows[0][0].shape[1]

    def loss(weights: Floats) -> tuple[float, Floats]:
        total, slope = 0.0, np.zeros(width)
        for features, gold in rows:
            scores = features @ weights
            likely = np.exp(scores - scores.max())
            likely /= likely.sum()
            total -= float(np.log(likely[gold] + 1e-12))
            slope += features.T @ likely - features[gold]
        penalty = RANKING_L2 * float(weights @ weights) / 2
        return total / len(rows) + penalty, slope / len(rows) + RANKING_L2 * weights

    return np.asarray(
        minimize(loss, np.ones(width), jac=True, method="L-BFGS-B", bounds=[(0, None)] * width).x
    )


def fit_coverage(examples: Sequence[Example], ranking: Floats) -> tuple[Floats, float]:
    """Weights of the evidence, and intercept, of the confidence that a question is covered."""
    evidence = np.array([_evidence(example, ranking) for example in examples])
    inside = np.array([example.gold >= 0 for example in examples])
    middle, spread = evidence.mean(axis=0), evidence.std(axis=0) + 1e-6
    scaled = (evidence - middle) / spread
    balance = np.where(inside, 0.5 / inside.sum(), 0.5 / (~inside).sum())

    def loss(parameters: Floats) -> tuple[float, Floats]:
        logits = scaled @ parameters[1:] + parameters[0]
        wrong = np.where(inside, -logits, logits)
        slope = balance * np.where(inside, -1, 1) / (1 + np.exp(-wrong))
        penalty = COVERAGE_L2 * float(parameters[1:] @ parameters[1:]) / 2
        gradient = np.concatenate([[slope.sum()], slope @ scaled + COVERAGE_L2 * parameters[1:]])
        return float((balance * np.logaddexp(0, wrong)).sum()) + penalty, gradient

    best = minimize(loss, np.zeros(evidence.shape[1] + 1), jac=True, method="L-BFGS-B").x
    weights = best[1:] / spread
    intercept = float(best[0] - (weights * middle).sum())
    sure = 1 / (1 + np.exp(-(evidence @ weights + intercept)))
    declined = sure < THRESHOLD
    log.info(
        "declined: %.3f of what is outside, %.3f of the asks",
        declined[~inside].mean(),
        declined[inside].mean(),
    )
    return weights, intercept


def _evidence(example: Example, ranking: Floats) -> list[float]:
    scores = (example.found.features @ ranking).astype(np.float32)
    ranked = order(scores, example.allowed)
    return example.index.evidence(example.query, example.found, scores, ranked)
