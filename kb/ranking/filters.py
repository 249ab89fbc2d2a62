"""Which entries may be found, and scores to an order."""

from dataclasses import dataclass, field

import numpy as np

from kb.entries import Entry
from kb.index.bm25 import Scores
from kb.ranking.features import Mask, Rows


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


def order(scores: Scores, allowed: Mask) -> Rows:
    """Rows with an allowed score above 0, best first; equal scores keep the order of rows."""
    rows = np.flatnonzero((scores > 0) & allowed)
    return rows[np.argsort(-scores[rows], kind="stable")]
