"""The polite, bounded client: listed https hosts only, robots rules, retries, caps on size and time."""

import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx2
from protego import Protego
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from ingest.errors import FetchError, UnreachableError
from ingest.pages import Page, now

USER_AGENT = "genlens/0.1 (+https://github.com/genlens/genlens)"
MAX_BYTES = 8 * 1024 * 1024  # decoded, per response
MAX_SECONDS = 30.0  # per request
MAX_REDIRECTS = 5
CONNECTIONS = 4  # at once
MAX_WAIT = 60.0  # seconds that a Retry-After is honoured for

log = logging.getLogger(__name__)


class _PassingError(FetchError):
    """A failure that may pass: it is tried again."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class Client:
    """Fetches pages from the given hosts, or from a mirror of them; one instance a refresh."""

    def __init__(self, hosts: tuple[str, ...], mirror: str | None = None, attempts: int = 4) -> None:
        self._hosts = frozenset(hosts)
        self._mirror = mirror
        self._http = httpx2.Client(
            headers={
                "User-Agent": USER_AGENT,
                "Accept": "text/html, application/json, text/plain, text/markdown",
            },
            timeout=httpx2.Timeout(10.0, connect=5.0),
            limits=httpx2.Limits(max_connections=CONNECTIONS),
            follow_redirects=False,
        )
        self._attempts = attempts
        self._robots: dict[str, Protego] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def fetch(self, address: str, kept: Page | None = None) -> Page:
        """The page at an https address; the kept one, with a new time, where the site says it is unchanged.

        :raises UnreachableError: the host cannot be reached.
        :raises FetchError: the address is not allowed, or no good answer came within the caps.
        """
        if not self._rules(address).can_fetch(address, USER_AGENT):
            raise FetchError(f"{address}: robots.txt of the host forbids it; nothing was fetched")
        return self._retrying(address, _validators(kept), kept)

    def _retrying(self, address: str, headers: Mapping[str, str], kept: Page | None) -> Page:
        retrying = Retrying(
            retry=retry_if_exception_type(_PassingError),
            stop=stop_after_attempt(self._attempts),
            wait=_wait,
            reraise=True,
        )
        page: Page = retrying(self._follow, address, headers, kept)
        return page

    def _rules(self, address: str) -> Protego:
        host = self._allowed_host(address)
        if host not in self._robots:
            try:
                text = self._retrying(f"https://{host}/robots.txt", {}, None).text
            except UnreachableError:
                raise
            except FetchError as error:
                # RFC 9309: a missing file allows everything; a broken server allows nothing.
                text = "" if "answered 4" in str(error) else "User-agent: *\nDisallow: /"
            self._robots[host] = Protego.parse(text)
        return self._robots[host]

    def _allowed_host(self, address: str) -> str:
        try:
            parts = urlsplit(address)
            if parts.scheme == "https" and parts.hostname in self._hosts and parts.port in (None, 443):
                return parts.hostname
        except ValueError:
            pass  # a port or a bracket that cannot be read
        raise FetchError(f"{address}: expected https and one of the hosts {', '.join(sorted(self._hosts))}")

    def _follow(self, address: str, headers: Mapping[str, str], kept: Page | None) -> Page:
        for _ in range(MAX_REDIRECTS + 1):
            self._allowed_host(address)
            answer = self._request(address, headers, kept)
            if isinstance(answer, Page):
                return answer
            address = answer
        raise FetchError(f"{address}: more than {MAX_REDIRECTS} redirects")

    def _request(self, address: str, headers: Mapping[str, str], kept: Page | None) -> Page | str:
        """A page, or the true address that the answer redirects to."""
        place = self._place(address)
        deadline = time.monotonic() + MAX_SECONDS
        try:
            with self._http.stream("GET", place, headers=headers) as response:
                log.info("GET %s %s", place, response.status_code)
                if response.status_code == httpx2.codes.NOT_MODIFIED and kept is not None:
                    return Page(address, kept.body, now(), kept.encoding, kept.etag, kept.last_modified)
                if response.has_redirect_location:
                    return self._true(_joined(place, response.headers["Location"]))
                _refuse_bad_status(address, response)
                return _page(address, response, _read(address, response, deadline))
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise UnreachableError(urlsplit(place).netloc, str(error)) from error
        except httpx2.RequestError as error:
            raise _PassingError(f"{address}: {type(error).__name__}: {error}") from error
        except httpx2.InvalidURL as error:
            raise FetchError(f"{address!r} is not an address: {error}") from error

    def _place(self, address: str) -> str:
        return f"{self._mirror}/{address.removeprefix('https://')}" if self._mirror else address

    def _true(self, place: str) -> str:
        prefix = f"{self._mirror}/"
        return f"https://{place.removeprefix(prefix)}" if self._mirror and place.startswith(prefix) else place


def _validators(kept: Page | None) -> dict[str, str]:
    named = {"If-None-Match": kept.etag, "If-Modified-Since": kept.last_modified} if kept else {}
    return {name: value for name, value in named.items() if value}


def _joined(place: str, location: str) -> str:
    try:
        return urljoin(place, location)
    except ValueError:  # it cannot be read, and is refused as it stands
        return location


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, _PassingError) else None
    return min(asked, MAX_WAIT) if asked is not None else wait_random_exponential(0.5, max=8)(state)


def _refuse_bad_status(address: str, response: httpx2.Response) -> None:
    status = response.status_code
    if status == httpx2.codes.TOO_MANY_REQUESTS or status >= httpx2.codes.INTERNAL_SERVER_ERROR:
        raise _PassingError(f"{address}: the site answered {status}", _retry_after(response))
    if status != httpx2.codes.OK:
        raise FetchError(f"{address}: the site answered {status}, expected 200")


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds that the site asks to wait, or None where it does not say."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _read(address: str, response: httpx2.Response, deadline: float) -> bytes:
    body = bytearray()
    for piece in response.iter_bytes(64 * 1024):
        body += piece
        if len(body) > MAX_BYTES:
            raise FetchError(f"{address}: more than {MAX_BYTES} bytes; the page is refused")
        if time.monotonic() > deadline:
            raise _PassingError(f"{address}: not complete after {MAX_SECONDS:.0f} seconds")
    return bytes(body)


def _page(address: str, response: httpx2.Response, body: bytes) -> Page:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not (kind.startswith("text/") or kind == "application/json"):
        raise FetchError(f"{address}: content type {kind or 'missing'}, expected text or JSON")
    headers = response.headers
    return Page(
        url=address,
        body=body,
        fetched_at=now(),
        encoding=_encoding(response),
        etag=headers.get("ETag", ""),
        last_modified=headers.get("Last-Modified", ""),
    )


def _encoding(response: httpx2.Response) -> str:
    """The encoding that the site names, or UTF-8 where it names none that is known."""
    named = response.charset_encoding or "utf-8"
    try:
        b" ".decode(named, errors="replace")
    except (LookupError, ValueError):
        return "utf-8"
    return named
