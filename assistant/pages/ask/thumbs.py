"""Thumbs under an answer, with an optional comment; kept under the home of this machine."""

import streamlit as st

from assistant.feedback import MOST_CHARACTERS, Feedback, Opinion, Verdict
from assistant.pages.ask.messages import Message
from assistant.pages.words import Words
from assistant.render.escape import escape
from kb.errors import GenlensError
from kb.settings import load_settings

WORDS = Words(
    {
        "comment": "Comment",
        "invite": "What was good or missing? (optional, stays on this machine)",
        "kept": "Thank you, kept.",
        "unkept": "This could not be kept: {reason}",
    },
    {
        "comment": "コメント",
        "invite": "良かった点や足りない点（任意。この端末にのみ保存されます）",
        "kept": "ありがとうございます。保存しました。",
        "unkept": "保存できませんでした: {reason}",
    },
)
VERDICTS = (Verdict.DOWN, Verdict.UP)  # as the thumbs are numbered


@st.fragment
def draw_opinion(message: Message) -> None:
    """The thumbs, and once one is chosen the field for a comment; nothing where the settings keep nothing."""
    if message.turn is None or not load_settings().feedback:
        return
    thumb = st.feedback("thumbs", key=f"thumb-{message.key}", on_change=_keep, args=(message,))
    if thumb is None:
        return
    st.text_input(
        WORDS("comment"),
        key=f"comment-{message.key}",
        placeholder=WORDS("invite"),
        label_visibility="collapsed",
        max_chars=MOST_CHARACTERS,
        on_change=_keep,
        args=(message,),
    )
    failed = st.session_state.get(f"failed-{message.key}")
    st.caption(WORDS("unkept", reason=escape(failed)) if failed else WORDS("kept"))


def miss(message: Message) -> None:
    """Count a question that was not covered, where the settings keep that."""
    if message.turn is None or message.turn.answer.covered:
        return
    answer = message.turn.answer
    try:
        settings = load_settings()
        if settings.feedback:
            nearest = [found.id for found in answer.hits]
            Feedback(settings.home).miss(message.turn.question, nearest, answer.build)
    except GenlensError as error:
        st.caption(WORDS("unkept", reason=escape(str(error))))


def _keep(message: Message) -> None:
    """Keep what the thumbs and the comment say now, or forget it where no thumb is chosen any more."""
    state = st.session_state
    thumb = state.get(f"thumb-{message.key}")
    state.pop(f"failed-{message.key}", None)
    if message.turn is None:
        return
    answer = message.turn.answer
    try:
        kept = Feedback(load_settings().home)
        if thumb is None:
            kept.withdraw(message.key)
            return
        ids = tuple(citation.id for citation in answer.citations) or tuple(hit.id for hit in answer.hits)
        comment = state.get(f"comment-{message.key}") or ""
        kept.keep(Opinion(message.key, message.turn.question, ids, answer.build, VERDICTS[thumb], comment))
    except GenlensError as error:
        state[f"failed-{message.key}"] = str(error)
