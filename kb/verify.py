"""Whether a build is whole: every part of it is opened, as a question would open it; no model is loaded."""

from pathlib import Path

import numpy as np

from kb.embedding.encoder import reads
from kb.errors import DamagedIndexError
from kb.index.vector_store import VectorStore
from kb.knowledge_base import KnowledgeBase
from kb.ranking.candidates import open_index
from kb.storage.builds import build_folder


def check_whole(home: Path, base: KnowledgeBase) -> None:
    """Refuse a build of which a part is missing, cannot be read, or holds less than it should.

    :raises DamagedIndexError: the message names the part.
    """
    folder, made = build_folder(home, base.build), base.manifest
    index = open_index(home, folder, made, base.entries, None)
    chunks = index.layout.chunks
    _check_count(folder, "chunks", len(chunks), made.chunks)
    _check_count(folder, "chunks in the keyword index", index.keywords.count, made.chunks)
    expected = sum(reads(made.model, chunk.language) for chunk in chunks)
    anywhere = np.full(made.dim, made.dim**-0.5, dtype=np.float32)
    with VectorStore(folder / "chroma") as store:
        _check_count(folder, "vectors", store.count(), expected)
        _check_count(folder, "vectors near one of them", len(store.nearest(anywhere, 1)), 1)


def _check_count(folder: Path, what: str, found: int, expected: int) -> None:
    if found != expected:
        raise DamagedIndexError(
            f"{folder}: found {found} {what}, expected {expected}; "
            "run genlens refresh, or serve another build with: genlens rollback"
        )
