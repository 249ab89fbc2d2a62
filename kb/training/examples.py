"""Lessons to examples: what an index says of the questions of a fold that it does not hold."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

import kb.ranking.candidates
from kb.embedding.encoder import Encoder, Vectors, reads, wording_for
from kb.index.bm25 import index_chunks, index_entries
from kb.index.chunker import Chunk, cut, outside_chunks
from kb.ranking.candidates import Found, Index, Nearest
from kb.ranking.features import Layout, Mask, Rows
from kb.ranking.query import Query, read_query
from kb.training.lessons import ASKED, FOLDS, Corpus

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Example:
    """A question with what was found for it; `gold` is the row of its entry, -1 where it is out of scope."""

    query: Query
    found: Found
    allowed: Mask
    gold: int
    index: Index


class ExactIndex:
    """Indexes over corpora with exact cosines; what was encoded once is kept."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._kept: dict[str, Vectors] = {}

    def over(self, corpus: Corpus) -> Index:
        """An index over the entries and examples of a corpus, as they are given."""
        chunks = (*cut(corpus.entries, self._encoder.count_pieces), *outside_chunks(corpus.outside))
        readable = np.flatnonzero([reads(self._encoder.model, chunk.language) for chunk in chunks])
        vectors = self._vectors([chunks[row] for row in readable])
        return Index(
            Layout(tuple(dict.fromkeys(entry.id for entry in corpus.entries)), chunks, corpus.entries),
            index_chunks(chunks),
            index_entries(corpus.entries),
            lambda query: self._nearest(query, vectors, readable, len(chunks)),
        )

    def _vectors(self, chunks: Sequence[Chunk]) -> Vectors:
        fresh = list({c.digest: c.embedded for c in chunks if c.digest not in self._kept}.items())
        vectors = self._encoder.encode([text for _, text in fresh])
        self._kept |= {digest: vector for (digest, _), vector in zip(fresh, vectors, strict=True)}
        return np.stack([self._kept[chunk.digest] for chunk in chunks])

    def _nearest(self, query: Query, vectors: Vectors, readable: Rows, count: int) -> Nearest | None:
        """As many as a question to a build is told, so that training and asking agree."""
        wording = wording_for(self._encoder.model, query)
        if wording is None:
            return None
        found = np.maximum(vectors @ self._encoder.encode([wording.text])[0], 0)
        best = np.argsort(-found, kind="stable")[: kb.ranking.candidates.NEIGHBOURS]
        cosines = np.full(count, found[best[-1]], dtype=np.float32)
        cosines[readable[best]] = found[best]
        return Nearest(readable[best], cosines, wording.language)


def left_out(corpora: Sequence[Corpus], encoder_of: Callable[[int], Encoder]) -> Iterator[Example]:
    """Every question of the corpora, asked of an index, and of an encoder, that lack those of its fold."""
    for fold in range(FOLDS):
        indexes = ExactIndex(encoder_of(fold))
        for corpus in corpora:
            kept, out = corpus.without(fold)
            index = indexes.over(kept)
            log.info("fold %d of %d: asking", fold + 1, FOLDS)
            for entry_id, text in out.questions(*ASKED):
                yield from _examples(corpus, index, text, entry_id)
            for texts in out.outside.values():
                for text in texts:
                    yield from _examples(corpus, index, text, None)


def _examples(corpus: Corpus, index: Index, text: str, entry_id: str | None) -> Iterator[Example]:
    """The question with every kind of features that it has: with vectors, and by keyword alone."""
    query = read_query(text)
    allowed = np.array([i in corpus.answering for i in index.layout.ids])
    gold = index.layout.places[entry_id] if entry_id else -1
    found = index.by_all(query, allowed)
    yield Example(query, found, allowed, gold, index)
    alone = index.by_keyword(query, allowed)
    if alone.mode is not found.mode:
        yield Example(query, alone, allowed, gold, index)
