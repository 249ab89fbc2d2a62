"""Thumbs below an answer, with an optional comment; saved under the home of this machine."""

import streamlit as st

from assistant.feedback import MAX_CHARACTERS, Feedback, Opinion, Verdict
from assistant.pages.ask.messages import Message
from assistant.pages.words import PageWords
from assistant.render.escape import escape
from kb.errors import GenlensError
from kb.settings import load_settings

WORDS = PageWords("thumbs")
VERDICTS = (Verdict.DOWN, Verdict.UP)  # indexed by the value of the thumbs


@st.fragment
def draw_opinion(message: Message) -> None:
    """Draw the thumbs, and a comment field after a choice; nothing if feedback is turned off."""
    if message.turn is None or not load_settings().feedback:
        return
    thumb = st.feedback("thumbs", key=f"thumb-{message.key}", on_change=_save, args=(message,))
    if thumb is None:
        return
    st.text_input(
        WORDS("comment"),
        key=f"comment-{message.key}",
        placeholder=WORDS("invite"),
        label_visibility="collapsed",
        max_chars=MAX_CHARACTERS,
        on_change=_save,
        args=(message,),
    )
    failed = st.session_state.get(f"failed-{message.key}")
    st.caption(WORDS("unkept", reason=escape(failed)) if failed else WORDS("kept"))


def count_gap(message: Message) -> None:
    """Count a question that is not covered, unless feedback is turned off."""
    if message.turn is None or message.turn.answer.covered:
        return
    answer = message.turn.answer
    try:
        settings = load_settings()
        if settings.feedback:
            nearest = [hit.id for hit in answer.hits]
            Feedback(settings.home).count_gap(message.turn.question, nearest, answer.build)
    except GenlensError as error:
        st.caption(WORDS("unkept", reason=escape(str(error))))


def _save(message: Message) -> None:
    """Save the current thumb and comment, or withdraw them if no thumb is chosen any more."""
    state = st.session_state
    thumb = state.get(f"thumb-{message.key}")
    state.pop(f"failed-{message.key}", None)
    if message.turn is None:
        return
    answer = message.turn.answer
    try:
        feedback = Feedback(load_settings().home)
        if thumb is None:
            feedback.withdraw(message.key)
            return
        cited = tuple(passage.entry.id for passage in answer.citations)
        ids = cited or tuple(hit.id for hit in answer.hits)
        comment = state.get(f"comment-{message.key}") or ""
        feedback.save(
            Opinion(message.key, message.turn.question, ids, answer.build, VERDICTS[thumb], comment)
        )
    except GenlensError as error:
        state[f"failed-{message.key}"] = str(error)
