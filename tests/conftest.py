"""Fixtures of all tests: each has its own home, working folder and environment, and only local network."""

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from support.corpus import MADE_AT, SOURCES, corpus
from support.encoder import WordEncoder
from support.homes import SHARED_MIRROR, serving_mirror, shared_home
from support.model_server import ModelServer, serving_model
from support.rankers import simple_rankers
from support.saved import DATA
from support.shared_site import closed_port, renewed, running
from support.site import Site

if TYPE_CHECKING:
    from playwright.sync_api import Browser

from assistant.llm.budget import Spending
from kb.knowledge_base import KnowledgeBase
from kb.make import make_build
from kb.storage.builds import Build

# For `pytest --hypothesis-profile=fuzz`; the default profile tries only a few examples per test.
settings.register_profile("fuzz", max_examples=100_000, database=None)


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of the test, in its own folder; GENLENS_ variables, proxies and .env files are hidden."""
    for name in list(os.environ):
        if name.upper().startswith("GENLENS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    monkeypatch.setenv("GENLENS_HOME", str(home))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return home


@pytest.fixture(autouse=True)
def nothing_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has used no tokens of a language model yet."""
    monkeypatch.setattr("assistant.llm.budget.PROCESS", Spending())


@pytest.fixture(autouse=True)
def only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections beyond the loopback interface."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: tuple[str, int]) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in (
            "127.0.0.1",
            "::1",
            "localhost",
        ):
            raise OSError(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def home(clean_environment: Path) -> Path:
    """The GENLENS_HOME of the test, a folder that does not exist yet."""
    return clean_environment


@pytest.fixture
def encoder() -> WordEncoder:
    """A fake model with predictable neighbours: two texts are near if they share words."""
    return WordEncoder()


@pytest.fixture(scope="session")
def running_site() -> Iterator[Site]:
    """A small source site, served over HTTP on this machine."""
    with running() as served:
        yield served


@pytest.fixture
def site(running_site: Site) -> Site:
    """The small source site in its initial state."""
    return renewed(running_site)


@pytest.fixture
def data(tmp_path: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the test sources and catalogue; a refresh reads it and uses the fake model."""
    copy = shutil.copytree(DATA, tmp_path / "data")
    monkeypatch.setattr("ingest.pipeline.data_folder", lambda: copy)
    monkeypatch.setattr("ingest.pipeline.prepare_encoder", lambda _home, _model: encoder)
    return copy


@pytest.fixture
def unreachable() -> Iterator[str]:
    """The address of a mirror without a server."""
    with closed_port() as base:
        yield base


@pytest.fixture
def base(home: Path, encoder: WordEncoder) -> KnowledgeBase:
    """The knowledge base of a published build of the small corpus, with fake model and simple rankers."""
    manifest = make_build(home, encoder, corpus(), SOURCES, MADE_AT)
    return KnowledgeBase(Build(home, manifest.id), encoder, simple_rankers())


@pytest.fixture(scope="session")
def catalogue_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the catalogue's build, as made offline, and the real model."""
    return shared_home(tmp_path_factory, "catalogue-home", "refresh", "--offline")


@pytest.fixture(scope="session")
def mirror() -> Iterator[str]:
    """The address of a mirror of the real sites; skips the test without one."""
    address = os.environ.get("GENLENS_TEST_MIRROR")
    if address:
        yield address
    elif (SHARED_MIRROR / "serve.py").is_file():
        with serving_mirror("--edition", "current") as base:
            yield base
    else:
        pytest.skip("no mirror of the source sites: set GENLENS_TEST_MIRROR or add ../shared/mirror")


@pytest.fixture(scope="session")
def mirror_home(tmp_path_factory: pytest.TempPathFactory, mirror: str) -> Path:
    """A home with the build of the mirrored sites and the real model."""
    return shared_home(tmp_path_factory, "mirror-home", "refresh", GENLENS_MIRROR=mirror)


# Scope is the module, not the session: an open browser blocks other event loops in its thread.
@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """A Chromium browser."""
    from support.browsing import chromium  # imports playwright, unused by most tests

    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def running_model() -> Iterator[ModelServer]:
    """A local server of the OpenAI protocol."""
    with serving_model() as server:
        yield server
