"""Journeys over the views: Back and Forward show what was there, and every view begins at its top.

`make journeys` goes on all of them, each other run on a few.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.browsing import serving

pytestmark = pytest.mark.browser
SLOW = 90_000
AGENT = "How do I keep an agent from taking actions it should not?"
Step = Callable[[Page], None]


@pytest.fixture(scope="module")
def address(catalogue_home: Path) -> Iterator[str]:
    with serving(catalogue_home) as url:
        yield url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(SLOW)
    yield page
    page.close()


def view(path: str) -> Step:
    """Follow a link of the head."""
    return lambda page: page.get_by_role("link", name=path, exact=True).first.click()


def link(name: str) -> Step:
    """Follow a link with a text in its name, in the view."""
    return lambda page: page.get_by_role("link", name=name).last.click()


def button(name: str) -> Step:
    return lambda page: page.get_by_role("button", name=name).first.click()


def ask(question: str) -> Step:
    def step(page: Page) -> None:
        page.get_by_test_id("stChatInput").get_by_role("textbox").fill(question)
        page.keyboard.press("Enter")

    return step


def search(words: str) -> Step:
    def step(page: Page) -> None:
        page.get_by_role("searchbox").fill(words)
        page.keyboard.press("Enter")

    return step


def facet(name: str, value: str) -> Step:
    """Open a facet, choose a value, and close it."""

    def step(page: Page) -> None:
        page.get_by_role("button", name=name).first.click()
        page.get_by_role("button", name=value).first.click()
        page.keyboard.press("Escape")

    return step


def part(name: str) -> Step:
    return lambda page: (
        page.get_by_role("radio", name=name).or_(page.get_by_role("button", name=name)).first.click()
    )


def cell(name: str) -> Step:
    """Click a mark of a chart."""

    def step(page: Page) -> None:
        mark = page.locator(f"[data-testid=stVegaLiteChart]:visible path[aria-label^='{name}']").first
        mark.scroll_into_view_if_needed()
        mark.click(force=True)

    return step


JOURNEYS: dict[str, list[Step]] = {
    "hit": [view("Search"), search("prompt caching"), link("Implement prompt caching")],
    "facets": [
        view("Search"),
        search("agent"),
        facet("Level of risk", "High ("),
        link("Implement least privilege access and permissions"),
    ],
    "more hits": [view("Search"), search("model"), button("Show 10 more"), view("Index")],
    "next": [view("Browse"), link("BP01 Implement least privilege access and"), link("GENSEC06-BP01")],
    "filters": [
        view("Browse"),
        button("High"),
        button("Security"),
        link("BP01 Implement least privilege access and"),
    ],
    "crosswalk": [view("Browse"), part("Crosswalk"), part("OWASP 2025"), view("Ask")],
    "cell": [view("Browse"), part("Crosswalk"), cell("GENSEC05-BP01"), view("Search")],
    "bar": [view("Browse"), cell("Security, Medium"), view("Index")],
    "risk": [view("Browse"), cell("Security, LLM01"), link("GENSEC04-BP02")],
    "conversation": [ask(AGENT), ask("what about cost?"), view("Browse")],
    "entry of an answer": [ask(AGENT), link("Entry"), view("Ask")],
    "language": [view("Search"), search("agent"), part("日本語"), view("一覧")],
}


# The journeys that differ most: a link, a widget, a chart, and questions.
FEW = ("hit", "filters", "cell", "conversation")
TAKEN = JOURNEYS if os.environ.get("GENLENS_TEST_JOURNEYS") == "all" else FEW


def shown(page: Page) -> tuple[str, str]:
    """The address and the text of a view that has come to rest."""
    last = ""
    for _ in range(60):
        page.wait_for_timeout(250)
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
        text = page.get_by_test_id("stMainBlockContainer").inner_text()
        if text == last and text:
            break
        last = text
    chosen = page.locator("[aria-checked=true], [aria-pressed=true]").all_inner_texts()
    return page.url, f"{last}\n{chosen}"


@pytest.mark.parametrize("name", TAKEN)
def test_back_and_forward_show_what_was_there(page: Page, address: str, name: str) -> None:
    page.goto(address)
    expect(page.locator("h1")).to_be_visible()
    seen = [shown(page)]
    for step in JOURNEYS[name]:
        step(page)
        expect(page).not_to_have_url(seen[-1][0])
        seen.append(shown(page))
    for before in reversed(seen[:-1]):
        page.go_back()
        assert shown(page) == before
    for after in seen[1:]:
        page.go_forward()
        assert shown(page) == after


@pytest.mark.parametrize("start", ["GENSEC05-BP01", "LLM03:2026"])
def test_next_entry_begins_at_its_top(page: Page, address: str, start: str) -> None:
    page.goto(f"{address}/{start}")
    expect(page.locator("h1")).to_be_visible()
    main = page.get_by_test_id("stMain")
    page.get_by_role("link", name="›").last.click()
    expect(page).not_to_have_url(f"{address}/{start}")
    expect(page.locator("h1")).to_be_visible()
    page.wait_for_timeout(1000)
    assert main.evaluate("main => main.scrollTop") == 0


def test_more_hits_appear_below_those_that_were_read(page: Page, address: str) -> None:
    page.goto(f"{address}/search?q=model")
    more = page.get_by_role("button", name="Show 10 more")
    more.scroll_into_view_if_needed()
    place = page.get_by_test_id("stMain").evaluate("main => main.scrollTop")
    more.click()
    expect(page).to_have_url(f"{address}/search?q=model&shown=20")
    page.wait_for_timeout(1000)
    assert page.get_by_test_id("stMain").evaluate("main => main.scrollTop") == place
