"""The aspects of a question: the clauses of it that each ask for something.

"How do we raise throughput, and who approves it?" has two. A question with one asking clause has none: it is
answered as a whole.
"""

import re

from kb.entries import Language
from kb.text import terms

MAX_ASPECTS = 4

_ASKING_WORD = r"""
    (?: how|what|whom?|which|where|when|why|should|can|could|do|does|did|may|must|is|are|will|would
      | at\ what|in\ which|with\ what|from|stop|prevent|keep|avoid|make\ sure
    ) \b
"""
_CUT = {
    Language.ENGLISH: re.compile(
        rf"""
        (?<=[.?!;]) \s+                                                   # a sentence
        | ,? \s+ (?:and|or|but) \s+ (?= (?:also\s+)? {_ASKING_WORD} )     # ", and how ..."
        | , \s+ (?= {_ASKING_WORD} )                                      # ", from spending too much"
        """,
        re.IGNORECASE | re.VERBOSE,
    ),
    Language.JAPANESE: re.compile(r"(?<=[。？?！!])|(?<=し)、|と、|、(?=[^、。]{6,})"),
}
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
# Fewer terms are no aspect of their own: "how is that set up?"
FEWEST_TERMS = 2


def aspects_of(question: str, language: Language) -> tuple[str, ...]:
    """The asking clauses of a question in order, at least two and at most MAX_ASPECTS; or none."""
    clauses = (clause.strip(" ,、") for clause in _CUT[language].split(question) if clause)
    asking = [clause for clause in clauses if _ASKS[language].match(clause)]
    telling = tuple(clause for clause in asking if len(set(terms(clause))) >= FEWEST_TERMS)
    return telling[:MAX_ASPECTS] if len(telling) > 1 else ()
