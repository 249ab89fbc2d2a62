"""The client: which addresses it asks for, how often, and what it takes for a page."""

import gzip
import re
from collections.abc import Callable, Iterator

import pytest
from support.saved import LENS
from support.shared_site import nobody
from support.site import Reply, Site

from ingest.errors import FetchError, UnreachableError
from ingest.fetch import Client
from ingest.pages import Page

HOST = "docs.aws.amazon.com"
PAGE = f"https://{HOST}/page.html"
PLACE = f"/{HOST}/page.html"
ROBOTS = f"/{HOST}/robots.txt"
PAST, FUTURE = "Wed, 01 Jan 2020 00:00:00 GMT", "Wed, 01 Jan 2200 00:00:00 GMT"
HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.fixture
def client(site: Site) -> Iterator[Client]:
    """A client of one host, which a mirror on this machine stands in for."""
    site.pages[PLACE] = b"<h1>Page</h1>"
    with Client((HOST,), site.base) as made:
        yield made


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that would have been waited before each new attempt."""
    recorded: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", recorded.append)
    return recorded


def asked(site: Site, place: str = PLACE) -> int:
    """How often a page was asked for."""
    return sum(path == place for path, _ in site.requests)


def always(reply: Reply) -> Callable[[int], Reply]:
    return lambda _: reply


def until(count: int, reply: Reply) -> Callable[[int], Reply | None]:
    """The reply for the first requests, the page after that."""
    return lambda before: reply if before < count else None


def redirect(location: str, status: int = 302) -> Callable[[int], Reply]:
    return always(Reply(status, headers={"Location": location}))


def test_a_page_is_fetched_from_the_mirror_and_keeps_its_true_address(client: Client, site: Site) -> None:
    page = client.fetch(PAGE)
    assert (page.url, page.body, page.encoding) == (PAGE, b"<h1>Page</h1>", "utf-8")
    assert page.etag.startswith('"')
    assert page.fetched_at.endswith("+00:00")
    assert site.requests == [(ROBOTS, 404), (PLACE, 200)]


def test_the_site_is_told_who_asks(client: Client, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, str]] = []
    reply = site.reply

    def remember(path: str, headers: dict[str, str]) -> Reply:
        seen.append({name.lower(): value for name, value in headers.items()})
        return reply(path, headers)

    monkeypatch.setattr(site, "reply", remember)
    client.fetch(PAGE, Page(PAGE, b"old", "", etag='"1"', last_modified="Wed, 01 Apr 2026 00:00:00 GMT"))
    robots, page = seen
    assert robots["user-agent"] == page["user-agent"] == "genlens/0.1 (+https://github.com/genlens/genlens)"
    assert (page["if-none-match"], page["if-modified-since"]) == ('"1"', "Wed, 01 Apr 2026 00:00:00 GMT")
    assert "if-none-match" not in robots


# Where it may go.

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
def test_only_https_on_the_hosts_of_the_source_is_asked_for(client: Client, site: Site, address: str) -> None:
    with pytest.raises(FetchError, match="expected https and one of the hosts " + re.escape(HOST)) as caught:
        client.fetch(address)
    assert str(caught.value).startswith(f"{address}: ")
    assert site.requests == []


def test_an_address_that_cannot_be_sent_is_refused(client: Client, site: Site) -> None:
    with pytest.raises(FetchError, match="is not an address"):
        client.fetch(f"https://{HOST}/a\x01b.html")
    assert site.requests == [(ROBOTS, 404)]


@pytest.mark.parametrize("address", FOREIGN)
def test_a_redirect_is_held_to_the_same_hosts(client: Client, site: Site, address: str) -> None:
    site.faults[PLACE] = redirect(address)
    with pytest.raises(FetchError, match="expected https and one of the hosts " + re.escape(HOST)):
        client.fetch(PAGE)
    assert site.requests == [(ROBOTS, 404), (PLACE, 302)]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location", ["other.html", PAGE.replace("page", "other"), "{mirror}/" + HOST + "/other.html"]
)
def test_a_redirect_on_the_host_is_followed_to_the_true_address(
    client: Client, site: Site, location: str, status: int
) -> None:
    site.pages[f"/{HOST}/other.html"] = b"other"
    site.faults[PLACE] = redirect(location.format(mirror=site.base), status)
    page = client.fetch(PAGE)
    assert (page.url, page.body) == (f"https://{HOST}/other.html", b"other")


def test_a_redirect_to_another_host_of_the_source_is_followed(site: Site) -> None:
    site.pages["/raw.githubusercontent.com/a.md"] = b"# A"
    site.faults[PLACE] = redirect("https://raw.githubusercontent.com/a.md")
    with Client((HOST, "raw.githubusercontent.com"), site.base) as client:
        assert client.fetch(PAGE).url == "https://raw.githubusercontent.com/a.md"


def test_redirects_in_a_circle_end(client: Client, site: Site) -> None:
    site.faults[PLACE] = redirect(f"/{HOST}/other.html")
    site.faults[f"/{HOST}/other.html"] = redirect("page.html")
    with pytest.raises(FetchError, match=r"/page\.html: more than 5 redirects"):
        client.fetch(PAGE)
    assert asked(site) + asked(site, f"/{HOST}/other.html") == 6


def test_a_redirect_that_leads_nowhere_is_no_page(client: Client, site: Site) -> None:
    site.faults[PLACE] = always(Reply(302))
    with pytest.raises(FetchError, match="the site answered 302, expected 200"):
        client.fetch(PAGE)


# robots.txt


@pytest.mark.parametrize("agent", ["*", "genlens", "GenLens"])
def test_what_robots_txt_forbids_is_not_asked_for(client: Client, site: Site, agent: str) -> None:
    site.pages[ROBOTS] = f"User-agent: {agent}\nDisallow: /private/\n".encode()
    site.pages[f"/{HOST}/private/a.html"] = b"a"
    with pytest.raises(FetchError, match=r"a\.html: robots\.txt of the host forbids it"):
        client.fetch(f"https://{HOST}/private/a.html")
    assert client.fetch(PAGE).body == b"<h1>Page</h1>"
    assert site.requests == [(ROBOTS, 200), (PLACE, 200)]


def test_rules_for_others_do_not_count(client: Client, site: Site) -> None:
    site.pages[ROBOTS] = b"User-agent: otherbot\nDisallow: /\n"
    assert client.fetch(PAGE).url == PAGE


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_missing_robots_txt_allows_everything(client: Client, site: Site, status: int) -> None:
    site.faults[ROBOTS] = always(Reply(status))
    assert client.fetch(PAGE).url == PAGE


def test_a_broken_robots_txt_allows_nothing(client: Client, site: Site, waits: list[float]) -> None:
    site.faults[ROBOTS] = always(Reply(500))
    with pytest.raises(FetchError, match=r"robots\.txt"):
        client.fetch(PAGE)
    assert site.requests == [(ROBOTS, 500)] * 4
    assert len(waits) == 3


def test_a_robots_txt_elsewhere_allows_nothing(client: Client, site: Site) -> None:
    site.faults[ROBOTS] = redirect("https://example.org/robots.txt")
    with pytest.raises(FetchError, match=r"robots\.txt"):
        client.fetch(PAGE)
    assert asked(site) == 0


# What passes and what does not.


def test_a_site_that_is_busy_is_asked_again(client: Client, site: Site, waits: list[float]) -> None:
    site.faults[PLACE] = until(3, Reply(503))
    assert client.fetch(PAGE).body == b"<h1>Page</h1>"
    assert asked(site) == 4
    assert [0 <= wait <= most for wait, most in zip(waits, (0.5, 1, 2), strict=True)] == [True] * 3


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_site_that_stays_busy_is_given_up(
    client: Client, site: Site, waits: list[float], status: int
) -> None:
    site.faults[PLACE] = always(Reply(status, headers={"Retry-After": "3"}))
    with pytest.raises(FetchError, match=rf"^{PAGE}: the site answered {status}$"):
        client.fetch(PAGE)
    assert asked(site) == 4
    assert waits == [3, 3, 3]


@pytest.mark.parametrize(
    ("value", "wait"),
    [("7", 7.0), ("0", 0.0), (" 60 ", 60.0), ("86400", 60.0), (PAST, 0.0), (FUTURE, 60.0)],
    ids=["seconds", "at once", "blanks", "a day", "a time that has passed", "a time far away"],
)
def test_a_wait_that_the_site_asks_for_is_kept_up_to_a_minute(
    client: Client, site: Site, waits: list[float], value: str, wait: float
) -> None:
    site.faults[PLACE] = until(1, Reply(429, headers={"Retry-After": value}))
    assert client.fetch(PAGE).url == PAGE
    assert waits == [wait]


@pytest.mark.parametrize("value", ["soon", "-5", "1.5", "", "²", "9" * 400])
def test_a_wait_that_cannot_be_read_is_chosen_by_the_client(
    client: Client, site: Site, waits: list[float], value: str
) -> None:
    site.faults[PLACE] = until(1, Reply(503, headers={"Retry-After": value}))
    assert client.fetch(PAGE).url == PAGE
    (wait,) = waits
    assert 0 <= wait <= 60


@pytest.mark.parametrize("status", [204, 206, 400, 401, 403, 404, 410])
def test_an_answer_that_will_not_change_is_not_asked_for_again(
    client: Client, site: Site, waits: list[float], status: int
) -> None:
    site.faults[PLACE] = always(Reply(status))
    with pytest.raises(FetchError, match=rf"^{PAGE}: the site answered {status}, expected 200$"):
        client.fetch(PAGE)
    assert (asked(site), waits) == (1, [])


def test_a_page_that_breaks_off_is_asked_for_again(client: Client, site: Site, waits: list[float]) -> None:
    cut = {"Content-Length": "1000", "Connection": "close"}
    site.faults[PLACE] = until(1, Reply(200, b"<h1>Pa", HTML | cut))
    assert client.fetch(PAGE).body == b"<h1>Page</h1>"
    assert (asked(site), len(waits)) == (2, 1)


def test_a_page_that_takes_too_long_is_given_up(
    client: Client, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    client.fetch(PAGE)  # from now on the rules of the host are known
    monkeypatch.setattr("ingest.fetch.MAX_SECONDS", -1.0)
    with pytest.raises(FetchError, match="not complete after"):
        client.fetch(PAGE)
    assert len(waits) == 3


def test_a_host_that_cannot_be_reached_is_told_from_a_page_that_is_broken(waits: list[float]) -> None:
    with nobody() as base, Client((HOST,), base) as client:
        place = base.removeprefix("http://")
        with pytest.raises(UnreachableError, match=rf"^{place} cannot be reached: ") as caught:
            client.fetch(PAGE)
    assert caught.value.host == place
    assert waits == []


# What a page is.


def test_a_page_over_the_cap_is_refused(client: Client, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.fetch.MAX_BYTES", 1000)
    site.pages[PLACE] = b"x" * 1000
    assert len(client.fetch(PAGE).body) == 1000
    site.pages[PLACE] = b"x" * 1001
    with pytest.raises(FetchError, match="more than 1000 bytes; the page is refused"):
        client.fetch(PAGE)
    assert asked(site) == 2


def test_a_page_that_unpacks_over_the_cap_is_refused(
    client: Client, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.fetch.MAX_BYTES", 1_000_000)
    packed = gzip.compress(bytes(5_000_000))
    assert len(packed) < 10_000
    site.faults[PLACE] = always(Reply(200, packed, HTML | {"Content-Encoding": "gzip"}))
    with pytest.raises(FetchError, match="more than 1000000 bytes"):
        client.fetch(PAGE)


def test_a_packed_page_is_unpacked(client: Client, site: Site) -> None:
    packed = gzip.compress("鍵".encode())
    site.faults[PLACE] = always(Reply(200, packed, HTML | {"Content-Encoding": "gzip"}))
    assert client.fetch(PAGE).text == "鍵"


def test_a_page_that_cannot_be_unpacked_is_given_up(client: Client, site: Site, waits: list[float]) -> None:
    site.faults[PLACE] = always(Reply(200, b"not gzip", HTML | {"Content-Encoding": "gzip"}))
    with pytest.raises(FetchError, match=rf"^{PAGE}: DecodingError: "):
        client.fetch(PAGE)
    assert len(waits) == 3


@pytest.mark.parametrize("kind", ["application/octet-stream", "application/pdf", "image/png", ""])
def test_what_is_no_text_is_refused(client: Client, site: Site, kind: str) -> None:
    site.faults[PLACE] = always(Reply(200, b"%PDF", {"Content-Type": kind} if kind else {}))
    with pytest.raises(FetchError, match=f"content type {kind or 'missing'}, expected text or JSON"):
        client.fetch(PAGE)


@pytest.mark.parametrize(
    "kind", ["text/html", "TEXT/PLAIN; charset=utf-8", "text/markdown", "application/json"]
)
def test_text_and_json_are_pages(client: Client, site: Site, kind: str) -> None:
    site.faults[PLACE] = always(Reply(200, b"{}", {"Content-Type": kind}))
    assert client.fetch(PAGE).text == "{}"


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("text/plain", "鍵".encode(), "鍵"),
        ("text/plain; charset=shift_jis", "鍵".encode("shift_jis"), "鍵"),
        ("text/plain; charset=martian", "鍵".encode(), "鍵"),
        ("text/plain; charset=hex", "鍵".encode(), "鍵"),
    ],
    ids=["not said", "said", "not known", "not for text"],
)
def test_a_page_is_decoded_as_the_site_says_where_that_is_known(
    client: Client, site: Site, kind: str, body: bytes, text: str
) -> None:
    site.faults[PLACE] = always(Reply(200, body, {"Content-Type": kind}))
    assert client.fetch(PAGE).text == text


def test_a_page_that_did_not_change_is_the_kept_one_with_a_new_time(client: Client, site: Site) -> None:
    kept = client.fetch(PAGE)
    old = Page(PAGE, b"as kept", "2020-01-01T00:00:00+00:00", "shift_jis", kept.etag, "long ago")
    again = client.fetch(PAGE, old)
    assert (again.url, again.body, again.encoding) == (PAGE, b"as kept", "shift_jis")
    assert (again.etag, again.last_modified) == (kept.etag, "long ago")
    assert again.fetched_at >= kept.fetched_at
    assert site.requests[-1] == (PLACE, 304)


def test_a_page_that_changed_takes_the_place_of_the_kept_one(client: Client, site: Site) -> None:
    kept = client.fetch(PAGE)
    site.pages[PLACE] = b"<h1>New</h1>"
    again = client.fetch(PAGE, kept)
    assert (again.body, again.etag != kept.etag) == (b"<h1>New</h1>", True)


def test_a_site_may_not_say_unchanged_when_nothing_is_kept(client: Client, site: Site) -> None:
    site.faults[PLACE] = always(Reply(304))
    with pytest.raises(FetchError, match="the site answered 304, expected 200"):
        client.fetch(PAGE)


def test_pages_lie_in_the_mirror_as_host_and_path(site: Site) -> None:
    with Client((HOST,), site.base) as client:
        page = client.fetch(f"{LENS}toc-contents.json")
    assert page.url == f"{LENS}toc-contents.json"
    assert page.body.startswith(b'{"contents":')
