"""The messages of a conversation, and the address that asks their questions again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import streamlit as st

from assistant.conversation.turns import Turn, reply
from assistant.generate import NOT_ASKED, OnStatement, ignore
from assistant.llm.budget import UNASKED, BudgetedModel, open_budgeted_model
from assistant.pages.shared import served_base
from kb.errors import GenlensError
from kb.ranking.filters import ALL, Filters
from kb.ranking.query import MAX_QUESTION
from kb.settings import load_settings
from kb.text import squeeze

# Limits of an address: servers and chat programs refuse or cut longer ones.
FILTERS = ("pillar", "source", "edition", "level")
MAX_LINKED, MAX_LINKED_CHARACTERS = 10, MAX_QUESTION


@dataclass(frozen=True, slots=True)
class Message:
    """A question and its filters, with its answer or the error that prevented one; `key` is unique."""

    asked: str
    filters: Filters
    turn: Turn | None = None
    error: str = ""
    key: str = field(default_factory=lambda: uuid4().hex)

    @property
    def unasked(self) -> bool:
        """True if the language model could answer too, but has not been asked."""
        return self.turn is not None and self.turn.answer.note == NOT_ASKED.format(UNASKED)


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
    return _message(asked, filters, turns(), _model, on_statement)


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
    kept[place] = _message(kept[place].asked, ALL, _before(place), _cached_model)


def ask_model(key: str) -> None:
    """Ask the language model the question of a message, in its place."""
    kept = messages()
    place = next(at for at, message in enumerate(kept) if message.key == key)
    kept[place] = _message(kept[place].asked, kept[place].filters, _before(place), _model)


def replay(filters: Filters) -> None:
    """Answer the questions in the address, unless the conversation has them already.

    A visit costs nothing: a language model is not asked, only its cached responses are used.
    """
    wanted = st.query_params.get_all("q")
    if wanted and wanted != linked([message.asked for message in messages()]):
        messages().clear()
        for asked in wanted[-MAX_LINKED:]:
            messages().append(_message(asked, filters, turns(), _cached_model))


def remember() -> None:
    """Put the questions of the conversation into the address, for reloads and links."""
    st.query_params["q"] = linked([message.asked for message in messages()])


def forget() -> None:
    """Start a new conversation."""
    messages().clear()
    st.session_state.pop("model", None)
    st.query_params.pop("q", None)


def _message(
    asked: str,
    filters: Filters,
    before: Sequence[Turn],
    model: Callable[[], BudgetedModel | None],
    on_statement: OnStatement = ignore,
) -> Message:
    """The message that answers a question after other turns, or has the error that prevents it."""
    shown = shown_as(asked)
    try:
        turn = reply(served_base(), asked, before, filters, model(), on_statement, verbatim=verbatim())
    except GenlensError as error:
        return Message(shown, filters, error=str(error))
    return Message(shown, filters, turn)


def _before(place: int) -> list[Turn]:
    """The answered messages before a place."""
    return [message.turn for message in messages()[:place] if message.turn]


def _cached_model() -> BudgetedModel | None:
    """The cached responses of the language model; None if no model is configured."""
    settings = load_settings()
    return open_budgeted_model(settings, asking=False) if settings.llm else None


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
