"""Ranking as pure functions: scores of chunks to scores of entries, and several rankings to one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kb.entries import Entry
from kb.keywords import Scores

# Cormack, Clarke and Buettcher, "Reciprocal rank fusion outperforms Condorcet" (2009) use 60 for lists of
# a thousand; lists of some hundred entries want a smaller one.
RANK_CONSTANT = 10


@dataclass(frozen=True, slots=True)
class Filters:
    """What entries may be; an empty set lets every value pass."""

    kinds: frozenset[str] = field(default_factory=frozenset)
    pillars: frozenset[str] = field(default_factory=frozenset)
    sources: frozenset[str] = field(default_factory=frozenset)
    editions: frozenset[str] = field(default_factory=frozenset)
    risk_levels: frozenset[str] = field(default_factory=frozenset)

    def __bool__(self) -> bool:
        return any((self.kinds, self.pillars, self.sources, self.editions, self.risk_levels))

    def admits(self, entry: Entry) -> bool:
        """Whether an entry passes every filter."""
        return (
            (not self.kinds or entry.kind in self.kinds)
            and (not self.pillars or entry.pillar in self.pillars)
            and (not self.sources or entry.source in self.sources)
            and (not self.editions or entry.edition in self.editions)
            and (not self.risk_levels or entry.risk_level in self.risk_levels)
        )


def best_of(scores: Scores, owners: npt.NDArray[np.int32], count: int) -> Scores:
    """(count,) the best score among the chunks of each owner; 0 where an owner has none above 0."""
    best = np.zeros(count, dtype=np.float32)
    np.maximum.at(best, owners, scores)
    return best


def order(scores: Scores, allowed: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Rows with an allowed score above 0, best first; equal scores keep the order of rows."""
    rows = np.argsort(-scores, kind="stable")
    return rows[(scores[rows] > 0) & allowed[rows]]


def fuse(rankings: Sequence[tuple[float, npt.NDArray[np.intp]]], count: int) -> Scores:
    """(count,) the sum over weighted rankings of weight / (constant + rank), ranks from 1."""
    fused = np.zeros(count, dtype=np.float32)
    for weight, rows in rankings:
        fused[rows] += np.float32(weight) / (RANK_CONSTANT + 1 + np.arange(len(rows), dtype=np.float32))
    return fused
