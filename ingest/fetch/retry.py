"""What is tried again and after how long: Retry-After, else exponential backoff with jitter."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from ingest.errors import FetchError

ATTEMPTS = 4
MAX_WAIT = 60.0  # seconds that a Retry-After is honoured for


class PassingError(FetchError):
    """A failure that may pass; `wait` is how many seconds the site asks to wait, if it does."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


def retrying(sleep: Callable[[float], None]) -> Retrying:
    """Calls that are made again while they fail with a PassingError; the last one is raised."""
    return Retrying(
        retry=retry_if_exception_type(PassingError),
        stop=stop_after_attempt(ATTEMPTS),
        wait=_wait,
        sleep=sleep,
        reraise=True,
    )


def retry_after(value: str) -> float | None:
    """Seconds that a Retry-After header asks to wait, or None where it does not say."""
    value = value.strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, PassingError) else None
    return min(asked, MAX_WAIT) if asked is not None else wait_random_exponential(0.5, max=8)(state)
