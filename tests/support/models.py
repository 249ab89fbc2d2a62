"""Weights of the ranker that a test can follow by hand, in place of the trained ones."""

from kb.ranking.ranker import EVIDENCE, Mode, Model

# An entry's words as a whole, and ten times the cosine of its best paragraph.
RANKING = {"keyword entry": 1.0, "vector body": 10.0}


def simple_models() -> dict[Mode, Model]:
    """A question is covered where at least half of its terms, by rarity, are matched.

    Its confidence is 1 / (1 + exp(5 - 10 * matched)).
    """
    return {
        mode: Model(
            ranking=tuple(RANKING.get(name, 0.0) for name in mode.features),
            coverage=tuple(10.0 if name == "matched" else 0.0 for name in (*mode.features, *EVIDENCE)),
            intercept=-5.0,
            threshold=0.5,
        )
        for mode in Mode
    }
