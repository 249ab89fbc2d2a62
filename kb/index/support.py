"""The passages of a page that support the lines of the catalogue on it.

A line of the catalogue restates a page in other words. It may be said in an answer only with the passage it
restates, so each line is aligned with the page when a build is made. A line without support is not said:
after a refresh, a line that its page no longer says is gone.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np

from kb.embedding.encoder import Vectors
from kb.entries import Origin
from kb.index.passages import Passage, sentences_of
from kb.text import fold, terms


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The thresholds of support, chosen on 2026-11-30 (docs/answers.md has the tables).

    cosine: of a line and the window nearest to it.
    words: share of the terms of the line, weighted by idf, in its windows together.
    cosine_alone: of a line and a window with fewer of its terms.
    second: cosine of the second window.
    run: terms in a row that the windows lack; more are a clause of its own.
    rest: share of the terms, weighted by idf, that one more sentence must have of those the windows lack.
    """

    cosine: float = 0.58
    words: float = 0.45
    cosine_alone: float = 0.80
    second: float = 0.40
    run: int = 3
    rest: float = 0.08


THRESHOLDS = Thresholds()
Support = tuple[Passage, ...]
"""Spans of a page that together support a line, best first."""
# Passages in a row that may support a line together, and their characters.
WINDOW, WINDOW_CHARACTERS = 3, 700
MOST, MOST_SENTENCES = 3, 2
# Terms that a passage shares with a line at least, to be about the same thing.
SHARED = 3

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
# Acronyms as common as words.
_COMMON = frozenset(terms("AI LLM API"))


@dataclass(frozen=True, slots=True)
class _Window:
    """A few passages in a row of one section, from row `first` to `last`, the span, and its terms."""

    first: int
    last: int
    parts: tuple[Passage, ...]
    passage: Passage
    terms: frozenset[str]


_Sentence = tuple[Passage, frozenset[str]]
"""A sentence or list item of the page, and its terms."""


def supports(
    passages: Sequence[Passage], vectors: Vectors, idf: Callable[[str], float]
) -> tuple[Support, ...]:
    """For each passage of one entry, the spans of the page that support it, if it is from the catalogue.

    Empty for passages of the page itself, and for lines that the page does not support. `vectors` are
    (n_passages, dim), rows of length 1; `idf` gives the weight of a term.
    """
    windows = list(_windows(passages))
    if not windows:
        return ((),) * len(passages)
    sentences = [
        (one, frozenset(terms(one.text)))
        for one in sentences_of(passages[0].entry)
        if one.origin is Origin.SITE
    ]
    means = np.stack([vectors[w.first : w.last + 1].sum(axis=0) for w in windows])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-6)
    return tuple(
        _support(passage, means @ vector, windows, sentences, idf)
        if passage.origin is Origin.CATALOGUE
        else ()
        for passage, vector in zip(passages, vectors, strict=True)
    )


def numbers(text: str) -> frozenset[str]:
    """The numbers in a text, small ones also as words."""
    return frozenset(_DIGITS.get(n, n) for n in map(str.lower, _NUMBER.findall(fold(text))))


def names(text: str) -> frozenset[str]:
    """The terms of names and acronyms inside the sentences of a text, without the most common ones."""
    found = {term for inside, acronym in _NAME.findall(text) for term in terms(inside or acronym)}
    return frozenset(found) - _COMMON


def longest_run(said: Iterable[str], held: Collection[str]) -> int:
    """The length of the longest run of terms that are not held."""
    runs = (len(list(run)) for known, run in groupby(said, key=held.__contains__) if not known)
    return max(runs, default=0)


def _support(
    line: Passage,
    cosines: Vectors,
    windows: Sequence[_Window],
    sentences: Sequence[_Sentence],
    idf: Callable[[str], float],
) -> Support:
    """The windows that support a line, at most MOST, best first, and sentences with the rest of its words.

    Empty without support.
    """
    weights = _weights(line, idf)
    near = np.flatnonzero(cosines >= THRESHOLDS.second).tolist()
    first = max(near, key=lambda n: cosines[n] + _share(weights, [windows[n]]), default=None)
    if first is None or cosines[first] < THRESHOLDS.cosine:
        return ()
    chosen = [windows[first]]
    cosine = float(cosines[first])
    while not _enough(line, cosine, weights, chosen) and len(chosen) < MOST:
        more = max(near, key=lambda n: _share(weights, [*chosen, windows[n]]) + 0.2 * float(cosines[n]))
        chosen.append(windows[more])
    if not _enough(line, cosine, weights, chosen):
        return ()
    spans = [window.passage for window in chosen]
    for _ in range(MOST_SENTENCES):
        spans += _rest(weights, spans, sentences)
    return tuple(spans)


def _weights(line: Passage, idf: Callable[[str], float]) -> dict[str, float]:
    """The share of each term of a line in it, weighted by idf."""
    weights = {term: idf(term) for term in terms(line.text)}
    total = sum(weights.values()) or 1.0
    return {term: weight / total for term, weight in weights.items()}


def _rest(
    weights: Mapping[str, float], spans: Sequence[Passage], sentences: Sequence[_Sentence]
) -> list[Passage]:
    """The sentence with most of the words of a line that its spans lack, if it has enough of them."""
    held = frozenset(terms(" ".join(span.text for span in spans)))
    more: list[tuple[float, Passage]] = []
    for sentence, own in sentences:
        shared = own & weights.keys()
        new = sum(weights[term] for term in shared - held)
        if new >= THRESHOLDS.rest and len(shared) >= SHARED and not any(map(sentence.overlaps, spans)):
            value = new + 0.1 * sum(weights[term] for term in shared) - 0.0003 * len(sentence.text)
            more.append((value, sentence))
    return [max(more, key=itemgetter(0))[1]] if more else []


def _enough(line: Passage, cosine: float, weights: Mapping[str, float], windows: Sequence[_Window]) -> bool:
    """True if windows have the numbers and names of a line, and enough of its words."""
    text = " ".join(window.passage.text for window in windows)
    held = frozenset(terms(text))
    facts = _has_numbers(line, windows) and names(line.text) <= held
    whole = longest_run(terms(line.text), held) <= THRESHOLDS.run
    return (
        facts
        and whole
        and (_share(weights, windows) >= THRESHOLDS.words or cosine >= THRESHOLDS.cosine_alone)
    )


def _has_numbers(line: Passage, windows: Sequence[_Window]) -> bool:
    """True if each number of a line stands in a passage that shares other words with the line."""
    said = frozenset(terms(line.text))
    parts = [part for window in windows for part in window.parts]
    near = [part for part in parts if len(said & frozenset(terms(part.text))) >= SHARED]
    return numbers(line.text) <= frozenset[str]().union(*(numbers(part.text) for part in near))


def _share(weights: Mapping[str, float], windows: Sequence[_Window]) -> float:
    """The weighted share of the terms that occur in some windows, in [0, 1]; longer windows count less."""
    held = frozenset[str]().union(*(window.terms for window in windows))
    length = sum(window.last - window.first for window in windows)
    return sum(weights[term] for term in weights.keys() & held) - 0.02 * length


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
            yield _Window(first, last, tuple(passages[first : last + 1]), span, frozenset(terms(span.text)))
