"""The messages of a conversation on the page, and the address that asks their questions again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import streamlit as st

from assistant.chat import Turn, reply
from assistant.pages.shared import served
from kb.entries import Entry
from kb.errors import GenlensError
from kb.query import MAX_QUESTION
from kb.search import Filters
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


def answered(asked: str, filters: Filters) -> Message:
    """A message that answers a question within the conversation; it is not yet part of it."""
    shown = squeeze(asked[:MAX_QUESTION])
    try:
        base = served()
        turn = reply(base, asked, turns(), filters)
    except GenlensError as error:
        return Message(shown, error=str(error))
    answer = turn.answer
    ids = dict.fromkeys([s.id for s in answer.statements] + [found.id for found in answer.hits])
    entries = {entry_id: base.entry(entry_id, answer.language) for entry_id in ids if base.has(entry_id)}
    return Message(shown, turn, entries=entries)


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
    st.query_params.pop("q", None)


def _fitting(asked: Sequence[str]) -> Iterator[str]:
    room = MOST_LINKED_CHARACTERS
    for question in list(asked)[: -MOST_LINKED - 1 : -1]:
        room -= len(question)
        if room < 0:
            return
        yield question
