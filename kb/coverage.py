"""Whether the corpus covers a question, from what the search found for it.

A logistic regression over three scores of the best hits. Its coefficients are those of scikit-learn's
(C=10) on the development questions, with the mirror's and the catalogue's builds averaged; the threshold
keeps nearly every question in scope. Without a model that reads Japanese a Japanese question has no
similarity, hence a line of its own.
"""

import math
from dataclasses import dataclass

from kb.entries import Language


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for the best hits of a question.

    `similarity`: best cosine, in [-1, 1]. `keyword`: best keyword score, from 0. `matched`: share, by
    rarity, of the question's terms that the best hits hold, in [0, 1].
    """

    similarity: float
    keyword: float
    matched: float


@dataclass(frozen=True, slots=True)
class _Line:
    similarity: float
    keyword: float
    matched: float
    intercept: float
    threshold: float


_LINES = {
    Language.ENGLISH: _Line(6.2, 3.5, 4.0, -12.0, 0.57),
    Language.JAPANESE: _Line(0.0, 5.5, 1.8, -17.0, 0.57),
}


def confidence(evidence: Evidence, language: Language) -> float:
    """How probable it is that the corpus covers the question, in [0, 1]."""
    line = _LINES[language]
    logit = (
        line.similarity * evidence.similarity
        + line.keyword * math.log1p(evidence.keyword)
        + line.matched * evidence.matched
        + line.intercept
    )
    return 1.0 / (1.0 + math.exp(-logit))


def is_covered(confident: float, language: Language) -> bool:
    """Whether a confidence is enough to answer."""
    return confident >= _LINES[language].threshold
