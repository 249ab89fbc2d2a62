"""The network below the client: public addresses only, within a deadline.

The one module for httpcore2. A name is resolved once, all its addresses are checked, and the connection goes
to one of these addresses: DNS rebinding has no effect.
"""

import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from socket import SOCK_STREAM, getaddrinfo
from typing import Any

import httpcore2

from ingest.errors import FetchError

Options = Iterable[tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]]


class Network(httpcore2.NetworkBackend):
    """Connects to public addresses only, and cuts every wait at the deadline of the request.

    `anywhere` also allows private addresses: for a mirror or proxy set by the user. A proxy resolves names.
    """

    def __init__(self, *, anywhere: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._inner = httpcore2.SyncBackend()
        self._anywhere = anywhere
        self._clock = clock
        self._thread = threading.local()

    def allow(self, seconds: float) -> None:
        """Set the deadline of this thread to some seconds from now."""
        self._thread.seconds = seconds
        self._thread.deadline = self._clock() + seconds

    def left(self, timeout: float | None) -> float:
        """Seconds until the deadline of this thread, at most the timeout."""
        left: float = self._thread.deadline - self._clock()
        if left <= 0:
            raise httpcore2.ReadTimeout(f"not complete after {self._thread.seconds:.0f} seconds")
        return left if timeout is None else min(left, timeout)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Options | None = None,
    ) -> httpcore2.NetworkStream:
        """A connection to the first address of a host that accepts one.

        :raises FetchError: one address of the host is not public.
        """
        failure: Exception = httpcore2.ConnectError(f"{host} has no address")
        for address in [host] if self._anywhere else public_addresses(host, port):
            try:
                stream = self._inner.connect_tcp(
                    address, port, self.left(timeout), local_address, socket_options
                )
                return _Stream(stream, self)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            except UnicodeError as error:
                failure = httpcore2.ConnectError(f"{host[:60]!r} is not a host name ({error})")
        raise failure


class _Stream(httpcore2.NetworkStream):
    """A connection that respects the deadline of its network and keeps the last bytes received."""

    def __init__(self, inner: httpcore2.NetworkStream, network: Network) -> None:
        self._inner = inner
        self._network = network
        self._received = b""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._received = self._inner.read(max_bytes, self._network.left(timeout))
        return self._received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._network.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        secured = self._inner.start_tls(ssl_context, server_hostname, self._network.left(timeout))
        return _Stream(secured, self._network)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - the type of httpcore2
        return self._received if info == "received" else self._inner.get_extra_info(info)


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy set by the user, with name and password."""

    url: str
    auth: tuple[bytes, bytes] | None


def connections(
    network: Network, most: int, context: ssl.SSLContext, proxy: Proxy | None
) -> httpcore2.ConnectionPool:
    """A pool of at most `most` connections over a network, through the proxy if there is one."""
    return httpcore2.ConnectionPool(
        ssl_context=context,
        max_connections=most,
        network_backend=network,
        proxy=httpcore2.Proxy(proxy.url, proxy.auth) if proxy else None,
    )


def public_addresses(host: str, port: int) -> list[str]:
    """The addresses of a host.

    :raises FetchError: one of them is private, loopback, link-local or otherwise not public.
    """
    try:
        found = getaddrinfo(host, port, type=SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore2.ConnectError(str(error)) from error
    addresses = list(dict.fromkeys(str(place[0]) for *_, place in found))
    for address in addresses:
        if not is_public(address):
            raise FetchError(f"{host} resolves to {address}, expected a public address; nothing was fetched")
    return addresses


def is_public(address: str) -> bool:
    """True for a public internet address; an IPv4 address embedded in an IPv6 one counts as well."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        found = found.ipv4_mapped or found.sixtofour or found
    return found.is_global and not found.is_multicast
