"""A person asks a question on the page, in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.browsing import WIDTHS, chromium, serving

pytestmark = pytest.mark.browser
AGENT = "How do I keep an agent from taking actions it should not?"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def address(catalogue_home: Path) -> Iterator[str]:
    with serving(catalogue_home) as found:
        yield found


@pytest.fixture(params=WIDTHS, ids=["wide", "narrow"])
def page(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, height = request.param
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(address)
    yield page
    page.close()


def ask(page: Page, question: str) -> None:
    page.get_by_test_id("stChatInput").get_by_role("textbox").fill(question)
    page.keyboard.press("Enter")


def test_a_question_is_answered_with_ids_that_link_to_the_site(page: Page) -> None:
    ask(page, AGENT)
    expect(page.get_by_text("Sources", exact=True)).to_be_visible(timeout=30_000)
    answer = page.get_by_test_id("stChatMessage").nth(1)
    expect(answer.get_by_role("link", name="GENSEC05-BP01").first).to_have_attribute(
        "href", re.compile(r"^https://docs\.aws\.amazon\.com/.*/gensec05-bp01\.html")
    )
    expect(answer.get_by_role("link", name="LLM03:2026").first).to_be_visible()
    expect(answer.locator("blockquote").first).to_be_visible()


def test_an_example_is_one_click_away(page: Page) -> None:
    page.get_by_text(AGENT).click()
    expect(page.get_by_text("Sources", exact=True)).to_be_visible(timeout=30_000)


def test_the_page_fits_its_window_and_asks_no_other_host(page: Page) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.reload()
    ask(page, "<img src=http://evil.test/a.png> ![x](http://evil.test/b.png) prompt caching")
    expect(page.get_by_text("GENCOST03-BP03").first).to_be_visible(timeout=30_000)
    assert [url for url in asked if not url.startswith(("http://127.0.0.1", "data:", "blob:"))] == []
    assert complaints == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    expect(page.get_by_text("<img src=http://evil.test/a.png>")).to_be_visible()
