"""The frame of every view: the head with links and the language switch, the publishers below, the login."""

from pathlib import Path

import streamlit as st

from assistant.pages.address import LANGUAGE, clear, one, with_language, write
from assistant.pages.shared import view
from assistant.pages.words import PageWords, interface_language
from kb.entries import Language

# Our own files: Streamlit loads named icons of a tab from another host.
ICON = str(Path(__file__).parent / "icon.svg")
LOGO = str(Path(__file__).parent / "logo.svg")
NAMES = {Language.ENGLISH: "English", Language.JAPANESE: "日本語"}
ICONS = {
    "ask": ":material/forum:",
    "search": ":material/search:",
    "browse": ":material/grid_view:",
    "index": ":material/database:",
}
WORDS = PageWords("frame")


def draw_head(path: str, within: str) -> None:
    """Draw the links to the views, and the language switch.

    The view that the current path is `within` is in bold. Streamlit's own navigation would hide the links on
    a phone, and lose the language.
    """
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(horizontal=True, gap="xsmall", width="content", vertical_alignment="center"):
            for other, icon in ICONS.items():
                label = f"**{WORDS(other)}**" if other == within else WORDS(other)
                if view(other).url_path == path:
                    # A link from a view to itself would not change the address.
                    st.button(label, icon=icon, type="tertiary", on_click=clear, key=f"head-{other}")
                else:
                    st.page_link(view(other), label=label, icon=icon, query_params=with_language())
        draw_language()


def draw_language() -> None:
    """Draw the language switch; the choice is kept in the address."""
    codes = [interface_language().value, *(code.value for code in Language)]
    st.segmented_control(
        "Language / 言語",
        [code.value for code in Language],
        format_func=lambda code: NAMES[Language(code)],
        required=True,
        key=one(LANGUAGE, codes),
        on_change=write,
        args=(LANGUAGE,),
        label_visibility="collapsed",
        width="content",
    )


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
