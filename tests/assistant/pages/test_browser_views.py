"""The Search, Browse and Index views, in a browser."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from support.browsing import WIDTHS, Watch, serving

from kb.storage.builds import Build, current_build, serve
from kb.storage.manifest import read_manifest, write_manifest

pytestmark = pytest.mark.browser
JAPANESE = {"Search": "検索", "Browse": "一覧", "Index": "索引"}
ENTRY = {"en": "Implement least privilege access", "ja": "エージェント"}
VIEWS = {
    "search?q=agent": "Search",
    "browse": "Browse",
    "browse?part=crosswalk": "Browse",
    "browse?part=risks": "Browse",
    "GENSEC05-BP01": "",
    "index": "Index",
}
HOSTILE = "<img src=http://evil.test/a.png> ![x](http://evil.test/b.png) [agents](javascript:alert(1))"


@pytest.fixture(scope="module")
def home(catalogue_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two builds, for rollbacks."""
    copy = tmp_path_factory.mktemp("views") / "home"
    shutil.copytree(catalogue_home, copy, symlinks=True)
    served = current_build(copy).id
    older = copy / "builds" / f"20260101T000000{served[15:]}"
    shutil.copytree(copy / "builds" / served, older)
    write_manifest(older, replace(read_manifest(older), id=older.name).sealed(older))
    return copy


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with serving(home) as url:
        yield url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    width, height = WIDTHS[0]
    page = browser.new_page(viewport={"width": width, "height": height})
    yield page
    page.close()


def test_entry_can_be_found_by_keyboard(page: Page, address: str) -> None:
    page.goto(f"{address}/search")
    box = page.get_by_role("searchbox")
    expect(box).to_be_visible(timeout=30_000)
    for _ in range(20):
        page.keyboard.press("Tab")
        if box.evaluate("box => box === document.activeElement"):
            break
    page.keyboard.type("prompt caching")
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name="Implement prompt caching to reduce token costs", exact=True)
    expect(link).to_be_visible(timeout=30_000)
    assert page.url.endswith("q=prompt+caching")
    for _ in range(60):
        page.keyboard.press("Tab")
        if link.evaluate("link => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Implement prompt caching")).to_be_visible(timeout=30_000)
    assert page.url.endswith("/GENCOST03-BP03")


def test_chosen_facets_stay_when_counts_change(page: Page, address: str) -> None:
    page.goto(f"{address}/search?q=agent")
    page.get_by_role("button", name="Level of risk").click()
    page.get_by_role("button", name=re.compile(r"^High \(")).click()
    expect(page.get_by_text(re.compile(r"^\d+ of \d+ found"))).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Pillar").click()
    page.get_by_role("button", name=re.compile(r"^Security \(")).click()
    expect(page.get_by_role("button", name="Pillar (1)")).to_be_visible()
    assert page.url.endswith("?q=agent&level=High&pillar=Security")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Clear filters").click()
    expect(page.get_by_text(re.compile(r"^\d+ found"))).to_be_visible()


def test_first_hit_is_near_the_top(browser: Browser, address: str) -> None:
    for width, height, highest in ((1440, 900, 420), (390, 844, 480)):
        page = browser.new_page(viewport={"width": width, "height": height})
        page.goto(f"{address}/search?q=prompt+injection")
        first = page.get_by_role("link", name="Prompt Injection", exact=True).first
        expect(first).to_be_visible(timeout=30_000)
        page.wait_for_timeout(1000)
        box = first.bounding_box()
        assert box is not None
        assert box["y"] <= highest
        page.close()


def test_high_practices_of_a_pillar_are_three_clicks_away(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("link", name="Browse").click()
    page.get_by_role("button", name="High").click()
    page.get_by_role("button", name="Security").click()
    expect(page.get_by_role("heading", name="Reliability")).to_have_count(0)
    expect(page.get_by_role("link", name="GENSEC05")).to_be_visible()
    assert page.url.endswith("/browse?level=High&pillar=Security")


def test_rollback_is_confirmed_and_done(page: Page, address: str, home: Path) -> None:
    served = current_build(home).id
    page.goto(f"{address}/index")
    serve_older = page.get_by_role("button", name=re.compile("^Serve 20260101T000000"))
    serve_older.click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert current_build(home).id == served
    serve_older.click()
    page.get_by_role("button", name="Serve it").click()
    expect(page.get_by_role("button", name=f"Serve {served}")).to_be_visible(timeout=60_000)
    assert current_build(home).id.startswith("20260101T000000")
    serve(Build(home, served))


@pytest.mark.parametrize(("width", "height"), WIDTHS, ids=["wide", "narrow"])
@pytest.mark.parametrize("japanese", [False, True], ids=["en", "ja"])
def test_views_fit_their_window_and_are_accessible_and_request_no_other_host(
    browser: Browser, address: str, width: int, height: int, japanese: bool
) -> None:
    page = browser.new_page(viewport={"width": width, "height": height})
    watch = Watch(page)
    for path, name in VIEWS.items():
        page.goto(f"{address}/{path}")
        heading = page.get_by_role("heading", name=name or ENTRY["en"], exact=bool(name))
        expect(heading).to_be_visible(timeout=30_000)
        if japanese:  # not earlier: a click before Streamlit has drawn a view opens the first view
            page.get_by_text("日本語", exact=True).click()
            page.mouse.move(0, 0)  # an element under the mouse has other colours
            title = JAPANESE.get(name, name) or ENTRY["ja"]
            heading = page.get_by_role("heading", name=title, exact=bool(name)).first
            expect(heading).to_be_visible(timeout=30_000)
        page.wait_for_timeout(1500)  # for elements drawn after the heading
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        assert violations(page) == [], path
        assert page.locator("h1").count() == 1, path
    assert watch.elsewhere == []
    assert watch.complaints == []
    page.close()


def violations(page: Page) -> list[str]:
    """Violations found by axe in a view, without Streamlit's frame."""
    results = Axe().run(page, context="[data-testid=stMainBlockContainer]").response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in results for node in rule["nodes"]]


def test_hostile_query_is_searched_as_text(page: Page, address: str) -> None:
    watch = Watch(page)
    page.goto(f"{address}/search")
    box = page.get_by_role("searchbox")
    box.fill(f'{HOSTILE} "zebra crossing"')
    page.keyboard.press("Enter")
    expect(page.get_by_text("<img src=http://evil.test/a.png>")).to_be_visible(timeout=30_000)
    assert page.locator("img[src*=evil], a[href^=javascript]").count() == 0
    assert watch.elsewhere == []
    assert watch.complaints == []
