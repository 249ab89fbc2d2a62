"""A person asks a question on the page, in a real browser."""

import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from support.homes import ROOT

pytestmark = pytest.mark.browser
# Without these a headless Chromium looks up hosts of its maker.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
# Milliseconds for the first answer, which opens the model.
SLOW = 90_000
AGENT = "How do I keep an agent from taking actions it should not?"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        if os.environ.get("TEST_BROWSER") == "required":
            pytest.fail("no Chromium found, and this run requires one")
        pytest.skip("no Chromium found; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(catalogue_home: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "assistant.cli", "chat", "--port", str(port)]
    environment = os.environ | {"GENLENS_HOME": str(catalogue_home), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, env=environment, cwd=ROOT.parent, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        line = server.stdout.readline().strip()
        assert line == f"http://127.0.0.1:{port}"
        wait_until_up(f"{line}/_stcore/health")
        yield line
        server.kill()


def wait_until_up(address: str) -> None:
    end = monotonic() + 60
    while monotonic() < end:
        try:
            with urllib.request.urlopen(address) as answer:
                if answer.status == 200:
                    return
        except OSError:
            sleep(0.1)
    pytest.fail(f"{address} did not come up")


@pytest.fixture(params=[(1280, 900), (390, 844)], ids=["wide", "narrow"])
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
    """The last answer, once its sources are drawn."""
    expect(page.get_by_text(re.compile("^(Sources|出典)$")).last).to_be_visible(timeout=SLOW)
    return page.get_by_test_id("stChatMessage").last


def test_a_question_is_answered_with_sources_that_link_to_the_site(page: Page) -> None:
    ask(page, AGENT)
    links = answer(page).locator("a[href^='https://docs.aws.amazon.com/']")
    expect(links.first).to_have_attribute("href", re.compile(r"/gensec05-bp01\.html"))
    expect(answer(page).get_by_text("LLM03:2026").first).to_be_visible()


def test_an_example_is_one_click_away(page: Page) -> None:
    page.get_by_role("button", name=AGENT).click()
    answer(page)


def test_a_mark_opens_the_passage_by_keyboard_alone_and_escape_closes_it(page: Page) -> None:
    ask(page, AGENT)
    mark = answer(page).get_by_role("button", name="GENSEC05-BP01").nth(1)
    mark.focus()
    page.keyboard.press("Enter")
    passage = page.get_by_role("dialog")
    expect(passage.get_by_text("Section: What to do")).to_be_visible(timeout=SLOW)
    expect(passage.locator("li span[class*='stMarkdownColoredBackground']").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(passage).to_be_hidden()


def test_a_question_is_asked_by_keyboard_alone(page: Page) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "TEXTAREA":
            break
    page.keyboard.type(AGENT)
    page.keyboard.press("Enter")
    answer(page)


def test_the_language_is_one_click_away_and_stays_after_a_reload_with_the_answers(page: Page) -> None:
    ask(page, AGENT)
    answer(page)
    page.get_by_text("日本語", exact=True).click()
    expect(page.get_by_text("出典", exact=True).first).to_be_visible(timeout=SLOW)
    page.reload()
    expect(page.get_by_text("よく一致").first).to_be_visible(timeout=SLOW)
    assert "lang=ja" in page.url
    expect(page.get_by_text(AGENT, exact=True).first).to_be_visible()


def test_the_page_fits_its_window_and_asks_no_other_host(page: Page) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.reload()
    ask(
        page,
        "<img src=http://evil.test/a.png> ![x](http://evil.test/b.png) [y](javascript:alert(1)) "
        "prompt caching",
    )
    expect(page.get_by_text("GENCOST03-BP03").first).to_be_visible(timeout=SLOW)
    assert [url for url in asked if not url.startswith(("http://127.0.0.1", "data:", "blob:"))] == []
    assert complaints == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    expect(page.get_by_text("<img src=http://evil.test/a.png>")).to_be_visible()
    assert page.locator("img[src*=evil], a[href^='javascript']").count() == 0


@pytest.mark.parametrize("language", ["en", "ja"])
def test_axe_finds_no_serious_barrier(page: Page, address: str, language: str) -> None:
    page.goto(f"{address}/?lang={language}")
    ask(page, AGENT)
    answer(page)
    # Streamlit's own frame around the page is not ours to change.
    found = Axe().run(page, context={"include": [["[data-testid=stMainBlockContainer]"]]}).response
    serious = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in serious] == []
