"""Every test has a home, a working folder and an environment of its own, and reaches this machine alone."""

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
from support.shared_site import nobody, renewed, running
from support.site import Site

if TYPE_CHECKING:
    from playwright.sync_api import Browser

from kb.knowledge_base import KnowledgeBase
from kb.make import make_build
from kb.storage.builds import Build

# For `pytest --hypothesis-profile=fuzz`; otherwise a few examples show that the fuzzing itself works.
settings.register_profile("fuzz", max_examples=100_000, database=None)


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home under the test's own folder; no GENLENS_ variable, proxy or .env file is seen."""
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
def only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections leave for the loopback interface or not at all."""
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
    """The GENLENS_HOME of the test: a folder that does not exist yet."""
    return clean_environment


@pytest.fixture
def encoder() -> WordEncoder:
    """A fake model whose neighbours can be told by hand: texts are near when they share words."""
    return WordEncoder()


@pytest.fixture(scope="session")
def running_site() -> Iterator[Site]:
    """A small source site of the tests' own making, served over HTTP on this machine."""
    with running() as one:
        yield one


@pytest.fixture
def site(running_site: Site) -> Site:
    """The small source site, as if it had just been started."""
    return renewed(running_site)


@pytest.fixture
def data(tmp_path: Path, encoder: WordEncoder, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the tests' sources and catalogue, which a refresh reads, with the fake model."""
    copy = shutil.copytree(DATA, tmp_path / "data")
    monkeypatch.setattr("ingest.pipeline.data_folder", lambda: copy)
    monkeypatch.setattr("ingest.pipeline.prepare_encoder", lambda _home, _model: encoder)
    return copy


@pytest.fixture
def nowhere() -> Iterator[str]:
    """A mirror that nobody answers at."""
    with nobody() as base:
        yield base


@pytest.fixture
def base(home: Path, encoder: WordEncoder) -> KnowledgeBase:
    """The knowledge base of a published build of the small corpus, with the fake model, ranked simply."""
    manifest = make_build(home, encoder, corpus(), SOURCES, MADE_AT)
    return KnowledgeBase(Build(home, manifest.id), encoder, simple_rankers())


@pytest.fixture(scope="session")
def catalogue_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the build that a machine without network gets, and the real model."""
    return shared_home(tmp_path_factory, "catalogue-home", "refresh", "--offline")


@pytest.fixture(scope="session")
def mirror() -> Iterator[str]:
    """The address of a mirror of the real sites, where this machine has one."""
    given = os.environ.get("GENLENS_TEST_MIRROR")
    if given:
        yield given
    elif (SHARED_MIRROR / "serve.py").is_file():
        with serving_mirror("--edition", "current") as base:
            yield base
    else:
        pytest.skip("no mirror of the source sites: neither GENLENS_TEST_MIRROR nor ../shared/mirror")


@pytest.fixture(scope="session")
def mirror_home(tmp_path_factory: pytest.TempPathFactory, mirror: str) -> Path:
    """A home with the build of the mirrored sites and the real model."""
    return shared_home(tmp_path_factory, "mirror-home", "refresh", GENLENS_MIRROR=mirror)


# Of one module, not of the session: while it is open, no other event loop can run in its thread.
@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """A real Chromium."""
    from support.browsing import chromium  # imports playwright, which most tests do without

    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def running_model() -> Iterator[ModelServer]:
    """A server on this machine that speaks the OpenAI protocol."""
    with serving_model() as one:
        yield one
