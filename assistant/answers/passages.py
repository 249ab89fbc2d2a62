"""Choosing sentences and steps of an entry, word for word, for a question."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kb.entries import SEARCH_ONLY, Entry, Item, Language, Marker, Role, Section
from kb.ranking.search import Hit
from kb.text import sentences, terms

# Characters: a shorter sentence says little by itself, a longer one is no quote.
SHORTEST = {Language.ENGLISH: 30, Language.JAPANESE: 12}
LONGEST = 420
# Introductions open with what matters most: each sentence further on must match this much better.
POSITION_PENALTY = 0.15
# How much better a passage is for standing in the chunk that the search liked best.
CHUNK_BONUS = 0.25

# A sentence that leans on the one before it says nothing by itself.
_LEANING = re.compile(
    r"(this|that|these|those|it|its|they|their|he|she|here|there|such|also|however|additionally|therefore|"
    r"otherwise|instead|moreover|furthermore|without (it|them|this|these)|for (example|instance)|"
    r"in (addition|this|that|these|such)|as a result|by doing so|note)\b"
    r"|(これ|この|それ|その|また|さらに|ただし|しかし|そこ|したがって|なお|ここ|例えば|たとえば)",
    re.IGNORECASE,
)
_LISTED = (Marker.NUMBER, Marker.BULLET)

Weigh = Callable[[str], float]
"""How much a term tells: higher for rarer ones."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Words of an entry: `text` is `section.text[start:end]`."""

    entry: Entry
    section: Section
    start: int
    end: int

    @property
    def text(self) -> str:
        """The quoted words."""
        return self.section.text[self.start : self.end]

    @property
    def url(self) -> str:
        """The address of the section."""
        return self.entry.section_url(self.section)


def lead(hit: Hit, wanted: Sequence[str], weigh: Weigh) -> Passage | None:
    """The sentence that says best what the entry asks for, or None where it has no prose."""
    return _best(hit, (Role.INTRODUCTION, Role.OUTCOME, Role.GUIDANCE), wanted, weigh, taken=())


def reason(hit: Hit, wanted: Sequence[str], weigh: Weigh, taken: Iterable[Passage]) -> Passage | None:
    """A sentence on what is at stake that is not among the taken ones, or None."""
    roles = (Role.OUTCOME, Role.BENEFITS, Role.ANTI_PATTERNS, Role.INTRODUCTION, Role.EXAMPLES)
    return _best(hit, roles, wanted, weigh, taken)


def steps(hit: Hit, wanted: Sequence[str], weigh: Weigh, count: int) -> list[Passage]:
    """At most `count` actions of the entry, those that match best, in the order of the page."""
    sections = (hit.entry.first(role) for role in (Role.STEPS, Role.GUIDANCE))
    found = next((p for s in sections if s and (p := list(_actions(hit.entry, s)))), [])
    match = _matcher(hit, wanted, weigh)
    best = sorted(range(len(found)), key=lambda i: (-match(found[i]), i))[:count]
    return [found[i] for i in sorted(best)]


def _best(
    hit: Hit, roles: tuple[Role, ...], wanted: Sequence[str], weigh: Weigh, taken: Iterable[Passage]
) -> Passage | None:
    known = {passage.text for passage in taken}
    match = _matcher(hit, wanted, weigh)
    for role in roles:
        section = hit.entry.first(role)
        found = [p for p in _prose(hit.entry, section) if p.text not in known] if section else []
        if found:
            return max(found, key=lambda p: match(p) - POSITION_PENALTY * found.index(p))
    return None


def _matcher(hit: Hit, wanted: Sequence[str], weigh: Weigh) -> Callable[[Passage], float]:
    """How well a passage matches: the share, by weight, of the wanted terms that it holds."""
    weights = {term: weigh(term) for term in wanted}
    total = sum(weights.values()) or 1.0
    first = next((chunk for chunk in hit.chunks if chunk.role not in SEARCH_ONLY), None)

    def match(passage: Passage) -> float:
        shared = sum(weights[term] for term in weights.keys() & _terms_of(passage.text))
        inside = (
            first is not None
            and hit.entry.sections[first.section] is passage.section
            and first.start <= passage.start < first.end
        )
        return shared / total + (CHUNK_BONUS if inside else 0.0)

    return match


@lru_cache(maxsize=8192)
def _terms_of(text: str) -> frozenset[str]:
    return frozenset(terms(text))


def _prose(entry: Entry, section: Section) -> Iterator[Passage]:
    """Whole sentences of paragraphs and list entries; not headings, code, or lines that open a list."""
    for item, offset in _placed(section):
        if item.marker in (Marker.HEADING, Marker.CODE):
            continue
        for start, end in sentences(item.text):
            said = item.text[start:end]
            whole = SHORTEST[entry.language] <= len(said) <= LONGEST and said[-1] not in ":：;"
            if whole and not _LEANING.match(said):
                yield Passage(entry, section, offset + start, offset + end)


def _actions(entry: Entry, section: Section) -> Iterator[Passage]:
    """One passage a step; where a step only opens a list ("Monitor:"), one for each line of that list.

    A section without lists gives the first sentence of each paragraph.
    """
    listed = any(item.marker in _LISTED for item in section.items)
    opened = False
    for item, offset in _placed(section):
        opens = item.text[-1] in ":："
        if item.depth == 0:
            opened = opens
        step = item.marker in _LISTED and (item.depth == 0 or (item.depth == 1 and opened))
        if opens or not (step or (not listed and item.marker is Marker.PARAGRAPH)):
            continue
        whole = step and len(item.text) <= LONGEST
        end = len(item.text) if whole else next(sentences(item.text))[1]
        yield Passage(entry, section, offset, offset + end)


def _placed(section: Section) -> Iterator[tuple[Item, int]]:
    offset = 0
    for item in section.items:
        yield item, offset
        offset += len(item.text) + 1
