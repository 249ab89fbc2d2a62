"""The conversation in an address: its questions, and the answers that this visitor has seen to them."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import uuid4

import streamlit as st

from assistant.conversation.turns import Turn, reply
from assistant.generate import NOT_ASKED, OnStatement, ignore
from assistant.llm.budget import UNASKED, BudgetedModel, open_budgeted_model
from assistant.pages.shared import served_base
from assistant.pages.words import PageWords
from kb.errors import GenlensError, InputError
from kb.ranking.filters import Filters
from kb.settings import load_settings
from kb.text import squeeze

# Limits of an address: servers and chat programs refuse or cut longer ones.
MAX_LINKED, MAX_LINKED_CHARACTERS = 10, 4_000
# A longer question stays in the session of its visitor; in the address a short name stands for it.
LONGEST_LINKED, PASTED = 1_000, "pasted:"
MAX_KEPT, MAX_SHARED = 40, 200  # answers of a session, and of all
MAX_SHOWN = 4_000  # characters of a question
WORDS = PageWords("ask")

Model = Callable[[], BudgetedModel | None]


@dataclass(frozen=True, slots=True)
class Message:
    """A question with its answer, or the error that prevented one; `key` is unique."""

    asked: str
    turn: Turn | None = None
    error: str = ""
    key: str = field(default_factory=lambda: uuid4().hex)

    @property
    def unasked(self) -> bool:
        """True if the language model could answer too, but has not been asked."""
        return self.turn is not None and self.turn.answer.note == NOT_ASKED.format(UNASKED)


@dataclass(frozen=True, slots=True)
class Conversation:
    """The questions of an address, oldest first, and what its answers may use."""

    asked: tuple[str, ...]
    filters: Filters
    verbatim: bool

    def before(self) -> "Conversation":
        """The conversation without its last question."""
        return Conversation(self.asked[:-1], self.filters, self.verbatim)


def linked_questions() -> tuple[str, ...]:
    """The questions in the address, as they are written there, oldest first."""
    return tuple(st.query_params.get_all("q")[-MAX_LINKED:])


def linked(asked: Sequence[str]) -> list[str]:
    """The last questions as an address has them, as many as fit into one, oldest first."""
    return list(_fitting([_short(question) for question in asked]))[::-1]


def shown_as(asked: str) -> str:
    """A question of an address as a reader sees it: on one line, cut to MAX_SHOWN."""
    return squeeze(_pasted().get(asked, asked)[:MAX_SHOWN])


def messages(
    conversation: Conversation, last_model: Model, on_statement: OnStatement = ignore
) -> list[Message]:
    """The messages of a conversation, oldest first, from the session where it has them.

    Only the last question goes to `last_model`, and `on_statement` is called with each checked statement of
    its answer; for the others a model's cached responses are used.
    """
    if not conversation.asked:
        return []
    earlier = messages(conversation.before(), cached_model)
    kept = _kept()
    if conversation not in kept:
        turns = [message.turn for message in earlier if message.turn]
        kept[conversation] = _message(conversation, turns, last_model(), on_statement)
        while len(kept) > MAX_KEPT:
            del kept[next(iter(kept))]
    return [*earlier, kept[conversation]]


def forget(conversation: Conversation) -> None:
    """Forget the answer to the last question, so that it is asked again."""
    _kept().pop(conversation, None)


def cached_model() -> BudgetedModel | None:
    """The cached responses of the language model, which cost nothing; None if no model is configured."""
    settings = load_settings()
    return open_budgeted_model(settings, asking=False) if settings.llm else None


def asked_model() -> BudgetedModel | None:
    """The language model of this visitor, with its one budget; None if no model is configured."""
    settings = load_settings()
    if settings.llm is None:
        return None
    kept: tuple[str, BudgetedModel] | None = st.session_state.get("model")
    if kept is None or kept[0] != settings.llm:
        kept = st.session_state.model = (settings.llm, open_budgeted_model(settings))
    return kept[1]


def _message(
    conversation: Conversation, before: Sequence[Turn], model: BudgetedModel | None, on_statement: OnStatement
) -> Message:
    """The message that answers the last question, or has the error that prevents it."""
    shown = shown_as(conversation.asked[-1])
    try:
        asked = [_full(question) for question in conversation.asked]
        base = served_base()
        answer = partial(
            reply,
            base,
            asked[-1],
            before,
            conversation.filters,
            model,
            on_statement,
            verbatim=conversation.verbatim,
        )
        if model is not None:
            return Message(shown, answer())
        return Message(shown, _shared(repr((base.build, asked, conversation)), answer))
    except GenlensError as error:
        return Message(shown, error=str(error))


@st.cache_resource(max_entries=MAX_SHARED, show_spinner=False)
def _shared(key: str, _answer: Callable[[], Turn]) -> Turn:  # noqa: ARG001 - hashed by the cache
    """The answer of the sources, the same for all visitors; it follows from the `key`."""
    return _answer()  # one visitor answers, others who ask the same wait


def _full(asked: str) -> str:
    """The whole text of a question of an address.

    :raises InputError: it was too long for an address and is not in this session.
    """
    if asked.startswith(PASTED) and asked not in _pasted():
        raise InputError(WORDS("lost"))
    return _pasted().get(asked, asked)


def _short(asked: str) -> str:
    """The question as an address has it: a long one by its name, under which the session keeps it."""
    if len(asked) <= LONGEST_LINKED:
        return asked
    name = PASTED + hashlib.sha256(asked.encode()).hexdigest()[:12]
    _pasted()[name] = asked
    return name


def _fitting(asked: Sequence[str]) -> Iterator[str]:
    """The questions that fit into an address, newest first."""
    room = MAX_LINKED_CHARACTERS
    for question in list(asked)[: -MAX_LINKED - 1 : -1]:
        room -= len(question)
        if room < 0:
            return
        yield question


def _pasted() -> dict[str, str]:
    """The long questions of this visitor by the name that stands for them in an address."""
    kept: dict[str, str] = st.session_state.setdefault("pasted", {})
    return kept


def _kept() -> dict[Conversation, Message]:
    """The answers of this visitor by the conversation that they end."""
    kept: dict[Conversation, Message] = st.session_state.setdefault("answers", {})
    return kept
