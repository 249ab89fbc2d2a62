"""A real Chromium, and the chat page served by a separate process."""

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
# Without these flags a headless Chromium contacts Google. Names in .test lead to this machine.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP *.test 127.0.0.1",
]  # fmt: skip


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; without an installed Chromium the test is skipped, or fails if the run requires one."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        if os.environ.get("TEST_BROWSER") == "required":
            pytest.fail("no Chromium found, and this run requires one")
        pytest.skip("no Chromium found; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def serving(home: Path, *arguments: str, **environment: str) -> Iterator[str]:
    """The address of the chat page served by `genlens chat` from a home."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "assistant.cli", "chat", "--port", str(port), *arguments]
    # An unknown setting would be refused.
    outer = {name: value for name, value in os.environ.items() if not name.startswith("GENLENS_TEST_")}
    settings = outer | {"GENLENS_HOME": str(home), "PYTHONPATH": str(ROOT)} | environment
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
    """Wait until an address responds."""
    deadline = monotonic() + 60
    while monotonic() < deadline:
        try:
            with urllib.request.urlopen(address) as response:
                if response.status == 200:
                    return
        except OSError:
            sleep(0.1)
    pytest.fail(f"{address} did not come up")


class Watch:
    """Requests of a page to other hosts, and errors in its console."""

    def __init__(self, page: Page) -> None:
        self.elsewhere: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self._log_request(request.url))
        page.on(
            "console",
            lambda message: (
                self._log_error(message.text, message.location) if message.type == "error" else None
            ),
        )

    def _log_request(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1", "data:", "blob:")):
            self.elsewhere.append(url)

    def _log_error(self, text: str, place: object) -> None:
        # On a nested path Streamlit first looks for its server below it: "search/_stcore/health".
        if "/_stcore/" not in str(place):
            self.complaints.append(text)
