"""The vector store of one build; the one module that talks to Chroma.

Chroma facts that shape it: each build has a folder of its own, because a second process keeps old
vectors of a collection that is rebuilt in place; `embedding_function=None`, because the default one
downloads a model; filters cost several times the query, so hits are filtered by the caller.
"""

import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import NamedTuple, Self, cast

import chromadb
import numpy as np
from chromadb.api.client import Client
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError

from kb.embedding.encoder import Vectors
from kb.errors import DamagedIndexError, StorageError
from kb.index.chunker import Chunk

# Chroma shares what is open of a folder between clients, in a table that two threads must not fill at once.
_OPENING = Lock()
_COLLECTION = "chunks"
_BATCH = 1000
# Wide enough that the neighbours of a few thousand chunks are exact.
_INDEX = {"hnsw": {"space": "cosine", "ef_construction": 100, "ef_search": 200}}


class Neighbour(NamedTuple):  # hundreds come with each question: a data class takes its time
    """A chunk near a question; `similarity` is the cosine, in [-1, 1], higher is nearer."""

    chunk_id: str
    similarity: float


class VectorStore:
    """Chunk ids and their vectors, on disk in one folder."""

    def __init__(self, folder: Path, *, make: bool = False) -> None:
        """Open the store of a folder, or make an empty one.

        :raises DamagedIndexError: the folder holds no store that can be read.
        :raises StorageError: an empty one cannot be written.
        """
        self._folder = folder
        self._making = make
        if not make and not (folder / "chroma.sqlite3").is_file():
            raise DamagedIndexError(f"{folder}: no vector store; make a new build with: genlens refresh")
        with self._told():
            settings = ChromaSettings(anonymized_telemetry=False)
            with _OPENING:
                # The annotation of PersistentClient promises less than it gives: its client can be closed.
                client = cast(Client, chromadb.PersistentClient(path=str(folder), settings=settings))
            # Chroma keeps what it opened until it is closed: do so at the latest when the store is dropped.
            self._closing = weakref.finalize(self, client.close)
            self._closing.atexit = False  # the end of the process closes files by itself
            self._chunks = (
                client.create_collection(_COLLECTION, embedding_function=None, configuration=_INDEX)  # type: ignore[arg-type]
                if make
                else client.get_collection(_COLLECTION, embedding_function=None)
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files, so that the folder can be renamed or removed."""
        self._closing()

    def add(self, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Add chunks with their vectors, row by row.

        :raises StorageError: they cannot be written.
        """
        for first in range(0, len(chunks), _BATCH):
            batch = chunks[first : first + _BATCH]
            with self._told():
                self._chunks.add(
                    ids=[chunk.id for chunk in batch],
                    embeddings=vectors[first : first + _BATCH],
                    metadatas=[{"entry_id": chunk.entry_id, "digest": chunk.digest} for chunk in batch],
                )

    @cached_property
    def _size(self) -> int:
        return self.count()

    def count(self) -> int:
        """How many chunks the store holds.

        :raises DamagedIndexError: the store cannot be read.
        """
        with self._told():
            return int(self._chunks.count())

    def nearest(self, vector: Vectors, count: int) -> list[Neighbour]:
        """At most `count` chunks nearest to one vector of shape (dim,), nearest first.

        :raises DamagedIndexError: the store cannot be read.
        """
        with self._told():
            found = self._chunks.query(
                query_embeddings=vector.reshape(1, -1),
                n_results=min(count, self._size),
                include=["distances"],
            )
        distances = (found["distances"] or [[]])[0]
        return [Neighbour(i, 1.0 - float(d)) for i, d in zip(found["ids"][0], distances, strict=True)]

    def by_digest(self) -> dict[str, Vectors]:
        """Every vector by the digest of what was embedded, so that a new build can take it over.

        :raises DamagedIndexError: the store cannot be read.
        """
        with self._told():
            found = self._chunks.get(include=["embeddings", "metadatas"])
        vectors = np.asarray(found["embeddings"], dtype=np.float32)
        metadatas = found["metadatas"] or []
        return {str(facts["digest"]): vectors[row] for row, facts in enumerate(metadatas)}

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what Chroma raises in the block into one clear line."""
        try:
            yield
        # A second try finds the half-made client that Chroma kept of the first: an AttributeError.
        except (ChromaError, ValueError, RuntimeError, AttributeError) as error:
            raise self._failure(error) from error
        except BaseException as error:
            # Damage of some kinds makes Chroma's Rust core panic. What it raises then is no Exception, and
            # of a class that can be imported from nowhere: it is known by its name alone.
            if type(error).__name__ != "PanicException":
                raise
            raise self._failure(error) from error

    def _failure(self, error: BaseException) -> DamagedIndexError | StorageError:
        if self._making:
            return StorageError(
                f"{self._folder}: the vector store cannot be written ({error}); free some space and repeat: "
                "what was served before is untouched"
            )
        return DamagedIndexError(
            f"{self._folder}: the vector store cannot be read ({error}); run: genlens refresh"
        )
