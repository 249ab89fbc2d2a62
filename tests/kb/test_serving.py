"""The served build of a long-running process: opened once, replaced by a newer one, then closed."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from chromadb.api.client import Client
from support.corpus import MADE_AT, SOURCES, corpus
from support.encoder import WordEncoder
from support.rankers import simple_rankers

import kb.serving
from kb.errors import DamagedIndexError, ModelError, NoIndexError
from kb.knowledge_base import KnowledgeBase
from kb.make import make_build
from kb.serving import ServedBuild
from kb.settings import Settings
from kb.storage.builds import Build, serve


@pytest.fixture
def opened(encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of opened builds, in order; each is opened with the fake model."""
    ids: list[str] = []

    def open_build(_settings: Settings, build: Build) -> KnowledgeBase:
        ids.append(build.id)
        return KnowledgeBase(build, encoder, simple_rankers())

    monkeypatch.setattr(kb.serving, "open_build", open_build)
    return ids


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the builds with a closed vector store, in order."""
    ids: list[str] = []
    close = Client.close

    def closing(client: Client) -> None:
        copy = Path(client.get_settings().persist_directory)
        ids.append(copy.name.removeprefix("genlens-").rpartition("-")[0])
        close(client)

    monkeypatch.setattr(Client, "close", closing)
    return ids


def publish(home: Path, encoder: WordEncoder, left_out: int = 0) -> str:
    entries = corpus()
    return make_build(home, encoder, entries[: len(entries) - left_out], SOURCES, MADE_AT).id


def test_each_served_build_is_opened_once_at_the_next_question(
    home: Path, encoder: WordEncoder, opened: list[str]
) -> None:
    served = ServedBuild(Settings(home=home))
    first = publish(home, encoder)
    base = served.base()
    assert base is served.base()
    second = publish(home, encoder, left_out=1)
    assert [served.base().build, served.base().build, base.build] == [second, second, first]
    serve(Build(home, first))
    assert served.base().build == first
    assert opened == [first, second, first]


def test_concurrent_questions_share_one_opened_build(
    home: Path, encoder: WordEncoder, opened: list[str]
) -> None:
    build = publish(home, encoder)
    served, together = ServedBuild(Settings(home=home)), threading.Barrier(8)

    def ask(_: int) -> str:
        together.wait()
        return served.base().retrieve("narrow roles").hits[0].entry.id

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {"GENSEC05-BP01"}
    assert opened == [build]


@pytest.mark.usefixtures("opened")
def test_old_build_is_closed_after_its_last_question(
    home: Path, encoder: WordEncoder, closed: list[str]
) -> None:
    served = ServedBuild(Settings(home=home))
    first = publish(home, encoder)
    in_flight = served.base()
    expected = in_flight.retrieve("narrow roles").hits
    publish(home, encoder, left_out=1)
    assert served.base().retrieve("narrow roles").hits
    closed.clear()
    assert in_flight.retrieve("narrow roles").hits == expected
    assert closed == []
    del in_flight
    assert closed == [first]


def test_errors_are_reported_at_every_question(home: Path, encoder: WordEncoder) -> None:
    served = ServedBuild(Settings(home=home, model="tests/words"))
    with pytest.raises(NoIndexError):
        served.base()
    build = publish(home, encoder)
    with pytest.raises(ModelError):
        ServedBuild(Settings(home=home, model="tests/others")).base()
    assert served.base().build == build
    (home / "current").write_text("gone", encoding="utf-8")
    with pytest.raises(DamagedIndexError):
        served.base()
    serve(Build(home, build))
    assert served.base().build == build
