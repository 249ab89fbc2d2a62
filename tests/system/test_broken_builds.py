"""A build that fails at any step leaves what was served, alone and whole."""

import errno
import os
import resource
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import pytest
from support.clock import Clock
from support.corpus import MADE_AT, SOURCES, corpus, question
from support.encoder import WordEncoder

import kb.make
import kb.storage.builds
from kb.entries import Entry
from kb.errors import DamagedIndexError, ModelError, RecordError, StorageError
from kb.index.bm25 import BM25Index
from kb.index.vector_store import VectorStore
from kb.knowledge_base import KnowledgeBase
from kb.make import make_build
from kb.storage.builds import Build, Draft
from kb.storage.manifest import Manifest


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "ticks", 0)
    monkeypatch.setattr(kb.storage.builds, "datetime", Clock)


def build(home: Path, encoder: WordEncoder, entries: Sequence[Entry] = corpus()) -> Manifest:
    return make_build(home, encoder, entries, SOURCES, MADE_AT)


def full(*_: object, **__: object) -> NoReturn:
    raise OSError(errno.ENOSPC, "No space left on device")


def full_at(call: int) -> Callable[[int], None]:
    """A flush to the disk that fails at one of its calls, counted from 1."""
    calls: list[int] = []

    def fsync(number: int) -> None:
        calls.append(number)
        if len(calls) == call:
            full()

    return fsync


STEPS: dict[str, tuple[object, str, Callable[..., object]]] = {
    "entries": (kb.make, "write_entries", full),
    "chunks": (kb.make, "write_chunks", full),
    "keywords": (BM25Index, "write", full),
    "vectors": (VectorStore, "add", full),
    "manifest": (os, "fsync", full_at(1)),
    "rename": (Path, "rename", full),
    "publish": (Draft, "publish", full),
}


@pytest.fixture
def served(home: Path, encoder: WordEncoder) -> Iterator[str]:
    """A build that is served, and still is, alone and whole, at the end of the test."""
    made = build(home, encoder).id
    yield made
    assert (home / "current").read_text() == f"{made}\n"
    assert [path.name for path in (home / "builds").iterdir()] == [made]
    assert (
        KnowledgeBase(Build(home, made), encoder).retrieve("narrow roles").hits[0].entry.id == "GENSEC05-BP01"
    )


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(("place", "name", "failing"), STEPS.values(), ids=STEPS)
def test_a_full_disk_leaves_what_was_served_and_nothing_else(
    home: Path,
    encoder: WordEncoder,
    monkeypatch: pytest.MonkeyPatch,
    place: object,
    name: str,
    failing: Callable[..., object],
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(place, name, failing)
        with pytest.raises(StorageError, match=r"the disk is full; free some space and repeat"):
            build(home, encoder, corpus()[1:])


@pytest.mark.usefixtures("served")
def test_a_pointer_that_cannot_be_written_leaves_what_was_served(
    home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full_at(2))
        with pytest.raises(StorageError, match=r"current: the disk is full"):
            build(home, encoder, corpus()[1:])


@pytest.mark.usefixtures("served")
def test_a_vector_store_that_really_cannot_grow_is_told_from_a_damaged_one(
    home: Path, encoder: WordEncoder
) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        with pytest.raises(
            StorageError, match=r"chroma: the vector store cannot be written .*free some space"
        ):
            build(home, encoder, corpus()[1:])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.usefixtures("served")
def test_a_store_that_cannot_be_read_back_is_not_published(
    home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(VectorStore, "count", lambda _: 16)
        with pytest.raises(
            DamagedIndexError, match=r"16 of 17 chunks can be read back; nothing is published"
        ):
            build(home, encoder, corpus()[1:])


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("error", [ModelError("no model"), KeyboardInterrupt()], ids=["model", "interrupt"])
def test_a_build_that_is_broken_off_leaves_what_was_served(
    home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def broken(_: Sequence[str]) -> NoReturn:
        raise error

    monkeypatch.setattr(encoder, "weights_sha256", "1" * 64)
    with monkeypatch.context() as patched:
        patched.setattr(encoder, "encode", broken)
        with pytest.raises(type(error)):
            build(home, encoder)


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("entries", [(), (question(), question())], ids=["none", "twice"])
def test_entries_that_cannot_be_served_are_not_embedded(
    home: Path, encoder: WordEncoder, entries: tuple[Entry, ...]
) -> None:
    encoder.encoded.clear()
    with pytest.raises(RecordError, match=r"expected (some|once)$"):
        build(home, encoder, entries)
    assert encoder.encoded == []


def test_a_first_build_that_fails_leaves_no_index(
    home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VectorStore, "add", full)
    with pytest.raises(StorageError):
        build(home, encoder)
    assert [path.relative_to(home).as_posix() for path in home.rglob("*")] == ["builds"]
