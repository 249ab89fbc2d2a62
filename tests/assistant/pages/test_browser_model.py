"""The Ask view with a language model, in a browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from support.browsing import WIDTHS, Watch, serving
from support.model_server import Behaviour, ModelServer

from assistant.generate import ask
from kb.knowledge_base import KnowledgeBase
from kb.storage.builds import current_build

pytestmark = pytest.mark.browser
SLOW = 90_000
QUESTIONS = {
    "en": "How do I keep an agent from taking actions it should not?",
    "ja": "エージェントに渡す権限は、どこまで絞ればいいですか？",
}
ASK = {"en": "Ask the language model", "ja": "言語モデルに質問する"}
DOUBT = {"en": "not supported by the passages it cited", "ja": "引用した箇所に裏付けがありません"}


@pytest.fixture(scope="module")
def base(catalogue_home: Path) -> KnowledgeBase:
    return KnowledgeBase(current_build(catalogue_home))


@pytest.fixture
def address(catalogue_home: Path, running_model: ModelServer) -> Iterator[str]:
    with serving(catalogue_home, GENLENS_LLM=running_model.setting) as url:
        yield url


@pytest.mark.parametrize("language", QUESTIONS)
def test_statement_in_doubt_is_marked(
    browser: Browser,
    address: str,
    catalogue_home: Path,
    base: KnowledgeBase,
    running_model: ModelServer,
    language: str,
) -> None:
    statements = ask(base, QUESTIONS[language]).statements[:2]
    supported = " ".join(f"{s.text} [{s.id}]" for s in statements)
    cited = statements[0].id
    doubtful = f"<b>Buy</b> the cheapest bank. [{cited}] ![x](http://evil.test/a.png) [{cited}]"
    for width, height in WIDTHS:
        shutil.rmtree(catalogue_home / "responses", ignore_errors=True)
        running_model.does(Behaviour(f"{supported} {doubtful}", usage=(2_100, 90)))
        page = browser.new_page(viewport={"width": width, "height": height})
        watch = Watch(page)
        page.goto(f"{address}/?lang={language}&q={QUESTIONS[language]}")
        page.get_by_role("button", name=ASK[language]).click(timeout=SLOW)
        expect(page.get_by_text(statements[1].text).last).to_be_visible(timeout=SLOW)
        expect(page.get_by_text("2,100").last).to_be_visible(timeout=SLOW)
        expect(page.get_by_text("<b>Buy</b> the cheapest bank.")).to_be_visible()
        expect(page.get_by_text("evil.test")).to_have_count(0)
        expect(page.get_by_text(DOUBT[language])).to_have_count(1)
        results = Axe().run(page, context={"include": [["[data-testid=stMainBlockContainer]"]]}).response
        serious = [rule for rule in results["violations"] if rule["impact"] in ("serious", "critical")]
        assert [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in serious] == []
        assert (watch.elsewhere, watch.complaints) == ([], [])
        page.close()
