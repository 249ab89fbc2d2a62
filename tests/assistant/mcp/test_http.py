"""Connections to the tool server over HTTP that never finish, or are too many."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import httpx2
import pytest
import uvicorn

from assistant.mcp.http import OneRequest, http_server, listen
from assistant.mcp.server import ToolServer
from kb.settings import load_settings

Answer = Callable[..., Awaitable[None]]
LISTING = b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}'
HEAD = b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"


@contextmanager
def running(server: uvicorn.Server, listening: socket.socket) -> Iterator[int]:
    """The port of a server that runs in a thread."""
    thread = Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a tool server."""
    listening = listen(0)
    server = http_server(ToolServer(load_settings()), listening.getsockname()[1])
    with running(server, listening) as port:
        yield port


def ending(port: int, sent: bytes, limit: float = 30) -> bytes:
    """The response on a connection that is kept open until the server ends it; `limit` is its time limit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("assistant.mcp.http.RECEIVE_SECONDS", limit)
        return exchanged(port, sent)


def exchanged(port: int, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(sent)
        received = b""
        try:
            while more := connection.recv(65_536):
                received += more
        except ConnectionResetError:
            pass
        return received


def status(port: int) -> int:
    """The status of a complete request."""
    response = httpx2.post(
        f"http://127.0.0.1:{port}/mcp",
        content=LISTING,
        headers={"Accept": "application/json, text/event-stream", "Content-Type": "application/json"},
    )
    assert response.headers["Connection"] == "close"
    return response.status_code


@pytest.mark.parametrize(
    "sent", [b"", b"PO", b"POST /mcp HTTP/1.1\r\nHost: 127", HEAD, b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 100]
)
def test_request_without_its_headers_is_ended(port: int, sent: bytes) -> None:
    received = ending(port, sent.replace(b"%d", str(port).encode()), 0.2)
    assert received.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert status(port) == 200


@pytest.mark.parametrize(
    "rest", [b"Content-Length: 100\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"]
)
def test_request_without_its_body_is_ended(port: int, rest: bytes) -> None:
    assert ending(port, HEAD % port + rest, 0.2) == b""
    assert status(port) == 200


def test_second_request_on_a_connection_is_not_read(port: int) -> None:
    accept = b"Accept: application/json, text/event-stream\r\nContent-Length: %d\r\n\r\n" % len(LISTING)
    received = ending(port, (HEAD % port + accept + LISTING) + b"POST /mcp HTTP/1.1\r\n")
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert received.count(b"HTTP/1.1") == 1


def test_connections_beyond_the_limit_are_refused_until_others_end(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.mcp.http.MAX_CONNECTIONS", 3)
    held = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
    assert ending(port, b"").startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    for connection in held:
        connection.close()
    while ending(port, b"X\r\n\r\n").startswith(b"HTTP/1.1 503"):
        pass
    assert status(port) == 200


def test_request_that_is_never_answered_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    async def stuck(scope: dict[str, Any], *_: object) -> None:
        if scope["type"] == "http":
            await asyncio.Event().wait()

    monkeypatch.setattr("assistant.mcp.http.ANSWER_SECONDS", 0.1)
    config = uvicorn.Config(stuck, http=OneRequest, log_config=None, lifespan="off")
    config.timeout_graceful_shutdown = 0
    with running(uvicorn.Server(config), listen(0)) as port:
        assert ending(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0.2) == b""
