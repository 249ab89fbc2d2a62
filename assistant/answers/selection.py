"""The choice of passages for a question: close to it in words and meaning, different from each other.

Passages are chosen one by one. Each must match the question or one of its aspects, and loses by its
similarity to those chosen before: maximal marginal relevance (Carbonell and Goldstein, "The Use of MMR,
Diversity-Based Reranking for Reordering Documents and Producing Summaries", 1998).
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from assistant.answers.intent import Intent, fitness
from kb.embedding.encoder import Vectors
from kb.entries import Entry, Language, Origin, Role
from kb.index.passage_table import EntryPassages
from kb.index.passages import Passage
from kb.index.support import Support

Floats = npt.NDArray[np.float32]
Idf = Callable[[str], float]
"""The inverse document frequency of a term."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of the choice, tuned on data/eval/answers.jsonl (docs/answers.md has the ablations).

    meaning, words: of the cosine with the question, and of the share of its terms, weighted by idf.
    catalogue: bonus of a line of the catalogue, which says in one sentence what a page spreads over several.
    repeated: discount by the cosine with the nearest chosen passage.
    aspect: share of the score that comes from the best aspect rather than from the whole question.
    served: discount of an aspect for each passage chosen for it.
    uncited: bonus of an entry that is not cited yet.
    lead: bonus of an action for the first passage, unless reasons are asked for.
    behind: discount by how far the score of the entry is behind the best.
    """

    meaning: float = 1.0
    words: float = 0.3
    catalogue: float = 0.3
    repeated: float = 0.5
    aspect: float = 0.4
    served: float = 0.15
    uncited: float = 0.25
    lead: float = 0.2
    behind: float = 2.0


WEIGHTS = Weights()
# Sections with actions; all others hold facts.
ACTIONS = frozenset({Role.STEPS})
ROLES = {
    Role.INTRODUCTION: -0.05,
    Role.OUTCOME: -0.15,
    Role.BENEFITS: -0.20,
    Role.EXAMPLES: -0.10,
    Role.ANTI_PATTERNS: -0.10,
    Role.OTHER: -0.10,
}
# The cosine from which a passage says the same as a chosen one.
SAME = 0.75
# Characters of an answer, and its statements.
ROOM = {Language.ENGLISH: 1230, Language.JAPANESE: 520}
MOST = 9
# A sentence about the page or the practice, and not about the workload.
_PLATITUDE = re.compile(
    r"""
    (?: when|once|after|by) \s+ (?:implement|adopt|follow|apply) \w*
    | (?:this|the\ following) \s+ (?:best\ practice|practice|section|page)
    | these \s+ (?:best\ practices|practices|measures)
    """,
    re.IGNORECASE | re.VERBOSE,
)
PLATITUDE = -0.25


@dataclass(frozen=True)
class Pool:
    """The passages of some entries that may be said, with row i of all arrays for passage i.

    `vectors` are (n, dim); `owners` are the numbers of their entries, in the order given; `behind` is how far
    the scores of their entries are behind the best, 0 to 1.
    """

    passages: tuple[Passage, ...]
    supports: tuple[Support, ...]
    vectors: Vectors
    terms: tuple[frozenset[str], ...]
    owners: npt.NDArray[np.intp]
    behind: Floats

    def __len__(self) -> int:
        return len(self.passages)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question or an aspect: its terms and its vector, (dim,), or None if it was not encoded."""

    terms: tuple[str, ...]
    vector: Vectors | None


@dataclass(frozen=True)
class Choice:
    """A chosen passage, and the spans of the page that support it if it is a line of the catalogue."""

    passage: Passage
    support: Support

    @property
    def entry(self) -> Entry:
        """The entry of the passage."""
        return self.passage.entry


def pool_of(entries: Sequence[EntryPassages], behind: Sequence[float] = (), *, verbatim: bool) -> Pool:
    """The passages of entries that may be said: words of the page, and lines it supports.

    `behind` is how far the score of each entry is behind the best, by default not at all. `verbatim` leaves
    the lines of the catalogue out.
    """
    kept = [entry.sayable(verbatim=verbatim) for entry in entries]
    pick = [(entry, number) for entry, numbers in zip(entries, kept, strict=True) for number in numbers]
    owners = np.repeat(np.arange(len(entries)), [len(numbers) for numbers in kept])
    return Pool(
        tuple(entry.passages[number] for entry, number in pick),
        tuple(entry.supports[number] for entry, number in pick),
        np.concatenate([entry.vectors[numbers] for entry, numbers in zip(entries, kept, strict=True)]),
        tuple(entry.terms[number] for entry, number in pick),
        owners,
        np.array(behind or [0.0] * len(entries), dtype=np.float32)[owners],
    )


def choose(
    pool: Pool,
    question: Wanted,
    aspects: Sequence[Wanted],
    intent: Intent,
    idf: Idf,
    shown: Iterable[str] = (),
) -> list[Choice]:
    """The passages to say, best first; `shown` are texts that an earlier answer has already said."""
    if not len(pool):
        return []
    whole = _match(pool, question, idf)
    sides = np.stack([_match(pool, aspect, idf) for aspect in aspects]) if aspects else whole[None]
    prior = _prior(pool, intent) - WEIGHTS.behind * pool.behind
    known = frozenset(shown)
    open_rows = np.array([passage.text not in known for passage in pool.passages])
    lead = WEIGHTS.lead * _actions(pool) if intent is not Intent.REASON else np.zeros_like(prior)
    rows = _rows(pool, whole, sides, prior, lead, open_rows)
    return [Choice(pool.passages[row], pool.supports[row]) for row in rows]


def _rows(
    pool: Pool,
    whole: Floats,
    sides: Floats,
    prior: Floats,
    lead: Floats,
    open_rows: npt.NDArray[np.bool_],
) -> list[int]:
    """The rows of the chosen passages, best first."""
    chosen: list[int] = []
    cited = np.zeros(int(pool.owners.max()) + 1, dtype=np.bool_)
    served = np.zeros(len(sides), dtype=np.float32)
    nearest = np.zeros(len(pool), dtype=np.float32)
    room = ROOM[pool.passages[0].entry.language]
    lengths = np.array([len(passage.text) for passage in pool.passages])
    while open_rows.any() and len(chosen) < MOST:
        side = (sides - WEIGHTS.served * served[:, None]).max(axis=0)
        value = (1 - WEIGHTS.aspect) * whole + WEIGHTS.aspect * side + prior - WEIGHTS.repeated * nearest
        value += WEIGHTS.uncited * ~cited[pool.owners] if chosen else lead
        row = int(np.where(open_rows, value, -np.inf).argmax())
        chosen.append(row)
        cited[pool.owners[row]] = True
        room -= int(lengths[row])
        served[int((sides[:, row] - WEIGHTS.served * served).argmax())] += 1
        nearest = np.maximum(nearest, pool.vectors @ pool.vectors[row])
        open_rows &= (nearest < SAME) & (lengths <= room)
        open_rows[row] = False
    return chosen


def _match(pool: Pool, wanted: Wanted, idf: Idf) -> Floats:
    """(n,) how well each passage matches a question."""
    weights = {term: idf(term) for term in wanted.terms}
    total = sum(weights.values()) or 1.0
    shares = [sum(weights[term] for term in weights.keys() & own) / total for own in pool.terms]
    words = np.array(shares, dtype=np.float32)
    if wanted.vector is None:
        return words
    return np.asarray(WEIGHTS.meaning * (pool.vectors @ wanted.vector) + WEIGHTS.words * words)


def _actions(pool: Pool) -> Floats:
    """(n,) 1 for the steps, 0 for all other passages."""
    return np.array([passage.section.role in ACTIONS for passage in pool.passages], dtype=np.float32)


def _prior(pool: Pool, intent: Intent) -> Floats:
    """(n,) the part of the score that does not depend on the words of the question."""
    return np.array(
        [
            ROLES.get(passage.section.role, 0.0)
            + (WEIGHTS.catalogue if passage.origin is Origin.CATALOGUE else 0.0)
            + (PLATITUDE if _is_platitude(passage.text) else 0.0)
            + fitness(passage, intent)
            for passage in pool.passages
        ],
        dtype=np.float32,
    )


@lru_cache(maxsize=4096)
def _is_platitude(text: str) -> bool:
    return _PLATITUDE.search(text) is not None
