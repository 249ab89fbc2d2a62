"""The chat page: a question in, an answer with its sources beside it."""

from pathlib import Path
from typing import Literal

import streamlit as st

import assistant
from assistant.answer import Answer, ask
from assistant.citations import Citation
from assistant.render import answer_markdown, escape
from kb.base import KnowledgeBase, open_build
from kb.builds import current_id
from kb.entries import RiskLevel
from kb.errors import GenlensError
from kb.settings import Settings, load_settings

EXAMPLES = (
    "How do I keep an agent from taking actions it should not?",
    "Our token bill doubled. Where do we start?",
    "What should we log when people call the model?",
    "How do we fail over a RAG application to another Region?",
    "エージェントに渡す権限は、どこまで絞ればいいですか？",
)
# A file of our own: icons that are named are fetched from another host.
ICON = str(Path(assistant.__file__).parent / "pages" / "icon.svg")
LEVEL_COLOURS: dict[RiskLevel, Literal["red", "orange", "green"]] = {
    RiskLevel.HIGH: "red",
    RiskLevel.MEDIUM: "orange",
    RiskLevel.LOW: "green",
}


@st.cache_resource(max_entries=2, show_spinner="Opening the index …")
def opened(settings: Settings, build_id: str) -> KnowledgeBase:
    """The knowledge base of a build, opened once for all visitors."""
    return open_build(settings, build_id)


def served() -> KnowledgeBase:
    """The knowledge base of the build that is served now: a new build is noticed at the next question."""
    settings = load_settings()
    return opened(settings, current_id(settings.home))


def choose_example() -> None:
    """Ask the example that was clicked."""
    st.session_state.asked = st.session_state.example


def draw_source(citation: Citation) -> None:
    """One cited entry: what it is, the quoted words, and where they stand."""
    with st.container(border=True):
        st.markdown(f"**{escape(citation.id)}** — {escape(citation.title)}")
        with st.container(horizontal=True):
            if citation.risk_level:
                st.badge(f"Risk: {citation.risk_level}", color=LEVEL_COLOURS[citation.risk_level])
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


# Draw the page
st.set_page_config(page_title="genlens", page_icon=ICON, layout="wide")
st.title("genlens")
st.caption(
    "Answers about generative AI workloads, in the words of the AWS Well-Architected Generative AI Lens "
    "and the OWASP Top 10 for LLM Applications. "
    "The lens is © Amazon Web Services, the OWASP text CC BY-SA 4.0."
)
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
