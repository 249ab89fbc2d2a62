"""Entries to a published build: cut, embed what is new, store, index, check, publish."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from kb.canaries import check_canaries
from kb.embedding.encoder import Encoder, Vectors, exported, open_encoder, reads
from kb.embedding.weights import find_weights
from kb.entries import Entry, Language, write_entries
from kb.errors import DamagedIndexError, ExportError, RecordError, ServingError
from kb.files import storage_errors
from kb.index.bm25 import index_chunks, index_entries
from kb.index.chunker import Chunk, cut, outside_chunks
from kb.index.vector_store import VectorStore
from kb.knowledge_base import KnowledgeBase
from kb.storage.builds import (
    FORMAT,
    Manifest,
    SourceState,
    build_folder,
    check_entries,
    count_kinds,
    current_id,
    export_folder,
    making,
    new_id,
    publish,
    read_manifest,
    write_chunks,
    write_manifest,
)
from kb.storage.fingerprint import content_digest

log = logging.getLogger(__name__)

# Chunks embedded between two reports of progress.
STEP = 64
Progress = Callable[[int, int], None]
"""Called with chunks done and chunks in all."""


def silent(_done: int, _total: int) -> None:
    """Report nothing."""


def make_build(
    home: Path,
    encoder: Encoder,
    entries: Sequence[Entry],
    sources: tuple[SourceState, ...],
    made_at: str,
    progress: Progress = silent,
    outside: Mapping[Language, Sequence[str]] | None = None,
) -> Manifest:
    """Make a build from entries aside, check it and publish it; what is served stays until then.

    `outside` are examples of questions that the entries do not answer.

    :raises RecordError: the entries cannot be served.
    :raises StorageError: the home cannot be written or is full.
    """
    check_entries(entries)
    chunks = (*cut(entries, encoder.count_pieces), *outside_chunks(outside or {}))
    content = content_digest(entries, encoder.model, encoder.weights_sha256, outside or {})
    with making(home, new_id(home, content)) as folder:
        embedded = tuple(chunk for chunk in chunks if reads(encoder.model, chunk.language))
        if not embedded:
            raise RecordError(f"no entry is in a language that {encoder.model} reads; nothing is published")
        vectors = _vectors(embedded, encoder, _kept_vectors(home, encoder.weights_sha256), progress)
        manifest = Manifest(
            id=folder.name.removeprefix(".making-"),
            format=FORMAT,
            made_at=made_at,
            model=encoder.model,
            weights_sha256=encoder.weights_sha256,
            dim=int(vectors.shape[1]),
            counts=count_kinds(entries),
            chunks=len(chunks),
            sources=sources,
            content=content,
        )
        write_entries(folder / "entries.jsonl", entries)
        write_chunks(folder, chunks)
        index_chunks(chunks).write(folder / "keywords" / "chunks")
        index_entries(entries).write(folder / "keywords" / "entries")
        _store(folder / "chroma", embedded, vectors)
        write_manifest(folder, manifest)
        with closing(KnowledgeBase(home, folder.name, encoder)) as base:
            check_canaries(base)
        publish(home, folder, manifest)
    return manifest


def encoder_for(home: Path, model: str) -> Encoder:
    """The export of a model under the home, made first where it is missing; the model where that fails.

    :raises ModelError: the model cannot be had or run, or its export was altered.
    :raises StorageError: the home cannot be written or is full.
    """
    weights = find_weights(model)
    folder = export_folder(home, weights.identity)
    if not exported(folder):
        from kb.embedding.onnx_export import export  # imports torch

        log.info("exporting %s once to %s", model, folder)
        try:
            export(weights, folder)
        except ExportError as error:
            log.warning("%s; questions will be encoded by the model itself", error)
    return open_encoder(folder, model, weights.identity)


def _kept_vectors(home: Path, weights_sha256: str) -> dict[str, Vectors]:
    """Vectors of the served build by digest, where it was made with the same weights."""
    try:
        folder = build_folder(home, current_id(home))
        if read_manifest(folder).weights_sha256 != weights_sha256:
            return {}
        with VectorStore(folder / "chroma") as store:
            return store.by_digest()
    except ServingError as error:
        log.info("no vectors to take over: %s", error)
        return {}


def _vectors(
    chunks: Sequence[Chunk], encoder: Encoder, kept: dict[str, Vectors], progress: Progress
) -> Vectors:
    fresh = sorted((c for c in chunks if c.digest not in kept), key=lambda chunk: len(chunk.embedded))
    log.info("%d chunks, %d of them to embed", len(chunks), len(fresh))
    progress(0, len(fresh))
    for first in range(0, len(fresh), STEP):
        batch = fresh[first : first + STEP]
        vectors = encoder.encode([chunk.embedded for chunk in batch])
        kept |= {chunk.digest: vector for chunk, vector in zip(batch, vectors, strict=True)}
        progress(min(first + STEP, len(fresh)), len(fresh))
    return np.stack([kept[chunk.digest] for chunk in chunks])


def _store(folder: Path, chunks: Sequence[Chunk], vectors: Vectors) -> None:
    with storage_errors(folder), VectorStore(folder, make=True) as store:
        store.add(chunks, vectors)
        nearest = store.nearest(vectors[0], 1)
        if store.count() != len(chunks) or not nearest or nearest[0].similarity < 0.999:
            raise DamagedIndexError(
                f"{folder}: {store.count()} of {len(chunks)} chunks can be read back; nothing is published"
            )
