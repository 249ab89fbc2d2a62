"""The rate limit of a refresh: pauses between requests to a host, for all sources together."""

import threading
import time
from collections.abc import Callable

from ingest.errors import FetchError
from ingest.fetch.allowance import BOUNDS, Allowance, Bounds


class RateLimit:
    """Spaces the requests of one refresh on each host, and gives each edition its own allowance."""

    def __init__(
        self,
        bounds: Bounds = BOUNDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._bounds = bounds
        self._clock = clock
        self._free: dict[str, float] = {}
        self._lock = threading.Lock()
        self.sleep = sleep

    def allowance(self) -> Allowance:
        """The allowance of one edition, whose time begins now."""
        return Allowance(self._bounds, self._clock)

    def wait_for(self, host: str, delay: float, end: float) -> None:
        """Wait for the turn of a host, then block it for `delay` seconds.

        :raises FetchError: the turn comes after `end` on the clock.
        """
        with self._lock:
            now = self._clock()
            start = max(now, self._free.get(host, now))
            if start > end:
                raise FetchError(
                    f"{host}: one edition needs more than {self._bounds.seconds / 60:.0f} minutes; "
                    "try again later"
                )
            self._free[host] = start + delay
        if start > now:
            self.sleep(start - now)
