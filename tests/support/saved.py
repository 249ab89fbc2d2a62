"""The test sources and pages for readers, without a server or kept pages."""

from collections.abc import Callable
from pathlib import Path

from ingest.fetch.page_store import Page
from ingest.sources import Source, load_sources

DATA = Path(__file__).resolve().parents[1] / "saved" / "data"
PAGES = Path(__file__).resolve().parents[1] / "saved" / "pages"
LENS = "https://docs.aws.amazon.com/wellarchitected/latest/generative-ai-lens/"
OWASP = "https://raw.githubusercontent.com/GenAI-Security-Project/GenAI-LLM-Top10/main/"
OWASP_JAPANESE = (
    "https://raw.githubusercontent.com/OWASP/www-project-top-10-for-large-language-model-applications/"
    "main/2_0_vulns/translations/ja-JP/"
)
FETCHED_AT = "2026-04-01T00:00:00+00:00"


def source(name: str) -> Source:
    """A source under tests/saved/data/sources."""
    return next(source for source in load_sources(DATA / "sources") if source.name == name)


def body(address: str) -> str:
    """The text of a page under tests/saved/pages."""
    return (PAGES / address.removeprefix("https://")).read_text(encoding="utf-8")


def edited(address: str, old: str, new: str) -> str:
    """A page's text with one place changed."""
    text = body(address)
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {address}"
    return text.replace(old, new)


def saved(changed: dict[str, str] | None = None) -> Callable[[str], Page]:
    """A function from address to page: the page under tests/saved/pages, or its changed text."""
    texts = changed or {}

    def page(address: str) -> Page:
        return Page(address, (texts.get(address) or body(address)).encode(), FETCHED_AT)

    return page
