"""The vector store of one build; the one module for Chroma.

Four facts about Chroma shape it. Each build has its own folder, because a second process keeps the old
vectors of a collection rebuilt in place. A store is read in a private copy, because Chroma writes into every
folder it opens; its files are checked before, because damage can kill the process in its native code.
`embedding_function` is None, because the default downloads a model. Filters multiply the cost of a query, so
the caller filters the hits.
"""

import shutil
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import gettempdir
from threading import Lock
from types import TracebackType
from typing import Self, cast

import chromadb
import numpy as np
from chromadb.api.client import Client
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError

from kb.embedding.encoder import Vectors
from kb.errors import DamagedIndexError, StorageError
from kb.files import TemporaryFolder, check_digest
from kb.index.chunker import Chunk

# Chroma shares open folders between clients in a table that is not safe for threads.
_OPENING = Lock()
_COLLECTION = "chunks"
_BATCH = 1000
# Wide enough for exact neighbours among a few thousand chunks.
_INDEX = {"hnsw": {"space": "cosine", "ef_construction": 100, "ef_search": 200}}


@dataclass(frozen=True, slots=True)
class Nearest:
    """The ids of the chunks nearest to a vector, nearest first, and (n_ids,) their cosines in [-1, 1]."""

    ids: tuple[str, ...]
    cosines: Vectors


class VectorStore:
    """Chunk ids and their vectors, on disk in one folder."""

    def __init__(self, folder: Path, *, make: bool = False, digests: Mapping[str, str] | None = None) -> None:
        """Open a private copy of the store in a folder, or make an empty store there.

        `digests` are the SHA-256 of its files by name, checked before the copy is opened.

        :raises DamagedIndexError: the folder has no store, or a damaged one.
        :raises StorageError: an empty store or the copy cannot be written.
        """
        self._folder = folder
        self._making = make
        copy = None if make else _private_copy(folder, digests or {})
        try:
            with self._chroma_errors():
                client = _open(str(copy.path if copy else folder))
                # Chroma keeps files open until close(): at the latest when the store is garbage-collected.
                self._closing = weakref.finalize(self, _close, client, copy)
                self._closing.atexit = copy is not None  # the OS closes files at exit
                self._chunks = (
                    client.create_collection(_COLLECTION, embedding_function=None, configuration=_INDEX)  # type: ignore[arg-type]
                    if make
                    else client.get_collection(_COLLECTION, embedding_function=None)
                )
        except BaseException:
            if copy:
                copy.remove()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the files; the folder can then be renamed or removed."""
        self._closing()

    def add(self, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Add chunks and their vectors; row i of the vectors belongs to chunk i.

        :raises StorageError: they cannot be written.
        """
        for first in range(0, len(chunks), _BATCH):
            batch = chunks[first : first + _BATCH]
            with self._chroma_errors():
                self._chunks.add(
                    ids=[chunk.id for chunk in batch],
                    embeddings=vectors[first : first + _BATCH],
                    metadatas=[{"entry_id": chunk.entry_id, "digest": chunk.digest} for chunk in batch],
                )

    @cached_property
    def _size(self) -> int:
        return self.count()

    def count(self) -> int:
        """The number of stored chunks.

        :raises DamagedIndexError: the store is damaged.
        """
        with self._chroma_errors():
            return int(self._chunks.count())

    def nearest(self, vector: Vectors, count: int) -> Nearest:
        """The `count` nearest chunks to a vector of shape (dim,); fewer in a small store.

        :raises DamagedIndexError: the store is damaged.
        """
        with self._chroma_errors():
            result = self._chunks.query(
                query_embeddings=vector.reshape(1, -1),
                n_results=min(count, self._size),
                include=["distances"],
            )
        distances = np.array((result["distances"] or [[]])[0], dtype=np.float32)
        return Nearest(tuple(result["ids"][0]), 1 - distances)

    def by_digest(self) -> dict[str, Vectors]:
        """All vectors by digest of the embedded text, for reuse by the next build.

        :raises DamagedIndexError: the store is damaged.
        """
        with self._chroma_errors():
            result = self._chunks.get(include=["embeddings", "metadatas"])
        vectors = np.asarray(result["embeddings"], dtype=np.float32)
        metadatas = result["metadatas"] or []
        return {str(facts["digest"]): vectors[row] for row, facts in enumerate(metadatas)}

    @contextmanager
    def _chroma_errors(self) -> Iterator[None]:
        """Translate errors of Chroma inside the block into one clear line."""
        try:
            yield
        # A second try fails on the half-made client Chroma kept of the first: an AttributeError.
        except (ChromaError, ValueError, RuntimeError, AttributeError) as error:
            raise self._translated(error) from error
        except BaseException as error:
            # Some damage makes Chroma's Rust core panic. The error is not an Exception, and its class is
            # not importable: only its name identifies it.
            if type(error).__name__ != "PanicException":
                raise
            raise self._translated(error) from error

    def _translated(self, error: BaseException) -> DamagedIndexError | StorageError:
        if self._making:
            return StorageError(
                f"{self._folder}: the vector store cannot be written ({error}); free some space and repeat: "
                "the served build is untouched"
            )
        return DamagedIndexError(
            f"{self._folder}: the vector store cannot be read ({error}); run: genlens refresh"
        )


def _private_copy(folder: Path, digests: Mapping[str, str]) -> TemporaryFolder:
    """A checked copy of a store in the temporary folder of the system.

    :raises DamagedIndexError: the folder has no store, or a file is damaged.
    :raises StorageError: the copy cannot be written.
    """
    if not (folder / "chroma.sqlite3").is_file():
        raise DamagedIndexError(f"{folder}: no vector store; make a new build with: genlens refresh")
    for name, digest in digests.items():
        check_digest(folder / name, digest)
    try:
        copy = TemporaryFolder(Path(gettempdir()), f"genlens-{folder.parent.name}-")
        try:
            _copy_files(folder, copy.path)
        except OSError:
            copy.remove()
            raise
    except OSError as error:
        raise StorageError(
            f"{folder}: the vector store cannot be copied to {gettempdir()} ({error.strerror}); free some "
            "space there, or set TMPDIR to another folder"
        ) from error
    return copy


def _copy_files(folder: Path, target: Path) -> None:
    for path in sorted(folder.rglob("*")):
        place = target / path.relative_to(folder)
        if path.is_dir():
            place.mkdir()
        else:
            shutil.copyfile(path, place)


def _open(path: str) -> Client:
    with _OPENING:
        settings = ChromaSettings(anonymized_telemetry=False)
        # PersistentClient is annotated with a narrower type than the client it returns.
        return cast(Client, chromadb.PersistentClient(path=path, settings=settings))


def _close(client: Client, copy: TemporaryFolder | None) -> None:
    client.close()
    if copy:
        copy.remove()
