"""The words of a sentence that carry its meaning, in English or by the glossary; which are denied."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.faithfulness.thesaurus import stem
from kb.embedding.glossary import glossed
from kb.text import STOP_WORDS, is_japanese

NOT = "¬"
# Words that a negation denies: the next ones in English, the last ones in Japanese.
REACH, REACH_JA = 5, 3

_WORD = re.compile(
    r"""
    (?P<also> \b not \s+ (?:only|just|merely|simply|limited) \b )  # it adds, it does not negate
    | (?P<not>
          \b (?: not | no | non | never | none | nothing | without | cannot | nor | neither
             | avoid\w* | prevent\w* | refus\w* | forbid\w* | prohibit\w* | refrain\w*
             | free \s+ of | fail\w* \s+ to | (?:rather|other) \s+ than | instead \s+ of
          ) \b
        | n['’]t \b
      )
    # "keeps agents from acting": here "from" negates
    | (?P<keep> \b (?:keep|stop|block|protect|hold|deter) \w* \b (?= [^.;,]{1,60}? \b from \b ) )
    | (?P<word> [^\W_]+ (?:['’][^\W\d_]+)? )
    | (?P<cut> [.;:!?,()] )
    """,
    re.IGNORECASE | re.VERBOSE,
)
# "turn it off": elsewhere "on" and "off" are stop words.
_SWITCHED = re.compile(
    r"\b (?:turn|switch|leave|keep) \w* \b (?:\W+\w+){0,4}? \W+ (?P<state>on|off) \b",
    re.IGNORECASE | re.VERBOSE,
)
_DENIAL_JA = re.compile(r"ない|ません|なく|せず|禁止|避け|防")
# Latin text, or unknown kanji and katakana; hiragana are endings and particles.
_PART = re.compile(r"[ -~]+|[\u30a1-\u30ff]{2,}|[\u4e00-\u9fff]{2,}")
# The stop words that change a meaning.
_TELLING_WORDS = """
    after all also any before can could each few just may might more most must only other over same should
    some under until
"""
TELLING = frozenset(_TELLING_WORDS.split())


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its term, NOT for a negation; `joined` is True right behind the word before it."""

    text: str
    term: str
    joined: bool = False


@lru_cache(maxsize=4096)  # the lines of an entry are compared with many sentences
def words(text: str) -> tuple[Word, ...]:
    """The meaningful words of a text, in order; of Japanese, their English glosses."""
    return tuple(_mixed(text) if is_japanese(text) else _english(text))


def denied(some: Sequence[Word]) -> frozenset[str]:
    """The terms that a negation denies."""
    found: set[str] = set()
    for place, word in enumerate(some):
        if word.term == NOT:
            found.update(one.term for one in reached(some, place))
    return frozenset(found)


def reached(some: Sequence[Word], place: int) -> Sequence[Word]:
    """The words that the negation at a place denies, without other negations."""
    before = is_japanese(some[place].text)
    span = some[max(0, place - REACH_JA) : place] if before else some[place + 1 : place + 1 + REACH]
    return [word for word in span if word.term != NOT]


def denies(some: Iterable[Word]) -> bool:
    """True if one of the words is a negation."""
    return any(word.term == NOT for word in some)


def _mixed(text: str) -> Iterator[Word]:
    end = 0
    for denial in _DENIAL_JA.finditer(text):
        yield from _japanese(text[end : denial.start()])
        yield Word(denial[0], NOT)
        end = denial.end()
    yield from _japanese(text[end:])


def _english(text: str) -> Iterator[Word]:
    switched = {match.start("state") for match in _SWITCHED.finditer(text)}
    joined = keeps = False
    for match in _WORD.finditer(text):
        word = match[0].lower()
        heavy = word in TELLING or word not in STOP_WORDS or match.start() in switched
        if match["not"] or (keeps and word == "from"):
            yield Word(word, NOT)
        elif match["also"]:
            yield Word("also", "also")
        elif match["word"] and heavy:
            yield Word(word, stem(word), joined)
        keeps = bool(match["keep"]) or (keeps and word != "from")
        joined = bool(match["word"]) and heavy


def _japanese(text: str) -> Iterator[Word]:
    """English words for the forms of the glossary; unknown forms stay as they are."""
    shown = "".join(f" {known} " if known is not None else form for form, known in glossed(text))
    for part in _PART.finditer(shown):
        if is_japanese(part[0]):
            yield Word(part[0], part[0])
        else:
            yield from _english(part[0])
