"""The learned ranker: weights of features, and the coverage model, by feature set.

`make train` writes `data/ranker.json` with the weights and their training data.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from kb.data import data_folder
from kb.errors import RecordError
from kb.index.bm25 import Scores
from kb.ranking.coverage import EVIDENCE, CoverageModel
from kb.ranking.features import FeatureSet, Matrix
from kb.ranking.filters import Mask
from kb.ranking.layout import Rows


@dataclass(frozen=True, slots=True)
class Ranker:
    """A linear ranker over the features of one feature set, and its coverage model."""

    weights: tuple[float, ...]
    coverage: CoverageModel

    def score(self, features: Matrix) -> Scores:
        """(n_ids,) float32 scores of rows of features; higher is better."""
        return features @ np.asarray(self.weights, dtype=np.float32)


Rankers = Mapping[FeatureSet, Ranker]


def order(scores: Scores, allowed: Mask) -> Rows:
    """The allowed rows with a score above 0, best first; equal scores keep the order of rows."""
    rows = np.flatnonzero((scores > 0) & allowed)
    return rows[np.argsort(-scores[rows], kind="stable")]


@cache
def load_rankers(path: Path | None = None) -> Rankers:
    """The ranker of every feature set.

    :raises RecordError: the file does not fit the features of this version.
    """
    file = path or data_folder() / "ranker.json"
    try:
        records = json.loads(file.read_text(encoding="utf-8"))["modes"]
        return {features: _ranker(features, records[features.value]) for features in FeatureSet}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{file} does not fit this version ({error}); install genlens again") from error


def _ranker(features: FeatureSet, record: Mapping[str, Mapping[str, float]]) -> Ranker:
    ranking, coverage = record["ranking"], record["coverage"]
    return Ranker(
        weights=tuple(float(ranking[name]) for name in features.names),
        coverage=CoverageModel(
            weights=tuple(float(coverage[name]) for name in (*features.names, *EVIDENCE)),
            intercept=float(coverage["intercept"]),
            threshold=float(coverage["threshold"]),
        ),
    )
