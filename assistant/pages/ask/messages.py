"""The messages of a conversation on the page, and the address that asks their questions again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import streamlit as st

from assistant.answers.composition import Statement
from assistant.conversation.follow_ups import Turn, replying
from assistant.llm.budget import Writer, open_writer
from assistant.pages.shared import served
from kb.entries import Entry
from kb.errors import GenlensError
from kb.ranking.filters import Filters
from kb.ranking.query import MAX_QUESTION
from kb.settings import load_settings
from kb.text import squeeze

# What an address holds: servers and programs that pass links on refuse longer ones.
MOST_LINKED, MOST_LINKED_CHARACTERS = 10, MAX_QUESTION


@dataclass(frozen=True, slots=True)
class Message:
    """A question and its answer, or in one line why there is none.

    `entries` are those that the answer names by id, as they were when it was given.
    """

    asked: str
    turn: Turn | None = None
    error: str = ""
    entries: Mapping[str, Entry] = field(default_factory=dict)
    key: str = field(default_factory=lambda: uuid4().hex)


def messages() -> list[Message]:
    """The conversation of this visitor, oldest message first."""
    kept: list[Message] = st.session_state.setdefault("messages", [])
    return kept


def turns() -> list[Turn]:
    """The messages that were answered."""
    return [message.turn for message in messages() if message.turn]


def answered(asked: str, filters: Filters, told: Callable[[Statement], object] | None = None) -> Message:
    """A message that answers a question within the conversation; it is not yet part of it.

    `told` is given each statement of a language model as soon as it has been checked.
    """
    shown = shown_as(asked)
    try:
        base = served()
        for made in replying(base, asked, turns(), filters, _writer()):
            if isinstance(made, Turn):
                turn = made
            elif told:
                told(made)
    except GenlensError as error:
        return Message(shown, error=str(error))
    answer = turn.answer
    ids = dict.fromkeys([c.id for c in answer.citations] + [found.id for found in answer.hits])
    entries = {entry_id: base.entry(entry_id, answer.language) for entry_id in ids if base.has(entry_id)}
    return Message(shown, turn, entries=entries)


def shown_as(asked: str) -> str:
    """A question as the conversation shows it."""
    return squeeze(asked[:MAX_QUESTION])


def linked(asked: Sequence[str]) -> list[str]:
    """The last questions that an address holds."""
    return list(_fitting(asked))[::-1]


def replay(filters: Filters) -> None:
    """Ask the questions of the address again, where they are not those of the conversation already."""
    wanted = st.query_params.get_all("q")
    if wanted and wanted != linked([message.asked for message in messages()]):
        messages().clear()
        for asked in wanted[-MOST_LINKED:]:
            messages().append(answered(asked, filters))


def remember() -> None:
    """Put the questions of the conversation into the address, so that a reload or a link asks them again."""
    st.query_params["q"] = linked([message.asked for message in messages()])


def forget() -> None:
    """Begin a new conversation."""
    messages().clear()
    st.session_state.pop("writer", None)
    st.query_params.pop("q", None)


def _writer() -> Writer | None:
    """What asks the model for this conversation, which has one budget; None where none is set."""
    settings = load_settings()
    if settings.llm is None:
        return None
    kept: tuple[str, Writer] | None = st.session_state.get("writer")
    if kept is None or kept[0] != settings.llm:
        kept = st.session_state.writer = (settings.llm, open_writer(settings))
    return kept[1]


def _fitting(asked: Sequence[str]) -> Iterator[str]:
    room = MOST_LINKED_CHARACTERS
    for question in list(asked)[: -MOST_LINKED - 1 : -1]:
        room -= len(question)
        if room < 0:
            return
        yield question
