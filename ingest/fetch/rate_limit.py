"""How fast the sites are asked, and how much in one refresh."""

import threading
import time
from collections.abc import Callable

from ingest.errors import FetchError

# All lenses together have some 300 pages, and each may be asked for four times.
MAX_REQUESTS = 2000
MAX_SECONDS = 15 * 60.0


class Pace:
    """The turns of one refresh: apart from each other on a host, and bounded in number and time."""

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

    def turn(self, host: str, delay: float) -> None:
        """Wait until a host may be asked again; it may not be for the next `delay` seconds.

        :raises FetchError: the refresh has asked for too much or taken too long.
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
                    f"{host}: the refresh asked {self._requests} times, expected less; see the log with -v"
                )
            self._asked += 1
            self._free[host] = start + delay
        if start > now:
            self.sleep(start - now)
