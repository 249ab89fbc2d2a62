"""A local server with the protocols of model providers and configurable faults."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from support.protocols import Protocol, protocol_of

DRIP = 0.02  # seconds between two bytes


@dataclass
class Behaviour:
    """One response of the server.

    `says` is streamed in pieces of `size` characters; with a `status` other than 200 only `headers` and
    `body` are sent; `raw` replaces the stream with these lines. `then` is the end of the stream: done,
    endless, empty, hang, drip, fail or cut. `stop` is the
    reason at the end: stop, length or filter. `usage` is the number of tokens reported as read and written.
    """

    says: str = ""
    size: int = 7
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = "{}"
    raw: list[str] | None = None
    then: str = "done"
    stop: str = "stop"
    usage: tuple[int, int] | None = None


@dataclass
class ModelServer:
    """A running server: its address, its behaviours (the last one repeats), and the received requests."""

    base: str
    behaviours: list[Behaviour] = field(default_factory=lambda: [Behaviour()])
    requests: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def setting(self) -> str:
        """The value of GENLENS_LLM that names this server."""
        return f"openai-like:words@{self.base}/v1"

    def does(self, *behaviours: Behaviour) -> None:
        """Set the behaviours for the next requests and forget earlier requests."""
        self.behaviours = list(behaviours)
        self.requests.clear()
        self.paths.clear()

    def next(self) -> Behaviour:
        """The behaviour for the next request."""
        return self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]


class _Handler(BaseHTTPRequestHandler):
    model: ModelServer

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        self.model.requests.append(json.loads(self.rfile.read(length)))
        self.model.paths.append(self.path)
        self.model.authorizations.append(self.headers.get("Authorization", ""))
        behaviour = self.model.next()
        self.send_response(behaviour.status)
        if behaviour.status != 200:
            for name, value in behaviour.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(behaviour.body.encode())))
            self.end_headers()
            self.wfile.write(behaviour.body.encode())
            return
        protocol = protocol_of(self.path)
        self.send_header("Content-Type", protocol.content_type)
        self.end_headers()
        try:
            self._stream(behaviour, protocol)
        except OSError:  # the client has disconnected
            self.close_connection = True

    def _stream(self, behaviour: Behaviour, protocol: Protocol) -> None:
        for part in _parts(behaviour, protocol):
            self._write(part)
        while behaviour.then == "endless" and not self.model.stopped.is_set():
            self._write(protocol.piece("and so on and so forth "))
        while behaviour.then == "empty" and not self.model.stopped.wait(DRIP / 10):
            self._write(protocol.piece(""))
        silence = protocol.silence()
        while behaviour.then == "drip" and not self.model.stopped.wait(DRIP):
            self._write(next(silence))
        if behaviour.then == "hang":
            self.model.stopped.wait(30)
        if behaviour.then == "fail":
            self._write(protocol.failure())
        if behaviour.then == "done" and behaviour.raw is None:
            self._write(protocol.end(behaviour.stop, behaviour.usage))

    def _write(self, content: bytes) -> None:
        self.wfile.write(content)
        self.wfile.flush()


def _parts(behaviour: Behaviour, protocol: Protocol) -> Iterator[bytes]:
    """The stream of a behaviour, without its end."""
    if behaviour.raw is not None:
        yield from (line.encode() for line in behaviour.raw)
        return
    yield protocol.begin()
    says, size = behaviour.says, behaviour.size
    for start in range(0, len(says), size):
        yield protocol.piece(says[start : start + size])


@contextmanager
def serving_model() -> Iterator[ModelServer]:
    """A server that runs until the block ends."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    model = ModelServer(f"http://127.0.0.1:{server.server_port}")
    handler.model = model  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield model
    finally:
        model.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()
