"""What speaks for each entry, as a row of numbers: keyword scores and cosines folded over its chunks.

Keyword scores are divided by the query's own weight (the rarity of its terms added up), so that they can
be compared between short and long questions. Cosines are used as they are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kb.entries import Entry, Language, Role
from kb.ids import edition_of, question_of
from kb.index.bm25 import KeywordIndex, Scores
from kb.index.chunker import Chunk
from kb.ranking.query import Query

Matrix = npt.NDArray[np.float32]
Rows = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

# Chunks of like purpose are compared with each other: an ask is shorter than a paragraph, and nearer
# to a question.
ASKS, SIGNS, IN_PLACE, TERMS, BODY, OUTSIDE = "asks", "signs", "in place", "terms", "body", "outside"
_GROUPS = {
    Role.ASKS: ASKS,
    Role.SIGNS: SIGNS,
    Role.IN_PLACE: IN_PLACE,
    Role.TERMS: TERMS,
    Role.OUTSIDE: OUTSIDE,
}
# How scores of an entry's chunks become one number: the mean of the best so many of some groups.
_FOLDED: dict[str, tuple[int, tuple[str, ...]]] = {
    "body": (1, (BODY,)),
    "body, best 3": (3, (BODY,)),
    "asks": (1, (ASKS,)),
    "asks, best 3": (3, (ASKS,)),
    "signs": (1, (SIGNS,)),
    "in place": (1, (IN_PLACE,)),
    "in place, best 3": (3, (IN_PLACE,)),
    "terms": (1, (TERMS,)),
    "asks and signs, best 5": (5, (ASKS, SIGNS)),
}
# The same of the entry's parent, which says in general what the entry says in particular.
_FOLDED_OF_PARENT = {f"parent {name}": _FOLDED[name] for name in ("body", "asks", "asks, best 3")}
_FOLDS = (*_FOLDED, *_FOLDED_OF_PARENT)
KEYWORD_FEATURES = (
    *(f"keyword {name}" for name in _FOLDS),
    "keyword entry",
    "keyword parent",
    "keyword pillar",
)
VECTOR_FEATURES = (*(f"vector {name}" for name in _FOLDS), "vector pillar")


@dataclass(frozen=True)
class Layout:
    """Which entry each chunk and each document belongs to; `ids` are the rows of features.

    What is asked for some rows alone costs the same however many others there are.
    """

    ids: Sequence[str]
    chunks: Sequence[Chunk]
    entries: Sequence[Entry]

    def best(self, scores: Scores, rows: Rows, language: Language, *groups: str, among: int = 1) -> Scores:
        """(n_rows,) the mean of the best `among` scores of each entry's chunks in a language and groups.

        `scores` are those of the chunks, and behind them one 0 for chunks that an entry does not have.
        """
        found = scores[self._table(language, groups)[rows]]
        if among == 1:
            return np.asarray(found.max(axis=1, initial=0))
        return np.asarray(np.sort(found, axis=1)[:, -among:].sum(axis=1) / np.float32(among))

    def outside(self, scores: Scores, language: Language) -> float:
        """The best score of an example of what the corpus does not answer; 0 where there is none."""
        return float(scores[self._outside[language]].max(initial=0))

    @cached_property
    def _outside(self) -> dict[Language, Rows]:
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
        spread = np.zeros(len(self.ids), dtype=np.float32)
        spread[self._owners_of_documents[rows]] = scores[rows]
        return spread

    def in_pillar(self, values: Scores, rows: Rows) -> Scores:
        """(n_rows,) the mean of the best three values of each row's pillar, or source where it has none.

        Twin practices differ by the pillar's point of view.
        """
        pillars = self._pillars[rows]
        best = np.zeros(len(rows), dtype=np.float32)
        for pillar in np.unique(pillars):
            own = pillars == pillar
            best[own] = np.sort(values[own])[-3:].sum() / np.float32(3)
        return best

    @cached_property
    def parents(self) -> Rows:
        """(n_ids,) the row of the question of a best practice, and of the earlier edition of a risk.

        The number of ids stands for no parent.
        """
        rows = np.full(len(self.ids), len(self.ids), dtype=np.intp)
        for entry in self.entries:
            if parent := _parent_of(entry):
                rows[self.places[entry.id]] = self.places.get(parent, len(self.ids))
        return rows

    @cached_property
    def _pillars(self) -> Rows:
        of = {entry.id: entry.pillar or entry.source for entry in self.entries}
        numbers = {name: number for number, name in enumerate(dict.fromkeys(of.values()))}
        return np.array([numbers[of[entry_id]] for entry_id in self.ids], dtype=np.intp)

    def owners_of(self, chunks: Rows) -> Rows:
        """The rows of the entries that some chunks belong to, each once, where its first chunk stands."""
        owners, first = np.unique(self._owners_of_chunks[chunks], return_index=True)
        owners = owners[np.argsort(first)]
        return owners[owners >= 0]

    def chunks_of(self, entry: Entry) -> list[int]:
        """The rows of the chunks of an entry in its language."""
        return self._chunks_of.get((entry.id, entry.language), [])

    def owners_of_documents(self, documents: Rows) -> Rows:
        """The rows of the ids that some documents belong to, each once, in order."""
        return np.unique(self._owners_of_documents[documents])

    def documents_of(self, rows: Rows) -> Rows:
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
    def _documents(self) -> dict[Language, Rows]:
        languages = np.array([entry.language.value for entry in self.entries])
        return {language: np.flatnonzero(languages == language.value) for language in Language}

    @cached_property
    def _owners_of_documents(self) -> Rows:
        return np.array([self.places[entry.id] for entry in self.entries], dtype=np.intp)

    @cached_property
    def _owners_of_chunks(self) -> Rows:
        return np.array([self.places.get(chunk.entry_id, -1) for chunk in self.chunks], dtype=np.intp)

    @cached_property
    def _tables(self) -> dict[tuple[Language, tuple[str, ...]], Rows]:
        return {}

    def _table(self, language: Language, groups: tuple[str, ...]) -> Rows:
        """A line of chunk rows for each entry, filled up with the number of chunks, and one of no entry."""
        if (language, groups) not in self._tables:
            owned: list[list[int]] = [[] for _ in (*self.ids, None)]
            for row, chunk in enumerate(self.chunks):
                if chunk.language is language and _GROUPS.get(chunk.role, BODY) in groups:
                    owned[self.places[chunk.entry_id]].append(row)
            table = np.full((len(owned), max(map(len, owned), default=0)), len(self.chunks), dtype=np.intp)
            for line, found in zip(table, owned, strict=True):
                line[: len(found)] = found
            self._tables[language, groups] = table
        return self._tables[language, groups]


def _parent_of(entry: Entry) -> str | None:
    if (question := question_of(entry.id)) != entry.id:
        return question
    edition = edition_of(entry.id) or ""
    return next((r.id for r in entry.related if "" < (edition_of(r.id) or "") < edition), None)


def query_weight(query: Query, chunks: KeywordIndex) -> float:
    """The rarity of a query's terms added up, above 0."""
    return max(sum(weight * chunks.rarity(term) for term, weight in query.weights.items()), 1e-6)


def keyword_features(layout: Layout, query: Query, scores: Scores, whole: Scores, rows: Rows) -> Matrix:
    """(n_rows, len(KEYWORD_FEATURES)) float32, from 0, for some rows of ids.

    `scores` are those of the chunks and `whole` of the entries, both divided by the query's weight.
    """
    parents = _padded(whole)[layout.parents[rows]]
    pillar = layout.in_pillar(whole[rows], rows)
    folded = _folded(layout, _padded(scores), query.language, rows)
    return np.stack([*folded, whole[rows], parents, pillar], axis=1)


def vector_features(layout: Layout, cosines: Scores, language: Language, rows: Rows) -> Matrix:
    """(n_rows, len(VECTOR_FEATURES)) float32, from cosines of all chunks with the question."""
    padded = _padded(cosines)
    near = layout.best(padded, rows, language, ASKS, SIGNS, IN_PLACE, among=5)
    return np.stack([*_folded(layout, padded, language, rows), layout.in_pillar(near, rows)], axis=1)


def _folded(layout: Layout, padded: Scores, language: Language, rows: Rows) -> Iterator[Scores]:
    """The scores of chunks folded to rows of ids, in the order of `_FOLDS`."""
    parents = layout.parents[rows]
    for among, groups in _FOLDED.values():
        yield layout.best(padded, rows, language, *groups, among=among)
    for among, groups in _FOLDED_OF_PARENT.values():
        yield layout.best(padded, parents, language, *groups, among=among)


def _padded(scores: Scores) -> Scores:
    """The scores with a 0 behind them, for what is missing."""
    return np.append(scores, np.float32(0))
