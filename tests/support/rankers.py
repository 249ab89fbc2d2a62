"""Simple ranker weights, easy to compute by hand."""

from kb.ranking.coverage import EVIDENCE, CoverageModel
from kb.ranking.features import FeatureSet
from kb.ranking.ranker import Ranker

# The keyword score of the whole entry, plus ten times the cosine of its best body chunk.
RANKING = {"keyword entry": 1.0, "vector body": 10.0}


def simple_rankers() -> dict[FeatureSet, Ranker]:
    """A question is covered if at least half of its terms, weighted by idf, are matched.

    Its confidence is 1 / (1 + exp(5 - 10 * matched)).
    """
    return {
        features: Ranker(
            weights=tuple(RANKING.get(name, 0.0) for name in features.names),
            coverage=CoverageModel(
                weights=tuple(10.0 if name == "matched" else 0.0 for name in (*features.names, *EVIDENCE)),
                intercept=-5.0,
                threshold=0.5,
            ),
        )
        for features in FeatureSet
    }
