"""The client: allowed addresses, robots.txt, rate limits, retries and accepted pages."""

import gzip
import re
import threading
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from support import faults
from support.faults import HEAD, always, redirect, until
from support.saved import LENS
from support.shared_site import closed_port
from support.site import Reply, Site

from ingest.errors import FetchError, UnreachableError
from ingest.fetch.allowance import BOUNDS, Bounds
from ingest.fetch.client import DELAY, Client, _is_loopback
from ingest.fetch.page_store import Page
from ingest.fetch.rate_limit import RateLimit
from ingest.fetch.response import MAX_BYTES

HOST = "docs.aws.amazon.com"
PAGE = f"https://{HOST}/page.html"
PLACE = f"/{HOST}/page.html"
ROBOTS = f"/{HOST}/robots.txt"
PAST, FUTURE = "Wed, 01 Jan 2020 00:00:00 GMT", "Wed, 01 Jan 2200 00:00:00 GMT"
HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.fixture
def waits() -> list[float]:
    """Seconds of each wait between attempts; the client does not sleep."""
    return []


@pytest.fixture
def client(site: Site, waits: list[float]) -> Iterator[Client]:
    """A client of one host; a mirror on this machine replaces the host."""
    site.pages[PLACE] = b"<h1>Page</h1>"
    with Client((HOST,), site.base, RateLimit(sleep=waits.append)) as client:
        yield client


def request_count(site: Site, place: str = PLACE) -> int:
    """The number of requests for a page."""
    return sum(path == place for path, _ in site.requests)


def test_page_from_the_mirror_keeps_its_original_address(client: Client, site: Site) -> None:
    page = client.fetch(PAGE)
    assert (page.url, page.body, page.encoding) == (PAGE, b"<h1>Page</h1>", "utf-8")
    assert page.etag.startswith('"')
    assert page.fetched_at.endswith("+00:00")
    assert site.requests == [(ROBOTS, 404), (PLACE, 200)]


@pytest.fixture
def requests(site: Site, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The headers of the requests the site gets, in order, with lower-case names."""
    requests: list[dict[str, str]] = []
    reply = site.reply

    def record(path: str, headers: dict[str, str]) -> Reply:
        requests.append({name.lower(): value for name, value in headers.items()})
        return reply(path, headers)

    monkeypatch.setattr(site, "reply", record)
    return requests


def test_requests_have_user_agent_and_validators(client: Client, requests: list[dict[str, str]]) -> None:
    client.fetch(PAGE, Page(PAGE, b"old", "", etag='"1"', last_modified="Wed, 01 Apr 2026 00:00:00 GMT"))
    robots, page = requests
    assert robots["user-agent"] == page["user-agent"] == "genlens/0.1.0 (+https://github.com/genlens/genlens)"
    assert (page["if-none-match"], page["if-modified-since"]) == ('"1"', "Wed, 01 Apr 2026 00:00:00 GMT")
    assert "if-none-match" not in robots


@pytest.mark.parametrize(
    "value", ["", '"caf\u00e9"', "W/\u2603", "a\nSet-Cookie: b", " padded ", "x" * 1000, "bell\x07"]
)
def test_validator_that_cannot_be_sent_is_left_out(
    client: Client, requests: list[dict[str, str]], value: str
) -> None:
    page = client.fetch(PAGE, Page(PAGE, b"old", "", etag=value, last_modified=value))
    assert page.body != b"old"
    assert not {"if-none-match", "if-modified-since"} & requests[-1].keys()


# Allowed addresses.

FOREIGN = [
    "http://docs.aws.amazon.com/page.html",
    "https://example.org/page.html",
    "https://aws.amazon.com/page.html",
    "https://docs.aws.amazon.com.example.org/page.html",
    "https://docs.aws.amazon.com@example.org/page.html",
    "https://docs.aws.amazon.com:8443/page.html",
    "https://docs.aws.amazon.com:99999/page.html",
    "https://docs.aws.amazon.com:x/page.html",
    "https://[docs.aws.amazon.com/page.html",
    "http://169.254.169.254/latest/meta-data/",
    "https://169.254.169.254/latest/meta-data/",
    "https://127.0.0.1/page.html",
    "https://[::1]/page.html",
    "file:///etc/passwd",
    "ftp://docs.aws.amazon.com/page.html",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("address", [*FOREIGN, "page.html", ""])
def test_address_must_be_https_on_a_host_of_the_source(client: Client, site: Site, address: str) -> None:
    with pytest.raises(FetchError, match="expected https and one of the hosts " + re.escape(HOST)) as caught:
        client.fetch(address)
    assert str(caught.value).startswith(f"{address}: ")
    assert site.requests == []


def test_malformed_address_is_refused(client: Client, site: Site) -> None:
    with pytest.raises(FetchError, match="is not an address"):
        client.fetch(f"https://{HOST}/a\x01b.html")
    assert site.requests == [(ROBOTS, 404)]


@pytest.mark.parametrize("address", FOREIGN)
def test_redirect_must_be_https_on_a_host_of_the_source(client: Client, site: Site, address: str) -> None:
    site.faults[PLACE] = redirect(address)
    with pytest.raises(FetchError, match="expected https and one of the hosts " + re.escape(HOST)):
        client.fetch(PAGE)
    assert site.requests == [(ROBOTS, 404), (PLACE, 302)]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location", ["other.html", PAGE.replace("page", "other"), "{mirror}/" + HOST + "/other.html"]
)
def test_redirect_on_the_host_is_followed(client: Client, site: Site, location: str, status: int) -> None:
    site.pages[f"/{HOST}/other.html"] = b"other"
    site.faults[PLACE] = redirect(location.format(mirror=site.base), status)
    page = client.fetch(PAGE)
    assert (page.url, page.body) == (f"https://{HOST}/other.html", b"other")


def test_redirect_to_another_host_of_the_source_is_followed(site: Site) -> None:
    site.pages["/raw.githubusercontent.com/a.md"] = b"# A"
    site.faults[PLACE] = redirect("https://raw.githubusercontent.com/a.md")
    with Client((HOST, "raw.githubusercontent.com"), site.base) as client:
        assert client.fetch(PAGE).url == "https://raw.githubusercontent.com/a.md"


def test_redirect_loop_is_refused(client: Client, site: Site) -> None:
    site.faults[PLACE] = redirect(f"/{HOST}/other.html")
    site.faults[f"/{HOST}/other.html"] = redirect("page.html")
    with pytest.raises(FetchError, match=r"/page\.html: more than 5 redirects"):
        client.fetch(PAGE)
    assert request_count(site) + request_count(site, f"/{HOST}/other.html") == 6


def test_redirect_without_a_location_is_refused(client: Client, site: Site) -> None:
    site.faults[PLACE] = always(Reply(302))
    with pytest.raises(FetchError, match="the site answered 302, expected 200"):
        client.fetch(PAGE)


# robots.txt


@pytest.mark.parametrize("agent", ["*", "genlens", "GenLens"])
def test_page_forbidden_by_robots_txt_is_not_requested(client: Client, site: Site, agent: str) -> None:
    site.pages[ROBOTS] = f"User-agent: {agent}\nDisallow: /private/\n".encode()
    site.pages[f"/{HOST}/private/a.html"] = b"a"
    with pytest.raises(FetchError, match=r"a\.html: robots\.txt of the host forbids it"):
        client.fetch(f"https://{HOST}/private/a.html")
    assert client.fetch(PAGE).body == b"<h1>Page</h1>"
    assert site.requests == [(ROBOTS, 200), (PLACE, 200)]


def test_robots_rules_for_other_agents_are_ignored(client: Client, site: Site) -> None:
    site.pages[ROBOTS] = b"User-agent: otherbot\nDisallow: /\n"
    assert client.fetch(PAGE).url == PAGE


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_missing_robots_txt_allows_everything(client: Client, site: Site, status: int) -> None:
    site.faults[ROBOTS] = always(Reply(status))
    assert client.fetch(PAGE).url == PAGE


def test_robots_txt_with_a_server_error_forbids_everything(
    client: Client, site: Site, waits: list[float]
) -> None:
    site.faults[ROBOTS] = always(Reply(500))
    with pytest.raises(FetchError, match=r"robots\.txt"):
        client.fetch(PAGE)
    assert site.requests == [(ROBOTS, 500)] * 4
    assert len(waits) == 3


def test_rate_limited_robots_txt_forbids_everything(client: Client, site: Site) -> None:
    site.faults[ROBOTS] = always(Reply(429))
    with pytest.raises(FetchError, match=r"robots\.txt: the site answered 429"):
        client.fetch(PAGE)
    assert request_count(site) == 0


def test_robots_txt_on_another_host_forbids_everything(client: Client, site: Site) -> None:
    site.faults[ROBOTS] = redirect("https://example.org/robots.txt")
    with pytest.raises(FetchError, match=r"robots\.txt"):
        client.fetch(PAGE)
    assert request_count(site) == 0


@pytest.mark.parametrize("kind", ["application/octet-stream", "text/html", "image/png", ""])
def test_robots_txt_is_obeyed_whatever_its_content_type(client: Client, site: Site, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    site.faults[ROBOTS] = always(Reply(200, b"User-agent: *\nDisallow: /page", headers))
    with pytest.raises(FetchError, match=r"page\.html: robots\.txt of the host forbids it"):
        client.fetch(PAGE)
    assert site.requests == [(ROBOTS, 200)]


def test_robots_txt_is_obeyed_after_a_byte_order_mark(client: Client, site: Site) -> None:
    site.pages[ROBOTS] = "\ufeffUser-agent: *\nDisallow: /\n".encode()
    with pytest.raises(FetchError, match=r"robots\.txt of the host forbids it"):
        client.fetch(PAGE)


@pytest.mark.parametrize("body", [b"", b"<!DOCTYPE html><title>Welcome</title>", b"\0\0", b"Disallow"])
def test_robots_txt_without_rules_allows_everything(client: Client, site: Site, body: bytes) -> None:
    site.pages[ROBOTS] = body
    assert client.fetch(PAGE).url == PAGE


ODD_ROBOTS = {
    "not modified": (Reply(304), "the site answered 304, expected 200"),
    "no content": (Reply(204), "the site answered 204, expected 200"),
    "UTF-16": (faults.page("User-agent: *".encode("utf-16"), "text/plain"), "neither UTF-8 nor utf-8"),
    "huge": (faults.huge(9, declared=True), "more than 8388608 bytes"),
}


@pytest.mark.parametrize(("reply", "reason"), ODD_ROBOTS.values(), ids=ODD_ROBOTS)
def test_robots_txt_that_cannot_be_read_forbids_everything(
    client: Client, site: Site, reply: Reply, reason: str
) -> None:
    site.faults[ROBOTS] = always(reply)
    with pytest.raises(FetchError, match=rf"^https://{HOST}/robots\.txt: .*{reason}"):
        client.fetch(PAGE)
    assert request_count(site) == 0


# Rate limits.


class FakeClock:
    """A clock that moves only when a client waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def rate_limit(self, bounds: Bounds = BOUNDS) -> RateLimit:
        return RateLimit(bounds, lambda: self.now, self.sleep)


@pytest.fixture
def remote_mirror(site: Site, monkeypatch: pytest.MonkeyPatch) -> str:
    """A mirror treated as a remote host."""
    monkeypatch.setattr("ingest.fetch.client._is_loopback", lambda _: False)
    return site.base


def test_requests_to_a_host_are_delayed(remote_mirror: str, site: Site) -> None:
    site.pages[PLACE] = b"<h1>Page</h1>"
    clock = FakeClock()
    with Client((HOST,), remote_mirror, clock.rate_limit()) as client:
        for _ in range(3):
            client.fetch(PAGE)
    assert clock.now == pytest.approx(3 * DELAY)


def test_crawl_delay_in_robots_txt_is_respected(remote_mirror: str, site: Site) -> None:
    site.pages[PLACE], site.pages[ROBOTS] = b"<h1>Page</h1>", b"User-agent: *\nCrawl-delay: 2\n"
    clock = FakeClock()
    with Client((HOST,), remote_mirror, clock.rate_limit()) as client:
        for _ in range(3):
            client.fetch(PAGE)
    assert clock.now == pytest.approx(DELAY + 2 + 2)


@pytest.mark.parametrize(
    ("base", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("10.0.0.1", False),
        ("mirror.example.org", False),
        ("localhost.example.org", False),
        ("", False),
    ],
)
def test_loopback_host_is_recognised(base: str, loopback: bool) -> None:
    assert _is_loopback(base) is loopback


def test_requests_to_a_local_mirror_are_not_delayed(client: Client, waits: list[float]) -> None:
    for _ in range(3):
        client.fetch(PAGE)
    assert waits == []


def test_requests_of_one_edition_are_limited_and_those_of_another_are_not(site: Site) -> None:
    site.pages[PLACE] = b"<h1>Page</h1>"
    limit = FakeClock().rate_limit(Bounds(requests=3))
    with Client((HOST,), site.base, limit) as client, Client((HOST,), site.base, limit) as other:
        client.fetch(PAGE)
        client.fetch(PAGE)
        with pytest.raises(FetchError, match=f"^{HOST}: one edition needs more than 3 requests; the log"):
            client.fetch(PAGE)
        assert other.fetch(PAGE).body == b"<h1>Page</h1>"
    assert len(site.requests) == 3 + 2


def test_redirects_and_repeated_attempts_count_as_requests(site: Site) -> None:
    site.faults[PLACE] = redirect("other.html")
    site.faults[f"/{HOST}/other.html"] = always(Reply(503))
    limit = FakeClock().rate_limit(Bounds(requests=4))
    with (
        Client((HOST,), site.base, limit) as client,
        pytest.raises(FetchError, match="one edition needs more than 4 requests"),
    ):
        client.fetch(PAGE)
    assert [status for _, status in site.requests] == [404, 302, 503, 302]


def test_bytes_of_one_edition_are_limited_and_kept_pages_count(site: Site) -> None:
    site.pages[PLACE] = b"x" * 400
    limit = FakeClock().rate_limit(Bounds(size=1000))
    with Client((HOST,), site.base, limit) as client, Client((HOST,), site.base, limit) as other:
        kept = client.fetch(PAGE)
        assert client.fetch(PAGE, kept).body == kept.body
        with pytest.raises(FetchError, match=f"^{PAGE}: the pages up to this one have more than 1000 bytes"):
            client.fetch(PAGE, kept)
        assert other.fetch(PAGE).body == kept.body


def test_time_of_one_edition_is_limited_and_the_next_has_its_own(site: Site) -> None:
    site.pages[PLACE] = b"<h1>Page</h1>"
    clock = FakeClock()
    limit = clock.rate_limit(Bounds(seconds=60.0))
    site.faults[PLACE] = always(Reply(503, headers={"Retry-After": "50"}))
    with (
        Client((HOST,), site.base, limit) as client,
        pytest.raises(FetchError, match=f"^{HOST}: one edition needs more than 1 minutes; try again later"),
    ):
        client.fetch(PAGE)
    assert request_count(site) == 2
    site.faults.clear()
    with Client((HOST,), site.base, limit) as other:
        assert other.fetch(PAGE).body == b"<h1>Page</h1>"


def test_at_most_four_connections_are_open_at_once(client: Client, site: Site) -> None:
    client.fetch(PAGE)
    lock, gate = threading.Lock(), threading.Barrier(4)
    open_now: list[int] = [0, 0]

    def count_connections(_: int) -> None:
        with lock:
            open_now[0] += 1
            open_now[1] = max(open_now)
        gate.wait(10)  # wait until four connections are open
        time.sleep(0.02)  # a fifth connection would be open by now
        with lock:
            open_now[0] -= 1

    site.faults[PLACE] = count_connections
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(client.fetch, [PAGE] * 8))
    assert ({page.body for page in pages}, open_now[1]) == ({b"<h1>Page</h1>"}, 4)


# Retries.


def test_busy_site_is_retried(client: Client, site: Site, waits: list[float]) -> None:
    site.faults[PLACE] = until(3, Reply(503))
    assert client.fetch(PAGE).body == b"<h1>Page</h1>"
    assert request_count(site) == 4
    assert [0 <= wait <= most for wait, most in zip(waits, (0.5, 1, 2), strict=True)] == [True] * 3


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_busy_site_fails_after_four_attempts(
    client: Client, site: Site, waits: list[float], status: int
) -> None:
    site.faults[PLACE] = always(Reply(status, headers={"Retry-After": "3"}))
    with pytest.raises(FetchError, match=rf"^{PAGE}: the site answered {status}$"):
        client.fetch(PAGE)
    assert request_count(site) == 4
    assert waits == [3, 3, 3]


@pytest.mark.parametrize(
    ("value", "wait"),
    [("7", 7.0), ("0", 0.0), (" 60 ", 60.0), ("86400", 60.0), (PAST, 0.0), (FUTURE, 60.0)],
    ids=["seconds", "zero", "spaces", "one day", "past time", "future time"],
)
def test_retry_after_is_respected_up_to_a_minute(
    client: Client, site: Site, waits: list[float], value: str, wait: float
) -> None:
    site.faults[PLACE] = until(1, Reply(429, headers={"Retry-After": value}))
    assert client.fetch(PAGE).url == PAGE
    assert waits == [wait]


@pytest.mark.parametrize("value", ["soon", "-5", "1.5", "", "²", "9" * 400])
def test_invalid_retry_after_is_replaced_by_backoff(
    client: Client, site: Site, waits: list[float], value: str
) -> None:
    site.faults[PLACE] = until(1, Reply(503, headers={"Retry-After": value}))
    assert client.fetch(PAGE).url == PAGE
    (wait,) = waits
    assert 0 <= wait <= 60


@pytest.mark.parametrize("status", [204, 206, 400, 401, 403, 404, 410])
def test_permanent_status_is_not_retried(client: Client, site: Site, waits: list[float], status: int) -> None:
    site.faults[PLACE] = always(Reply(status))
    with pytest.raises(FetchError, match=rf"^{PAGE}: the site answered {status}, expected 200$"):
        client.fetch(PAGE)
    assert (request_count(site), waits) == (1, [])


SHORT = HEAD + b"Content-Length: 1000\r\n\r\n"
BROKEN = {
    "truncated body": (faults.announcing(1000, b"<h1>Pa"), "RemoteProtocolError: .*without sending"),
    "body longer than announced": (
        faults.announcing(6, b"<h1>Page</h1>"),
        "longer than its Content",
    ),
    "truncated chunks": (
        Reply(by_hand=lambda c: c.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n<h1>P\r\n")),
        "RemoteProtocolError: .*incomplete chunked read",
    ),
    "truncated gzip stream": (
        faults.packed(b"<h1>Page</h1>" * 99, keep=0.8),
        "its gzip stream is not complete",
    ),
    "data after a gzip stream": (
        faults.packed(b"<h1>Page</h1>", more=b"<p>"),
        "its gzip stream is not complete",
    ),
    "body not gzip": (faults.page(b"<h1>", Content_Encoding="gzip"), "invalid gzip"),
    "reset at once": (faults.reset(), "ReadError"),
    "reset in the headers": (faults.reset(HEAD), "ReadError|RemoteProtocolError"),
    "reset in the body": (faults.reset(SHORT + b"<h1>Pa"), "ReadError"),
    "not HTTP": (Reply(by_hand=lambda c: c.sendall(b"220 ready\r\n")), "RemoteProtocolError"),
}


@pytest.mark.parametrize(("reply", "reason"), BROKEN.values(), ids=BROKEN)
def test_incomplete_response_is_retried(
    client: Client, site: Site, waits: list[float], reply: Reply, reason: str
) -> None:
    site.faults[PLACE] = until(2, reply)
    assert client.fetch(PAGE).body == b"<h1>Page</h1>"
    assert (request_count(site), len(waits)) == (3, 2)
    site.requests.clear()
    site.faults[PLACE] = always(reply)
    with pytest.raises(FetchError, match=rf"^{PAGE}: ({reason})"):
        client.fetch(PAGE)
    assert (request_count(site), len(waits)) == (4, 5)


SLOW = {
    "no response": faults.silent(1.0),
    "slow headers": faults.dripping(b"HTTP/1.1 200 OK\r\n", b"X-Slow: " + b"y" * 50, 0.05),
    "slow body": faults.dripping(SHORT, b"<p>" * 20, 0.05),
    "slow empty gzip blocks": faults.dripping(
        HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10], b"\0\0\0\xff\xff" * 10, 0.05
    ),
}


@pytest.mark.parametrize("reply", SLOW.values(), ids=SLOW)
def test_slow_page_times_out(
    client: Client, site: Site, waits: list[float], monkeypatch: pytest.MonkeyPatch, reply: Reply
) -> None:
    client.fetch(PAGE)  # robots.txt of the host is now cached
    monkeypatch.setattr("ingest.fetch.client.MAX_SECONDS", 0.2)
    site.faults[PLACE] = always(reply)
    started = time.monotonic()
    with pytest.raises(FetchError, match=rf"^{PAGE}: ReadTimeout: (timed out|not complete after 0 seconds)"):
        client.fetch(PAGE)
    assert time.monotonic() - started < 8
    assert len(waits) == 3


def test_unreachable_host_is_reported_without_retries(waits: list[float]) -> None:
    with closed_port() as base, Client((HOST,), base, RateLimit(sleep=waits.append)) as client:
        place = base.removeprefix("http://")
        with pytest.raises(UnreachableError, match=rf"^{place} cannot be reached: ") as caught:
            client.fetch(PAGE)
    assert caught.value.host == place
    assert waits == []


def test_host_reached_before_is_retried(site: Site, waits: list[float]) -> None:
    site.pages[PLACE] = b"<h1>Page</h1>"
    with Client((HOST,), site.base, RateLimit(sleep=waits.append)) as client:
        client.fetch(PAGE)
        with closed_port() as base:
            client._mirror = base
            with pytest.raises(FetchError, match=rf"^{PAGE}: ConnectError: ") as caught:
                client.fetch(PAGE)
    assert not isinstance(caught.value, UnreachableError)
    assert len(waits) == 3


# Accepted pages.


def test_page_over_the_size_limit_is_refused(
    client: Client, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.fetch.response.MAX_BYTES", 1000)
    site.pages[PLACE] = b"x" * 1000
    assert len(client.fetch(PAGE).body) == 1000
    site.pages[PLACE] = b"x" * 1001
    with pytest.raises(FetchError, match="more than 1000 bytes; the page is refused"):
        client.fetch(PAGE)
    assert request_count(site) == 2


@pytest.mark.parametrize("declared", [True, False], ids=["declared length", "chunked"])
def test_huge_page_is_read_only_up_to_the_size_limit(client: Client, site: Site, declared: bool) -> None:
    site.faults[PLACE] = always(faults.huge(500, declared=declared))
    assert peak_memory_of_refusal(client) < 4 * MAX_BYTES
    assert request_count(site) == 1


def test_gzip_bomb_is_unpacked_only_up_to_the_size_limit(client: Client, site: Site) -> None:
    bomb = faults.packed(bytes(200 * faults.MIB))
    assert len(bomb.body) < faults.MIB
    site.faults[PLACE] = always(bomb)
    assert peak_memory_of_refusal(client) < 4 * MAX_BYTES
    assert request_count(site) == 1


def peak_memory_of_refusal(client: Client) -> int:
    """Peak memory in bytes while the client refuses a page."""
    tracemalloc.start()
    try:
        with pytest.raises(FetchError, match="more than 8388608 bytes; the page is refused"):
            client.fetch(PAGE)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip"])
def test_other_content_encoding_is_refused(client: Client, site: Site, encoding: str) -> None:
    site.faults[PLACE] = always(faults.page(b"<h1>Page</h1>", Content_Encoding=encoding))
    with pytest.raises(FetchError, match=rf"Content-Encoding {encoding}, expected gzip or none"):
        client.fetch(PAGE)


def test_gzip_page_is_unpacked(client: Client, site: Site) -> None:
    packed = gzip.compress("鍵".encode())
    site.faults[PLACE] = always(Reply(200, packed, HTML | {"Content-Encoding": "gzip"}))
    assert client.fetch(PAGE).text == "鍵"


@pytest.mark.parametrize("kind", ["application/octet-stream", "application/pdf", "image/png", ""])
def test_other_content_type_is_refused(client: Client, site: Site, kind: str) -> None:
    site.faults[PLACE] = always(Reply(200, b"%PDF", {"Content-Type": kind} if kind else {}))
    with pytest.raises(FetchError, match=f"content type {kind or 'missing'}, expected text or JSON"):
        client.fetch(PAGE)


@pytest.mark.parametrize(
    "kind", ["text/html", "TEXT/PLAIN; charset=utf-8", "text/markdown", "application/json"]
)
def test_text_and_json_are_accepted(client: Client, site: Site, kind: str) -> None:
    site.faults[PLACE] = always(Reply(200, b"{}", {"Content-Type": kind}))
    assert client.fetch(PAGE).text == "{}"


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("text/plain", "鍵".encode(), "鍵"),
        ("text/plain; charset=shift_jis", "鍵".encode("shift_jis"), "鍵"),
        ("text/plain; charset=iso-2022-jp", "鍵".encode("iso-2022-jp"), "鍵"),
        ("text/plain; charset=martian", "鍵".encode(), "鍵"),
        ("text/plain; charset=hex", "鍵".encode(), "鍵"),
        ("text/plain; charset=iso-8859-1", "鍵".encode(), "鍵"),
        ("text/plain; charset=shift_jis", "鍵".encode(), "鍵"),
    ],
    ids=["missing", "right", "seven-bit", "unknown", "not a text codec", "wrong", "wrong and multibyte"],
)
def test_page_is_decoded_even_with_a_wrong_charset(
    client: Client, site: Site, kind: str, body: bytes, text: str
) -> None:
    site.faults[PLACE] = always(Reply(200, body, {"Content-Type": kind}))
    assert client.fetch(PAGE).text == text


@pytest.mark.parametrize("charset", ["utf-8", "ascii", "martian"])
def test_undecodable_page_is_refused(client: Client, site: Site, charset: str) -> None:
    site.faults[PLACE] = always(faults.page("鍵".encode("shift_jis"), f"text/html; charset={charset}"))
    with pytest.raises(FetchError, match=f"its text is neither UTF-8 nor {charset}; the page is refused"):
        client.fetch(PAGE)


def test_unchanged_page_is_the_kept_page_with_a_new_time(client: Client, site: Site) -> None:
    kept = client.fetch(PAGE)
    old = Page(PAGE, b"as kept", "2020-01-01T00:00:00+00:00", "shift_jis", kept.etag, "long ago")
    again = client.fetch(PAGE, old)
    assert (again.url, again.body, again.encoding) == (PAGE, b"as kept", "shift_jis")
    assert (again.etag, again.last_modified) == (kept.etag, "long ago")
    assert again.fetched_at >= kept.fetched_at
    assert site.requests[-1] == (PLACE, 304)


def test_changed_page_replaces_the_kept_page(client: Client, site: Site) -> None:
    kept = client.fetch(PAGE)
    site.pages[PLACE] = b"<h1>New</h1>"
    again = client.fetch(PAGE, kept)
    assert (again.body, again.etag != kept.etag) == (b"<h1>New</h1>", True)


def test_not_modified_is_refused_if_nothing_was_asked_about_the_kept_page(client: Client, site: Site) -> None:
    site.faults[PLACE] = always(Reply(304))
    kept = Page(PAGE, b"as kept", "2020-01-01T00:00:00+00:00", etag='"caf\u00e9"')
    with pytest.raises(FetchError, match="the site answered 304, expected 200"):
        client.fetch(PAGE, kept)


def test_not_modified_without_a_kept_page_is_refused(client: Client, site: Site) -> None:
    site.faults[PLACE] = always(Reply(304))
    with pytest.raises(FetchError, match="the site answered 304, expected 200"):
        client.fetch(PAGE)


def test_path_in_the_mirror_is_host_and_path(site: Site) -> None:
    with Client((HOST,), site.base) as client:
        page = client.fetch(f"{LENS}toc-contents.json")
    assert page.url == f"{LENS}toc-contents.json"
    assert page.body.startswith(b'{"contents":')
