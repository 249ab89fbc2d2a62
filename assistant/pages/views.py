"""The whole page: its frame, the login, the four views, and a view of every entry."""

from functools import partial
from time import sleep

import streamlit as st
from streamlit.navigation.page import Page

from assistant.pages import search
from assistant.pages.ask import view as ask
from assistant.pages.browse import entry
from assistant.pages.browse import view as browse
from assistant.pages.frame import ICON, LOGO, WORDS, draw_foot, draw_head, draw_login, login_needed
from assistant.pages.index import view as index
from assistant.pages.shared import entry_path, remember_views, served_base
from kb.errors import GenlensError

PAUSE = 0.15  # seconds
VIEWS = {"ask": ask.show, "search": search.show, "browse": browse.show, "index": index.show}


def draw() -> None:
    """Draw the page with the view in its address."""
    st.set_page_config(page_title="genlens", page_icon=ICON, layout="wide")
    st.logo(LOGO, size="large")
    if login_needed():
        draw_login()
        st.stop()
    views = _views()
    chosen = st.navigation(list(views.values()), position="hidden")
    remember_views(views)
    st.set_page_config(page_title=f"{chosen.title} · genlens")
    draw_head(chosen.url_path, _head_path(chosen.url_path))
    _begin_at_top(chosen.url_path)
    chosen.run()
    draw_foot()


def _begin_at_top(path: str) -> None:
    """Wait until the browser has drawn the head of a new view alone.

    It stays where its reader was, at the end of the last view, until the view is shorter than that.
    """
    before = st.session_state.get("path", path)
    st.session_state.path = path
    if before != path:
        sleep(PAUSE)


def _views() -> dict[str, Page]:
    """The views by path; every entry has its own."""
    views = {
        path: st.Page(show, title=WORDS(path), url_path=path, default=path == "ask")
        for path, show in VIEWS.items()
    }
    try:
        ids = dict.fromkeys(one.id for one in served_base().entries)
    except GenlensError:  # each of the four views tells it
        return views
    for entry_id in ids:
        path = entry_path(entry_id)
        views[path] = st.Page(partial(entry.show, entry_id), title=entry_id, url_path=path)
    return views


def _head_path(path: str) -> str:
    """The path of the view in the head that a view belongs to."""
    return (path or "ask") if path in ("", *VIEWS) else "browse"
