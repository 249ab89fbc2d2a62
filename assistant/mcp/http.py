"""The tool server over streamable HTTP, for clients on this machine.

Pages of other origins are rejected by their Origin, DNS rebinding by its Host. There are no sessions. A
connection is for one request and ends in time: uvicorn itself waits for the rest of a request without end.
"""

import asyncio
import socket
from typing import Any

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from uvicorn.protocols.http.h11_impl import H11Protocol

HOST = "127.0.0.1"
PATH = "/mcp"
MAX_BODY = 128 * 1024  # bytes of a request; the longest question has under 50,000 when escaped
MAX_CONNECTIONS = 100
RECEIVE_SECONDS = 10.0  # from the connection to the end of its request
ANSWER_SECONDS = 120.0  # from there to the end of the connection; the first question opens the model
FULL = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
LATE = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class OneRequest(H11Protocol):
    """A connection for one request; it ends RECEIVE_SECONDS without it, or ANSWER_SECONDS after it."""

    deadline: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time limit, or refuse a connection too many."""
        super().connection_made(transport)
        self.deadline = self.loop.call_later(RECEIVE_SECONDS, self._end_unless_received)
        if len(self.connections) > MAX_CONNECTIONS:
            self._end(FULL)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the time limit."""
        self.deadline.cancel()
        super().connection_lost(exc)

    def _end_unless_received(self) -> None:
        if self.cycle is None:
            self._end(LATE)
        elif self.cycle.more_body:
            self.transport.abort()
        else:
            self.deadline = self.loop.call_later(ANSWER_SECONDS, self.transport.abort)

    def _end(self, response: bytes) -> None:
        self.transport.write(response)
        self.transport.close()


def listen(port: int) -> socket.socket:
    """A socket on the loopback interface; port 0 takes a free one.

    :raises OSError: the port is not available.
    """
    return socket.create_server((HOST, port))


def http_server(server: MCPServer[Any], port: int) -> uvicorn.Server:
    """The tool server over streamable HTTP; `run` serves a socket on the port until the process ends."""
    names = [f"{name}:{port}" for name in (HOST, "localhost")]
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,
        max_request_body_size=MAX_BODY,
        transport_security=TransportSecuritySettings(
            allowed_hosts=names, allowed_origins=[f"http://{name}" for name in names]
        ),
    )
    config = uvicorn.Config(
        app,
        http=OneRequest,
        ws="none",
        headers=[("connection", "close")],
        log_config=None,  # the default prints requests to stdout
    )
    return uvicorn.Server(config)
