"""The choice of sentences and actions of an entry for a question."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from assistant.answers.passages import Passage, actions, passage_of, prose
from kb.entries import SEARCH_ONLY, Entry, Role
from kb.ranking.search import Hit
from kb.text import terms

# Introductions open with what matters most: each later sentence must match this much better.
POSITION_PENALTY = 0.15
# The bonus of a passage in the best chunk of the hit.
CHUNK_BONUS = 0.25

Idf = Callable[[str], float]
"""The inverse document frequency of a term."""


def lead(hit: Hit, wanted: Sequence[str], idf: Idf) -> Passage | None:
    """The sentence that best says what the entry asks for; None if it has no prose."""
    return _best_sentence(hit, (Role.INTRODUCTION, Role.OUTCOME, Role.GUIDANCE), wanted, idf, taken=())


def reason(hit: Hit, wanted: Sequence[str], idf: Idf, taken: Iterable[Passage]) -> Passage | None:
    """A sentence on what is at stake, other than the taken ones; or None."""
    roles = (Role.OUTCOME, Role.BENEFITS, Role.ANTI_PATTERNS, Role.INTRODUCTION, Role.EXAMPLES)
    return _best_sentence(hit, roles, wanted, idf, taken)


def steps(hit: Hit, wanted: Sequence[str], idf: Idf, count: int) -> list[Passage]:
    """The `count` actions of the entry that match best, in the order of the page."""
    sections = (_first_section(hit.entry, role) for role in (Role.STEPS, Role.GUIDANCE))
    found = next((p for at in sections if at is not None and (p := list(actions(hit.entry, at)))), [])
    match = _matcher(hit, wanted, idf)
    best = sorted(range(len(found)), key=lambda i: (-match(found[i]), i))[:count]
    return [found[i] for i in sorted(best)]


def _best_sentence(
    hit: Hit, roles: tuple[Role, ...], wanted: Sequence[str], idf: Idf, taken: Iterable[Passage]
) -> Passage | None:
    """The best sentence of the first role with any sentence left."""
    known = {passage.text for passage in taken}
    match = _matcher(hit, wanted, idf)
    for role in roles:
        at = _first_section(hit.entry, role)
        left = [p for p in prose(hit.entry, at) if p.text not in known] if at is not None else []
        if left:
            return max(left, key=lambda p: match(p) - POSITION_PENALTY * left.index(p))
    return None


def _first_section(entry: Entry, role: Role) -> int | None:
    """The index of the first non-empty section with a role, or None."""
    return next(
        (i for i, section in enumerate(entry.sections) if section.role is role and section.items), None
    )


def _matcher(hit: Hit, wanted: Sequence[str], idf: Idf) -> Callable[[Passage], float]:
    """A score of passages: the share of the wanted terms they contain, weighted by idf, plus a bonus."""
    weights = {term: idf(term) for term in wanted}
    total = sum(weights.values()) or 1.0
    chunk = next((chunk for chunk in hit.chunks if chunk.role not in SEARCH_ONLY), None)
    best = passage_of(hit.entry, chunk) if chunk else None

    def match(passage: Passage) -> float:
        shared = sum(weights[term] for term in weights.keys() & _terms_of(passage.text))
        return shared / total + (CHUNK_BONUS if best and best.contains(passage) else 0.0)

    return match


@lru_cache(maxsize=8192)
def _terms_of(text: str) -> frozenset[str]:
    return frozenset(terms(text))
