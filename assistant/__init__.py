"""Answers with citations, and the front ends that show them."""

import logging
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.answers.records import Answer, Statement
    from assistant.conversation.turns import Turn, reply
    from assistant.generate import ask
    from assistant.llamaindex import GenlensQueryEngine, GenlensRetriever
    from assistant.llm.budget import BudgetedModel, open_budgeted_model

__all__ = [
    "Answer",
    "BudgetedModel",
    "GenlensQueryEngine",
    "GenlensRetriever",
    "Statement",
    "Turn",
    "ask",
    "open_budgeted_model",
    "reply",
]
_HOMES = {
    "assistant.answers.records": ("Answer", "Statement"),
    "assistant.conversation.turns": ("Turn", "reply"),
    "assistant.generate": ("ask",),
    "assistant.llamaindex": ("GenlensQueryEngine", "GenlensRetriever"),
    "assistant.llm.budget": ("BudgetedModel", "open_budgeted_model"),
}

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> object:
    """A public name, imported on first use, so that importing the package alone is cheap."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
