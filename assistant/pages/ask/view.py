"""The Ask view: a conversation of questions and answers with their sources."""

import streamlit as st

from assistant.answers.records import Statement
from assistant.conversation.turns import Turn
from assistant.pages.address import clear, replace
from assistant.pages.ask.answer import draw_answer
from assistant.pages.ask.filters import chosen_filters, draw_filters, verbatim
from assistant.pages.ask.messages import (
    Conversation,
    Message,
    asked_model,
    cached_model,
    forget,
    linked,
    linked_questions,
    messages,
    shown_as,
)
from assistant.pages.ask.thumbs import count_gap, draw_opinion
from assistant.pages.shared import served_base
from assistant.pages.words import PageWords, interface_language
from assistant.render.escape import escape
from assistant.render.markdown import answer_markdown
from assistant.render.transcript import transcript
from kb.entries import Kind
from kb.errors import GenlensError
from kb.knowledge_base import KnowledgeBase

EXAMPLES = {
    "example_1": ":material/shield_person:",
    "example_2": ":material/payments:",
    "example_3": ":material/monitoring:",
    "example_4": ":material/sync_alt:",
    "example_5": ":material/speed:",
    "example_6": ":material/eco:",
}
LONGEST_HEADING = 160  # characters
WORDS = PageWords("ask")


def show() -> None:
    """Draw the view."""
    try:
        base = served_base()
    except GenlensError as error:
        st.error(escape(str(error)))
        return
    conversation = Conversation(linked_questions(), chosen_filters(base), verbatim())
    with st.bottom:
        tools = st.container(horizontal=True, gap="xsmall", vertical_alignment="center")
        typed = st.chat_input(WORDS("invite"), key="question")
    if typed:
        conversation = _go_on(conversation, typed)
    found: list[Message] = []
    if st.session_state.pop("turning", False):
        _turn(conversation)
    elif conversation.asked:
        found = _draw_conversation(conversation)
    else:
        _draw_invitation(base)
    with tools:
        draw_filters(base)
        if found:
            _draw_export([message.turn for message in found if message.turn])


def _go_on(conversation: Conversation, question: str) -> Conversation:
    """The conversation with the next question, which is in the address now."""
    st.session_state.fresh = True
    st.session_state.turning = bool(conversation.asked)
    asked = linked([*conversation.asked, question])
    replace("q", asked)
    return Conversation(tuple(asked), conversation.filters, conversation.verbatim)


def _turn(conversation: Conversation) -> None:
    """Draw the next question alone; the answer follows in a run of its own.

    A view stays where its reader was, at the end of the last answer, until it is shorter than that.
    """
    _draw_question(shown_as(conversation.asked[-1]))
    st.markdown(f":gray[:material/hourglass_top: {WORDS('reading')}]")
    st.session_state.waited = False
    _continue()


@st.fragment(run_every=0.05)
def _continue() -> None:
    """Run the view again, as soon as the browser has drawn it."""
    if st.session_state.waited:
        st.rerun()
    st.session_state.waited = True


def _draw_conversation(conversation: Conversation) -> list[Message]:
    """Draw the last answer below its question, with the earlier ones folded above; all messages."""
    earlier = st.container(gap="xsmall")
    asked = shown_as(conversation.asked[-1])
    _draw_question(asked)
    # A link costs nothing: only a question that was just typed goes to a language model.
    fresh = bool(st.session_state.pop("fresh", False))
    preview, texts = st.empty(), list[str]()

    def draw_statement(statement: Statement) -> None:
        texts.append(escape(statement.text))
        preview.markdown(" ".join(texts))

    with st.spinner(WORDS("reading")):
        found = messages(conversation, asked_model if fresh else cached_model, draw_statement)
    preview.empty()
    *before, message = found
    with earlier:
        for other in before:
            _draw_earlier(other)
    if message.unasked:
        _offer_model(conversation, message)
    draw_answer(message)
    draw_opinion(message)
    if fresh:
        count_gap(message)
    return found


def _draw_question(asked: str) -> None:
    """Draw a question as the heading; a long one is cut, with the whole text folded below."""
    heading = asked if len(asked) <= LONGEST_HEADING else f"{asked[:LONGEST_HEADING]} …"
    st.set_page_config(page_title=f"{heading} · genlens")
    st.title(escape(heading), anchor=False)
    if heading != asked:
        with st.expander(WORDS("whole"), type="compact"):
            st.markdown(escape(asked))


def _draw_earlier(message: Message) -> None:
    """Draw an earlier question, with its answer folded."""
    with st.expander(escape(message.asked[:LONGEST_HEADING]), icon=":material/history:", type="compact"):
        if message.turn:
            st.markdown(answer_markdown(message.turn.answer))
        else:
            st.error(escape(message.error))


def _offer_model(conversation: Conversation, message: Message) -> None:
    """Draw a button that asks the language model: opening a link costs nothing by itself."""
    st.button(
        WORDS("ask_model"),
        key=f"model-{message.key}",
        on_click=_ask_model,
        args=(conversation,),
        help=WORDS("ask_model_help"),
    )


def _ask_model(conversation: Conversation) -> None:
    forget(conversation)
    st.session_state.fresh = True


def _draw_invitation(base: KnowledgeBase) -> None:
    """Draw the start of a conversation: what this is, and example questions."""
    st.title(WORDS("title"), anchor=False)
    counts = base.manifest.counts
    about = WORDS("about", practices=counts.get(Kind.BEST_PRACTICE, 0), risks=counts.get(Kind.RISK, 0))
    st.markdown(f":gray[{about}]")
    examples = st.grid(3, min_column_width=280)
    for key, icon in EXAMPLES.items():
        label = escape(WORDS(key))
        examples.button(
            label, key=key, icon=icon, on_click=_choose_example, args=(key,), width="stretch", wrap=True
        )


def _choose_example(key: str) -> None:
    st.session_state.fresh = True
    replace("q", WORDS(key))


def _begin_anew() -> None:
    st.session_state.pop("model", None)  # with its budget
    clear()


def _draw_export(turns: list[Turn]) -> None:
    """Draw the buttons to start again, and to copy or download the conversation."""
    st.button(
        WORDS("new"), icon=":material/add_comment:", type="tertiary", shortcut="Alt+N", on_click=_begin_anew
    )
    text = transcript(turns, interface_language())
    with st.popover(WORDS("export"), icon=":material/ios_share:", type="tertiary"):
        st.download_button(
            WORDS("download"),
            text,
            file_name="genlens.md",
            mime="text/markdown",
            icon=":material/download:",
            on_click="ignore",
        )
        st.code(text, language=None, wrap_lines=True, height=320)
        st.caption(WORDS("link"))
