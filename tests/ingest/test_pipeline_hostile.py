"""Sites and kept files that could stop a refresh: each stops its own edition, in one line, and no other."""

import json
import os
from pathlib import Path

import pytest
from support import faults
from support.faults import always, redirect
from support.saved import LENS, OWASP
from support.site import Fault, Reply, Site
from support.world import CONTENTS, LENS_PLACE, PRACTICE, entries, run, settings

from ingest.fetch.allowance import Bounds
from ingest.fetch.rate_limit import RateLimit
from ingest.pipeline import Report, refresh

pytestmark = pytest.mark.usefixtures("data")
LENS_EDITION = "genai-lens 2026-02-03 (en)"
HOST = "docs.aws.amazon.com"
RISK = f"{OWASP}2026/final/LLM03_ExcessiveAgency.md".removeprefix("https:/")
OTHERS = {"LLM03:2026", "LLM06:2025"}


def only_lens_fails(report: Report) -> str:
    """The reason of the only failure, which is that of the lens; the other editions come from their sites."""
    (failure,) = report.failures
    assert failure.what == LENS_EDITION
    assert [state.origin for state in report.manifest.sources[1:]] == ["site"] * 3
    return failure.reason


def contents_with(count: int) -> bytes:
    """A table of contents with some more pages."""
    more = [{"title": f"Page {number}", "href": f"page-{number}.html"} for number in range(count)]
    return json.dumps({"contents": more}).encode()


def test_source_with_ten_thousand_pages_fails_before_they_are_requested(home: Path, site: Site) -> None:
    run(home, site.base)
    before = entries(home)
    site.requests.clear()
    site.pages[CONTENTS] = contents_with(10_000)
    site.pages[RISK] += b"\n## Added\n\nA new danger.\n"
    report = run(home, site.base)
    assert only_lens_fails(report) == f"{LENS}toc-contents.json: found 10001 pages, expected at most 1000"
    assert {path for path, _ in site.requests if path.startswith(LENS_PLACE)} == {CONTENTS}
    assert {key for key, entry in entries(home).items() if entry != before[key]} == {("LLM03:2026", "en")}


@pytest.mark.parametrize(
    ("bounds", "reason"),
    [
        (Bounds(requests=8), f"{HOST}: one edition needs more than 8 requests; the log with -v shows them"),
        (Bounds(size=12_000), "have more than 12000 bytes, the most for one edition"),
    ],
    ids=["requests", "bytes"],
)
def test_source_at_its_bound_fails_alone(home: Path, site: Site, bounds: Bounds, reason: str) -> None:
    limit = RateLimit(bounds, sleep=lambda _: None)
    report = refresh(settings(home, site.base), limit=limit)
    assert only_lens_fails(report).endswith(reason)
    assert {key[0] for key in entries(home)} > OTHERS


def test_pages_that_redirect_to_each_other_use_up_only_their_own_requests(home: Path, site: Site) -> None:
    run(home, site.base)
    lens = sorted(place for place in site.pages if place.startswith(LENS_PLACE) and place != CONTENTS)
    for place, after in zip(lens, [*lens[1:], lens[0]], strict=True):
        site.faults[place] = redirect(after)
    assert "more than 5 redirects" in only_lens_fails(run(home, site.base))


ROBOTS: dict[str, tuple[Fault, str]] = {
    "not modified": (always(Reply(304)), "robots.txt: the site answered 304, expected 200"),
    "not text": (always(faults.page(b"\xff\xfe\0", "image/png")), "robots.txt: its text is neither UTF-8"),
    "redirect loop": (redirect("robots.txt"), "robots.txt: more than 5 redirects"),
    "forbids all": (
        always(faults.page(b"User-agent: *\nDisallow: /", "application/octet-stream")),
        "toc-contents.json: robots.txt of the host forbids it",
    ),
}


@pytest.mark.parametrize(("fault", "reason"), ROBOTS.values(), ids=ROBOTS)
def test_odd_robots_txt_stops_its_own_host(home: Path, site: Site, fault: Fault, reason: str) -> None:
    site.faults[f"/{HOST}/robots.txt"] = fault
    assert reason in only_lens_fails(run(home, site.base))


def test_robots_txt_that_is_a_page_allows_everything(home: Path, site: Site) -> None:
    site.faults[f"/{HOST}/robots.txt"] = always(faults.page(b"<!DOCTYPE html><title>Not found</title>"))
    assert run(home, site.base).failures == ()


def test_page_answered_with_not_modified_for_no_reason_is_told(home: Path, site: Site) -> None:
    run(home, site.base)
    for facts in (home / "pages" / "genai-lens").glob("*.json"):
        kept = json.loads(facts.read_bytes())
        facts.write_text(json.dumps(kept | {"etag": "", "last_modified": ""}), encoding="utf-8")
    site.faults[PRACTICE] = always(Reply(304))
    assert only_lens_fails(run(home, site.base)) == (
        f"{LENS}gensec01-bp02.html: the site answered 304, expected 200"
    )


NESTED = {
    "lists": b"- " * 3000 + b"Deep.",
    "quotes": b"> " * 3000 + b"Deep.",
    "list on many lines": b"\n".join(b"  " * depth + b"- item" for depth in range(300)),
}


@pytest.mark.parametrize("nested", NESTED.values(), ids=NESTED)
def test_risk_nested_too_deep_is_told_and_not_cut(home: Path, site: Site, nested: bytes) -> None:
    run(home, site.base)
    before = entries(home)
    site.pages[RISK] += b"\n\n" + nested + b"\n\nThe end.\n"
    (failure,) = run(home, site.base).failures
    assert (failure.what, failure.reason) == (
        "owasp-llm 2026 (en)",
        f"{OWASP}2026/final/LLM03_ExcessiveAgency.md: found blocks nested 19 deep, expected fewer",
    )
    assert entries(home) == before


@pytest.mark.parametrize("element", ["table><tr><td", "span", "a href='x'", "blockquote", "font"])
def test_page_nested_deep_in_one_place_keeps_the_rest(home: Path, site: Site, element: str) -> None:
    closing = "".join(f"</{name.split(' ')[0]}>" for name in reversed(element.split("><")))
    deep = f"<p>{f'<{element}>' * 3000}Deep.{closing * 3000}</p><p>After the deep place.</p>"
    heading = b"Implementation guidance</h2>"
    site.pages[PRACTICE] = site.pages[PRACTICE].replace(heading, heading + deep.encode())
    assert run(home, site.base).failures == ()
    texts = [section.text for section in entries(home)["GENSEC01-BP02", "en"].sections]
    assert sum("Deep." in text and "After the deep place." in text for text in texts) == 1


@pytest.mark.parametrize("suffix", ["body", "json"])
def test_folder_in_place_of_a_kept_file_is_replaced(home: Path, site: Site, suffix: str) -> None:
    run(home, site.base)
    before = entries(home)
    for path in (home / "pages" / "genai-lens").glob(f"*.{suffix}"):
        path.unlink()
        path.mkdir()
    report = run(home, site.base)
    assert (report.failures, report.published) == ((), False)
    assert run(home, site.base, offline=True).failures == ()
    assert entries(home) == before


def test_kept_pages_that_are_pipes_do_not_stop_an_offline_refresh(home: Path, site: Site) -> None:
    run(home, site.base)
    for path in (home / "pages" / "genai-lens").iterdir():
        path.unlink()
        os.mkfifo(path)
    report = run(home, site.base, offline=True)
    assert [state.origin for state in report.manifest.sources] == ["catalogue", "site", "site", "site"]
