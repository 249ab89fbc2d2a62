"""The knowledge base: entries, chunks, builds, and the search over them.

This package is the centre of genlens and imports neither `ingest` nor `assistant`.
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kb.entries import Entry, Kind, Language, RiskLevel, Role, Section
    from kb.errors import GenlensError
    from kb.index.passages import Passage
    from kb.knowledge_base import KnowledgeBase, open_served
    from kb.ranking.filters import Filters
    from kb.ranking.search import Hit, Retrieval
    from kb.serving import ServedBuild
    from kb.settings import Settings, load_settings

__all__ = [
    "Entry",
    "Filters",
    "GenlensError",
    "Hit",
    "Kind",
    "KnowledgeBase",
    "Language",
    "Passage",
    "Retrieval",
    "RiskLevel",
    "Role",
    "Section",
    "ServedBuild",
    "Settings",
    "load_settings",
    "open_served",
]
_HOMES = {
    "kb.entries": ("Entry", "Kind", "Language", "RiskLevel", "Role", "Section"),
    "kb.errors": ("GenlensError",),
    "kb.index.passages": ("Passage",),
    "kb.knowledge_base": ("KnowledgeBase", "open_served"),
    "kb.ranking.filters": ("Filters",),
    "kb.ranking.search": ("Hit", "Retrieval"),
    "kb.serving": ("ServedBuild",),
    "kb.settings": ("Settings", "load_settings"),
}

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> object:
    """A public name, imported on first use, so that importing the package alone is cheap."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
