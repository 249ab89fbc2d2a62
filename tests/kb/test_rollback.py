"""Serving an earlier build again leaves what was served until the earlier one is known to be whole."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from support.clock import Clock
from support.corpus import MADE_AT, SOURCES, corpus
from support.encoder import WordEncoder

import kb.storage.builds
from kb.errors import BusyError, DamagedIndexError, ModelError, NoIndexError, NotKeptError, StorageError
from kb.index.vector_store import VectorStore
from kb.knowledge_base import open_served
from kb.make import make_build
from kb.rollback import rollback
from kb.settings import DEFAULT_MODEL, Settings, load_settings
from kb.storage.builds import current_build, list_builds
from kb.storage.locks import refresh_lock


@pytest.fixture(autouse=True)
def small_world(encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake model, and builds a second apart."""
    monkeypatch.setattr(Clock, "ticks", 0)
    monkeypatch.setattr(kb.storage.builds, "datetime", Clock)
    monkeypatch.setattr("kb.rollback.open_encoder", lambda _folder, _model, _weights: encoder)


@pytest.fixture
def settings(home: Path) -> Settings:
    return load_settings(model="tests/words", home=home)


@pytest.fixture
def builds(home: Path, encoder: WordEncoder) -> list[str]:
    """Three builds, oldest first; each lacks one more entry of the end."""
    whole = corpus()
    return [make_build(home, encoder, whole[: len(whole) - count], SOURCES, MADE_AT).id for count in range(3)]


def test_the_build_before_the_served_one_is_served_again(settings: Settings, builds: list[str]) -> None:
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


def test_a_named_build_is_served_be_it_older_newer_or_served(settings: Settings, builds: list[str]) -> None:
    for build in (builds[0], builds[2], builds[2], builds[1]):
        assert rollback(settings, build).id == build
        assert open_served(settings).build == build


def test_a_build_that_is_not_kept_is_refused(settings: Settings, builds: list[str]) -> None:
    with pytest.raises(NotKeptError, match=r"^'\.\./builds' is not a build in "):
        rollback(settings, "../builds")
    assert current_build(settings.home).id == builds[2]


def test_without_a_build_there_is_nothing_to_serve_and_nothing_is_made(settings: Settings) -> None:
    with pytest.raises(NoIndexError, match=f"^no index in {settings.home}; make one with: genlens refresh$"):
        rollback(settings)
    assert not settings.home.exists()


def test_a_lost_pointer_is_set_by_naming_a_build(settings: Settings, builds: list[str]) -> None:
    (settings.home / "current").write_text("gone\n")
    with pytest.raises(DamagedIndexError, match=r"names 'gone', which is not a build here"):
        rollback(settings)
    assert rollback(settings, builds[1]).id == current_build(settings.home).id == builds[1]
    (settings.home / "current").unlink()
    with pytest.raises(NoIndexError):
        rollback(settings)
    assert rollback(settings, builds[0]).id == current_build(settings.home).id == builds[0]


def test_a_build_that_was_rolled_back_to_outlives_the_next_refresh(
    settings: Settings, home: Path, encoder: WordEncoder, builds: list[str]
) -> None:
    more = [make_build(home, encoder, corpus()[count:], SOURCES, MADE_AT).id for count in (1, 2)]
    rollback(settings, builds[0])
    newest = make_build(home, encoder, corpus()[3:], SOURCES, MADE_AT).id
    assert list_builds(home) == (newest, *more[::-1], *builds[::-1])
    last = make_build(home, encoder, corpus()[4:], SOURCES, MADE_AT).id
    assert list_builds(home) == (last, newest, *more[::-1], builds[2])


# What must not be served.


@pytest.fixture
def served(settings: Settings, builds: list[str]) -> Iterator[str]:
    """A build that is served, and still is, whole, at the end of the test."""
    yield builds[2]
    assert (settings.home / "current").read_text() == f"{builds[2]}\n"
    assert len(open_served(settings).entries) == 7
    assert len(list_builds(settings.home)) == 3
    with refresh_lock(settings.home):
        pass


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(
    ("damaged", "message"),
    [
        ("manifest.json", "its manifest cannot be read"),
        ("entries.jsonl", r"entries.jsonl, line 1"),
        ("chunks.jsonl", r"chunks.jsonl, line 1, "),
        ("keywords/chunks", "keyword index cannot be read"),
        ("keywords/entries", "keyword index cannot be read"),
        ("chroma/chroma.sqlite3", "vector store cannot be read"),
    ],
)
def test_a_damaged_build_is_not_served(
    settings: Settings, builds: list[str], damaged: str, message: str
) -> None:
    place = settings.home / "builds" / builds[1] / damaged
    for file in [place] if place.is_file() else place.iterdir():
        file.write_bytes(b"damaged " * 1000)
    for named in (None, builds[1]):
        with pytest.raises(DamagedIndexError, match=message):
            rollback(settings, named)
    assert current_build(settings.home).id == builds[2]


@pytest.mark.usefixtures("served")
def test_a_build_that_lacks_vectors_is_not_served(
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
def test_a_build_of_another_model_is_not_served(home: Path) -> None:
    with pytest.raises(ModelError, match=f"made with tests/words, but GENLENS_MODEL is {DEFAULT_MODEL}"):
        rollback(load_settings(home=home))


@pytest.mark.usefixtures("served", "builds")
def test_a_build_whose_model_cannot_be_opened_is_not_served(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def altered(home: Path, model: str, weights: str) -> NoReturn:
        assert (home, model, weights) == (settings.home, "tests/words", "0" * 64)
        raise ModelError("it was altered")

    monkeypatch.setattr("kb.rollback.open_encoder", altered)
    with pytest.raises(ModelError, match=r"^it was altered$"):
        rollback(settings)


@pytest.mark.usefixtures("served", "builds")
def test_a_pointer_that_cannot_be_written_leaves_what_was_served(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match=r"current: the disk is full"):
            rollback(settings)


@pytest.mark.usefixtures("served", "builds")
def test_a_rollback_waits_for_a_refresh(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.storage.locks.LOCK_SECONDS", 0.01)
    with (
        refresh_lock(settings.home),
        pytest.raises(BusyError, match="another refresh or rollback did not end"),
    ):
        rollback(settings)
