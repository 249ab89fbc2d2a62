"""The edits between a sentence and the sentences it rests on, and which of them change the meaning.

A faithful sentence may drop words, add common ones of `data/thesaurus.tsv`, and use words of nearly the same
meaning. It may not add a word of its own. Where it follows a source sentence, it may not replace a word by
another one, or add or drop a negation.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import chain

from assistant.faithfulness.thesaurus import load_thesaurus, stem
from kb.embedding.glossary import glossed
from kb.entries import Language
from kb.knowledge_base import KnowledgeBase
from kb.text import STOP_WORDS, is_japanese


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The thresholds of edits, chosen with tests/bench/checking.py on 2026-11-29 (docs/models.md).

    near: cosine of two words of nearly the same meaning; unrelated words have a median of 0.32.
    follows: share of the shorter sentence, in the same order in the other, for one to follow the other.
    closely: the same share above which no word may be added.
    small: words in a row, old or new, of a small change.
    """

    near: float = 0.50
    follows: float = 0.5
    closely: float = 0.7
    small: int = 2


THRESHOLDS = Thresholds()

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
_CLAUSE = re.compile(r"[;；]\s*")
_DENIAL_JA = re.compile(r"ない|ません|なく|せず|禁止|避け|防")
# Latin text, or unknown kanji and katakana; hiragana are endings and particles.
_PART = re.compile(r"[ -~]+|[\u30a1-\u30ff]{2,}|[\u4e00-\u9fff]{2,}")
# The stop words that change a meaning.
_TELLING_WORDS = """
    after all also any before each few just more most must only other over same some under until
"""
_TELLING = frozenset(_TELLING_WORDS.split())


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its term; the term of a negation is NOT."""

    text: str
    term: str


@dataclass(frozen=True, slots=True)
class Change:
    """Words of a source and their replacement, either may be empty; `at_end` at the end of the source."""

    old: Sequence[Word]
    new: Sequence[Word]
    at_end: bool

    @property
    def small(self) -> bool:
        """True for a change of a word or two."""
        return max(len(self.old), len(self.new)) <= THRESHOLDS.small


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
        elif word in _TELLING or word not in STOP_WORDS:
            yield Word(word, stem(word))


def _japanese(text: str) -> Iterator[Word]:
    """English words for the forms of the glossary; unknown forms stay as they are."""
    shown = "".join(f" {known} " if known is not None else form for form, known in glossed(text))
    for part in _PART.finditer(shown):
        if is_japanese(part[0]):
            yield Word(part[0], part[0])
        else:
            yield from _english(part[0])


class EditCheck:
    """Compares sentences with their sources; cosines of word pairs are cached."""

    def __init__(self, base: KnowledgeBase) -> None:
        self._base = base
        self._thesaurus = load_thesaurus()
        self._stopping = self._thesaurus.synonyms("stop")
        self._cosines: dict[tuple[str, str], float] = {}

    def keeps_meaning(self, text: str, sources: Sequence[str], around: Sequence[str] = ()) -> bool:
        """True if a text says nothing that the source sentences, in its language, do not say together.

        `around` is the rest of the cited text, whose words it may use too.

        :raises ModelError: the embedding model of the build cannot be loaded.
        """
        clauses = [clause for source in sources for clause in _CLAUSE.split(source)]
        said, held, rest = words(text), list(map(words, clauses)), list(map(words, around))
        if not self._has_nothing_of_its_own(said, list(chain(*held)), list(chain(*rest))):
            return False
        followed = [(source, changes) for source in held if (changes := _changes(source, said)) is not None]
        if not followed:
            return any(_denies(said) == _denies(source) for source in held)
        for source, changes in followed:
            denied = any(_denies(other) for other in held if other is not source)
            moved = {word.term for change in changes for word in change.old}
            closely = sum(len(change.new) for change in changes) <= (1 - THRESHOLDS.closely) * len(said)
            others = [other for other in [*held, *rest] if other is not source]
            if any(
                self._turns(change, moved, denied=denied, closely=closely) and not _joined(change, others)
                for change in changes
            ):
                return False
        return True

    def _has_nothing_of_its_own(
        self, said: Sequence[Word], held: Sequence[Word], rest: Sequence[Word]
    ) -> bool:
        """True if each word is in the cited text, says little, or means nearly the same as a word there."""
        light = self._thesaurus.light
        settled = {word.term for word in held} | light
        passing = settled | {word.term for word in rest} | _TELLING | {NOT}
        missing = [word for word in held if word.term not in {one.term for one in said}]
        lost = {word.term for word in missing}
        return all(
            (word.term in passing or self._stands_for(word, missing))
            and (word.term in settled or not self._thesaurus.opposites(word.term) & lost)
            for word in said
        )

    def _turns(self, change: Change, moved: set[str], *, denied: bool, closely: bool) -> bool:
        """True if a change reverses or alters the meaning of a source.

        `moved` are terms the source has elsewhere. `denied` is True if another source negates something,
        `closely` if hardly anything else is changed.
        """
        stopped = _denies(change.old) or bool(moved & self._stopping)
        if _denies(change.new) and not stopped and (change.small or not denied):
            return True
        # The end of a sentence may be dropped, such as the consequence of doing otherwise.
        if _denies(change.old) and not _denies(change.new) and (change.small or not change.at_end):
            return True
        if not change.small:
            return False
        light = self._thesaurus.light
        new = [word for word in change.new if word.term != NOT]
        if not change.old:
            # One word may move; two that swap places may reverse the meaning.
            own = {word.term for word in new} - light
            return len(own) > 1 if own <= moved else closely
        heavy = any(word.term not in light for word in change.old)
        return not all(
            (word.term in light and not heavy) or self._stands_for(word, change.old) for word in new
        )

    def _stands_for(self, word: Word, others: Sequence[Word]) -> bool:
        """True if a word means nearly the same as one of the others, and the opposite of none."""
        terms = {other.term for other in others}
        if self._thesaurus.opposites(word.term) & terms:
            return False
        if self._thesaurus.synonyms(word.term) & terms:
            return True
        return not is_japanese(word.text) and self._nearest(word, others) >= THRESHOLDS.near

    def _nearest(self, word: Word, others: Sequence[Word]) -> float:
        """The highest cosine of a word with one of the others; -1 without others."""
        read = (other.text for other in others if other.term != NOT and not is_japanese(other.text))
        pairs = {(word.text, other) for other in read}
        if unknown := sorted(pairs - self._cosines.keys()):
            vectors = self._base.encode([word.text, *(other for _, other in unknown)], Language.ENGLISH)
            self._cosines.update(zip(unknown, map(float, vectors[1:] @ vectors[0]), strict=True))
        return max((self._cosines[pair] for pair in pairs), default=-1.0)


def _changes(source: Sequence[Word], said: Sequence[Word]) -> list[Change] | None:
    """The changes from a source to a text that follows it; None if the text does not follow it."""
    theirs, ours = [word.term for word in source], [word.term for word in said]
    steps = SequenceMatcher(None, theirs, ours, autojunk=False).get_opcodes()
    equal = sum(b - a for kind, a, b, _, _ in steps if kind == "equal")
    if not equal or equal < THRESHOLDS.follows * min(len(ours), len(theirs)):
        return None
    return [
        Change(source[a:b], said[c:d], at_end=b == len(source))
        for kind, a, b, c, d in steps
        if kind != "equal"
    ]


def _joined(change: Change, others: Iterable[Sequence[Word]]) -> bool:
    """True if the added words are a clause of another source."""
    clause = [word.term for word in change.new]
    return (
        not change.old
        and len(clause) > 1
        and any(
            clause == terms[at : at + len(clause)]
            for terms in ([word.term for word in other] for other in others)
            for at in range(len(terms))
        )
    )


def _denies(some: Sequence[Word]) -> bool:
    return any(word.term == NOT for word in some)
