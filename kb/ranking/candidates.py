"""What a build knows about a query: scores of its chunks, and features of its entries.

Everything is opened when it is first needed, so that a keyword search loads neither Chroma nor a model.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kb.entries import Entry, Language
from kb.errors import DamagedIndexError, RecordError
from kb.index.bm25 import KeywordIndex, Scores, read_index
from kb.index.chunker import Chunk
from kb.ranking.features import Layout, Mask, Matrix, Rows, keyword_features, query_weight, vector_features
from kb.ranking.query import Query
from kb.ranking.ranker import EVIDENCE, Mode, mode_of
from kb.storage.builds import Manifest, export_folder, read_chunks

if TYPE_CHECKING:
    from kb.embedding.encoder import Encoder, Vectors
    from kb.index.vector_store import VectorStore

NEIGHBOURS = 600  # chunks; several of one entry fold into one hit
# Entries whose features are worked out: so many of the best by keyword, and so many of the nearest.
CANDIDATES = 200


@dataclass(frozen=True, slots=True)
class Nearest:
    """Rows of the chunks nearest to a question, nearest first, and (n_chunks,) cosines.

    All other chunks have the cosine of the farthest of them. `language` is that of what was encoded, whose
    chunks can be compared with it.
    """

    rows: Rows
    cosines: Scores
    language: Language


@dataclass(frozen=True, slots=True)
class Found:
    """What speaks for every entry and chunk: features (n_ids, n_features), scores (n_chunks,).

    Features of entries that are not allowed, or no candidates, are 0.
    """

    mode: Mode
    features: Matrix
    chunk_scores: Scores
    outside: tuple[float, float]
    """Keyword score and cosine of the nearest example of what is not covered."""


class Index:
    """One build's entries and chunks, and where they stand for a query."""

    def __init__(
        self,
        layout: Layout,
        keywords: KeywordIndex,
        entry_keywords: KeywordIndex,
        nearest: Callable[[Query], Nearest | None],
        close: Callable[[], None] = lambda: None,
        encode: "Callable[[Sequence[str], Language], Vectors | None]" = lambda _texts, _language: None,
    ) -> None:
        """`nearest` and `encode` give None for what the model can make nothing of.

        `close` ends what was opened.
        """
        self.layout = layout
        self.keywords = keywords
        self._entry_keywords = entry_keywords
        self._nearest = nearest
        self.close = close
        self.encode = encode

    def by_keyword(self, query: Query, allowed: Mask) -> Found:
        """Keyword features alone, of the allowed entries; no model is loaded."""
        return self._found(query, allowed, None)

    def by_all(self, query: Query, allowed: Mask) -> Found:
        """Keyword features, and those of vectors where the model reads the question or its gloss."""
        return self._found(query, allowed, self._nearest(query))

    def holding(self, terms: Iterable[str]) -> Rows:
        """The rows of the entries of which some language holds every term, in order."""
        documents = (self._entry_keywords.documents(term).astype(np.intp) for term in terms)
        return self.layout.owners_of_documents(reduce(np.intersect1d, documents))

    def _found(self, query: Query, allowed: Mask, nearest: Nearest | None) -> Found:
        mass = np.float32(query_weight(query, self.keywords))
        scores = self.keywords.score(query.weights) / mass
        whole = self.layout.whole(self._entry_keywords.score(query.weights), query.language) / mass
        rows = np.flatnonzero((whole > 0) & allowed)
        rows = rows[np.argsort(-whole[rows], kind="stable")[:CANDIDATES]]
        outside = self.layout.outside(scores, query.language)
        mode = mode_of(query.language, nearest.language if nearest else None)
        if nearest is None:
            features = keyword_features(self.layout, query, scores, whole, rows)
            return Found(mode, self._spread(rows, features), scores, (outside, 0.0))
        owners = self.layout.owners_of(nearest.rows)
        rows = np.union1d(rows, owners[allowed[owners]][:CANDIDATES])
        features = np.hstack(
            [
                keyword_features(self.layout, query, scores, whole, rows),
                vector_features(self.layout, nearest.cosines, nearest.language, rows),
            ]
        )
        # Both in [0, 1], so that a chunk is near by words, by meaning, or best by both.
        strongest = np.float32(max(float(scores.max(initial=0)), 1e-6))
        return Found(
            mode,
            self._spread(rows, features),
            scores / strongest + nearest.cosines,
            (outside, self.layout.outside(nearest.cosines, nearest.language)),
        )

    def _spread(self, rows: Rows, features: Matrix) -> Matrix:
        spread = np.zeros((len(self.layout.ids), features.shape[1]), dtype=np.float32)
        spread[rows] = features
        return spread

    def evidence(self, query: Query, found: Found, scores: Scores, ranked: Rows) -> list[float]:
        """What tells whether a query is covered: the best entry's features, then `ranker.EVIDENCE`.

        That is the share, by rarity, of the query's terms that the best three entries hold; the best
        score; how far it is ahead of the second; and how near an example of what is not covered is.
        """
        if not len(ranked):
            return [0.0] * (len(found.mode.features) + len(EVIDENCE))
        best = float(scores[ranked[0]])
        lead = best - (float(scores[ranked[1]]) if len(ranked) > 1 else 0.0)
        matched = self._matched(query, ranked[:3])
        return [*map(float, found.features[ranked[0]]), matched, best, lead, *found.outside]

    def _matched(self, query: Query, rows: Rows) -> float:
        wanted = {term: self.keywords.rarity(term) for term in query.terms}
        documents = self.layout.documents_of(rows)
        held = sum(rarity for term, rarity in wanted.items() if self._entry_keywords.holds(term, documents))
        return held / sum(wanted.values()) if wanted else 0.0


class StoredVectors:
    """Cosines from the vector store of a build; store and model are opened by the first question."""

    def __init__(
        self,
        home: Path,
        folder: Path,
        manifest: Manifest,
        chunks: Sequence[Chunk],
        encoder: "Encoder | None",
    ) -> None:
        self._home = home
        self._folder = folder
        self._manifest = manifest
        self._chunks = chunks
        self._given = encoder

    def nearest(self, query: Query) -> Nearest | None:
        """The chunks nearest to a query; None where the model reads neither it nor a gloss of it."""
        from kb.embedding.encoder import wording_for

        wording = wording_for(self._manifest.model, query)
        if wording is None:
            return None
        vector = self._encoder.encode([wording.text])[0]
        found = self._store.nearest(vector, NEIGHBOURS)
        ids, similarities = zip(*found, strict=True)
        rows = np.fromiter(map(self._rows.__getitem__, ids), dtype=np.intp, count=len(ids))
        near = np.maximum(np.array(similarities, dtype=np.float32), 0)
        cosines = np.full(len(self._chunks), near[-1], dtype=np.float32)
        cosines[rows] = near
        return Nearest(rows, cosines, wording.language)

    def encode(self, texts: Sequence[str], language: Language) -> "Vectors | None":
        """(n_texts, dim) float32, rows of length 1; None where the model does not read the language."""
        from kb.embedding.encoder import reads

        return self._encoder.encode(texts) if reads(self._manifest.model, language) else None

    def close(self) -> None:
        """Let go of the store; the next question opens it again."""
        store: VectorStore | None = self.__dict__.pop("_store", None)
        if store:
            store.close()

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {chunk.id: row for row, chunk in enumerate(self._chunks)}

    @cached_property
    def _store(self) -> "VectorStore":
        from kb.index.vector_store import VectorStore  # imports chromadb

        return VectorStore(self._folder / "chroma")

    @cached_property
    def _encoder(self) -> "Encoder":
        from kb.embedding.encoder import open_encoder  # imports onnxruntime

        made_with = self._manifest.weights_sha256
        return self._given or open_encoder(
            export_folder(self._home, made_with), self._manifest.model, made_with
        )


def open_index(
    home: Path, folder: Path, manifest: Manifest, entries: Sequence[Entry], encoder: "Encoder | None"
) -> Index:
    """The index of a build.

    :raises DamagedIndexError: a file of it cannot be read.
    """
    try:
        chunks = read_chunks(folder)
    except (OSError, RecordError) as error:
        raise DamagedIndexError(f"{folder} cannot be read ({error}); run: genlens refresh") from error
    ids = tuple(dict.fromkeys(entry.id for entry in entries))
    vectors = StoredVectors(home, folder, manifest, chunks, encoder)
    return Index(
        Layout(ids, chunks, entries),
        read_index(folder / "keywords" / "chunks"),
        read_index(folder / "keywords" / "entries"),
        vectors.nearest,
        vectors.close,
        vectors.encode,
    )
