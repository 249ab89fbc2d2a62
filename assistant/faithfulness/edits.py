"""The edits between a sentence and the sentences it rests on, and which of them change the meaning.

A faithful sentence may drop words, add common ones of `data/thesaurus.tsv`, and use words of nearly the same
meaning. It may not add a word of its own. Where it follows a source sentence, it may not replace a word by
another one, or add or drop a negation.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain

from assistant.faithfulness.thesaurus import load_thesaurus
from assistant.faithfulness.words import NOT, TELLING, Word, denies, words
from kb.entries import Language
from kb.knowledge_base import KnowledgeBase
from kb.text import is_japanese


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

_CLAUSE = re.compile(r"[;；]\s*")


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


@dataclass(frozen=True, slots=True)
class _Setting:
    """The setting of a change: terms the source has elsewhere, and the rest of the comparison.

    `denied` is True if another source negates something, `closely` if hardly anything else is changed.
    """

    moved: frozenset[str]
    denied: bool
    closely: bool


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
        if not self._has_no_own_word(said, list(chain(*held)), list(chain(*rest))):
            return False
        followed = [(source, changes) for source in held if (changes := _changes(source, said)) is not None]
        if not followed:
            return any(denies(said) == denies(source) for source in held)
        return all(self._keeps_source(said, source, changes, held, rest) for source, changes in followed)

    def _has_no_own_word(self, said: Sequence[Word], held: Sequence[Word], rest: Sequence[Word]) -> bool:
        """True if each word is in the cited text, says little, or means nearly the same as a word there."""
        settled = {word.term for word in held} | self._thesaurus.light
        passing = settled | {word.term for word in rest} | TELLING | {NOT}
        missing = [word for word in held if word.term not in {one.term for one in said}]
        lost = {word.term for word in missing}

        def passes(word: Word) -> bool:
            if word.term in settled:
                return True
            reverses = bool(self._thesaurus.opposites(word.term) & lost)
            return not reverses and (word.term in passing or self._stands_for(word, missing))

        return all(passes(word) for word in said)

    def _keeps_source(
        self,
        said: Sequence[Word],
        source: Sequence[Word],
        changes: Sequence[Change],
        held: Sequence[Sequence[Word]],
        rest: Sequence[Sequence[Word]],
    ) -> bool:
        """True if no change turns the meaning of a source that a text follows."""
        others = [other for other in [*held, *rest] if other is not source]
        added = sum(len(change.new) for change in changes)
        setting = _Setting(
            moved=frozenset(word.term for change in changes for word in change.old),
            denied=any(denies(other) for other in held if other is not source),
            closely=added <= (1 - THRESHOLDS.closely) * len(said),
        )
        return all(_joined(change, others) or not self._turns(change, setting) for change in changes)

    def _turns(self, change: Change, setting: _Setting) -> bool:
        """True if a change reverses or alters the meaning of a source."""
        checks = (self._adds_denial, self._drops_denial, self._adds_word, self._replaces_word)
        return any(check(change, setting) for check in checks)

    def _adds_denial(self, change: Change, setting: _Setting) -> bool:
        stopped = denies(change.old) or bool(setting.moved & self._stopping)
        return denies(change.new) and not stopped and (change.small or not setting.denied)

    def _drops_denial(self, change: Change, _setting: _Setting) -> bool:
        # The end of a sentence may be dropped, such as the consequence of doing otherwise.
        return denies(change.old) and not denies(change.new) and (change.small or not change.at_end)

    def _adds_word(self, change: Change, setting: _Setting) -> bool:
        if change.old or not change.small:
            return False
        own = {word.term for word in change.new} - self._thesaurus.light - {NOT}
        # One word may move; two that swap places may reverse the meaning.
        return len(own) > 1 if own <= setting.moved else setting.closely

    def _replaces_word(self, change: Change, _setting: _Setting) -> bool:
        if not change.old or not change.small:
            return False
        light = self._thesaurus.light
        heavy = any(word.term not in light for word in change.old)
        new = (word for word in change.new if word.term != NOT)
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
