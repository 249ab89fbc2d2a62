"""The polite, bounded client: listed https hosts only, robots rules, retries, caps on size and time.

The one module that talks to httpx2.
"""

import logging
import zlib
from collections.abc import Mapping
from ipaddress import ip_address
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2
from protego import Protego

from ingest.errors import FetchError, UnreachableError
from ingest.fetch.network import Network, Proxy, connections
from ingest.fetch.page_store import Page, now
from ingest.fetch.rate_limit import Pace
from ingest.fetch.retry import PassingError, retry_after, retrying

USER_AGENT = "genlens/0.1 (+https://github.com/genlens/genlens)"
MAX_BYTES = 8 * 1024 * 1024  # decoded, per response
MAX_SECONDS = 30.0  # per request
MAX_REDIRECTS = 5
CONNECTIONS = 4  # at once
# Seconds between two requests to a host: a lens of 94 pages then takes ten seconds, which no site minds.
DELAY = 0.1

log = logging.getLogger(__name__)


class _StatusError(FetchError):
    """An answer that will not change when it is asked for again."""

    def __init__(self, address: str, status: int) -> None:
        super().__init__(f"{address}: the site answered {status}, expected 200")
        self.status = status


class _Transport(httpx2.HTTPTransport):
    """httpx2's own transport, over a network of ours, for which it has no argument."""

    def __init__(self, network: Network, proxy: Proxy | None) -> None:
        super().__init__()
        self._pool = connections(network, CONNECTIONS, httpx2.create_ssl_context(), proxy)


class Client:
    """Fetches pages from the given hosts, or from a mirror of them; the pace is that of a whole refresh."""

    def __init__(self, hosts: tuple[str, ...], mirror: str | None = None, pace: Pace | None = None) -> None:
        self._hosts = frozenset(hosts)
        self._mirror = mirror
        self._pace = pace or Pace()
        proxy = _proxy(mirror or f"https://{hosts[0]}")
        self._network = Network(anywhere=bool(mirror or proxy))
        self._http = httpx2.Client(
            headers={
                "User-Agent": USER_AGENT,
                "Accept": "text/html, application/json, text/plain, text/markdown",
                "Accept-Encoding": "gzip",
            },
            timeout=httpx2.Timeout(10.0, connect=5.0),
            transport=_Transport(self._network, proxy),
            follow_redirects=False,
        )
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
        page: Page = retrying(self._pace.sleep)(self._follow, address, headers, kept)
        return page

    def _rules(self, address: str) -> Protego:
        host = self._allowed_host(address)
        if host not in self._robots:
            try:
                text = self._retrying(f"https://{host}/robots.txt", {}, None).text
            except _StatusError as error:
                # RFC 9309: a missing file allows everything; a broken server allows nothing.
                if not httpx2.codes.is_client_error(error.status):
                    raise
                text = ""
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
            host = self._allowed_host(address)
            self._pace.turn(host, self._delay(host))
            answer = self._request(address, headers, kept)
            if isinstance(answer, Page):
                return answer
            address = answer
        raise FetchError(f"{address}: more than {MAX_REDIRECTS} redirects")

    def _delay(self, host: str) -> float:
        """Seconds that a host is left alone after a request; a mirror on this machine needs no rest."""
        if self._mirror and _is_loopback(urlsplit(self._mirror).hostname or ""):
            return 0.0
        rules = self._robots.get(host)
        return max(DELAY, (rules.crawl_delay(USER_AGENT) or 0.0) if rules else 0.0)

    def _request(self, address: str, headers: Mapping[str, str], kept: Page | None) -> Page | str:
        """A page, or the true address that the answer redirects to."""
        place = self._place(address)
        self._network.allow(MAX_SECONDS)
        try:
            with self._http.stream("GET", place, headers=headers) as response:
                log.info("GET %s %s", place, response.status_code)
                if response.status_code == httpx2.codes.NOT_MODIFIED and kept is not None:
                    return Page(address, kept.body, now(), kept.encoding, kept.etag, kept.last_modified)
                if response.has_redirect_location:
                    return self._true(_joined(place, response.headers["Location"]))
                _refuse_bad_status(address, response)
                return _page(address, response)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            if urlsplit(address).hostname in self._robots:  # it could be reached a moment ago
                raise PassingError(f"{address}: {type(error).__name__}: {error}") from error
            raise UnreachableError(urlsplit(place).netloc, str(error)) from error
        except httpx2.RequestError as error:
            raise PassingError(f"{address}: {type(error).__name__}: {error}") from error
        except httpx2.InvalidURL as error:
            raise FetchError(f"{address!r} is not an address: {error}") from error

    def _place(self, address: str) -> str:
        return f"{self._mirror}/{address.removeprefix('https://')}" if self._mirror else address

    def _true(self, place: str) -> str:
        prefix = f"{self._mirror}/"
        return f"https://{place.removeprefix(prefix)}" if self._mirror and place.startswith(prefix) else place


def _proxy(address: str) -> Proxy | None:
    """The proxy that the environment names for an address; under our transport httpx2 looks for none."""
    parts = urlsplit(address)
    named = getproxies().get(parts.scheme) or getproxies().get("all")
    if not named or proxy_bypass(parts.hostname or ""):
        return None
    proxy = httpx2.Proxy(named if "://" in named else f"http://{named}")
    return Proxy(str(proxy.url), proxy.raw_auth)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _validators(kept: Page | None) -> dict[str, str]:
    named = {"If-None-Match": kept.etag, "If-Modified-Since": kept.last_modified} if kept else {}
    return {name: value for name, value in named.items() if value}


def _joined(place: str, location: str) -> str:
    try:
        return urljoin(place, location)
    except ValueError:  # it cannot be read, and is refused as it stands
        return location


def _refuse_bad_status(address: str, response: httpx2.Response) -> None:
    status = response.status_code
    if status == httpx2.codes.TOO_MANY_REQUESTS or status >= httpx2.codes.INTERNAL_SERVER_ERROR:
        wait = retry_after(response.headers.get("Retry-After", ""))
        raise PassingError(f"{address}: the site answered {status}", wait)
    if status != httpx2.codes.OK:
        raise _StatusError(address, status)


def _page(address: str, response: httpx2.Response) -> Page:
    headers = response.headers
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not (kind.startswith("text/") or kind == "application/json"):
        raise FetchError(f"{address}: content type {kind or 'missing'}, expected text or JSON")
    body = _body(address, response)
    encoding = _encoding(address, response, body)
    return Page(address, body, now(), encoding, headers.get("ETag", ""), headers.get("Last-Modified", ""))


def _body(address: str, response: httpx2.Response) -> bytes:
    """The body unpacked, with no more in memory than the cap; it is whole, or refused.

    httpx2 would unpack it as well, but takes a gzip stream that breaks off for a whole one.
    """
    packing = response.headers.get("Content-Encoding", "identity").lower()
    if packing not in ("gzip", "identity"):
        raise FetchError(f"{address}: packed as {packing}, expected gzip or nothing")
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS) if packing == "gzip" else None
    body = bytearray()
    piece = b""
    try:
        for piece in response.iter_raw():
            body += unpacker.decompress(piece, MAX_BYTES + 1 - len(body)) if unpacker else piece
            if len(body) > MAX_BYTES:
                raise FetchError(f"{address}: more than {MAX_BYTES} bytes; the page is refused")
    except zlib.error as error:
        raise PassingError(f"{address}: not packed as gzip: {error}") from error
    if unpacker and (not unpacker.eof or unpacker.unused_data):
        raise PassingError(f"{address}: its gzip stream is not whole")
    connection = response.extensions["network_stream"]
    received = connection.get_extra_info("received")
    if "Content-Length" in response.headers and received and not received.endswith(piece):
        connection.close()  # what is left in it is not the next answer
        raise PassingError(f"{address}: longer than its Content-Length says")
    return bytes(body)


def _encoding(address: str, response: httpx2.Response, body: bytes) -> str:
    """The encoding that a body can be decoded with: UTF-8, whatever the site says, or else what it says.

    Text in another encoding is hardly ever valid UTF-8 by chance, but for those of seven bits.
    """
    named = response.charset_encoding or "utf-8"
    for encoding in ("utf-8", named) if b"\x1b" not in body else (named,):
        try:
            body.decode(encoding)
        except (LookupError, ValueError):
            continue
        return encoding
    raise FetchError(f"{address}: its text is neither UTF-8 nor {named}; the page is refused")
