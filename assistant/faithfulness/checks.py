"""The checks of a claim against the lines it rests on: each yields what the claim says and the lines do not.

Each check is about one way to be wrong. The thresholds were chosen on sentences of the catalogue and the
pages made false by one edit (docs/models.md has the shares that pass).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from assistant.faithfulness.basis import Basis
from assistant.faithfulness.copies import changes_of, swapped
from assistant.faithfulness.facts import other_quotations, plain, speakers
from assistant.faithfulness.findings import DoubtKind, Finding
from assistant.faithfulness.negations import negations
from assistant.faithfulness.thesaurus import stem
from assistant.faithfulness.words import TELLING
from kb.index.support import names, numbers
from kb.text import sentences, terms


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The thresholds of the checks.

    cover, cosine: of the claim and its lines, at least.
    foreign: credit below which a word is missing from the lines.
    missing: share of the words that the entry may lack.
    closely: share of words in the best line from which one missing word matters.
    pairs: new pairs of words, and their share, from which a close claim mixes up who does what.
    mixed: share of words in the best line from which pairs are compared.
    """

    cover: float = 0.82
    cosine: float = 0.5
    foreign: float = 0.5
    missing: float = 0.4
    closely: float = 0.8
    pairs: int = 2
    new_pairs: float = 0.5
    mixed: float = 0.85


THRESHOLDS = Thresholds()


def _stems(text: str) -> frozenset[str]:
    return frozenset(map(stem, text.split()))


_STRENGTH = {
    term: strength
    for strength, text in (
        (0, "optional optionally unnecessary needless"),
        (1, "can may might could"),
        (2, "should recommend recommended"),
        (3, "must require required mandatory shall always"),
    )
    for term in _stems(text)
}
_OPTIONAL, _MAY, _SHOULD, _MUST = range(4)
_QUANTITIES = tuple(
    map(
        _stems,
        (
            "all every each whole entire any everything everyone always",
            "only alone solely exclusively nothing",
            "just merely",
        ),
    )
)
_DEGREES = _stems(
    "eliminate guarantee enough sufficient suffice replace impossible perfectly immune unlimited negligible"
    " completely entirely fully totally cure unnecessary"
)
_ORDER = _stems("before after until first last once afterwards later finally")
_LEFT_FREE = re.compile(
    r"\b(?:if you (?:like|want|wish|prefer)|not (?:required|necessary|needed)|no need)\b", re.IGNORECASE
)
_CONDITION = re.compile(
    r"\b(?:unless|except|provided that|as long as|in case|(?:but )?only (?:if|when|for|in))\b"
    r"|場合に?のみ|限り",
    re.IGNORECASE,
)


def doubts_of(basis: Basis) -> tuple[Finding, ...]:
    """Every doubt about a claim, in the order of the checks; none if the lines say it."""
    if _is_quoted(basis):
        return ()
    return tuple(Finding(kind, detail) for kind, check in _CHECKS.items() for detail in check(basis))


def _is_quoted(basis: Basis) -> bool:
    """True if a claim is a sentence of its lines, word for word."""
    texts = [line.passage.text for line in basis.lines]
    parts = [text[start:end] for text in texts for start, end in sentences(text)]
    return plain(basis.text) in {plain(one) for one in (*texts, *parts)}


def _number(basis: Basis) -> Iterator[str]:
    titles = " ".join(f"{entry.id} {entry.title}" for entry in basis.evidence.entries)
    yield from sorted(numbers(basis.text) - numbers(f"{titles}\n{basis.shown}"))


def _name(basis: Basis) -> Iterator[str]:
    said = names(basis.text)
    if unknown := said - basis.evidence.terms:
        yield from sorted(unknown)
    elif basis.lines:
        best = basis.lines[0].passage.text
        # One product instead of another: both are in the entry, but the line is about the other one.
        if names(best) - frozenset(terms(basis.text)):
            yield from sorted(said - frozenset(terms(best)))


def _quotation(basis: Basis) -> Iterator[str]:
    yield from other_quotations(basis.text, [line.passage.text for line in basis.evidence.lines])


def _speaker(basis: Basis) -> Iterator[str]:
    yield from speakers(basis.text, basis.shown)


def _opposite(basis: Basis) -> Iterator[str]:
    if not basis.lines:
        return
    held, best = basis.terms, basis.lines[0].terms
    for word in basis.content:
        opposites = basis.evidence.thesaurus.opposites(word.term)
        if word.term in held:
            # Elsewhere the lines say this word: here they say its opposite.
            reversed_here = word.term not in best and not opposites.isdisjoint(best)
            if reversed_here and basis.close >= THRESHOLDS.closely:
                yield word.text
        elif not opposites.isdisjoint(held) and not basis.evidence.has(word.term, best):
            yield word.text


def _modality(basis: Basis) -> Iterator[str]:
    held = [_STRENGTH[term] for term in basis.terms if term in _STRENGTH]
    best = [_STRENGTH[t] for line in basis.lines[:1] for t in line.terms if t in _STRENGTH]
    for word in basis.content:
        strength = _STRENGTH.get(word.term)
        raised = strength == _MUST and _MUST not in best
        lowered = strength == _MAY and bool(best) and min(best) > _MAY
        freed = strength == _OPTIONAL and _OPTIONAL not in held
        if raised or lowered or freed:
            yield word.text
    if (match := _LEFT_FREE.search(basis.text)) and not _LEFT_FREE.search(basis.shown):
        yield match[0]


def _quantity(basis: Basis) -> Iterator[str]:
    held = basis.terms
    for group in _QUANTITIES:
        if group.isdisjoint(held):
            yield from (word.text for word in basis.content if word.term in group)


def _degree(basis: Basis) -> Iterator[str]:
    yield from _missing_of(_DEGREES, basis)


def _order(basis: Basis) -> Iterator[str]:
    yield from _missing_of(_ORDER, basis)


def _missing_of(group: frozenset[str], basis: Basis) -> Iterator[str]:
    yield from (word.text for word in basis.content if word.term in group - basis.terms)


def _condition(basis: Basis) -> Iterator[str]:
    if (match := _CONDITION.search(basis.text)) and not _CONDITION.search(basis.shown):
        yield match[0]


def _roles(basis: Basis) -> Iterator[str]:
    """Words in each other's place, and pairs that stand together in no line, of words from one line."""
    yield from swapped(basis)
    evidence, held = basis.evidence, basis.terms
    light = evidence.thesaurus.light | TELLING
    if basis.close < THRESHOLDS.mixed:
        return
    pairs = [
        (first, second)
        for first, second in zip(basis.words, basis.words[1:], strict=False)
        if second.joined
        and first.term not in light
        and second.term not in light
        and evidence.has(first.term, held)
        and evidence.has(second.term, held)
    ]
    new = [pair for pair in pairs if not evidence.stand_together(*pair)]
    if len(new) >= THRESHOLDS.pairs and len(new) >= THRESHOLDS.new_pairs * len(pairs):
        yield from (f"{first.text} {second.text}" for first, second in new)


def _change(basis: Basis) -> Iterator[str]:
    yield from changes_of(basis)


def _wording(basis: Basis) -> Iterator[str]:
    content = basis.content
    missing = [
        word for word, credit in zip(content, basis.credits, strict=True) if credit < THRESHOLDS.foreign
    ]
    heavy = [word for word in missing if word.term not in basis.evidence.thesaurus.light]
    unknown = [word for word in missing if not basis.evidence.has(word.term, basis.evidence.terms)]
    far = basis.cover < THRESHOLDS.cover or basis.cosine < THRESHOLDS.cosine
    if far or len(unknown) > THRESHOLDS.missing * len(content):
        yield ", ".join(word.text for word in heavy or missing or content)
    elif heavy and basis.close >= THRESHOLDS.closely:
        yield ", ".join(word.text for word in heavy)


_CHECKS: dict[DoubtKind, Callable[[Basis], Iterator[str]]] = {
    DoubtKind.NUMBER: _number,
    DoubtKind.NAME: _name,
    DoubtKind.QUOTATION: _quotation,
    DoubtKind.SPEAKER: _speaker,
    DoubtKind.NEGATION: negations,
    DoubtKind.OPPOSITE: _opposite,
    DoubtKind.MODALITY: _modality,
    DoubtKind.QUANTITY: _quantity,
    DoubtKind.DEGREE: _degree,
    DoubtKind.ORDER: _order,
    DoubtKind.CONDITION: _condition,
    DoubtKind.ROLES: _roles,
    DoubtKind.CHANGE: _change,
    DoubtKind.WORDING: _wording,
}
