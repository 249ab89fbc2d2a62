"""The chat page without a browser, view by view."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from support.homes import ROOT

# The words of the links in the head.
HEAD = ("Ask", "Search", "Browse", "Index", "質問", "検索", "一覧", "索引")


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
    return app.button_group(key="address-lang").set_value("ja").run()


def shown(app: AppTest) -> str:
    """All Markdown of the view."""
    return "\n".join(element.value for element in app.markdown)


def links(app: AppTest) -> list[str]:
    """The path and query of each link to a view, in order, without those of the head."""
    found = [link.proto for link in app.get("page_link") if not _in_head(link.proto)]
    return [link.page + (link.query_string and f"?{link.query_string}") for link in found]


def _in_head(link: Any) -> bool:  # noqa: ANN401 - a message of Streamlit
    return bool(link.icon) and link.label.strip("*") in HEAD


def buttons(app: AppTest) -> list[Button]:
    """The buttons of the view, without that of the head."""
    return [button for button in app.button if not (button.key or "").startswith("head-")]
