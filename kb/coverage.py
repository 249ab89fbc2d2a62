"""Whether the corpus covers a question, from what the search found for it."""

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


def is_covered(evidence: Evidence, language: Language) -> bool:
    """Whether the evidence is enough to answer."""
    return evidence.similarity > 0.3 or language is Language.JAPANESE
