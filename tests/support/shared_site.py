"""One served site for all tests of a module: stopping a server takes half a second."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

import pytest

from support.site import Site, own_pages, serve


def _report_others(server: ThreadingHTTPServer, request: object, address: object) -> None:
    """Tell of errors in the server, but not that a client hung up on an answer it refuses."""
    if not isinstance(sys.exc_info()[1], ConnectionError):
        super(ThreadingHTTPServer, server).handle_error(request, address)  # type: ignore[arg-type]


@contextmanager
def running() -> Iterator[Site]:
    """Serve the tests' own pages until the block ends."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ThreadingHTTPServer, "handle_error", _report_others)
        with serve() as site:
            yield site


def renewed(site: Site) -> Site:
    """The site with its own pages, no faults and no memory."""
    site.pages = own_pages()
    site.faults.clear()
    site.requests.clear()
    return site


@contextmanager
def nobody() -> Iterator[str]:
    """The base address of a server that is not there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
