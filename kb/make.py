"""Entries to a published build: cut, embed what is new, store, index, check, publish."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from kb.embedding.encoder import Encoder, Vectors
from kb.embedding.glossary import reads
from kb.entries import Entry, Language, write_entries
from kb.errors import DamagedIndexError, RecordError, ServingError, StorageError
from kb.files import storage_errors
from kb.index.bm25 import index_chunks, index_entries
from kb.index.chunker import Chunk, cut, digest_of, out_of_scope_chunks, write_chunks
from kb.index.passage_table import (
    embedded_texts,
    make_table,
    read_table,
    write_table,
)
from kb.index.vector_store import VectorStore
from kb.knowledge_base import KnowledgeBase
from kb.storage.builds import current_build, draft_build
from kb.storage.fingerprint import fingerprint
from kb.storage.manifest import (
    FORMAT,
    Manifest,
    SourceState,
    check_file,
    count_kinds,
    read_manifest,
    write_manifest,
)
from kb.verify import check_canaries, check_entries

log = logging.getLogger(__name__)

# Texts embedded between two reports of progress.
BATCH = 64
Progress = Callable[[int, int], None]
"""Called with the number of embedded texts and the number of all texts to embed."""


def no_progress(_done: int, _total: int) -> None:
    """Report nothing."""


def make_build(
    home: Path,
    encoder: Encoder,
    entries: Sequence[Entry],
    sources: tuple[SourceState, ...],
    made_at: str,
    progress: Progress = no_progress,
    out_of_scope: Mapping[Language, Sequence[str]] | None = None,
) -> Manifest:
    """Make a build from entries, check it and publish it; the old build is served until then.

    `out_of_scope` are examples of such questions.

    :raises RecordError: the entries cannot be served, or the model reads none of their languages.
    :raises DamagedIndexError: the new build does not find its own entries.
    :raises StorageError: the home is not writable, or the disk is full.
    """
    check_entries(entries)
    chunks = (*cut(entries, encoder.count_pieces), *out_of_scope_chunks(out_of_scope or {}))
    embedded = _readable(chunks, encoder.model)
    content = fingerprint(entries, encoder.model, encoder.weights_sha256, out_of_scope or {})
    with draft_build(home, content) as draft:
        known = _vectors(home, encoder, entries, embedded, progress)
        vectors = np.stack([known[chunk.digest] for chunk in embedded])
        keywords = index_chunks(chunks)
        passages = make_table(entries, encoder.model, known, keywords.idf_of)
        manifest = Manifest(
            draft.id, FORMAT, made_at, encoder.model, encoder.weights_sha256, int(vectors.shape[1]),
            count_kinds(entries), len(chunks), sources, content, len(passages),
        )  # fmt: skip
        keywords.write(draft.folder / "keywords" / "chunks")
        write_table(draft.folder, passages)
        _write_files(draft.folder, entries, chunks, embedded, vectors)
        manifest = manifest.sealed(draft.folder)
        write_manifest(draft.folder, manifest)
        with closing(KnowledgeBase(draft, encoder)) as base:
            check_canaries(base)
        draft.publish()
    return manifest


def _readable(chunks: Sequence[Chunk], model: str) -> tuple[Chunk, ...]:
    """The chunks in languages that the model reads; at least one."""
    readable = tuple(chunk for chunk in chunks if reads(model, chunk.language))
    if not readable:
        raise RecordError(f"no entry is in a language that {model} reads; nothing is published")
    return readable


def _vectors(
    home: Path, encoder: Encoder, entries: Sequence[Entry], embedded: Sequence[Chunk], progress: Progress
) -> dict[str, Vectors]:
    """The vectors of all chunks and passages by digest; only texts with unknown digests are encoded."""
    known = _reusable_vectors(home, encoder.weights_sha256)
    texts = [chunk.embedded for chunk in embedded]
    _embed([*texts, *embedded_texts(entries, encoder.model)], encoder, known, progress)
    return known


def _reusable_vectors(home: Path, weights_sha256: str) -> dict[str, Vectors]:
    """The vectors of the served build by digest, if it was made with the same weights."""
    try:
        folder = current_build(home).folder
        manifest = read_manifest(folder)
        if manifest.weights_sha256 != weights_sha256:
            return {}
        for name in manifest.files:
            check_file(folder, manifest, name)
        with VectorStore(folder / "chroma") as store:
            known = store.by_digest()
        return known | read_table(folder, manifest.dim).by_digest() if manifest.passages else known
    except (ServingError, RecordError, StorageError) as error:
        log.info("no vectors to reuse: %s", error)
        return {}


def _embed(texts: Sequence[str], encoder: Encoder, known: dict[str, Vectors], progress: Progress) -> None:
    """Add the vectors of the texts with unknown digests, each (dim,), to the known ones."""
    missing = {digest_of(text): text for text in texts}
    fresh = sorted((text for key, text in missing.items() if key not in known), key=len)
    log.info("%d texts, %d of them to embed", len(texts), len(fresh))
    progress(0, len(fresh))
    for first in range(0, len(fresh), BATCH):
        batch = fresh[first : first + BATCH]
        known |= zip(map(digest_of, batch), encoder.encode(batch), strict=True)
        progress(min(first + BATCH, len(fresh)), len(fresh))


def _write_files(
    folder: Path,
    entries: Sequence[Entry],
    chunks: Sequence[Chunk],
    embedded: Sequence[Chunk],
    vectors: Vectors,
) -> None:
    """Write entries, chunks, the keyword index of entries and the vectors."""
    write_entries(folder / "entries.jsonl", entries)
    write_chunks(folder / "chunks.jsonl", chunks)
    index_entries(entries).write(folder / "keywords" / "entries")
    _write_vectors(folder / "chroma", embedded, vectors)


def _write_vectors(folder: Path, chunks: Sequence[Chunk], vectors: Vectors) -> None:
    """Write the vector store and read it back."""
    with storage_errors(folder), VectorStore(folder, make=True) as store:
        store.add(chunks, vectors)
        nearest = store.nearest(vectors[0], 1)
        if store.count() != len(chunks) or not nearest.ids or nearest.cosines[0] < 0.999:
            raise DamagedIndexError(
                f"{folder}: {store.count()} of {len(chunks)} chunks can be read back; nothing is published"
            )
