"""Made-up entries and hits."""

from kb.entries import Entry, Kind, Language, Section
from kb.ranking.search import Hit


def entry(*sections: Section, language: Language = Language.ENGLISH) -> Entry:
    """A best practice with the given sections."""
    return Entry(
        id="GENSEC05-BP01",
        kind=Kind.BEST_PRACTICE,
        title="Title",
        source="genai-lens",
        edition="2025-11-19",
        url="https://x.test/p.html",
        language=language,
        sections=sections,
    )


def hit(*sections: Section) -> Hit:
    """A hit without chunks."""
    return Hit(entry(*sections), 1.0, ())


def even(_term: str) -> float:
    """The same idf for every term."""
    return 1.0
