"""The polite, bounded client: listed https hosts only, robots.txt, retries, caps on size and time."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import version
from ipaddress import ip_address
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2
from protego import Protego

from ingest.errors import FetchError, UnreachableError
from ingest.fetch.network import Network, Proxy, connections
from ingest.fetch.page_store import Page
from ingest.fetch.rate_limit import RateLimit
from ingest.fetch.response import StatusError, read_page, read_text
from ingest.fetch.retry import TransientError, retrying
from kb.errors import SettingsError
from kb.files import utc_now

USER_AGENT = f"genlens/{version('genlens')} (+https://github.com/genlens/genlens)"
MAX_SECONDS = 30.0  # per request
MAX_REDIRECTS = 5
CONNECTIONS = 4  # at once
# Seconds between two requests to a host: ten seconds for a lens of 94 pages.
DELAY = 0.1

# A header's value in visible ASCII, as RFC 9110 recommends; a site may have sent anything.
_SENDABLE = re.compile(r"[!-~](?:[ -~]{0,510}[!-~])?")

Read = Callable[[str, httpx2.Response], Page]
"""Reads the page at an address from its response."""

log = logging.getLogger(__name__)


class _Transport(httpx2.HTTPTransport):
    """The transport of httpx2 over our own network; httpx2 has no argument for it."""

    def __init__(self, network: Network, proxy: Proxy | None) -> None:
        super().__init__()
        self._pool = connections(network, CONNECTIONS, httpx2.create_ssl_context(), proxy)


class Client:
    """Fetches the pages of one edition from the given hosts, or from a mirror of them.

    One rate limit spans a whole refresh; each client has its own allowance.
    """

    def __init__(
        self, hosts: tuple[str, ...], mirror: str | None = None, limit: RateLimit | None = None
    ) -> None:
        self._hosts = frozenset(hosts)
        self._mirror = mirror
        self._limit = limit or RateLimit()
        self.allowance = self._limit.allowance()
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
        """The page at an https address; an unchanged page is the kept one with a new time.

        :raises UnreachableError: the host cannot be reached.
        :raises FetchError: the address is not allowed, no valid response came within the caps, or the
            allowance is used up.
        """
        if not self._rules(address).can_fetch(address, USER_AGENT):
            raise FetchError(f"{address}: robots.txt of the host forbids it; nothing was fetched")
        validators = _validators(kept)
        # "Not modified" answers only a question about the kept page.
        page = self._retrying(address, validators, kept if validators else None)
        self.allowance.take_page(page)
        return page

    def _retrying(
        self, address: str, headers: Mapping[str, str], kept: Page | None, read: Read = read_page
    ) -> Page:
        page: Page = retrying(self._limit.sleep)(self._follow, address, headers, kept, read)
        return page

    def _rules(self, address: str) -> Protego:
        host = self._allowed_host(address)
        if host not in self._robots:
            try:
                # Its content type says nothing: many servers send a file without an ending as a download.
                text = self._retrying(f"https://{host}/robots.txt", {}, None, read_text).text
            except StatusError as error:
                # RFC 9309: a missing file allows everything, a broken server nothing.
                if not httpx2.codes.is_client_error(error.status):
                    raise
                text = ""
            self._robots[host] = Protego.parse(text.removeprefix("\ufeff"))
        return self._robots[host]

    def _allowed_host(self, address: str) -> str:
        try:
            parts = urlsplit(address)
            if parts.scheme == "https" and parts.hostname in self._hosts and parts.port in (None, 443):
                return parts.hostname
        except ValueError:
            pass  # an invalid port or bracket
        raise FetchError(f"{address}: expected https and one of the hosts {', '.join(sorted(self._hosts))}")

    def _follow(self, address: str, headers: Mapping[str, str], kept: Page | None, read: Read) -> Page:
        for _ in range(MAX_REDIRECTS + 1):
            host = self._allowed_host(address)
            self.allowance.take_request(host)
            self._limit.wait_for(host, self._delay(host), self.allowance.end)
            answer = self._request(address, headers, kept, read)
            if isinstance(answer, Page):
                return answer
            address = answer
        raise FetchError(f"{address}: more than {MAX_REDIRECTS} redirects")

    def _delay(self, host: str) -> float:
        """Seconds between requests to a host; none for a mirror on this machine."""
        if self._mirror and _is_loopback(urlsplit(self._mirror).hostname or ""):
            return 0.0
        rules = self._robots.get(host)
        return max(DELAY, (rules.crawl_delay(USER_AGENT) or 0.0) if rules else 0.0)

    def _request(self, address: str, headers: Mapping[str, str], kept: Page | None, read: Read) -> Page | str:
        """The page, or the address the response redirects to."""
        place = self._mirrored(address)
        self._network.allow(MAX_SECONDS)
        try:
            with self._http.stream("GET", place, headers=headers) as response:
                log.info("GET %s %s", place, response.status_code)
                if response.status_code == httpx2.codes.NOT_MODIFIED and kept is not None:
                    return replace(kept, url=address, fetched_at=utc_now())
                if response.has_redirect_location:
                    return self._original(_joined(place, response.headers["Location"]))
                return read(address, response)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            if urlsplit(address).hostname in self._robots:  # reachable a moment ago
                raise TransientError(f"{address}: {type(error).__name__}: {error}") from error
            raise UnreachableError(urlsplit(place).netloc, str(error)) from error
        except httpx2.RequestError as error:
            raise TransientError(f"{address}: {type(error).__name__}: {error}") from error
        except httpx2.InvalidURL as error:
            raise FetchError(f"{address!r} is not an address: {error}") from error

    def _mirrored(self, address: str) -> str:
        """The address on the mirror, if one is set."""
        return f"{self._mirror}/{address.removeprefix('https://')}" if self._mirror else address

    def _original(self, place: str) -> str:
        """The address of the source for an address on the mirror."""
        prefix = f"{self._mirror}/"
        return f"https://{place.removeprefix(prefix)}" if self._mirror and place.startswith(prefix) else place


def _proxy(address: str) -> Proxy | None:
    """The proxy of the environment for an address; with our transport httpx2 ignores it.

    :raises SettingsError: it is not an address.
    """
    parts = urlsplit(address)
    named = getproxies().get(parts.scheme) or getproxies().get("all")
    if not named or proxy_bypass(parts.hostname or ""):
        return None
    try:
        proxy = httpx2.Proxy(named if "://" in named else f"http://{named}")
    except (httpx2.InvalidURL, ValueError) as error:
        raise SettingsError(
            f"the proxy for {parts.scheme} in the environment is not an address; expected http://HOST:PORT"
        ) from error
    return Proxy(str(proxy.url), proxy.raw_auth)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _validators(kept: Page | None) -> dict[str, str]:
    """The headers that ask for a page only if it changed; a value that cannot be sent is left out."""
    named = {"If-None-Match": kept.etag, "If-Modified-Since": kept.last_modified} if kept else {}
    return {name: value for name, value in named.items() if _SENDABLE.fullmatch(value)}


def _joined(place: str, location: str) -> str:
    try:
        return urljoin(place, location)
    except ValueError:  # invalid: the host check rejects it
        return location
