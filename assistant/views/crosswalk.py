"""The crosswalk: best practices and the risks of either edition that they answer."""

from collections.abc import Iterator
from dataclasses import dataclass

from kb.entries import Entry, Kind, Language
from kb.knowledge_base import KnowledgeBase


@dataclass(frozen=True, slots=True)
class Crossing:
    """A best practice that answers a risk, and why.

    `via` is the counterpart of the risk that the catalogue relates to the practice; None for a direct
    relation.
    """

    practice: Entry
    risk: Entry
    why: str
    via: Entry | None = None


@dataclass(frozen=True, slots=True)
class Counterpart:
    """The same risk in another edition, and what changed."""

    risk: Entry
    why: str


def counterparts(base: KnowledgeBase, risk: Entry) -> tuple[Counterpart, ...]:
    """The counterparts of a risk in the other editions."""
    return tuple(
        Counterpart(other, why)
        for other, why in base.related(risk)
        if other.kind is Kind.RISK and other.edition != risk.edition
    )


def crossings(base: KnowledgeBase, language: Language, edition: str) -> tuple[Crossing, ...]:
    """Every pair of a best practice and a risk of an edition, once, in the order of the practices."""
    pairs: dict[tuple[str, str], Crossing] = {}
    for practice in base.listed(language):
        if practice.kind is Kind.BEST_PRACTICE:
            for crossing in _of_practice(base, practice):
                if crossing.risk.edition == edition:
                    pairs.setdefault((practice.id, crossing.risk.id), crossing)
    return tuple(pairs.values())


def _of_practice(base: KnowledgeBase, practice: Entry) -> Iterator[Crossing]:
    direct = [(risk, why) for risk, why in base.related(practice) if risk.kind is Kind.RISK]
    yield from (Crossing(practice, risk, why) for risk, why in direct)
    for risk, why in direct:
        for other in counterparts(base, risk):
            yield Crossing(practice, other.risk, why, risk)
