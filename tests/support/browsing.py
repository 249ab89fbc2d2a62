"""A real Chromium, and the page served to it from a process of its own."""

import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from support.homes import ROOT

WIDTHS = [(1280, 900), (390, 844)]
# Without these a headless Chromium looks up hosts of its maker.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; the test is skipped where none is installed, unless the run requires one."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        if os.environ.get("TEST_BROWSER") == "required":
            pytest.fail("no Chromium found, and this run requires one")
        pytest.skip("no Chromium found; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def serving(home: Path, **environment: str) -> Iterator[str]:
    """The address of the page that `genlens chat` serves from a home."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "assistant.cli", "chat", "--port", str(port)]
    settings = os.environ | {"GENLENS_HOME": str(home), "PYTHONPATH": str(ROOT)} | environment
    with subprocess.Popen(
        command, env=settings, cwd=ROOT.parent, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        line = server.stdout.readline().strip()
        assert line == f"http://127.0.0.1:{port}"
        wait_until_up(f"{line}/_stcore/health")
        yield line
        server.kill()


def wait_until_up(address: str) -> None:
    """Wait until an address answers."""
    end = monotonic() + 60
    while monotonic() < end:
        try:
            with urllib.request.urlopen(address) as answer:
                if answer.status == 200:
                    return
        except OSError:
            sleep(0.1)
    pytest.fail(f"{address} did not come up")


class Watch:
    """What a page asked of other hosts, and what it complained about in its console."""

    def __init__(self, page: Page) -> None:
        self.elsewhere: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self._asked(request.url))
        page.on(
            "console",
            lambda said: self._complained(said.text, said.location) if said.type == "error" else None,
        )

    def _asked(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1", "data:", "blob:")):
            self.elsewhere.append(url)

    def _complained(self, text: str, place: object) -> None:
        # Below a path Streamlit first looks for its server there: "search/_stcore/health".
        if "/_stcore/" not in str(place):
            self.complaints.append(text)
