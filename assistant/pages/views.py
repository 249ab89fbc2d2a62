"""The whole page: its frame, the login, and the four views."""

import streamlit as st

from assistant.pages import search
from assistant.pages.ask import view as ask
from assistant.pages.browse import view as browse
from assistant.pages.frame import ICON, WORDS, draw_foot, draw_head, draw_login, login_needed
from assistant.pages.index import view as index
from assistant.pages.shared import remember_views

VIEWS = {"ask": ask.show, "search": search.show, "browse": browse.show, "index": index.show}


def draw() -> None:
    """Draw the page with the view in its address."""
    st.set_page_config(page_title="genlens", page_icon=ICON, layout="wide")
    draw_head()
    if login_needed():
        draw_login()
        st.stop()
    views = {
        path: st.Page(show, title=WORDS(path), url_path=path, default=path == "ask")
        for path, show in VIEWS.items()
    }
    remember_views(views)
    st.navigation(list(views.values()), position="top").run()
    draw_foot()
