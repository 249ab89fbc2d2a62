"""Held-out questions to examples: their features in an index that does not contain them."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kb.embedding.encoder import Encoder, Vectors
from kb.embedding.glossary import model_input, reads
from kb.index.bm25 import index_chunks, index_entries
from kb.index.chunker import Chunk, cut, out_of_scope_chunks
from kb.ranking import neighbours
from kb.ranking.candidates import Candidates, CandidateSearch
from kb.ranking.filters import Mask
from kb.ranking.layout import Layout, Rows
from kb.ranking.neighbours import Neighbours
from kb.ranking.query import Query, read_question
from kb.ranking.spelling import Speller, spelt
from kb.training.disguises import disguised
from kb.training.lessons import ASKED, FOLDS, Corpus

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Example:
    """A question with its candidates; `gold` is the row of its entry, -1 for an out-of-scope question."""

    query: Query
    candidates: Candidates
    allowed: Mask
    gold: int
    search: CandidateSearch


@dataclass(frozen=True, slots=True)
class ExactNeighbours:
    """Neighbours by exact cosines; `rows` are the chunks of the (n_rows, dim) vectors, of `count` chunks."""

    encoder: Encoder
    vectors: Vectors
    rows: Rows
    count: int

    def nearest(self, query: Query, _aspects: Sequence[str] = ()) -> Neighbours | None:
        """The nearest chunks, truncated to NEIGHBOURS as at query time: training sees the same features."""
        encoded = model_input(self.encoder.model, query.text, query.language)
        if encoded is None:
            return None
        similarities = np.maximum(self.vectors @ self.encoder.encode([encoded.text])[0], 0)
        best = np.argsort(-similarities, kind="stable")[: neighbours.NEIGHBOURS]
        cosines = np.full(self.count, similarities[best[-1]], dtype=np.float32)
        cosines[self.rows[best]] = similarities[best]
        return Neighbours(self.rows[best], cosines, encoded.language)


class ExactIndexes:
    """Builds candidate searches over corpora with exact cosines; each text is encoded once."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Vectors] = {}

    def over(self, corpus: Corpus) -> CandidateSearch:
        """A candidate search over the entries and out-of-scope examples of a corpus."""
        chunks = (*cut(corpus.entries, self._encoder.count_pieces), *out_of_scope_chunks(corpus.out_of_scope))
        readable = np.flatnonzero([reads(self._encoder.model, chunk.language) for chunk in chunks])
        vectors = self._encode([chunks[row] for row in readable])
        return CandidateSearch(
            Layout(tuple(dict.fromkeys(entry.id for entry in corpus.entries)), chunks, corpus.entries),
            index_chunks(chunks),
            index_entries(corpus.entries),
            ExactNeighbours(self._encoder, vectors, readable, len(chunks)),
        )

    def _encode(self, chunks: Sequence[Chunk]) -> Vectors:
        fresh = list({c.digest: c.embedded for c in chunks if c.digest not in self._known}.items())
        vectors = self._encoder.encode([text for _, text in fresh])
        self._known |= {digest: vector for (digest, _), vector in zip(fresh, vectors, strict=True)}
        return np.stack([self._known[chunk.digest] for chunk in chunks])


def held_out_examples(corpora: Sequence[Corpus], encoder_of: Callable[[int], Encoder]) -> Iterator[Example]:
    """Examples of every question of the corpora, asked of an index and an encoder without its fold.

    Some are asked in disguise.

    `encoder_of` returns the encoder trained without a fold.
    """
    for fold in range(FOLDS):
        indexes = ExactIndexes(encoder_of(fold))
        for corpus in corpora:
            kept, held_out = corpus.without(fold)
            search = indexes.over(kept)
            speller = Speller(search.chunk_index, kept.entries)
            log.info("fold %d of %d: asking", fold + 1, FOLDS)
            for number, (entry_id, text) in enumerate(held_out.questions(*ASKED)):
                yield from _examples(corpus, search, speller, disguised(text, number), entry_id)
            for texts in held_out.out_of_scope.values():
                for number, text in enumerate(texts):
                    yield from _examples(corpus, search, speller, disguised(text, number), None)


def _examples(
    corpus: Corpus, search: CandidateSearch, speller: Speller, text: str, entry_id: str | None
) -> Iterator[Example]:
    """The question with each feature set it has: with vectors, and by keyword alone."""
    query = spelt(read_question(text), speller)
    allowed = np.array([i in corpus.answering for i in search.layout.ids])
    gold = search.layout.rows[entry_id] if entry_id else -1
    candidates = search.by_all(query, allowed)
    yield Example(query, candidates, allowed, gold, search)
    alone = search.by_keyword(query, allowed)
    if alone.feature_set is not candidates.feature_set:
        yield Example(query, alone, allowed, gold, search)
