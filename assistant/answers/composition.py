"""The composition of an extractive answer: its statements in reading order."""

from collections.abc import Sequence

from assistant.answers.passages import Passage
from assistant.answers.records import Part, Statement
from assistant.answers.selection import lead, reason, steps
from kb.entries import Kind
from kb.knowledge_base import KnowledgeBase
from kb.ranking.search import Hit, Retrieval

STEPS, RELATED = 5, 3
# Hits among which a practice gets a related risk, and a risk a related practice.
NEAR = 6
MAX_NAMED = 6


def compose(base: KnowledgeBase, retrieval: Retrieval) -> tuple[Statement, ...]:
    """The statements of an answer: what it is, what to do, why, and related entries."""
    wanted = retrieval.query.terms
    main = main_hits(retrieval)
    leads = [p for hit in main if (p := lead(hit, wanted, base.idf))]
    actions = [p for hit in main for p in steps(hit, wanted, base.idf, max(1, STEPS // len(main)))]
    why = [p for hit in main[:1] if (p := reason(hit, wanted, base.idf, [*leads, *actions]))]
    related = [p for hit in _related(retrieval.hits, main) if (p := lead(hit, wanted, base.idf))]
    return (
        *_statements(Part.LEAD, leads),
        *_statements(Part.DO, actions),
        *_statements(Part.WHY, why),
        *_statements(Part.RELATED, related),
    )


def main_hits(retrieval: Retrieval) -> Sequence[Hit]:
    """The hits an answer is made of: those named by the question, or else the best one."""
    named = [hit for hit in retrieval.hits if hit.entry.id in retrieval.named]
    return named[:MAX_NAMED] or retrieval.hits[:1]


def _statements(part: Part, passages: Sequence[Passage]) -> list[Statement]:
    return [Statement(part, passage.text, (passage,)) for passage in passages]


def _related(hits: Sequence[Hit], main: Sequence[Hit]) -> Sequence[Hit]:
    """The next hits; the last one gives way to a near hit of the other kind, a risk or a practice."""
    known = {hit.entry.id for hit in main}
    others = [hit for hit in hits if hit.entry.id not in known]
    next_hits = others[:RELATED]
    kinds: set[Kind] = {hit.entry.kind for hit in (*main, *next_hits)}
    near = next((hit for hit in others[:NEAR] if hit.entry.kind not in kinds), None)
    return [*next_hits[: RELATED - 1], near] if near else next_hits
