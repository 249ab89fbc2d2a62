"""Labels of kinds, pillars, phases, levels and sources in the interface language."""

from assistant.pages.words import PageWords
from kb.entries import Entry, Kind

WORDS = PageWords("labels")


def label(value: str) -> str:
    """The label of a value, or the value itself if it has none.

    A source may have its edition: "owasp-llm 2025".
    """
    if value in WORDS:
        return WORDS(value)
    source, _, edition = value.partition(" ")
    return f"{WORDS(source)} {edition}" if source in WORDS else value


def heading(entry: Entry) -> str:
    """The heading of an entry in a list: the question of a question, the title of all others."""
    return entry.question if entry.kind is Kind.QUESTION and entry.question else entry.title
