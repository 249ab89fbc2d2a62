"""The messages of a conversation, and the address that asks their questions again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import streamlit as st

from assistant.conversation.turns import Turn, reply
from assistant.generate import OnStatement, ignore
from assistant.llm.budget import BudgetedModel, open_budgeted_model
from assistant.pages.shared import served_base
from kb.errors import GenlensError
from kb.ranking.filters import Filters
from kb.ranking.query import MAX_QUESTION
from kb.settings import load_settings
from kb.text import squeeze

# Limits of an address: servers and chat programs refuse or cut longer ones.
FILTERS = ("pillar", "source", "edition", "level")
MAX_LINKED, MAX_LINKED_CHARACTERS = 10, MAX_QUESTION


@dataclass(frozen=True, slots=True)
class Message:
    """A question with its answer, or with the error that prevented one; `key` is unique."""

    asked: str
    turn: Turn | None = None
    error: str = ""
    key: str = field(default_factory=lambda: uuid4().hex)


def messages() -> list[Message]:
    """The conversation of this visitor, oldest message first."""
    kept: list[Message] = st.session_state.setdefault("messages", [])
    return kept


def turns() -> list[Turn]:
    """The answered messages, oldest first."""
    return [message.turn for message in messages() if message.turn]


def answered(asked: str, filters: Filters, on_statement: OnStatement = ignore) -> Message:
    """The message that answers a question within the conversation; it is not added to it.

    `on_statement` is called with each checked statement of a language model.
    """
    shown = shown_as(asked)
    try:
        turn = reply(served_base(), asked, turns(), filters, _model(), on_statement, verbatim=verbatim())
    except GenlensError as error:
        return Message(shown, error=str(error))
    return Message(shown, turn)


def shown_as(asked: str) -> str:
    """A question as the conversation shows it: on one line, cut to MAX_QUESTION."""
    return squeeze(asked[:MAX_QUESTION])


def verbatim() -> bool:
    """True if this visitor wants the words of the sources alone."""
    return bool(st.session_state.get("verbatim"))


def linked(asked: Sequence[str]) -> list[str]:
    """The last questions, as many as fit into an address, oldest first."""
    return list(_fitting(asked))[::-1]


def ask_without_filters(key: str) -> None:
    """Clear the filters, and ask the question of a message again in its place."""
    for name in FILTERS:
        st.session_state[name] = []
    kept = messages()
    place = next(at for at, message in enumerate(kept) if message.key == key)
    before = [message.turn for message in kept[:place] if message.turn]
    asked = kept[place].asked
    try:
        kept[place] = Message(asked, reply(served_base(), asked, before, verbatim=verbatim()))
    except GenlensError as error:
        kept[place] = Message(asked, error=str(error))


def replay(filters: Filters) -> None:
    """Ask the questions in the address, unless the conversation has them already."""
    wanted = st.query_params.get_all("q")
    if wanted and wanted != linked([message.asked for message in messages()]):
        messages().clear()
        for asked in wanted[-MAX_LINKED:]:
            messages().append(answered(asked, filters))


def remember() -> None:
    """Put the questions of the conversation into the address, for reloads and links."""
    st.query_params["q"] = linked([message.asked for message in messages()])


def forget() -> None:
    """Start a new conversation."""
    messages().clear()
    st.session_state.pop("model", None)
    st.query_params.pop("q", None)


def _model() -> BudgetedModel | None:
    """The language model of this conversation, with its one budget; None if no model is configured."""
    settings = load_settings()
    if settings.llm is None:
        return None
    kept: tuple[str, BudgetedModel] | None = st.session_state.get("model")
    if kept is None or kept[0] != settings.llm:
        kept = st.session_state.model = (settings.llm, open_budgeted_model(settings))
    return kept[1]


def _fitting(asked: Sequence[str]) -> Iterator[str]:
    """The questions that fit into an address, newest first."""
    room = MAX_LINKED_CHARACTERS
    for question in list(asked)[: -MAX_LINKED - 1 : -1]:
        room -= len(question)
        if room < 0:
            return
        yield question
