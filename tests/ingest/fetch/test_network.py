"""The network layer of the client: public addresses, time limits and proxies."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpcore2
import pytest

from ingest.errors import FetchError, UnreachableError
from ingest.fetch.client import Client
from ingest.fetch.network import Network, is_public, public_addresses
from ingest.fetch.rate_limit import RateLimit

HOST = "docs.aws.amazon.com"
PAGE = f"https://{HOST}/page.html"
PUBLIC = "93.184.216.34"


class FakeResolver:
    """A name resolver; each lookup returns the next list of addresses."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.lookups: list[str] = []

    def getaddrinfo(self, host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        self.lookups.append(host)
        addresses = self.answers.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses of all connection attempts; every attempt is refused."""
    hosts: list[str] = []

    def connect_tcp(_: object, host: str, *__: object) -> None:
        hosts.append(host)
        raise httpcore2.ConnectError("refused")

    monkeypatch.setattr(httpcore2.SyncBackend, "connect_tcp", connect_tcp)
    return hosts


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0",
        "fd00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_special_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("host", ["a" * 64, "a..b", "\udcff"])
@pytest.mark.parametrize("anywhere", [True, False])
def test_name_that_cannot_be_encoded_is_not_reachable(host: str, anywhere: bool) -> None:
    network = Network(anywhere=anywhere)
    network.allow(1.0)
    with pytest.raises(httpcore2.ConnectError):
        network.connect_tcp(host, 443)


@pytest.mark.parametrize("address", [PUBLIC, "2600:9000::1", "::ffff:93.184.216.34"])
def test_internet_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("addresses", [["169.254.169.254"], [PUBLIC, "10.0.0.1"], ["127.0.0.1"]])
def test_host_with_a_private_address_is_refused_before_connecting(
    monkeypatch: pytest.MonkeyPatch, connected: list[str], addresses: list[str]
) -> None:
    monkeypatch.setattr("ingest.fetch.network.getaddrinfo", FakeResolver(addresses).getaddrinfo)
    message = rf"^{HOST} resolves to {addresses[-1]}, expected a public address"
    with Client((HOST,)) as client, pytest.raises(FetchError, match=message):
        client.fetch(PAGE)
    assert connected == []


def test_connection_uses_the_checked_addresses(monkeypatch: pytest.MonkeyPatch, connected: list[str]) -> None:
    resolver = FakeResolver([PUBLIC, "93.184.216.35"], ["127.0.0.1"])
    monkeypatch.setattr("ingest.fetch.network.getaddrinfo", resolver.getaddrinfo)
    with Client((HOST,)) as client:
        with pytest.raises(UnreachableError, match="refused"):
            client.fetch(PAGE)
        assert (resolver.lookups, connected) == ([HOST], [PUBLIC, "93.184.216.35"])
        with pytest.raises(FetchError, match=r"resolves to 127\.0\.0\.1"):
            client.fetch(PAGE)
    assert (resolver.lookups, connected) == ([HOST, HOST], [PUBLIC, "93.184.216.35"])


def test_unknown_host_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("ingest.fetch.network.getaddrinfo", unknown)
    with Client((HOST,)) as client, pytest.raises(UnreachableError, match="Name or service not known"):
        client.fetch(PAGE)


def test_localhost_is_private() -> None:
    with pytest.raises(FetchError, match="localhost resolves to "):
        public_addresses("localhost", 443)


def test_time_limit_is_shared_by_all_waits_of_a_request() -> None:
    now = [0.0]
    network = Network(anywhere=True, clock=lambda: now[0])
    network.allow(30.0)
    assert (network.left(10.0), network.left(None)) == (10.0, 30.0)
    now[0] = 25.0
    assert network.left(10.0) == 5.0
    now[0] = 30.0
    with pytest.raises(httpcore2.ReadTimeout, match="not complete after 30 seconds"):
        network.left(10.0)


# Proxies.


@contextmanager
def proxy() -> Iterator[tuple[str, list[bytes]]]:
    """The address of a proxy that refuses every tunnel, and the header lines it received."""
    received: list[bytes] = []

    class Refusing(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            received.append(self.rfile.readline())
            while (line := self.rfile.readline()) not in (b"\r\n", b""):
                received.append(line)
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}", received
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_proxy_set_by_the_user_may_be_private(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with proxy() as (address, received):
        monkeypatch.setenv(name, f"http://user:word@{address}")
        limit = RateLimit(sleep=lambda _: None)
        with (
            Client((HOST,), limit=limit) as client,
            pytest.raises(FetchError, match="ProxyError: 403 Forbidden"),
        ):
            client.fetch(PAGE)
    assert received[0] == f"CONNECT {HOST}:443 HTTP/1.1\r\n".encode()
    assert b"Proxy-Authorization: Basic dXNlcjp3b3Jk\r\n" in received


def test_host_in_no_proxy_is_contacted_directly(
    monkeypatch: pytest.MonkeyPatch, connected: list[str]
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", HOST)
    monkeypatch.setattr("ingest.fetch.network.getaddrinfo", FakeResolver([PUBLIC]).getaddrinfo)
    with Client((HOST,)) as client, pytest.raises(UnreachableError):
        client.fetch(PAGE)
    assert connected == [PUBLIC]
