"""The words of a sentence that carry its meaning, in English or through the glossary."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from assistant.faithfulness.thesaurus import stem
from kb.embedding.glossary import glossed
from kb.text import STOP_WORDS, is_japanese

NOT = "¬"
_WORD = re.compile(
    r"""
    (?P<also> \b not \s+ (?:only|just|merely|simply|limited) \b )  # it adds, it does not negate
    | (?P<not>
          \b (?: not | no | never | none | nothing | without | cannot | nor | neither
             | avoid\w* | prevent\w* | refus\w* | forbid\w*
             | (?:rather|other) \s+ than | instead \s+ of
          ) \b
        | n['’]t \b
      )
    | [^\W_]+ (?:['’][^\W\d_]+)?
    """,
    re.IGNORECASE | re.VERBOSE,
)
_DENIAL_JA = re.compile(r"ない|ません|なく|せず|禁止|避け|防")
# Latin text, or unknown kanji and katakana; hiragana are endings and particles.
_PART = re.compile(r"[ -~]+|[\u30a1-\u30ff]{2,}|[\u4e00-\u9fff]{2,}")
# The stop words that change a meaning.
_TELLING_WORDS = """
    after all also any before each few just more most must only other over same some under until
"""
TELLING = frozenset(_TELLING_WORDS.split())


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its term; the term of a negation is NOT."""

    text: str
    term: str


@lru_cache(maxsize=1024)  # the passages of an answer are compared with each of its sentences
def words(text: str) -> tuple[Word, ...]:
    """The meaningful words of a text, in order; of Japanese, their English glosses."""
    return tuple(_mixed(text) if is_japanese(text) else _english(text))


def _mixed(text: str) -> Iterator[Word]:
    end = 0
    for denial in _DENIAL_JA.finditer(text):
        yield from _japanese(text[end : denial.start()])
        yield Word(denial[0], NOT)
        end = denial.end()
    yield from _japanese(text[end:])


def _english(text: str) -> Iterator[Word]:
    for match in _WORD.finditer(text):
        word = match[0].lower()
        if match["not"]:
            yield Word(word, NOT)
        elif match["also"]:
            yield Word("also", "also")
        elif word in TELLING or word not in STOP_WORDS:
            yield Word(word, stem(word))


def _japanese(text: str) -> Iterator[Word]:
    """English words for the forms of the glossary; unknown forms stay as they are."""
    shown = "".join(f" {known} " if known is not None else form for form, known in glossed(text))
    for part in _PART.finditer(shown):
        if is_japanese(part[0]):
            yield Word(part[0], part[0])
        else:
            yield from _english(part[0])


def denies(some: Iterable[Word]) -> bool:
    """True if one of the words is a negation."""
    return any(word.term == NOT for word in some)
