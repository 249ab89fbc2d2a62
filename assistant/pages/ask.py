"""The page Ask: a question in, an answer with its sources beside it."""

import streamlit as st

from assistant.answer import Answer, ask
from assistant.citations import Citation
from assistant.pages.frame import ICON
from assistant.pages.shared import level_badge, served
from assistant.render import answer_markdown, escape
from kb.errors import GenlensError

EXAMPLES = (
    "How do I keep an agent from taking actions it should not?",
    "Our token bill doubled. Where do we start?",
    "What should we log when people call the model?",
    "How do we fail over a RAG application to another Region?",
    "エージェントに渡す権限は、どこまで絞ればいいですか？",
)


def choose_example() -> None:
    """Ask the example that was clicked."""
    st.session_state.asked = st.session_state.example


def draw_source(citation: Citation) -> None:
    """One cited entry: what it is, the quoted words, and where they stand."""
    with st.container(border=True):
        st.markdown(f"**{escape(citation.id)}** — {escape(citation.title)}")
        with st.container(horizontal=True):
            if citation.risk_level:
                level_badge(citation.risk_level)
            if citation.pillar:
                st.badge(citation.pillar, color="gray")
        if citation.question:
            st.caption(escape(citation.question))
        st.markdown(f"> {escape(citation.quote)}")
        st.markdown(f"[{escape(citation.section)} — open the page]({citation.url})")


def draw_answer(answer: Answer) -> None:
    """An answer, with its sources beside it where it has any."""
    if not answer.citations:
        st.markdown(answer_markdown(answer))
        return
    words, sources = st.columns([3, 2], gap="large")
    with words:
        st.markdown(answer_markdown(answer))
    with sources:
        st.markdown("**Sources**")
        for citation in answer.citations:
            draw_source(citation)


def show() -> None:
    """Draw the page."""
    history: list[tuple[str, Answer | str]] = st.session_state.setdefault("history", [])
    question = st.chat_input("Ask about your workload") or st.session_state.pop("asked", None)

    if not history and not question:
        st.pills("Examples", EXAMPLES, label_visibility="collapsed", key="example", on_change=choose_example)

    if question:
        try:
            history.append((question, ask(served(), question)))
        except GenlensError as error:
            history.append((question, str(error)))

    for asked, answer in history:
        with st.chat_message("user"):
            st.markdown(escape(asked))
        with st.chat_message("assistant", avatar=ICON):
            if isinstance(answer, str):
                st.error(escape(answer))
            else:
                draw_answer(answer)
