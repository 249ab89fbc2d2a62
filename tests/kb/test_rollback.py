"""Rollback to an earlier build: the served build stays until the earlier one has passed all checks."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from support.clock import Clock
from support.corpus import MADE_AT, SOURCES, corpus
from support.encoder import WordEncoder
from support.homes import unseal

import kb.storage.builds
from kb.changes import between
from kb.errors import BusyError, DamagedIndexError, ModelError, NoIndexError, NotKeptError, StorageError
from kb.files import digests_of
from kb.index.vector_store import VectorStore
from kb.knowledge_base import open_served
from kb.make import make_build
from kb.rollback import rollback
from kb.settings import DEFAULT_MODEL, Settings, load_settings
from kb.storage.builds import current_build, list_builds
from kb.storage.locks import refresh_lock


@pytest.fixture(autouse=True)
def fake_model_and_clock(encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake model, and a clock that puts builds a second apart."""
    monkeypatch.setattr(Clock, "ticks", 0)
    monkeypatch.setattr(kb.storage.builds, "datetime", Clock)
    monkeypatch.setattr("kb.rollback.open_encoder", lambda _folder, _model, _weights: encoder)


@pytest.fixture
def settings(home: Path) -> Settings:
    return load_settings(model="tests/words", home=home)


@pytest.fixture
def builds(home: Path, encoder: WordEncoder) -> list[str]:
    """Three builds, oldest first, with 9, 8 and 7 entries."""
    whole = corpus()
    return [make_build(home, encoder, whole[: len(whole) - count], SOURCES, MADE_AT).id for count in range(3)]


def test_previous_build_is_served(settings: Settings, builds: list[str]) -> None:
    first, second, third = builds
    assert rollback(settings).id == second
    assert (current_build(settings.home).id, len(open_served(settings).entries)) == (second, 8)
    assert rollback(settings).id == first
    assert len(open_served(settings).entries) == 9
    assert list_builds(settings.home) == (third, second, first)
    with pytest.raises(NotKeptError) as caught:
        rollback(settings)
    assert str(caught.value) == f"{first} is served, and no build before it is kept in {settings.home}"
    assert current_build(settings.home).id == first


def test_named_build_is_served_older_newer_or_current(settings: Settings, builds: list[str]) -> None:
    for build in (builds[0], builds[2], builds[2], builds[1]):
        assert rollback(settings, build).id == build
        assert open_served(settings).build == build


def test_unknown_build_is_refused(settings: Settings, builds: list[str]) -> None:
    with pytest.raises(NotKeptError, match=r"^'\.\./builds' is not a build in "):
        rollback(settings, "../builds")
    assert current_build(settings.home).id == builds[2]


def test_home_without_a_build_is_refused_and_not_created(settings: Settings) -> None:
    with pytest.raises(NoIndexError, match=f"^no index in {settings.home}; make one with: genlens refresh$"):
        rollback(settings)
    assert not settings.home.exists()


def test_named_build_repairs_a_lost_pointer(settings: Settings, builds: list[str]) -> None:
    (settings.home / "current").write_text("gone\n")
    with pytest.raises(DamagedIndexError, match=r"names 'gone', which is not a build here"):
        rollback(settings)
    assert rollback(settings, builds[1]).id == current_build(settings.home).id == builds[1]
    (settings.home / "current").unlink()
    with pytest.raises(NoIndexError):
        rollback(settings)
    assert rollback(settings, builds[0]).id == current_build(settings.home).id == builds[0]


def test_target_of_a_rollback_survives_the_next_build(
    settings: Settings, home: Path, encoder: WordEncoder, builds: list[str]
) -> None:
    newer = [make_build(home, encoder, corpus()[count:], SOURCES, MADE_AT).id for count in (1, 2)]
    rollback(settings, builds[0])
    newest = make_build(home, encoder, corpus()[3:], SOURCES, MADE_AT).id
    assert list_builds(home) == (newest, *newer[::-1], *builds[::-1])
    last = make_build(home, encoder, corpus()[4:], SOURCES, MADE_AT).id
    assert list_builds(home) == (last, newest, *newer[::-1], builds[2])


# Refused builds.


@pytest.fixture
def served(settings: Settings, builds: list[str]) -> Iterator[str]:
    """The served build; at the end of the test it must be served unchanged."""
    yield builds[2]
    assert (settings.home / "current").read_text() == f"{builds[2]}\n"
    assert len(open_served(settings).entries) == 7
    assert len(list_builds(settings.home)) == 3
    with refresh_lock(settings.home):
        pass


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("manifest.json", "its manifest cannot be read"),
        ("entries.jsonl", r"entries.jsonl, line 1"),
        ("chunks.jsonl", r"chunks.jsonl, line 1, "),
        ("keywords/chunks", "keyword index cannot be read"),
        ("keywords/entries", "keyword index cannot be read"),
        ("chroma/chroma.sqlite3", "vector store cannot be read"),
    ],
)
def test_damaged_build_without_digests_is_refused(
    settings: Settings, builds: list[str], file: str, message: str
) -> None:
    path = settings.home / "builds" / builds[1] / file
    unseal(settings.home / "builds" / builds[1])
    for damaged in [path] if path.is_file() else path.iterdir():
        damaged.write_bytes(b"damaged " * 1000)
    for named in (None, builds[1]):
        with pytest.raises(DamagedIndexError, match=message):
            rollback(settings, named)
    assert current_build(settings.home).id == builds[2]


@pytest.mark.usefixtures("served")
def test_build_with_one_changed_byte_is_refused(settings: Settings, builds: list[str]) -> None:
    folder = settings.home / "builds" / builds[1]
    for name in digests_of(folder):
        file = folder / name
        whole = file.read_bytes()
        place = len(whole) // 2
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :] if whole else b"x")
        for named in (None, builds[1]):
            with pytest.raises(DamagedIndexError, match=r"damaged|cannot be read"):
                rollback(settings, named)
        file.write_bytes(whole)
    assert rollback(settings, builds[1]).id == builds[1]
    rollback(settings, builds[2])


@pytest.mark.usefixtures("served")
def test_build_with_missing_vectors_is_refused(
    settings: Settings, builds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(VectorStore, "count", lambda _: 3)
        with pytest.raises(
            DamagedIndexError,
            match=rf"{builds[1]}: found 3 vectors, expected 16; run genlens refresh, or serve",
        ):
            rollback(settings)


@pytest.mark.usefixtures("served", "builds")
def test_build_of_another_model_is_refused(home: Path) -> None:
    with pytest.raises(ModelError, match=f"made with tests/words, but GENLENS_MODEL is {DEFAULT_MODEL}"):
        rollback(load_settings(home=home))


@pytest.mark.usefixtures("served", "builds")
def test_build_is_refused_if_its_model_cannot_be_opened(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def altered(home: Path, model: str, weights: str) -> NoReturn:
        assert (home, model, weights) == (settings.home, "tests/words", "0" * 64)
        raise ModelError("it was altered")

    monkeypatch.setattr("kb.rollback.open_encoder", altered)
    with pytest.raises(ModelError, match=r"^it was altered$"):
        rollback(settings)


@pytest.mark.usefixtures("served", "builds")
def test_unwritable_pointer_leaves_the_served_build(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match=r"current: the disk is full"):
            rollback(settings)


@pytest.mark.usefixtures("served", "builds")
def test_rollback_waits_for_a_refresh(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.storage.locks.LOCK_SECONDS", 0.01)
    with (
        refresh_lock(settings.home),
        pytest.raises(BusyError, match="another refresh or rollback did not end"),
    ):
        rollback(settings)


def test_clock_that_went_back_changes_neither_the_comparison_nor_the_rollback(
    settings: Settings, home: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = corpus()
    monkeypatch.setattr(Clock, "ticks", 86_400)
    first = make_build(home, encoder, whole[:-1], SOURCES, MADE_AT).id
    monkeypatch.setattr(Clock, "ticks", 0)
    second = make_build(home, encoder, whole, SOURCES, MADE_AT).id
    third = make_build(home, encoder, whole[1:], SOURCES, MADE_AT).id
    changes = between(home)
    assert (changes.old.build, changes.new.build) == (second, third)
    assert [entry.id for entry in changes.removed] == [whole[0].id]
    assert [entry.id for entry in between(home, first).removed] == [whole[0].id]
    assert rollback(settings).id == second
    assert rollback(settings).id == first
