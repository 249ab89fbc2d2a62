"""The thesaurus in data/thesaurus.tsv: synonyms, opposites, and words that say little.

All are English terms: a stem covers all inflections of a word.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kb.data import data_folder, data_lines
from kb.errors import RecordError
from kb.text import terms


@dataclass(frozen=True, slots=True)
class Thesaurus:
    """Terms by relation; each pair is stored in both directions."""

    same: Mapping[str, frozenset[str]]
    opposite: Mapping[str, frozenset[str]]
    light: frozenset[str]

    def synonyms(self, term: str) -> frozenset[str]:
        """The term and the terms that may replace it."""
        return self.same.get(term, frozenset()) | {term}

    def opposites(self, term: str) -> frozenset[str]:
        """The terms that never replace it."""
        return self.opposite.get(term, frozenset())


def stem(word: str) -> str:
    """The term of one English word; a stop word such as "after" is its own term."""
    return next(iter(terms(word)), word.lower())


@cache
def load_thesaurus(path: Path | None = None) -> Thesaurus:
    """The bundled thesaurus, or another file of the same form.

    :raises RecordError: the file cannot be read, or a line has an unknown form.
    """
    file = path or data_folder() / "thesaurus.tsv"
    same: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    opposite: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    light: frozenset[str] = frozenset()
    for number, line in data_lines(file):
        kind, *sides = line.split("\t")
        words = [frozenset(map(stem, side.split())) for side in sides]
        match kind, words:
            case "same", [group]:
                for term in group:
                    same[term] |= group - {term}
            case "opposite", [one, other]:
                for term in one | other:
                    opposite[term] |= (other if term in one else one) - {term}
            case "light", [group]:
                light |= group
            case _:
                raise RecordError(
                    f"{file}, line {number}: expected same or light and words, "
                    "or opposite and two sides of words, with tabs between them"
                )
    return Thesaurus(dict(same), dict(opposite), light)
