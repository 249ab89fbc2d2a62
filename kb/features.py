"""What speaks for each entry, as a row of numbers: keyword scores and cosines folded over its chunks.

Keyword scores are divided by the query's own weight (the rarity of its terms added up), so that they can
be compared between short and long questions. Cosines are used as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kb.chunks import Chunk
from kb.entries import Entry, Language, Role
from kb.keywords import KeywordIndex, Scores
from kb.query import Query

Matrix = npt.NDArray[np.float32]

# Chunks of like purpose are compared with each other: an ask is shorter than a paragraph, and nearer
# to a question.
ASKS, SIGNS, TERMS, BODY, OUTSIDE = "asks", "signs", "terms", "body", "outside"
_GROUPS = {Role.ASKS: ASKS, Role.SIGNS: SIGNS, Role.TERMS: TERMS, Role.OUTSIDE: OUTSIDE}
KEYWORD_FEATURES = (
    "keyword entry",
    "keyword body",
    "keyword body, best 3",
    "keyword asks",
    "keyword asks, best 3",
    "keyword signs",
    "keyword terms",
)
VECTOR_FEATURES = (
    "vector body",
    "vector body, best 3",
    "vector asks",
    "vector asks, best 3",
    "vector signs",
    "vector terms",
    "vector asks and signs, best 5",
)


@dataclass(frozen=True, slots=True)
class _Table:
    """Chunk rows by the entry that they belong to, filled up with the number of chunks: a row of no score."""

    owners: npt.NDArray[np.intp]
    rows: npt.NDArray[np.intp]


@dataclass(frozen=True)
class Layout:
    """Which entry each chunk and each document belongs to; `ids` are the rows of features."""

    ids: Sequence[str]
    chunks: Sequence[Chunk]
    entries: Sequence[Entry]

    def best(self, scores: Scores, language: Language, *groups: str, among: int = 1) -> Scores:
        """(n_ids,) the mean of the best `among` scores of each entry's chunks in a language and groups."""
        table = self._table(language, groups)
        found = np.append(scores, np.float32(0))[table.rows]
        if among == 1:
            best = found.max(axis=1, initial=0)
        else:
            best = np.sort(found, axis=1)[:, -among:].sum(axis=1) / among
        return self._spread(table.owners, best)

    def outside(self, scores: Scores, language: Language) -> float:
        """The best score of an example of what the corpus does not answer; 0 where there is none."""
        return float(scores[self._outside[language]].max(initial=0))

    @cached_property
    def _outside(self) -> dict[Language, npt.NDArray[np.intp]]:
        return {
            language: np.array(
                [
                    row
                    for row, chunk in enumerate(self.chunks)
                    if chunk.role is Role.OUTSIDE and chunk.language is language
                ],
                dtype=np.intp,
            )
            for language in Language
        }

    def whole(self, scores: Scores, language: Language) -> Scores:
        """(n_ids,) the scores of the entries' documents in a language."""
        rows = self._documents[language]
        return self._spread(self._owners_of_documents[rows], scores[rows])

    def chunks_of(self, entry: Entry) -> list[int]:
        """The rows of the chunks of an entry in its language."""
        return self._chunks_of.get((entry.id, entry.language), [])

    def documents_of(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """The rows of the entries' documents, in every language, for rows of ids."""
        return np.flatnonzero(np.isin(self._owners_of_documents, rows))

    @cached_property
    def _chunks_of(self) -> dict[tuple[str, Language], list[int]]:
        owned: dict[tuple[str, Language], list[int]] = {}
        for row, chunk in enumerate(self.chunks):
            owned.setdefault((chunk.entry_id, chunk.language), []).append(row)
        return owned

    @cached_property
    def places(self) -> dict[str, int]:
        """The row of each id."""
        return {entry_id: row for row, entry_id in enumerate(self.ids)}

    @cached_property
    def _documents(self) -> dict[Language, npt.NDArray[np.intp]]:
        languages = np.array([entry.language.value for entry in self.entries])
        return {language: np.flatnonzero(languages == language.value) for language in Language}

    @cached_property
    def _owners_of_documents(self) -> npt.NDArray[np.intp]:
        return np.array([self.places[entry.id] for entry in self.entries], dtype=np.intp)

    @cached_property
    def _tables(self) -> dict[tuple[Language, tuple[str, ...]], _Table]:
        return {}

    def _table(self, language: Language, groups: tuple[str, ...]) -> _Table:
        if (language, groups) not in self._tables:
            owned: dict[int, list[int]] = {}
            for row, chunk in enumerate(self.chunks):
                if chunk.language is language and _GROUPS.get(chunk.role, BODY) in groups:
                    owned.setdefault(self.places[chunk.entry_id], []).append(row)
            width = max(map(len, owned.values()), default=0)
            rows = np.full((len(owned), width), len(self.chunks), dtype=np.intp)
            for line, found in zip(rows, owned.values(), strict=True):
                line[: len(found)] = found
            self._tables[language, groups] = _Table(np.array([*owned], dtype=np.intp), rows)
        return self._tables[language, groups]

    def _spread(self, owners: npt.NDArray[np.intp], values: Scores) -> Scores:
        spread = np.zeros(len(self.ids), dtype=np.float32)
        spread[owners] = values
        return spread


def query_weight(query: Query, chunks: KeywordIndex) -> float:
    """The rarity of a query's terms added up, above 0."""
    return max(sum(weight * chunks.rarity(term) for term, weight in query.weights.items()), 1e-6)


def keyword_features(layout: Layout, query: Query, chunks: KeywordIndex, entries: KeywordIndex) -> Matrix:
    """(n_ids, len(KEYWORD_FEATURES)) float32, from 0."""
    language, terms = query.language, query.weights
    mass = np.float32(query_weight(query, chunks))
    scores = chunks.score(terms) / mass
    whole = entries.score(terms) / mass
    return np.stack(
        [
            layout.whole(whole, language),
            layout.best(scores, language, BODY),
            layout.best(scores, language, BODY, among=3),
            layout.best(scores, language, ASKS),
            layout.best(scores, language, ASKS, among=3),
            layout.best(scores, language, SIGNS),
            layout.best(scores, language, TERMS),
        ],
        axis=1,
    )


def vector_features(layout: Layout, cosines: Scores, language: Language) -> Matrix:
    """(n_ids, len(VECTOR_FEATURES)) float32, from cosines of all chunks with the question."""
    return np.stack(
        [
            layout.best(cosines, language, BODY),
            layout.best(cosines, language, BODY, among=3),
            layout.best(cosines, language, ASKS),
            layout.best(cosines, language, ASKS, among=3),
            layout.best(cosines, language, SIGNS),
            layout.best(cosines, language, TERMS),
            layout.best(cosines, language, ASKS, SIGNS, among=5),
        ],
        axis=1,
    )
