"""What stands around every page: its head with the switch of languages, who published what, the login."""

from pathlib import Path

import streamlit as st

from assistant.pages.words import SWITCH, Words, first_language
from kb.entries import Language

# A file of our own: icons of pages that are named are fetched from another host.
ICON = str(Path(__file__).parent / "icon.svg")
NAMES = {Language.ENGLISH: "English", Language.JAPANESE: "日本語"}
WORDS = Words(
    {
        "ask": "Ask",
        "search": "Search",
        "browse": "Browse",
        "index": "Index",
        "sources": "The AWS Well-Architected Generative AI Lens is © Amazon Web Services, "
        "the OWASP Top 10 for LLM Applications CC BY-SA 4.0.",
        "login": "Log in",
        "closed": "This page is for people who are logged in.",
    },
    {
        "ask": "質問",
        "search": "検索",
        "browse": "一覧",
        "index": "索引",
        "sources": "AWS Well-Architected 生成 AI レンズ © Amazon Web Services、"
        "OWASP Top 10 for LLM Applications は CC BY-SA 4.0。",
        "login": "ログイン",
        "closed": "このページを見るにはログインしてください。",
    },
)


def draw_head() -> None:
    """The name, and the switch of languages beside it; the choice stands in the address of every page."""
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
    """Who published what is quoted, and under which terms."""
    st.caption(WORDS("sources"))


def login_needed() -> bool:
    """Whether people have to log in first: where secrets have a part `auth`, and nobody has logged in yet.

    Secrets that cannot be read are an error, not a page that is open to all.
    """
    if not any(Path(file).exists() for file in st.get_option("secrets.files")):
        return False
    return "auth" in st.secrets and not st.user.is_logged_in


def draw_login() -> None:
    """The button that leads to the provider that the secrets name."""
    st.info(WORDS("closed"))
    st.button(WORDS("login"), on_click=st.login, type="primary")
