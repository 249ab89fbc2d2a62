"""Attacks of other sites in the browser on a running page."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from support.browsing import serving
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

pytestmark = pytest.mark.browser
SOCKET = """address => new Promise(answer => {
    const socket = new WebSocket(address, ["streamlit"])
    socket.onopen = () => answer("open")
    socket.onerror = () => answer("refused")
})"""


@pytest.fixture(scope="module")
def address(catalogue_home: Path) -> Iterator[str]:
    """The address of a page that is also served as lens.test."""
    with serving(catalogue_home, "--host", "lens.test") as url:
        yield url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def called(address: str, host: str) -> str:
    """The same server under another host name."""
    return address.replace("127.0.0.1", host)


@contextmanager
def another_site(html: str) -> Iterator[str]:
    """The address of another server on this machine, with one document."""

    class Document(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Document) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "lens.test"])
def test_page_works_under_its_own_hosts(page: Page, address: str, host: str) -> None:
    page.goto(f"{called(address, host)}/search?q=prompt+caching&lang=en")
    title = "Implement prompt caching to reduce token costs"
    expect(page.get_by_role("link", name=title, exact=True)).to_be_visible(timeout=30_000)


def test_rebound_site_gets_a_refusal_and_no_websocket(page: Page, address: str) -> None:
    response = page.goto(f"{called(address, 'rebound.test')}/index")
    assert response is not None
    assert response.status == 421
    port = urlsplit(address).port
    assert page.inner_text("body").startswith(f"genlens is not served at 'rebound.test:{port}', only at: ")
    assert page.evaluate(SOCKET, f"ws://rebound.test:{port}/_stcore/stream") == "refused"


def test_site_on_another_port_gets_no_websocket(page: Page, address: str) -> None:
    stream = f"{address.replace('http', 'ws')}/_stcore/stream"
    with another_site("<p>another service") as site:
        page.goto(site)
        assert page.evaluate(SOCKET, stream) == "refused"
        assert page.evaluate(SOCKET, called(stream, "localhost")) == "refused"
    page.goto(address)
    assert page.evaluate(SOCKET, stream) == "open"


def test_page_is_not_shown_in_a_frame(page: Page, address: str) -> None:
    with another_site(f"<iframe src={address}/index></iframe>") as site:
        page.goto(site)
        (frame,) = page.main_frame.child_frames
        assert frame.url == "chrome-error://chromewebdata/"


@pytest.mark.parametrize(
    ("path", "host", "origin", "status"),
    [
        ("/_stcore/stream", "rebound.test", "http://rebound.test", 421),
        ("/_stcore/stream", "rebound.test", None, 421),
        ("/_stcore/stream", "127.0.0.1", "http://127.0.0.1:1", 403),
        ("/index/_stcore/stream", "rebound.test", "http://rebound.test", 421),
    ],
)
def test_refused_websocket_is_told_the_reason(
    address: str, path: str, host: str, origin: str | None, status: int
) -> None:
    parts = urlsplit(address)
    to = socket.create_connection(("127.0.0.1", parts.port))
    headers = {"Origin": origin} if origin else {}
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(f"ws://{host}:{parts.port}{path}", sock=to, additional_headers=headers),
    ):
        pass
    assert refused.value.response.status_code == status
    assert refused.value.response.body.startswith(b"genlens ")
