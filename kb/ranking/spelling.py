"""Typing errors: words that nobody wrote in the sources, close to one that somebody did."""

import re
from dataclasses import replace
from functools import cached_property

from kb.index.bm25 import BM25Index
from kb.ranking.query import Query
from kb.text import is_japanese, terms

# Shorter words are close to too many others.
SHORTEST = 5
# A rarer word of the sources may be a name or an error itself.
FEWEST_CHUNKS = 4
_WORD = re.compile(r"(?<![\w.-])[A-Za-z]+(?![\w-])")


class Speller:
    """Corrects words by the vocabulary of an index."""

    def __init__(self, index: BM25Index) -> None:
        self._index = index

    def corrected(self, text: str) -> str:
        """The text with each misspelt English word replaced by a known one, at most one edit away.

        An edit inserts, deletes or replaces a letter, or swaps two neighbours (optimal string alignment).
        """
        return text if is_japanese(text) else _WORD.sub(lambda match: self._known(match[0]), text)

    @cached_property
    def _common(self) -> list[str]:
        index = self._index
        return [t for t in index.vocabulary if t.isalpha() and len(index.documents(t)) >= FEWEST_CHUNKS]

    def _known(self, word: str) -> str:
        own = terms(word)
        if len(word) < SHORTEST or len(own) != 1 or own[0] in self._index.vocabulary:
            return word
        from rapidfuzz import process  # needed for misspelt words alone
        from rapidfuzz.distance import OSA

        stem = own[0]
        near = process.extract(stem, self._common, scorer=OSA.distance, score_cutoff=1, limit=10)
        found = [(len(self._index.documents(term)), term) for term, _, _ in near if term[0] == stem[0]]
        return max(found)[1] + word.lower()[len(stem) :] if found else word


def spelt(query: Query, speller: Speller) -> Query:
    """The query with typing errors corrected; its phrases stay."""
    text = speller.corrected(query.text)
    return query if text == query.text else replace(query, text=text, terms=tuple(terms(text)))
