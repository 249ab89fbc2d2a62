"""The lines of entries that a claim rests on: what the checks compare it with.

A claim is compared with the few lines nearest to it by words and by meaning. Each of its words has a credit:
1 if a line has it, less for a word of nearly the same meaning, and the cosine for any other word.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from assistant.faithfulness.thesaurus import load_thesaurus, stem
from assistant.faithfulness.words import NOT, Word, denied, words
from kb.embedding.encoder import Vectors
from kb.entries import Entry, Language, Origin
from kb.index.passage_table import EntryPassages
from kb.index.passages import Passage, sentences_of
from kb.index.support import Support
from kb.knowledge_base import KnowledgeBase
from kb.text import is_japanese, terms

# Lines a claim is compared with.
NEAREST = 3
# The weight of the cosine beside the share of words, for the nearest lines.
BY_MEANING = 0.8
# The weight of the score beside the words a further line adds.
ADDED = 0.5
# The weight of a word that says little, and the credit of a word of nearly the same meaning.
LIGHT, SYNONYM = 0.3, 0.9
_OF = re.compile(r"(\w+) of (?:(?:the|an?|each|your) )?(\w+)")


@dataclass(frozen=True)
class Line:
    """A sentence or step of an entry, its words, and the words of the source that support it."""

    passage: Passage
    support: Support

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """The meaningful words, in order."""
        return words(self.passage.text)

    @cached_property
    def terms(self) -> frozenset[str]:
        """The terms of the words."""
        return frozenset(word.term for word in self.words)

    @cached_property
    def denied(self) -> frozenset[str]:
        """The terms that a negation denies."""
        return denied(self.words)


@dataclass(frozen=True, slots=True)
class Basis:
    """A claim and the lines nearest to it, best first.

    cosine: of the claim and the best line.
    close: share of the claim's words that the best line has, weighted by idf, in [0, 1].
    credits: of the claim's words without negations, in order, in [0, 1].
    cover: their mean, weighted by idf.
    """

    text: str
    words: tuple[Word, ...]
    lines: tuple[Line, ...]
    evidence: "Evidence"
    cosine: float
    close: float
    credits: tuple[float, ...]
    cover: float

    @property
    def content(self) -> tuple[Word, ...]:
        """The words without negations."""
        return tuple(word for word in self.words if word.term != NOT)

    @property
    def terms(self) -> frozenset[str]:
        """The terms of the nearest lines."""
        return frozenset[str]().union(*(line.terms for line in self.lines))

    @property
    def shown(self) -> str:
        """The texts of the nearest lines."""
        return "\n".join(line.passage.text for line in self.lines)


def rests_on(basis: Basis) -> tuple[Passage, ...]:
    """The words of the source that a claim rests on: of the best line, then of those that add words."""
    missing = frozenset(word.term for word in basis.content)
    found: list[Passage] = []
    for line in basis.lines:
        added = frozenset(term for term in missing if basis.evidence.has(term, line.terms))
        if not added - basis.evidence.thesaurus.light and found:
            continue
        found += line.support or (line.passage,)
        missing -= added
    return tuple(dict.fromkeys(found))


class Evidence:
    """The lines of one or more entries in one language."""

    def __init__(self, base: KnowledgeBase, entries: Iterable[Entry]) -> None:
        """Read the lines that the entries may be quoted with.

        :raises DamagedIndexError: the passages of the build are damaged.
        """
        self._base, self.thesaurus = base, load_thesaurus()
        self.entries = tuple(entries)
        found = [pair for entry in self.entries for pair in _lines(entry, base.passages(entry))]
        self.lines = tuple(line for line, _ in found)
        none = np.zeros(base.manifest.dim, dtype=np.float32)
        self._vectors = np.stack([none if vector is None else vector for _, vector in found] or [none])
        self._known: dict[str, Vectors] = {}

    @cached_property
    def terms(self) -> frozenset[str]:
        """The terms of all lines and titles."""
        titles = (term for entry in self.entries for term in terms(entry.title))
        return frozenset(titles).union(*(line.terms for line in self.lines))

    @cached_property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """The terms that stand side by side in a line; "logs of payments" has the payment logs too."""
        beside = (
            (first.term, second.term)
            for line in self.lines
            for first, second in zip(line.words, line.words[1:], strict=False)
            if second.joined
        )
        turned = (
            (stem(owner.lower()), stem(owned.lower()))
            for line in self.lines
            for owned, owner in _OF.findall(line.passage.text)
        )
        return frozenset((*beside, *turned))

    def stand_together(self, first: Word, second: Word) -> bool:
        """True if two words, or words of nearly the same meaning, stand side by side in a line."""
        return any(
            (one, other) in self.pairs
            for one in self.thesaurus.synonyms(first.term)
            for other in self.thesaurus.synonyms(second.term)
        )

    def basis(self, text: str, language: Language) -> Basis:
        """The lines that a claim is compared with; none if the entries have no line or the claim no word.

        :raises ModelError: the embedding model of the build cannot be loaded.
        """
        said = words(text)
        content = [word for word in said if word.term != NOT]
        weights = np.array([self._weight(word.term) for word in content], dtype=np.float32)
        if not content or not self.lines:
            return Basis(text, said, (), self, 0.0, 0.0, (0.0,) * len(content), 0.0)
        held = np.array([[self.has(word.term, line.terms) for word in content] for line in self.lines])
        shares = held @ weights / weights.sum()
        vector = self._base.encode([text], language)[0]
        cosines = self._vectors @ vector
        best = _nearest(held, weights, shares + BY_MEANING * cosines)
        lines = tuple(self.lines[row] for row in best)
        earned = self._credits(content, lines)
        return Basis(
            text,
            said,
            lines,
            self,
            cosine=float(self._vector(int(best[0]), language) @ vector),
            close=float(shares[best[0]]),
            credits=tuple(earned.tolist()),
            cover=float(earned @ weights / weights.sum()),
        )

    def _vector(self, row: int, language: Language) -> Vectors:
        """The vector of a line; of one too short or too long to be quoted, it is made when it is needed."""
        if not self._vectors[row].any():
            self._vectors[row] = self._base.encode([self.lines[row].passage.text], language)[0]
        return np.asarray(self._vectors[row])

    def has(self, term: str, held: frozenset[str]) -> bool:
        """True if a term or one of nearly the same meaning is held."""
        return term in held or not held.isdisjoint(self.thesaurus.synonyms(term))

    def _weight(self, term: str) -> float:
        return self._base.idf(term) * (LIGHT if term in self.thesaurus.light else 1.0)

    def _credits(self, content: Sequence[Word], lines: Sequence[Line]) -> Vectors:
        held = frozenset[str]().union(*(line.terms for line in lines))
        others = sorted({word.text for line in lines for word in line.words if _readable(word)})
        return np.array([self._credit(word, held, others) for word in content], dtype=np.float32)

    def _credit(self, word: Word, held: frozenset[str], others: Sequence[str]) -> float:
        if word.term in held:
            return 1.0
        if self.has(word.term, held):
            return SYNONYM
        return max(0.0, self._nearness(word, others))

    def _nearness(self, word: Word, others: Sequence[str]) -> float:
        """The highest cosine of a word with other words, in [-1, 1]; 0 without one that can be compared."""
        if not others or not _readable(word):
            return 0.0
        unknown = sorted({word.text, *others} - self._known.keys())
        if unknown:
            vectors = self._base.encode(unknown, Language.ENGLISH)
            self._known.update(zip(unknown, vectors, strict=True))
        return float((np.stack([self._known[other] for other in others]) @ self._known[word.text]).max())


def _nearest(held: npt.NDArray[np.bool_], weights: Vectors, scores: Vectors) -> list[int]:
    """The rows of the nearest line, and of those that add most of the words it lacks.

    `held` is (n_lines, n_words), True where a line has a word; `weights` are (n_words,), `scores` (n_lines,).
    """
    rows = [int(scores.argmax())]
    while len(rows) < min(NEAREST, len(scores)):
        missing = weights * ~held[rows].any(axis=0)
        value = (held @ missing) / weights.sum() + ADDED * scores
        value[rows] = -np.inf
        rows.append(int(value.argmax()))
    return rows


def _lines(entry: Entry, table: EntryPassages) -> Iterator[tuple[Line, Vectors | None]]:
    """The sayable lines of an entry with their vectors, and its sentences too short or long for that."""
    for number in table.sayable():
        yield Line(table.passages[number], table.supports[number]), table.vectors[number]
    for sentence in sentences_of(entry):
        alone = not any(sentence.overlaps(passage) for passage in table.passages)
        if alone and (sentence.origin is Origin.SITE or not table.from_page):
            yield Line(sentence, ()), None


def _readable(word: Word) -> bool:
    return word.term != NOT and not is_japanese(word.text)
