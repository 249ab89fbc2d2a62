"""The frame of every view: the head with the language switch, the publishers below, and the login."""

from pathlib import Path

import streamlit as st

from assistant.pages.words import SWITCH, PageWords, first_language
from kb.entries import Language

# Our own file: Streamlit loads named icons from another host.
ICON = str(Path(__file__).parent / "icon.svg")
NAMES = {Language.ENGLISH: "English", Language.JAPANESE: "日本語"}
WORDS = PageWords("frame")


def draw_head() -> None:
    """Draw the name and the language switch; the choice is kept in the address."""
    st.session_state.setdefault(SWITCH, first_language().value)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown("**genlens**", width="content")
        st.segmented_control(
            "Language / 言語",
            [language.value for language in Language],
            format_func=lambda code: NAMES[Language(code)],
            required=True,
            key=SWITCH,
            label_visibility="collapsed",
            width="content",
        )
    if st.query_params.get(SWITCH) != st.session_state[SWITCH]:
        st.query_params[SWITCH] = st.session_state[SWITCH]


def draw_foot() -> None:
    """Draw the publishers and licences of the quoted sources."""
    st.caption(WORDS("sources"))


def login_needed() -> bool:
    """True if the Streamlit secrets have an `auth` section and the visitor is not logged in.

    Unreadable secrets raise an error; they never open the page to everybody.
    """
    if not any(Path(file).exists() for file in st.get_option("secrets.files")):
        return False
    return "auth" in st.secrets and not st.user.is_logged_in


def draw_login() -> None:
    """Draw the button that leads to the login provider."""
    st.info(WORDS("closed"))
    st.button(WORDS("login"), on_click=st.login, type="primary")
