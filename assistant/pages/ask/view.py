"""The Ask view: a conversation of questions and answers with their sources."""

from collections.abc import Sequence

import streamlit as st

from assistant.answers.records import Statement
from assistant.pages.ask.answer import draw_answer
from assistant.pages.ask.messages import (
    Message,
    answered,
    ask_model,
    forget,
    messages,
    remember,
    replay,
    shown_as,
    turns,
)
from assistant.pages.ask.thumbs import count_gap, draw_opinion
from assistant.pages.frame import ICON
from assistant.pages.labels import label
from assistant.pages.shared import served_base
from assistant.pages.words import PageWords, interface_language
from assistant.render.escape import escape
from assistant.render.transcript import transcript
from kb.entries import RiskLevel
from kb.errors import GenlensError
from kb.ids import PILLARS
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import Filters
from kb.ranking.query import MAX_TYPED

WORDS = PageWords("ask")
EXAMPLES = ("example_1", "example_2", "example_3", "example_4", "example_5")


def show() -> None:
    """Draw the view."""
    try:
        filters = _choose_filters(served_base())
    except GenlensError as error:
        st.error(escape(str(error)))
        return
    replay(filters)
    question = st.chat_input(WORDS("invite"), max_chars=MAX_TYPED) or st.session_state.pop("asked", None)
    if not messages() and not question:
        _draw_invitation()
        return
    # Before any answer is drawn, so that a reload keeps every answer on the screen.
    remember()
    for message in messages():
        _draw_message(message)
    if question:
        _answer(question, filters)
    _draw_export()


def _answer(question: str, filters: Filters) -> None:
    """Draw the answer to a question as it is written; add it to the conversation when complete."""
    with st.chat_message("user"):
        st.markdown(escape(shown_as(question)))
    with st.chat_message("assistant", avatar=ICON):
        preview, texts = st.empty(), list[str]()

        def draw_statement(statement: Statement) -> None:
            texts.append(escape(statement.text))
            preview.markdown(" ".join(texts))

        message = answered(question, filters, draw_statement)
        messages().append(message)
        remember()
        preview.empty()
        draw_answer(message, fresh=True)
        draw_opinion(message)
        count_gap(message)


def _draw_message(message: Message) -> None:
    with st.chat_message("user"):
        st.markdown(escape(message.asked))
    with st.chat_message("assistant", avatar=ICON):
        if message.unasked:
            _offer_model(message)
        draw_answer(message, fresh=False)
        draw_opinion(message)


def _offer_model(message: Message) -> None:
    """Draw a button that asks the language model: opening a link costs nothing by itself."""
    if st.button(WORDS("ask_model"), key=f"model-{message.key}", help=WORDS("ask_model_help")):
        with st.spinner(WORDS("asking_model")):
            ask_model(message.key)
        st.rerun()


def _draw_invitation() -> None:
    """Draw the start of a conversation: an explanation and example questions."""
    st.subheader(WORDS("title"), anchor=False)
    st.markdown(WORDS("about"))
    with st.container(horizontal=True, gap="small"):
        for key in EXAMPLES:
            st.button(escape(WORDS(key)), key=key, on_click=_choose_example, args=(key,), wrap=True)


def _choose_example(key: str) -> None:
    st.session_state.asked = WORDS(key)


def _choose_filters(base: KnowledgeBase) -> Filters:
    """Draw the filters in the sidebar; their values are kept in the address."""
    sources = tuple(dict.fromkeys(entry.source for entry in base.entries))
    with st.sidebar:
        st.markdown(f"**{WORDS('filters')}**", help=WORDS("filters_help"))
        filters = Filters(
            pillars=_choose("pillar", list(PILLARS.values())),
            sources=_choose("source", sources),
            editions=_choose("edition", base.editions),
            risk_levels=_choose("level", [level.value for level in RiskLevel]),
        )
        st.toggle(WORDS("verbatim"), key="verbatim", persist_state="session", help=WORDS("verbatim_help"))
    return filters


def _choose(name: str, options: Sequence[str]) -> frozenset[str]:
    """Draw one filter; its values come from the address at first, later changes go to the address."""
    linked = st.query_params.get_all(name)
    st.session_state.setdefault(name, [value for value in linked if value in options])
    chosen = st.multiselect(
        WORDS(name), options, format_func=label, key=name, persist_state="session", placeholder=WORDS("any")
    )
    if chosen != linked:
        st.query_params[name] = chosen
    return frozenset(chosen)


def _draw_export() -> None:
    """Draw the buttons to start again, copy or download the conversation."""
    text = transcript(turns(), interface_language())
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(WORDS("new"), icon=":material/add_comment:", on_click=forget)
        st.download_button(
            WORDS("download"),
            text,
            file_name="genlens.md",
            mime="text/markdown",
            icon=":material/download:",
            on_click="ignore",
        )
        with st.popover(WORDS("copy"), icon=":material/content_copy:"):
            st.code(text, language=None, wrap_lines=True, height=320)
    st.caption(WORDS("link"))
