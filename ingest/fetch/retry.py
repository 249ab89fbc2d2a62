"""Retries: after Retry-After, or with exponential backoff and jitter."""

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
MAX_WAIT = 60.0  # seconds; longer Retry-After values are cut


class TransientError(FetchError):
    """A failure that may pass; `wait` is the Retry-After of the site in seconds, if any."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


def retrying(sleep: Callable[[float], None]) -> Retrying:
    """A caller that repeats calls while they raise TransientError, and re-raises the last one."""
    return Retrying(
        retry=retry_if_exception_type(TransientError),
        stop=stop_after_attempt(ATTEMPTS),
        wait=_wait,
        sleep=sleep,
        reraise=True,
    )


def retry_after(value: str) -> float | None:
    """The seconds in a Retry-After header, given as a number or a date; None for anything else."""
    value = value.strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, TransientError) else None
    return min(asked, MAX_WAIT) if asked is not None else wait_random_exponential(0.5, max=8)(state)
