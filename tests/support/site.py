"""A source site on this machine, with recorded requests and faults by path."""

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGES = Path(__file__).resolve().parents[1] / "saved" / "pages"
TYPES = {".html": "text/html; charset=utf-8", ".json": "application/json", ".md": "text/plain; charset=utf-8"}


@dataclass
class Reply:
    """A response of the site; `by_hand` writes it to the connection, which is then closed."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    by_hand: Callable[[socket.socket], None] | None = None


Fault = Callable[[int], Reply | None]
"""A function from the number of earlier requests for a path to a reply, or None for the page itself."""


@dataclass
class Site:
    """A served folder of pages, laid out as HOST/PATH; it can be changed while served."""

    base: str
    pages: dict[str, bytes]
    faults: dict[str, Fault] = field(default_factory=dict)
    requests: list[tuple[str, int]] = field(default_factory=list)
    """Path and status of each request, in order."""

    def reply(self, path: str, headers: dict[str, str]) -> Reply:
        """The reply to one request."""
        fault = self.faults.get(path)
        reply = fault(sum(asked == path for asked, _ in self.requests)) if fault else None
        if reply is None:
            reply = self._page(path, headers)
        self.requests.append((path, reply.status))
        return reply

    def _page(self, path: str, headers: dict[str, str]) -> Reply:
        if path not in self.pages:
            return Reply(404, b"not here", {"Content-Type": "text/plain"})
        body = self.pages[path]
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if headers.get("If-None-Match") == etag:
            return Reply(304, b"", {"ETag": etag})
        return Reply(200, body, {"ETag": etag, "Content-Type": TYPES.get(Path(path).suffix, "text/plain")})


def own_pages() -> dict[str, bytes]:
    """Pages under tests/saved/pages by path (/HOST/PATH)."""
    return {
        f"/{file.relative_to(PAGES).as_posix()}": file.read_bytes()
        for file in PAGES.rglob("*")
        if file.is_file()
    }


@contextmanager
def serve() -> Iterator[Site]:
    """Serve the pages under tests/saved/pages until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            reply = site.reply(self.path, dict(self.headers))
            if reply.by_hand:
                self.close_connection = True
                reply.by_hand(self.connection)
                return
            self.send_response(reply.status)
            headers = {"Content-Length": str(len(reply.body))} | reply.headers
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Ignore clients that hang up, for example on a body they refuse."""

    server = Server(("127.0.0.1", 0), Handler)
    site = Site(f"http://127.0.0.1:{server.server_port}", own_pages())
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
