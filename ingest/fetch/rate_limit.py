"""The rate limit of a refresh: pauses between requests to a host, and caps on requests and time."""

import threading
import time
from collections.abc import Callable

from ingest.errors import FetchError

# All lenses together have about 300 pages, each tried up to four times.
MAX_REQUESTS = 2000
MAX_SECONDS = 15 * 60.0


class RateLimit:
    """Spaces the requests of one refresh on each host, and bounds their number and total time."""

    def __init__(
        self,
        requests: int = MAX_REQUESTS,
        seconds: float = MAX_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._requests = requests
        self._seconds = seconds
        self._clock = clock
        self._begun = clock()
        self._asked = 0
        self._free: dict[str, float] = {}
        self._lock = threading.Lock()
        self.sleep = sleep

    def wait_for(self, host: str, delay: float) -> None:
        """Wait for the turn of a host, then block it for `delay` seconds.

        :raises FetchError: the refresh exceeds its requests or its time.
        """
        with self._lock:
            now = self._clock()
            start = max(now, self._free.get(host, now))
            if start - self._begun > self._seconds:
                raise FetchError(
                    f"{host}: the refresh took more than {self._seconds / 60:.0f} minutes; try again later"
                )
            if self._asked == self._requests:
                raise FetchError(
                    f"{host}: the refresh made {self._requests} requests, expected fewer; see the log with -v"
                )
            self._asked += 1
            self._free[host] = start + delay
        if start > now:
            self.sleep(start - now)
