"""What the pages share: the served build, links between pages, and the badge of a level of risk."""

from collections.abc import Mapping
from typing import Literal, NoReturn

import streamlit as st
from streamlit.navigation.page import Page

from assistant.pages.words import Words, interface_language
from kb.entries import Entry, RiskLevel
from kb.knowledge_base import KnowledgeBase
from kb.serving import ServedBuild
from kb.settings import Settings, load_settings

__all__ = [
    "LEVEL_COLOURS",
    "entry_link",
    "interface_language",
    "level_badge",
    "open_entry",
    "page",
    "served",
]

LEVEL_COLOURS: dict[RiskLevel, Literal["red", "orange", "green"]] = {
    RiskLevel.HIGH: "red",
    RiskLevel.MEDIUM: "orange",
    RiskLevel.LOW: "green",
}
WORDS = Words(
    {"High": "High risk", "Medium": "Medium risk", "Low": "Low risk", "opening": "Opening the index …"},
    {
        "High": "リスク: 高",
        "Medium": "リスク: 中",
        "Low": "リスク: 低",
        "opening": "索引を開いています…",
    },
)


@st.cache_resource(max_entries=1, show_spinner=False)
def _server(settings: Settings) -> ServedBuild:
    return ServedBuild(settings)


def served() -> KnowledgeBase:
    """The knowledge base of the build that is served now, opened once a build for all visitors.

    Ask for it once a question: a new build is noticed at the next one.

    :raises GenlensError: nothing can be served, or a setting cannot be used.
    """
    with st.spinner(WORDS("opening")):
        return _server(load_settings()).base()


def remember_pages(pages: Mapping[str, Page]) -> None:
    """Keep the pages by their paths, so that each can link to the others."""
    st.session_state.pages = dict(pages)


def page(path: str) -> Page:
    """The page that has a path: ask, search, browse or index."""
    found: Page = st.session_state.pages[path]
    return found


def level_badge(level: RiskLevel) -> None:
    """Show how much is at stake, in the interface language and the colour of the level."""
    st.badge(WORDS(level), color=LEVEL_COLOURS[level])


def entry_link(entry: Entry, label: str) -> None:
    """Show a link to an entry's page on Browse; the label is Markdown, so text of others is escaped first."""
    st.page_link(page("browse"), label=label, query_params={"id": entry.id})


def open_entry(entry_id: str) -> NoReturn:
    """Go to an entry's page on Browse."""
    st.switch_page(page("browse"), query_params={"id": entry_id})
