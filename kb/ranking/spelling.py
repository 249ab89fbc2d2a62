"""Typing errors: words that nobody wrote in the sources, close to one that somebody did."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property

from kb.entries import Entry
from kb.index.bm25 import BM25Index
from kb.ranking.query import Query
from kb.text import is_japanese, terms

# Shorter words are close to too many others; of the next longer ones, only a swap is corrected.
SHORTEST, SURE = 4, 5
# A word of fewer entries may be a name or an error itself.
FEWEST_ENTRIES = 3
_WORD = re.compile(r"(?<![\w.-])[A-Za-z]+(?![\w-])")


class Speller:
    """Corrects words by those of some entries; `index` has all terms of their chunks."""

    def __init__(self, index: BM25Index, entries: Iterable[Entry]) -> None:
        self._index, self._entries = index, tuple(entries)

    def corrected(self, text: str) -> str:
        """The text with each misspelt English word replaced by a known one, at most one edit away.

        An edit inserts, deletes or replaces a letter, or swaps two neighbours (optimal string alignment).
        """
        return text if is_japanese(text) else _WORD.sub(lambda match: self._known(match[0]), text)

    @cached_property
    def _common(self) -> dict[str, int]:
        """The words of several entries, with the number of these."""
        counts = Counter(
            word
            for entry in self._entries
            for word in {w.lower() for section in entry.sections for w in _WORD.findall(section.text)}
        )
        return {word: count for word, count in counts.items() if count >= FEWEST_ENTRIES}

    def _known(self, word: str) -> str:
        own = terms(word)
        if len(word) < SHORTEST or len(own) != 1 or own[0] in self._index.vocabulary:
            return word
        from rapidfuzz import process  # needed for misspelt words alone
        from rapidfuzz.distance import OSA

        lower = word.lower()
        near = process.extract(lower, self._common.keys(), scorer=OSA.distance, score_cutoff=1, limit=None)
        found = [known for known, _, _ in near if known[0] == lower[0]]
        if len(word) < SURE:
            found = [known for known in found if sorted(known) == sorted(lower)]
        return max(found, key=self._common.__getitem__, default=word)


def spelt(query: Query, speller: Speller) -> Query:
    """The query with typing errors corrected; its phrases stay."""
    text = speller.corrected(query.text)
    return query if text == query.text else replace(query, text=text, terms=tuple(terms(text)))
