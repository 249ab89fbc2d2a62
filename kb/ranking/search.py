"""A query to its hits: by keyword alone, or by keyword and vector with a coverage estimate."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from kb.entries import Entry, Kind, Language
from kb.index.bm25 import Scores
from kb.index.chunker import Chunk
from kb.index.entry_table import EntryTable
from kb.ranking.aspects import aspects_of
from kb.ranking.candidates import Candidates, CandidateSearch
from kb.ranking.coverage import evidence
from kb.ranking.filters import Filters, Mask
from kb.ranking.layout import Rows
from kb.ranking.mentions import Mentions
from kb.ranking.query import Query, part_of
from kb.ranking.ranker import Rankers, order
from kb.ranking.spelling import Speller, spelt
from kb.text import fold, terms

if TYPE_CHECKING:
    from kb.embedding.encoder import Vectors

# Only these answer questions; questions of the lens, principles and pages are found by search and by id.
ANSWERING = frozenset({Kind.BEST_PRACTICE.value, Kind.RISK.value})


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry, in the language of the question if it has that; its score and its chunks, best first."""

    entry: Entry
    score: float
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Aspect:
    """An aspect of a question, with the score of each entry by keyword; the rest as in Retrieval."""

    query: Query
    scores: Mapping[str, float]
    confidence: float
    vector: "Vectors | None" = None


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The hits for a question, best first, and its coverage; `confidence` is in [0, 1].

    `named` are the ids of entries the question mentions by id or title. `vector` is the question's, (dim,),
    or None if it was not encoded.
    """

    query: Query
    named: tuple[str, ...]
    hits: tuple[Hit, ...]
    covered: bool
    confidence: float
    vector: "Vectors | None" = None
    aspects: tuple[Aspect, ...] = ()


class Search:
    """Ranks the entries of one build for a query."""

    def __init__(self, table: EntryTable, candidates: CandidateSearch, rankers: Rankers) -> None:
        self._table, self._candidates, self._rankers = table, candidates, rankers
        self._mentions = Mentions(table)
        self._speller = Speller(candidates.chunk_index, table.entries)
        # Every question has one of a few filters.
        self._mask: Callable[[Filters, frozenset[str]], Mask] = lru_cache(maxsize=64)(
            lambda filters, years: filters.mask(table.english, years)
        )

    def by_keyword(self, query: Query, filters: Filters, limit: int) -> tuple[Hit, ...]:
        """Entries by keyword, best first; no model is loaded. Phrases of the query must occur."""
        allowed = self._allowed(query, filters) & self._with_phrases(query)
        candidates = self._candidates.by_keyword(query, allowed)
        scores = self._rankers[candidates.feature_set].score(candidates.features)
        mentioned = self._named(query, filters) or self._titled(query, self._allowed(query, filters))
        first = [entry_id for entry_id in mentioned if self._mentions.has_phrases(entry_id, query)]
        rows = self._rows(first, order(scores, allowed))[:limit]
        return tuple(self._hits(rows, scores, candidates, query.language))

    def answering(self, query: Query, filters: Filters, limit: int) -> Retrieval:
        """The best practices and risks that answer a question, by keyword and vector together.

        :raises ModelError: the model of the build cannot be loaded.
        """
        asked, query = query, spelt(query, self._speller)
        named = self._named(query, filters)
        filters = replace(filters, kinds=filters.kinds or ANSWERING)
        allowed = self._allowed(query, filters)
        mentioned = named or self._titled(query, allowed)
        aspects = () if mentioned else aspects_of(query.text, query.language)
        candidates = self._candidates.by_all(self._with_titles(query, named), allowed, aspects)
        scores, ranked, confidence = self._scored(query, candidates, allowed)
        confidence = 1.0 if mentioned else confidence
        rows = self._rows(mentioned, ranked)
        return Retrieval(
            query=replace(query, text=asked.text),
            named=mentioned,
            hits=tuple(self._hits(rows[:limit], scores, candidates, query.language)),
            covered=bool(rows) and confidence >= self._rankers[candidates.feature_set].coverage.threshold,
            confidence=confidence,
            vector=candidates.vector,
            aspects=tuple(self._aspects(query, aspects, allowed, candidates.aspects)),
        )

    def _aspects(
        self, query: Query, aspects: Sequence[str], allowed: Mask, vectors: "Vectors | None"
    ) -> Iterator[Aspect]:
        """The aspects by keyword: a search by vector takes as long as for the question."""
        for number, aspect in enumerate(aspects):
            part = part_of(query, aspect)
            candidates = self._candidates.by_keyword(part, allowed)
            scores, _, confidence = self._scored(part, candidates, allowed)
            by_id = dict(zip(self._table.ids, scores.tolist(), strict=True))
            yield Aspect(part, by_id, confidence, None if vectors is None else vectors[number])

    def _scored(self, query: Query, candidates: Candidates, allowed: Mask) -> tuple[Scores, Rows, float]:
        """The scores of all entries, the order of the allowed ones, and the confidence in the best."""
        ranker = self._rankers[candidates.feature_set]
        scores = ranker.score(candidates.features)
        ranked = order(scores, allowed)
        facts = evidence(self._candidates, query, candidates, scores, ranked)
        return scores, ranked, ranker.coverage.confidence(facts)

    def _allowed(self, query: Query, filters: Filters) -> Mask:
        """Entries that pass the filters; risks of the newest edition only, unless the query names a year."""
        text = fold(query.text)
        editions = self._table.editions
        years = frozenset(year for year in editions if year in text)
        return self._mask(filters, filters.editions or years or frozenset(editions[:1]))

    def _with_phrases(self, query: Query) -> Mask:
        """Entries with every phrase of the query."""
        if not query.phrases:
            return np.ones(len(self._table.ids), dtype=np.bool_)
        mask = np.zeros(len(self._table.ids), dtype=np.bool_)
        for row in self._candidates.with_terms({term for phrase in query.phrases for term in phrase}):
            mask[row] = self._mentions.has_phrases(self._table.ids[row], query)
        return mask

    def _with_titles(self, query: Query, named: Sequence[str]) -> Query:
        """The query plus the titles of the entries it names: an id alone says little."""
        if not named:
            return query
        titles = (self._table.version(entry_id, query.language).title for entry_id in named)
        text = " ".join([query.text, *titles])
        return replace(query, text=text, terms=tuple(terms(text)))

    def _named(self, query: Query, filters: Filters) -> tuple[str, ...]:
        """The ids named by the query, of any edition, that pass the filters."""
        named = self._mentions.by_id(query)
        return tuple(i for i in named if filters.admits(self._table.version(i, Language.ENGLISH)))

    def _titled(self, query: Query, allowed: Mask) -> tuple[str, ...]:
        """The allowed ids whose title is the query."""
        return tuple(i for i in self._mentions.by_title(query) if allowed[self._table.rows[i]])

    def _rows(self, first: Sequence[str], ranked: Rows) -> list[int]:
        """The rows of some ids, then the other ranked rows."""
        rows = [self._table.rows[entry_id] for entry_id in first]
        return rows + [int(row) for row in ranked if int(row) not in rows]

    def _hits(
        self, rows: Sequence[int], scores: Scores, candidates: Candidates, language: Language
    ) -> Iterator[Hit]:
        layout = self._candidates.layout
        for row in rows:
            entry = self._table.version(self._table.ids[row], language)
            own = np.asarray(layout.chunks_of(entry), dtype=np.intp)
            best = own[np.argsort(-candidates.chunk_scores[own], kind="stable")].tolist()
            yield Hit(entry, float(scores[row]), tuple(map(layout.chunks.__getitem__, best)))
