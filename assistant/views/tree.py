"""The entries of a build as a tree: pillar, question, best practice; risks by edition; the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

from kb.entries import Entry, Kind, Language
from kb.ids import question_of
from kb.knowledge_base import KnowledgeBase


@dataclass(frozen=True, slots=True)
class Branch:
    """A question of the lens, its text, and its best practices, in the order of the source.

    `question` is its entry, or None if the build has none.
    """

    id: str
    asked: str
    question: Entry | None
    practices: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """Pillars with their questions, editions (newest first) with their risks, principles, and plain pages."""

    pillars: dict[str, tuple[Branch, ...]]
    risks: dict[str, tuple[Entry, ...]]
    principles: tuple[Entry, ...]
    pages: tuple[Entry, ...]


def tree(base: KnowledgeBase, language: Language) -> Tree:
    """The tree of a build, each entry in the language if it has that."""
    entries = base.listed(language)
    pillars: dict[str, dict[str, list[Entry]]] = {}
    for entry in entries:
        if entry.kind in (Kind.QUESTION, Kind.BEST_PRACTICE):
            pillars.setdefault(entry.pillar or "", {}).setdefault(question_of(entry.id), []).append(entry)
    risks = _of(entries, Kind.RISK)
    return Tree(
        pillars={
            pillar: tuple(_branch(question, found) for question, found in questions.items())
            for pillar, questions in pillars.items()
        },
        risks={year: tuple(r for r in risks if r.edition == year) for year in base.editions if year},
        principles=_of(entries, Kind.PRINCIPLE),
        pages=_of(entries, Kind.PAGE),
    )


def neighbours(base: KnowledgeBase, entry: Entry) -> tuple[Entry | None, Entry | None]:
    """The previous and next entry of the same kind: risks of the same edition, others of the same source."""
    row = [
        other
        for other in base.listed(entry.language)
        if (other.kind, other.source) == (entry.kind, entry.source)
        and (other.kind is not Kind.RISK or other.edition == entry.edition)
    ]
    at = next(i for i, other in enumerate(row) if other.id == entry.id)
    return (row[at - 1] if at else None, row[at + 1] if at + 1 < len(row) else None)


def _branch(question_id: str, entries: Sequence[Entry]) -> Branch:
    question = next(iter(_of(entries, Kind.QUESTION)), None)
    asked = next((entry.question for entry in entries if entry.question), "")
    return Branch(question_id, asked, question, _of(entries, Kind.BEST_PRACTICE))


def _of(entries: Sequence[Entry], kind: Kind) -> tuple[Entry, ...]:
    return tuple(entry for entry in entries if entry.kind is kind)
