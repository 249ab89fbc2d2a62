"""The passages of a page that support the lines of the catalogue on it.

A line of the catalogue restates a page in other words. It may be said in an answer only with the passage it
restates, so each line is aligned with the page when a build is made. A line without support is not said:
after a refresh, a line that its page no longer says is gone.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kb.embedding.encoder import Vectors
from kb.entries import Origin
from kb.index.passages import Passage
from kb.text import fold, terms


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The thresholds of support, chosen on 2026-11-30 (docs/answers.md has the tables).

    cosine: of a line and a window of the page.
    words: share of the terms of the line, weighted by idf, in the window.
    cosine_alone: of a line and a window with fewer of its terms.
    """

    cosine: float = 0.58
    words: float = 0.35
    cosine_alone: float = 0.78


THRESHOLDS = Thresholds()
# Passages in a row that may support a line together, and their characters.
WINDOW, WINDOW_CHARACTERS = 3, 700

_DIGITS = {
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "twelve": "12",
}
_LARGE = ("fifteen", "twenty", "thirty", "sixty", "ninety", "hundred", "thousand", "million")
_NUMBER = re.compile(rf"\d+(?:[.,]\d+)*|\b(?:{'|'.join((*_DIGITS, *_LARGE))})\b", re.IGNORECASE)
_NAME = re.compile(
    r"""
    (?<=[\w,;:)(]\ ) [(\"“]? ([A-Z][\w'’\-]*)  # a capitalised word inside a sentence
    | \b ([A-Z]{2,}[\w\-]*) \b                 # an acronym
    """,
    re.VERBOSE,
)
_COMMON = frozenset(terms("AI LLM API"))


@dataclass(frozen=True, slots=True)
class _Window:
    """A few passages in a row of one section, from row `first` to `last`, and its terms."""

    first: int
    last: int
    passage: Passage
    terms: frozenset[str]


def supports(
    passages: Sequence[Passage], vectors: Vectors, idf: Callable[[str], float]
) -> tuple[Passage | None, ...]:
    """For each passage of one entry, the span of the page that supports it, if it is from the catalogue.

    None for passages of the page itself, and for lines that the page does not support. `vectors` are
    (n_passages, dim), rows of length 1; `idf` gives the weight of a term.
    """
    windows = list(_windows(passages))
    if not windows:
        return (None,) * len(passages)
    means = np.stack([vectors[w.first : w.last + 1].sum(axis=0) for w in windows])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-6)
    page = " ".join(p.text for p in passages if p.origin is Origin.SITE)
    return tuple(
        _support(passage, means @ vector, windows, idf, page) if passage.origin is Origin.CATALOGUE else None
        for passage, vector in zip(passages, vectors, strict=True)
    )


def numbers(text: str) -> frozenset[str]:
    """The numbers in a text, small ones also as words."""
    return frozenset(_DIGITS.get(n, n) for n in map(str.lower, _NUMBER.findall(fold(text))))


def names(text: str) -> frozenset[str]:
    """The terms of names and acronyms inside the sentences of a text."""
    found = {term for inside, acronym in _NAME.findall(text) for term in terms(inside or acronym)}
    return frozenset(found) - _COMMON


def _support(
    line: Passage, cosines: Vectors, windows: Sequence[_Window], idf: Callable[[str], float], page: str
) -> Passage | None:
    """The window that supports a line best, or None."""
    weights = {term: idf(term) for term in terms(line.text)}
    total = sum(weights.values()) or 1.0
    if not names(line.text) <= frozenset(terms(page)):
        return None
    best, best_score = None, 0.0
    for window, cosine in zip(windows, cosines.tolist(), strict=True):
        words = sum(weights[term] for term in weights.keys() & window.terms) / total
        near = cosine >= THRESHOLDS.cosine and (
            words >= THRESHOLDS.words or cosine >= THRESHOLDS.cosine_alone
        )
        score = cosine + words - 0.04 * (window.last - window.first)
        if near and score > best_score and numbers(line.text) <= numbers(window.passage.text):
            best, best_score = window.passage, score
    return best


def _windows(passages: Sequence[Passage]) -> Iterator[_Window]:
    """Runs of passages of the page, in one section each."""
    for first, start in enumerate(passages):
        if start.origin is not Origin.SITE:
            continue
        for last in range(first, min(first + WINDOW, len(passages))):
            end = passages[last]
            if end.section_index != start.section_index or end.end - start.start > WINDOW_CHARACTERS:
                break
            span = Passage(start.entry, start.section_index, start.start, end.end)
            yield _Window(first, last, span, frozenset(terms(span.text)))
