"""One shared site for all tests: stopping a server takes half a second."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

import pytest

from support.site import Site, own_pages, serve


def _report_others(server: ThreadingHTTPServer, request: object, address: object) -> None:
    """Report errors of the server, except clients that hang up on a response they refuse."""
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
    """The site with its original pages, no faults and no recorded requests."""
    site.pages = own_pages()
    site.faults.clear()
    site.requests.clear()
    return site


@contextmanager
def closed_port() -> Iterator[str]:
    """The base address of a port without a server."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{reserved.getsockname()[1]}"
