"""Filters: the entries that a search may return."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kb.entries import Entry, Kind

Mask = npt.NDArray[np.bool_]
"""(n_ids,) True for the entries that pass."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Allowed values of entries; an empty set allows every value."""

    kinds: frozenset[str] = field(default_factory=frozenset)
    pillars: frozenset[str] = field(default_factory=frozenset)
    sources: frozenset[str] = field(default_factory=frozenset)
    editions: frozenset[str] = field(default_factory=frozenset)
    risk_levels: frozenset[str] = field(default_factory=frozenset)

    def __bool__(self) -> bool:
        return any((self.kinds, self.pillars, self.sources, self.editions, self.risk_levels))

    def admits(self, entry: Entry) -> bool:
        """True if an entry passes every filter."""
        return all(
            not allowed or value in allowed
            for allowed, value in (
                (self.kinds, entry.kind),
                (self.pillars, entry.pillar),
                (self.sources, entry.source),
                (self.editions, entry.edition),
                (self.risk_levels, entry.risk_level),
            )
        )

    def mask(self, entries: Sequence[Entry], years: frozenset[str]) -> Mask:
        """The entries that pass; of the risks only those of the given years."""
        admitted = (self.admits(e) and (e.kind is not Kind.RISK or e.edition in years) for e in entries)
        return np.fromiter(admitted, dtype=np.bool_, count=len(entries))


ALL = Filters()
