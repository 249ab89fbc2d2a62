"""Checks of a build: entries before it is made, canary questions before it is published, files afterwards."""

from collections.abc import Sequence

import numpy as np

from kb.embedding.glossary import reads
from kb.entries import Entry, Role
from kb.errors import DamagedIndexError, RecordError
from kb.index.bm25 import read_index
from kb.index.chunker import read_chunks
from kb.index.passage_table import read_table
from kb.index.vector_store import VectorStore
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import Filters
from kb.ranking.search import ANSWERING
from kb.storage.builds import Build
from kb.storage.manifest import check_file

# Enough to notice an index that belongs to other entries; each costs a few milliseconds.
CANARIES = 12
# In a sound build, a question that the index has word for word ranks far above the fifth hit.
CANARY_RANK = 5


def check_entries(entries: Sequence[Entry]) -> None:
    """Reject a set of entries that cannot be served.

    :raises RecordError: there are none, an id is repeated in a language, or an entry has no text or address.
    """
    if not entries:
        raise RecordError("no entries were read, expected some")
    seen: set[tuple[str, str]] = set()
    for entry in entries:
        if (entry.id, entry.language) in seen:
            raise RecordError(f"{entry.id} ({entry.language}) is a duplicate, expected once")
        seen.add((entry.id, entry.language))
        if not entry.url.startswith("https://") or not any(section.text for section in entry.sections):
            raise RecordError(f"{entry.id} ({entry.language}) has no text or no https address, expected both")


def canary_questions(entries: Sequence[Entry]) -> tuple[tuple[str, Entry], ...]:
    """The first ask of a few entries spread over the build, with the entry it must find.

    Asks come from the catalogue, so every build with catalogue entries has canaries.
    """
    asked = [
        (section.items[0].text, entry)
        for entry in entries
        if entry.kind in ANSWERING and (section := entry.first(Role.ASKS))
    ]
    count = min(CANARIES, len(asked))
    return tuple(asked[number * len(asked) // count] for number in range(count))


def check_canaries(base: KnowledgeBase) -> None:
    """Ask an unpublished build for some of its own entries.

    :raises DamagedIndexError: one of them is not found.
    """
    for question, entry in canary_questions(base.entries):
        # Without an edition only risks of the newest one are searched.
        hits = base.retrieve(question, Filters(editions=frozenset({entry.edition})), CANARY_RANK).hits
        if entry.id not in {hit.entry.id for hit in hits}:
            raise DamagedIndexError(
                f"{question!r} finds {', '.join(hit.entry.id for hit in hits[:3]) or 'nothing'}, "
                f"expected {entry.id} among the first {CANARY_RANK}; nothing is published"
            )


def check_files(build: Build, base: KnowledgeBase) -> None:
    """Open every part of a build as a question would; no model is loaded.

    :raises DamagedIndexError: a part is missing, damaged or incomplete; the message names it.
    """
    manifest, folder = base.manifest, build.folder
    for name in manifest.files:
        check_file(folder, manifest, name)
    try:
        chunks = read_chunks(folder / "chunks.jsonl")
        passages = len(read_table(folder, manifest.dim)) if manifest.passages else 0
    except (OSError, RecordError) as error:
        raise DamagedIndexError(f"{folder} cannot be read ({error}); run: genlens refresh") from error
    _check_count(build, "chunks", len(chunks), manifest.chunks)
    _check_count(build, "passages", passages, manifest.passages)
    indexed = read_index(folder / "keywords" / "chunks").count
    _check_count(build, "chunks in the keyword index", indexed, manifest.chunks)
    read_index(folder / "keywords" / "entries")
    embedded = sum(reads(manifest.model, chunk.language) for chunk in chunks)
    anywhere = np.full(manifest.dim, manifest.dim**-0.5, dtype=np.float32)
    with VectorStore(folder / "chroma") as store:
        _check_count(build, "vectors", store.count(), embedded)
        _check_count(build, "query results", len(store.nearest(anywhere, 1).ids), 1)


def _check_count(build: Build, what: str, count: int, expected: int) -> None:
    if count != expected:
        raise DamagedIndexError(
            f"{build.folder}: found {count} {what}, expected {expected}; "
            "run genlens refresh, or serve another build with: genlens rollback"
        )
