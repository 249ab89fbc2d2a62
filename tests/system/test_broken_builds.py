"""Builds that fail at any step: the served build stays, intact and alone."""

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


def disk_full(*_: object, **__: object) -> NoReturn:
    raise OSError(errno.ENOSPC, "No space left on device")


def disk_full_at(call: int) -> Callable[[int], None]:
    """An fsync that fails at the given call, counted from 1."""
    calls: list[int] = []

    def fsync(number: int) -> None:
        calls.append(number)
        if len(calls) == call:
            disk_full()

    return fsync


STEPS: dict[str, tuple[object, str, Callable[..., object]]] = {
    "entries": (kb.make, "write_entries", disk_full),
    "chunks": (kb.make, "write_chunks", disk_full),
    "keywords": (BM25Index, "write", disk_full),
    "vectors": (VectorStore, "add", disk_full),
    "manifest": (os, "fsync", disk_full_at(1)),
    "rename": (Path, "rename", disk_full),
    "publish": (Draft, "publish", disk_full),
}


@pytest.fixture
def served(home: Path, encoder: WordEncoder) -> Iterator[str]:
    """The served build; at the end of the test it is still served, intact and alone."""
    build_id = build(home, encoder).id
    yield build_id
    assert (home / "current").read_text() == f"{build_id}\n"
    assert [path.name for path in (home / "builds").iterdir()] == [build_id]
    assert (
        KnowledgeBase(Build(home, build_id), encoder).retrieve("narrow roles").hits[0].entry.id
        == "GENSEC05-BP01"
    )


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(("place", "name", "failing"), STEPS.values(), ids=STEPS)
def test_full_disk_leaves_only_the_served_build(
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
def test_unwritable_pointer_leaves_the_served_build(
    home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", disk_full_at(2))
        with pytest.raises(StorageError, match=r"current: the disk is full"):
            build(home, encoder, corpus()[1:])


@pytest.mark.usefixtures("served")
def test_full_vector_store_is_not_reported_as_damaged(home: Path, encoder: WordEncoder) -> None:
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
def test_incomplete_vector_store_is_not_published(
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
def test_interrupted_build_leaves_the_served_build(
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
@pytest.mark.parametrize("entries", [(), (question(), question())], ids=["no entries", "duplicate"])
def test_invalid_entries_are_not_embedded(
    home: Path, encoder: WordEncoder, entries: tuple[Entry, ...]
) -> None:
    encoder.encoded.clear()
    with pytest.raises(RecordError, match=r"expected (some|once)$"):
        build(home, encoder, entries)
    assert encoder.encoded == []


def test_failed_first_build_leaves_no_index(
    home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VectorStore, "add", disk_full)
    with pytest.raises(StorageError):
        build(home, encoder)
    assert [path.relative_to(home).as_posix() for path in home.rglob("*")] == ["builds"]
