"""Examples to the weights of the ranker, and to the threshold under which a question is declined.

Ranking: softmax over the entries, cross-entropy with the entry asked about, weights not below 0, L-BFGS-B.
Coverage: logistic regression on the best entry's features, both classes weighted alike; the threshold lets
the given share of asks be declined.
"""

import logging
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from kb.search import order
from kb.training.examples import Example

RANKING_L2, COVERAGE_L2 = 1e-3, 1e-2
DECLINED_ASKS = 0.08
log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]


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


def fit_coverage(examples: Sequence[Example], ranking: Floats) -> tuple[Floats, float, float]:
    """Weights of the evidence, intercept, and the confidence under which a question is declined."""
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
    log.info(
        "out of scope declined: %.3f",
        float((sure[~inside] < np.quantile(sure[inside], DECLINED_ASKS)).mean()),
    )
    return weights, intercept, float(np.quantile(sure[inside], DECLINED_ASKS))


def _evidence(example: Example, ranking: Floats) -> list[float]:
    scores = (example.found.features @ ranking).astype(np.float32)
    ranked = order(scores, example.allowed)
    return example.index.evidence(example.query, example.found, scores, ranked)
