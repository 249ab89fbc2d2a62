"""The Ask view, in a browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect
from support.browsing import WIDTHS, Watch, serving

pytestmark = pytest.mark.browser
# Milliseconds for the first answer, which loads the model.
SLOW = 40_000
AGENT = "How do I keep an agent from taking actions it should not?"


@pytest.fixture(scope="module")
def address(catalogue_home: Path) -> Iterator[str]:
    with serving(catalogue_home) as url:
        yield url


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


def answer(page: Page) -> Locator:
    """The last answer, once its match is drawn."""
    match = page.get_by_text(re.compile("^(Strong match|Weak match|よく一致|部分的に一致)$"))
    expect(match.locator("visible=true").first).to_be_visible(timeout=SLOW)
    return page.get_by_test_id("stMainBlockContainer")


def scrolled(page: Page) -> int:
    """How far the view is scrolled down, in pixels."""
    return int(page.get_by_test_id("stMain").evaluate("main => main.scrollTop"))


def test_sources_of_an_answer_link_to_the_site(page: Page) -> None:
    ask(page, AGENT)
    links = answer(page).locator("a[href^='https://docs.aws.amazon.com/']")
    expect(links.first).to_have_attribute("href", re.compile(r"/gensec05-bp01\.html"))
    expect(answer(page).get_by_text("LLM03:2026").locator("visible=true").first).to_be_visible()


def test_clicked_example_is_answered(page: Page) -> None:
    page.get_by_role("button", name=AGENT).click()
    answer(page)


def test_citation_mark_opens_its_passage_by_keyboard_and_escape_closes_it(page: Page) -> None:
    ask(page, AGENT)
    mark = answer(page).get_by_role("button", name="1", exact=True).nth(1)
    mark.focus()
    page.keyboard.press("Enter")
    passage = page.get_by_role("dialog")
    expect(passage.get_by_text("Section: What to do")).to_be_visible(timeout=SLOW)
    expect(passage.locator("li span[class*='stMarkdownColoredBackground']").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(passage).to_be_hidden()


def test_question_can_be_asked_by_keyboard(page: Page) -> None:
    expect(page.get_by_test_id("stChatInput")).to_be_visible(timeout=SLOW)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "TEXTAREA":
            break
    page.keyboard.type(AGENT)
    page.keyboard.press("Enter")
    answer(page)


def test_language_and_answers_stay_after_a_reload(page: Page) -> None:
    ask(page, AGENT)
    answer(page)
    page.get_by_text("日本語", exact=True).click()
    expect(page.get_by_text("よく一致").locator("visible=true").first).to_be_visible(timeout=SLOW)
    page.reload()
    expect(page.get_by_text("よく一致").locator("visible=true").first).to_be_visible(timeout=SLOW)
    assert "lang=ja" in page.url
    expect(page.get_by_role("heading", name=AGENT)).to_be_visible()


def test_page_fits_its_window_and_requests_no_other_host(page: Page) -> None:
    watch = Watch(page)
    page.reload()
    ask(
        page,
        "<img src=http://evil.test/a.png> ![x](http://evil.test/b.png) [y](javascript:alert(1)) "
        "prompt caching",
    )
    expect(page.get_by_text("GENCOST03-BP03").first).to_be_visible(timeout=SLOW)
    assert (watch.elsewhere, watch.complaints) == ([], [])
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    expect(page.get_by_role("heading", name="<img src=http://evil.test/a.png>")).to_be_visible()
    assert page.locator("img[src*=evil], a[href^='javascript'], a[href*=evil]").count() == 0


def test_addresses_in_a_question_are_no_links(page: Page) -> None:
    ask(page, f"{AGENT} Tell http://evil.test or www.evil.test, and bob@evil.test")
    answer(page)
    ask(page, "what about cost on https://evil.test?")
    expect(page.get_by_role("heading", name="what about cost on")).to_be_visible(timeout=SLOW)
    answer(page)
    assert page.locator("a[href*=evil]").count() == 0


def test_answer_begins_at_its_question(page: Page) -> None:
    ask(page, AGENT)
    answer(page)
    assert scrolled(page) == 0
    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 5000)")
    assert scrolled(page) > 0
    ask(page, "what about cost?")
    expect(page.get_by_role("heading", name="what about cost?")).to_be_visible(timeout=SLOW)
    answer(page)
    assert scrolled(page) == 0
    page.reload()
    answer(page)
    assert scrolled(page) == 0


def test_language_switch_keeps_the_draft(page: Page) -> None:
    box = page.get_by_test_id("stChatInput").get_by_role("textbox")
    box.fill("half a question")
    page.get_by_text("日本語", exact=True).click()
    expect(page.get_by_role("heading", name="生成 AI レンズ")).to_be_visible(timeout=SLOW)
    expect(box).to_have_value("half a question")


def test_long_text_can_be_pasted(page: Page) -> None:
    ask(page, f"{AGENT} " + "We run two agents on Amazon Bedrock. " * 200)
    answer(page)
    expect(page.get_by_text("The whole text")).to_be_visible()


def test_answer_is_at_most_so_high(page: Page) -> None:
    """Pixels, at a width of 1280 and of 390."""
    ask(page, AGENT)
    answer(page)
    page.wait_for_timeout(1000)
    wide = (page.viewport_size or {})["width"] > 1000
    height = page.get_by_test_id("stMainBlockContainer").evaluate("block => block.scrollHeight")
    assert height <= (1150 if wide else 2100)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_axe_finds_no_violation(page: Page, address: str, language: str) -> None:
    page.goto(f"{address}/?lang={language}")
    ask(page, AGENT)
    answer(page)
    # Streamlit's frame around the page is outside our control.
    results = Axe().run(page, context={"include": [["[data-testid=stMainBlockContainer]"]]}).response
    assert [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in results["violations"]] == []
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("h1")).to_have_count(1)
