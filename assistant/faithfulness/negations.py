"""The negations of a claim against those of its lines."""

from collections.abc import Iterator, Sequence

from assistant.faithfulness.basis import Basis
from assistant.faithfulness.words import NOT, Word, denied, reached
from kb.text import is_japanese

# Prefixes that turn a word into its opposite; "de" would turn "sign" into "design".
_PREFIXES = ("un", "in", "im", "ir", "dis", "non", "mis")
_SHORTEST_BASE = 4


def negations(basis: Basis) -> Iterator[str]:
    """The negations that a claim adds or drops, and its words with or without a prefix that negates."""
    yield from _added_negations(basis)
    yield from _dropped_negations(basis)
    has = basis.terms
    for word in basis.content:
        if word.term not in has and any(_prefixed(word.term, term) for term in has):
            yield word.text


def _added_negations(basis: Basis) -> Iterator[str]:
    """The negations of words that the lines do not deny."""
    thesaurus = basis.evidence.thesaurus
    for place, word in enumerate(basis.words):
        if word.term != NOT or not basis.lines:
            continue
        for head in _heads(basis, reached(basis.words, place), word):
            same = thesaurus.synonyms(head.term)
            # The best line with the word decides.
            lines = [line for line in basis.lines if not same.isdisjoint(line.terms)]
            turned = any(_prefixed(head.term, term) for line in lines[:1] for term in line.terms)
            if lines and not turned and same.isdisjoint(lines[0].denied):
                yield f"{word.text} {head.text}"


def _heads(basis: Basis, span: Sequence[Word], negation: Word) -> list[Word]:
    """The words a negation is about: the first that says something; in Japanese, all those before it."""
    if is_japanese(negation.text):
        return list(span)
    heavy = [word for word in span if word.term not in basis.evidence.thesaurus.light]
    return (heavy or list(span))[:1]


def _dropped_negations(basis: Basis) -> Iterator[str]:
    """The words that the best line denies, and the claim does not."""
    thesaurus, said = basis.evidence.thesaurus, frozenset(word.term for word in basis.words)
    ours = denied(basis.words)
    for line in basis.lines[:1]:
        for place, word in enumerate(line.words):
            if word.term != NOT:
                continue
            span = reached(line.words, place)
            heads = list(span) if is_japanese(word.text) else list(span)[:2]
            kept = [head for head in heads if basis.evidence.has(head.term, said)]
            if not heads or len(kept) < len(heads):
                continue
            denies = any(basis.evidence.has(head.term, ours) for head in heads)
            reverses = any(not thesaurus.opposites(head.term).isdisjoint(said) for head in heads)
            if not denies and not reverses:
                yield f"{word.text} {heads[0].text}"


def _prefixed(one: str, other: str) -> bool:
    """True if a term is the other one with a prefix that turns its meaning."""
    short, long = sorted((one, other), key=len)
    return len(short) >= _SHORTEST_BASE and any(long == prefix + short for prefix in _PREFIXES)
