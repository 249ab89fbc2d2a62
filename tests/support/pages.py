"""The chat page without a browser, view by view."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.testing.v1 import AppTest

from support.homes import ROOT


@contextmanager
def app() -> Iterator[AppTest]:
    """The app before its first run, without anything cached by other tests."""
    st.cache_resource.clear()
    st.cache_data.clear()
    yield AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30)
    st.cache_resource.clear()
    st.cache_data.clear()


def opened(app: AppTest, path: str, **query: str) -> AppTest:
    """The view at a path, opened like a link."""
    app.run()
    app._page_hash = app.session_state["views"][path]._script_hash
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def in_japanese(app: AppTest) -> AppTest:
    """The app after a switch to Japanese."""
    return app.button_group(key="lang").set_value("ja").run()


def shown(app: AppTest) -> str:
    """All Markdown of the view."""
    return "\n".join(element.value for element in app.markdown)


def links(app: AppTest) -> list[str]:
    """The query string of each link to a view, in order."""
    return [link.proto.query_string for link in app.get("page_link") if link.proto.query_string]
