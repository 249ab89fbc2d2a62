"""The tests' own sources and pages, as the readers get them: no server, no folder of kept pages."""

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
    """One of the sources under tests/saved/data/sources."""
    return next(found for found in load_sources(DATA / "sources") if found.name == name)


def body(address: str) -> str:
    """The text of one of the tests' own pages."""
    return (PAGES / address.removeprefix("https://")).read_text(encoding="utf-8")


def edited(address: str, old: str, new: str) -> str:
    """A page's text with one place changed."""
    text = body(address)
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {address}"
    return text.replace(old, new)


def saved(changed: dict[str, str] | None = None) -> Callable[[str], Page]:
    """From an address to the page under tests/saved/pages, or to the changed text for it."""
    texts = changed or {}

    def page(address: str) -> Page:
        return Page(address, (texts.get(address) or body(address)).encode(), FETCHED_AT)

    return page
