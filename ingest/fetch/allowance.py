"""The bounds of one edition in a refresh; an edition beyond its bounds fails alone, and the others go on."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from ingest.errors import FetchError
from ingest.fetch.page_store import Page

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of one edition: pages, requests, bytes of all pages together, seconds.

    The largest known lens has about 200 pages with 10 MB, and each page is tried up to four times.
    """

    pages: int = 1000
    requests: int = 2000
    size: int = 128 * MIB
    seconds: float = 15 * 60.0


BOUNDS = Bounds()


class Allowance:
    """Counts the requests and bytes of one edition; its time begins now."""

    def __init__(self, bounds: Bounds, clock: Callable[[], float]) -> None:
        self._bounds = bounds
        self._requests = 0
        self._size = 0
        self._lock = threading.Lock()
        self.end = clock() + bounds.seconds

    def check_pages(self, address: str, count: int) -> None:
        """Reject a table of contents with too many pages before they are requested.

        :raises FetchError: the edition has more pages than its bound.
        """
        if count > self._bounds.pages:
            raise FetchError(f"{address}: found {count} pages, expected at most {self._bounds.pages}")

    def take_request(self, host: str) -> None:
        """Count a request.

        :raises FetchError: it is one more than the bound.
        """
        with self._lock:
            self._requests += 1
            if self._requests > self._bounds.requests:
                raise FetchError(
                    f"{host}: one edition needs more than {self._bounds.requests} requests; "
                    "the log with -v shows them"
                )

    def take_page(self, page: Page) -> None:
        """Count the bytes of a page.

        :raises FetchError: the pages exceed the bound together.
        """
        with self._lock:
            self._size += len(page.body)
            if self._size > self._bounds.size:
                raise FetchError(
                    f"{page.url}: the pages up to this one have more than {self._bounds.size} bytes, "
                    "the most for one edition"
                )
