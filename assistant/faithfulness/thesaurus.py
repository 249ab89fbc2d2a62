"""Words that may stand for one another, that say little, and that turn a meaning, from data/thesaurus.tsv.

All are English terms: a stem stands for all inflections of a word.
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
    """Terms by what they share; each pair stands in both directions."""

    same: Mapping[str, frozenset[str]]
    opposite: Mapping[str, frozenset[str]]
    light: frozenset[str]

    def synonyms(self, term: str) -> frozenset[str]:
        """Terms that may stand for this one, itself included."""
        return self.same.get(term, frozenset()) | {term}

    def opposites(self, term: str) -> frozenset[str]:
        """Terms that never stand for this one."""
        return self.opposite.get(term, frozenset())


def stem(word: str) -> str:
    """The term of one English word; a word that says little by itself, such as "after", stands for itself."""
    return next(iter(terms(word)), word.lower())


@cache
def load_thesaurus(path: Path | None = None) -> Thesaurus:
    """The thesaurus of the data folder, or of a file of the same form.

    :raises RecordError: the file cannot be read, or a line is none of the three.
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
