"""The aspects of a question: its clauses, each of which may be about another entry.

"How do we raise throughput, and who approves it?" has two. A question of one clause has none: it is answered
as a whole.
"""

import re

from kb.entries import Language
from kb.text import terms

MAX_ASPECTS = 6
# Fewer terms are no aspect of their own: "how is that set up?"
FEWEST_TERMS = 2

_CUT = {
    Language.ENGLISH: re.compile(
        r"""
        (?<=[.?!;:]) \s+
        | ,? \s+ (?: and | or | but | while | without ) \s+
        | , \s+
        """,
        re.IGNORECASE | re.VERBOSE,
    ),
    Language.JAPANESE: re.compile(r"(?<=[。？?！!])|、"),
}
_ASKING_WORD = r"""
    (?: how|what|whom?|which|where|when|why|should|can|could|do|does|did|may|must|is|are|will|would
      | at\ what|in\ which|with\ what|from|stop|prevent|keep|avoid|make\ sure
    ) \b
"""
_ASKS = {
    Language.ENGLISH: re.compile(
        rf"(?:(?:and|or|but|also) \s+)* {_ASKING_WORD} | .* \? $", re.IGNORECASE | re.VERBOSE | re.DOTALL
    ),
    Language.JAPANESE: re.compile(
        r"""
        .* (?: [？?] | か | べき | には | 方法 | 手順 | たい | 教えてください ) [。？?]* $
        | .* (?: どう | 何 | どの | どんな | なぜ | いつ | 誰 )
        """,
        re.VERBOSE,
    ),
}


def aspects_of(question: str, language: Language) -> tuple[str, ...]:
    """The clauses of a question in order, at least two and at most MAX_ASPECTS; or none."""
    clauses = (clause.strip(" ,、") for clause in _CUT[language].split(question))
    aspects = tuple(clause for clause in clauses if len(set(terms(clause))) >= FEWEST_TERMS)
    return aspects[:MAX_ASPECTS] if len(aspects) > 1 else ()


def asks(clause: str, language: Language) -> bool:
    """True if the clause asks for something, and does not only tell of a situation."""
    return bool(_ASKS[language].match(clause))
