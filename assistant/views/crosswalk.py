"""How the lens and the risks hang together: best practices against the risks of either edition."""

from collections.abc import Iterator
from dataclasses import dataclass

from kb.entries import Entry, Kind, Language
from kb.knowledge_base import KnowledgeBase


@dataclass(frozen=True, slots=True)
class Crossing:
    """A best practice that answers a risk, and why.

    `by_way_of` is the risk of the other edition that the two are paired through, or None where they are
    paired themselves.
    """

    practice: Entry
    risk: Entry
    why: str
    by_way_of: Entry | None = None


@dataclass(frozen=True, slots=True)
class Counterpart:
    """What a risk is in another edition, and what changed."""

    risk: Entry
    why: str


def counterparts(base: KnowledgeBase, risk: Entry) -> tuple[Counterpart, ...]:
    """What a risk is in the other editions; empty where it is in none."""
    return tuple(
        Counterpart(other, why)
        for other, why in base.related(risk)
        if other.kind is Kind.RISK and other.edition != risk.edition
    )


def crossings(base: KnowledgeBase, language: Language, edition: str) -> tuple[Crossing, ...]:
    """Every pair of a best practice and a risk of an edition, in the order of the practices, each once."""
    found: dict[tuple[str, str], Crossing] = {}
    for practice in base.listed(language):
        if practice.kind is Kind.BEST_PRACTICE:
            for crossing in _of_practice(base, practice):
                if crossing.risk.edition == edition:
                    found.setdefault((practice.id, crossing.risk.id), crossing)
    return tuple(found.values())


def _of_practice(base: KnowledgeBase, practice: Entry) -> Iterator[Crossing]:
    direct = [(risk, why) for risk, why in base.related(practice) if risk.kind is Kind.RISK]
    yield from (Crossing(practice, risk, why) for risk, why in direct)
    for risk, why in direct:
        for other in counterparts(base, risk):
            yield Crossing(practice, other.risk, why, risk)
