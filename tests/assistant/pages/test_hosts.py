"""The hosts and origins that the page answers, without a server."""

import asyncio
from collections.abc import Iterator

import pytest
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send
from streamlit import config

from assistant.pages.hosts import LOOPBACK, HostCheck, Refusal, only_on_this_machine, refusal


@pytest.fixture(autouse=True)
def listed() -> Iterator[None]:
    """A server on loopback that lists two more hosts."""
    before = {key: config.get_option(key) for key in ("server.address", "server.allowedHosts")}
    config.set_option("server.address", "127.0.0.1")
    config.set_option("server.allowedHosts", [*LOOPBACK, "lens.example.com", "*.corp.example"])
    yield
    for key, value in before.items():
        config.set_option(key, value)


def refused(**headers: str | tuple[str, ...]) -> int | None:
    """The status that refuses a request with these headers; None if it is answered."""
    raw = [
        (name.encode(), value.encode("latin-1"))
        for name, values in headers.items()
        for value in ((values,) if isinstance(values, str) else values)
    ]
    found = refusal(Headers(raw=raw))
    return found.status if found else None


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8501", "localhost:8501", "LocalHost:8501", "[::1]:8501", "lens.example.com", "127.0.0.1",
        "a.corp.example:8443",
    ],
)  # fmt: skip
def test_listed_host_is_answered_with_its_own_origin_or_none(host: str) -> None:
    assert refused(host=host) is None
    assert refused(host=host, origin=f"http://{host}") is None
    assert refused(host=host, origin=f"https://{host.lower()}") is None


@pytest.mark.parametrize(
    "host",
    [
        "", "rebound.test:8501", "127.0.0.1.rebound.test", "localhost.rebound.test:8501",
        "rebound.test@localhost", "localhost/rebound.test", "localhost, rebound.test",
        "0.0.0.0:8501", "192.168.1.7:8501", "127.0.0.2",
        "corp.example", "lens.example.com.evil.test", "[::2]:8501", "2130706433", "localhost:port", "é.test",
    ],
)  # fmt: skip
def test_other_host_is_refused_even_if_its_origin_is_the_same(host: str) -> None:
    assert refused(host=host) == 421
    assert refused(host=host, origin=f"http://{host}") == 421


def test_request_without_host_or_with_two_is_refused() -> None:
    assert refused() == 421
    assert refused(host=("localhost:8501", "rebound.test")) == 421


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:3000", "http://localhost", "http://127.0.0.1:8501", "http://rebound.test:8501",
        "null", "", "file://", "chrome-extension://localhost:8501", "localhost:8501", "http://localhost:8501/",
        "http://localhost:8501.rebound.test", "http://rebound.test@localhost:8501", "http://lens.example.com",
    ],
)  # fmt: skip
def test_other_origin_is_refused(origin: str) -> None:
    assert refused(host="localhost:8501", origin=origin) == 403
    assert refused(host="localhost:8501", origin=("http://localhost:8501", origin)) == 403


def test_empty_list_allows_no_host() -> None:
    config.set_option("server.allowedHosts", [])
    assert refused(host="localhost:8501") == 421


def test_refusal_is_one_short_line_with_the_remedy() -> None:
    long = refusal(Headers(raw=[(b"host", b"evil\x1b[2J<b>" + b"x" * 50_000)]))
    assert isinstance(long, Refusal)
    assert long.line.startswith("genlens is not served at 'evil\\x1b[2J<b>xxx")
    assert long.line.endswith("with: genlens chat --host NAME")
    assert len(long.line) < 300
    assert "\n" not in long.line


def answers_of(scope: Scope) -> list[Message]:
    """The messages sent for a request to an app that says "served"."""
    sent: list[Message] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"served"})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(HostCheck(app)(scope, receive, send))
    return sent


@pytest.mark.parametrize(("host", "status"), [(b"localhost:8501", 200), (b"rebound.test", 421)])
def test_every_response_forbids_frames(host: bytes, status: int) -> None:
    start, body = answers_of({"type": "http", "headers": [(b"host", host)]})
    assert start["status"] == status
    assert (body["body"] == b"served") is (status == 200)
    headers = dict(start["headers"])
    assert headers[b"content-security-policy"] == b"frame-ancestors 'none'"
    assert headers[b"x-frame-options"] == b"DENY"


def test_refused_websocket_is_told_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    headers = [(b"host", b"localhost:8501"), (b"origin", b"http://localhost:3000")]
    start, body = answers_of({"type": "websocket", "headers": headers})
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 403)
    line = body["body"].decode()
    assert "not 'http://localhost:3000'" in line
    assert caplog.messages == [line]


@pytest.mark.parametrize(
    ("address", "hosts", "alone"),
    [
        ("127.0.0.1", LOOPBACK, True),
        ("::1", LOOPBACK, True),
        ("0.0.0.0", LOOPBACK, False),  # noqa: S104
        ("127.0.0.1", (*LOOPBACK, "lens.example.com"), False),
        ("127.0.0.1", ("*",), False),
    ],
)
def test_only_a_page_on_loopback_without_other_hosts_is_on_this_machine(
    address: str, hosts: tuple[str, ...], alone: bool
) -> None:
    config.set_option("server.address", address)
    config.set_option("server.allowedHosts", list(hosts))
    assert only_on_this_machine() is alone
