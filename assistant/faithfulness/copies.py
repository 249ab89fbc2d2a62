"""Claims that follow a line closely: which of its words they replace, add or move.

A claim in words of its own is judged by what it says. One that repeats a line but for a word or two differs
from it on purpose or by mistake, and each of these words matters.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from assistant.faithfulness.basis import Basis, Line
from assistant.faithfulness.words import NOT, TELLING, Word, denies

# The share of a claim's words, in the order of the line, from which it follows the line.
FOLLOWS = 0.8
# Fewer words say too little to follow anything.
FEWEST = 3
# Words in a row that are replaced; more are a clause of its own, judged by its words.
SMALL = 3
EXCHANGED = 2


@dataclass(frozen=True, slots=True)
class _Change:
    """Words of a line and the words a claim has instead; either may be empty."""

    old: Sequence[Word]
    new: Sequence[Word]


def changes_of(basis: Basis) -> Iterator[str]:
    """The words by which a claim differs from the line it follows most closely; none from a free wording."""
    followed = [changes for line in basis.lines if (changes := _changes(basis, line)) is not None]
    if followed:
        turned = [
            [word for change in changes for word in _turned(basis, change, changes)] for changes in followed
        ]
        yield from (word.text for word in min(turned, key=len))


def swapped(basis: Basis) -> Iterator[str]:
    """The two words that a claim has in each other's place, if that is all that sets it apart from a line."""
    heavy = [word for word in basis.content if word.term not in basis.evidence.thesaurus.light | TELLING]
    said = {word.term for word in heavy}
    for line in basis.lines[:1]:
        theirs = [word for word in line.words if word.term in said]
        if not said <= line.terms or len(heavy) != len(theirs):
            continue
        apart = [one for one, other in zip(heavy, theirs, strict=True) if one.term != other.term]
        if len(apart) == EXCHANGED and not any(_is_excused(basis, word) for word in apart):
            yield from (word.text for word in apart)


def _changes(basis: Basis, line: Line) -> list[_Change] | None:
    """The changes from a line to the claim; None if the claim does not follow it."""
    theirs, ours = [word.term for word in line.words], [word.term for word in basis.words]
    steps = SequenceMatcher(None, theirs, ours, autojunk=False).get_opcodes()
    equal = sum(end - start for kind, start, end, _, _ in steps if kind == "equal")
    if len(ours) < FEWEST or equal < FOLLOWS * len(ours):
        return None
    return [_Change(line.words[a:b], basis.words[c:d]) for kind, a, b, c, d in steps if kind != "equal"]


def _turned(basis: Basis, change: _Change, changes: Sequence[_Change]) -> Iterator[Word]:
    """The words of a change that may turn the meaning."""
    thesaurus = basis.evidence.thesaurus
    old = {word.term for word in change.old}
    yield from (word for word in change.new if thesaurus.opposites(word.term) & old)
    if len(change.new) > SMALL or len(change.old) > SMALL:
        return
    if denies(change.old) != denies(change.new):
        yield from (word for word in (*change.old, *change.new) if word.term == NOT)
    moved = {word.term for one in changes for word in one.old}
    for word in change.new:
        if word.term == NOT or word.term in thesaurus.light or thesaurus.synonyms(word.term) & old:
            continue
        if not (word.term in moved and _is_excused(basis, word)):
            yield word


def _is_excused(basis: Basis, word: Word) -> bool:
    """True if the place of a word does not matter."""
    return _is_listed(basis, word) or _is_owned(basis, word)


def _is_owned(basis: Basis, word: Word) -> bool:
    """True if a word moved before the word it belongs to: "payment logs", of "logs of payments"."""
    after = basis.words[basis.words.index(word) + 1 :][:1]
    return any(one.joined and basis.evidence.stand_together(word, one) for one in after)


def _is_listed(basis: Basis, word: Word) -> bool:
    """True if a word is part of a list, whose order does not matter: "logs and metrics"."""
    listed = re.compile(
        rf"\b {re.escape(word.text)} \s+ (?:and|or) \b | \b (?:and|or) \s+ {re.escape(word.text)} \b",
        re.IGNORECASE | re.VERBOSE,
    )
    return bool(listed.search(basis.text)) and any(listed.search(one.passage.text) for one in basis.lines)
