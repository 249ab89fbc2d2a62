"""Shared by all views: the served build, links between the views, and the badge of a level of risk."""

from collections.abc import Mapping
from typing import Literal, NoReturn

import streamlit as st
from streamlit.navigation.page import Page

from assistant.pages.address import parameters, with_language
from assistant.pages.words import PageWords
from kb.entries import RiskLevel
from kb.knowledge_base import KnowledgeBase
from kb.serving import ServedBuild
from kb.settings import Settings, load_settings

LEVEL_COLOURS: dict[RiskLevel, Literal["red", "orange", "green"]] = {
    RiskLevel.HIGH: "red",
    RiskLevel.MEDIUM: "orange",
    RiskLevel.LOW: "green",
}
FRAME, RISK_BADGE = PageWords("frame"), PageWords("risk_badge")


@st.cache_resource(max_entries=1, show_spinner=False)
def _served_build(settings: Settings) -> ServedBuild:
    return ServedBuild(settings)


def served_base() -> KnowledgeBase:
    """The knowledge base of the served build, opened once per build for all visitors.

    Call it once per question, so that each question sees the newest build.

    :raises GenlensError: no build can be served, or a setting is invalid.
    """
    with st.spinner(FRAME("opening")):
        return _served_build(load_settings()).base()


def remember_views(views: Mapping[str, Page]) -> None:
    """Keep the views by path, so that they can link to each other."""
    st.session_state.views = dict(views)


def view(path: str) -> Page:
    """The view with a path: ask, search, browse, index, or that of an entry."""
    views: dict[str, Page] = st.session_state.views
    return views[path]


def entry_path(entry_id: str) -> str:
    """The path of the view of an entry; a path cannot have a slash."""
    return entry_id.replace("/", "-")


def level_badge(level: RiskLevel) -> None:
    """Draw a level of risk in its colour."""
    st.badge(RISK_BADGE(level), color=LEVEL_COLOURS[level])


def entry_link(entry_id: str, label: str, **parameters: str) -> None:
    """Draw a link to the view of an entry; `label` is Markdown, with its text escaped."""
    st.page_link(view(entry_path(entry_id)), label=label, query_params=with_language(**parameters))


def open_entry(entry_id: str) -> NoReturn:
    """Go to the view of an entry.

    The parameters come along: Streamlit would first write others to the address that is left, where Back
    leads.
    """
    st.switch_page(view(entry_path(entry_id)), query_params=parameters())
