"""The chunks nearest to a question by meaning."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from kb.embedding.glossary import ModelInput, gloss, model_input, reads
from kb.entries import Language
from kb.index.bm25 import Scores
from kb.index.chunker import Chunk
from kb.ranking.layout import Rows
from kb.ranking.query import Query
from kb.storage.builds import Build, Draft
from kb.storage.manifest import Manifest

if TYPE_CHECKING:
    from kb.embedding.encoder import Encoder, Vectors
    from kb.index.vector_store import VectorStore

NEIGHBOURS = 600  # chunks; several of one entry fold into one hit


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The rows of the nearest chunks, nearest first, and (n_chunks,) cosines of all chunks.

    Chunks beyond the nearest have the cosine of the last one. `language` is the language of the encoded
    text: only chunks in this language compare with it. `vector` is the query's, (dim,), and `aspects` are
    those of its aspects, (n_aspects, dim).
    """

    rows: Rows
    cosines: Scores
    language: Language
    vector: "Vectors | None" = None
    aspects: "Vectors | None" = None


class NeighbourSearch(Protocol):
    """Finds the chunks nearest to a query."""

    def nearest(self, query: Query, aspects: Sequence[str] = ()) -> Neighbours | None:
        """The nearest chunks; None if the model reads neither the query nor a gloss of it."""


class VectorSearch:
    """Neighbours from the vector store of a build; store and model are opened on first use."""

    def __init__(
        self,
        build: Build | Draft,
        manifest: Manifest,
        chunks: Sequence[Chunk],
        encoder: "Encoder | None" = None,
    ) -> None:
        """`encoder` replaces the exported model of the build."""
        self._build, self._manifest, self._chunks = build, manifest, chunks
        self._given_encoder = encoder

    def nearest(self, query: Query, aspects: Sequence[str] = ()) -> Neighbours | None:
        """The nearest chunks; None if the model reads neither the query nor a gloss of it.

        :raises ModelError: the model of the build cannot be loaded.
        :raises DamagedIndexError: the vector store is damaged.
        """
        encoded = model_input(self._manifest.model, query.text, query.language)
        if encoded is None:
            return None
        vector, *others = self._encode_parts(query, encoded, aspects)
        found = self._store.nearest(vector, NEIGHBOURS)
        rows = np.array([self._rows[chunk_id] for chunk_id in found.ids], dtype=np.intp)
        near = np.maximum(found.cosines, 0)
        cosines = np.full(len(self._chunks), near[-1], dtype=np.float32)
        cosines[rows] = near
        return Neighbours(rows, cosines, encoded.language, vector, np.stack(others) if others else None)

    def _encode_parts(self, query: Query, encoded: ModelInput, parts: Sequence[str]) -> "Vectors":
        """(1 + n_parts, dim): the vector of a query, then of each part of it."""
        if encoded.language is query.language:
            return self._encoder.encode_parts(encoded.text, parts)
        # Glosses have no sentences, whose parts would read each other. A part without one is the whole.
        return self._encoder.encode([encoded.text, *(gloss(part) or encoded.text for part in parts)])

    def encode(self, texts: Sequence[str], language: Language) -> "Vectors":
        """(n_texts, dim) float32, rows of length 1; a language the model does not read is glossed first.

        :raises ModelError: the model of the build cannot be loaded.
        """
        readable = reads(self._manifest.model, language)
        return self._encoder.encode(texts if readable else [gloss(text) for text in texts])

    def close(self) -> None:
        """Close the files of the store; the next question opens it again."""
        store: VectorStore | None = self.__dict__.pop("_store", None)
        if store:
            store.close()

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {chunk.id: row for row, chunk in enumerate(self._chunks)}

    @cached_property
    def _store(self) -> "VectorStore":
        from kb.index.vector_store import VectorStore  # imports chromadb

        return VectorStore(self._build.folder / "chroma", digests=self._manifest.files_below("chroma"))

    @cached_property
    def _encoder(self) -> "Encoder":
        from kb.embedding.open import open_encoder  # imports onnxruntime

        manifest = self._manifest
        return self._given_encoder or open_encoder(self._build.home, manifest.model, manifest.weights_sha256)
