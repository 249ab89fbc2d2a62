"""The shape of an edition: its entries by kind, their sections by role, and pages not understood.

A site can change so that all its pages are still read, but mean less: a renamed heading, another kind of id,
a pillar in another place. `compare` tells the differences between two shapes. Large losses stop the edition;
the other differences are notes of its build, in the report of the refresh and in `genlens status`.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from kb.entries import Entry, Kind, Role

# A loss is large from three entries on, if it is more than this share of them.
LARGE_SHARE, FEW = 0.25, 3
# An entry has lost text if it has less than this share; kinds have grown if there are this times as many.
SHORTER, GROWN = 0.5, 1.5
EXAMPLES = 3  # shown in a note

_SECTIONS = {
    Role.INTRODUCTION: "an introduction",
    Role.OUTCOME: "a desired outcome",
    Role.BENEFITS: "benefits",
    Role.ANTI_PATTERNS: "common anti-patterns",
    Role.GUIDANCE: "implementation guidance",
    Role.STEPS: "steps",
    Role.EXAMPLES: "examples",
    Role.RESOURCES: "resources",
}
_OF_PRACTICES = frozenset({Role.OUTCOME, Role.BENEFITS, Role.ANTI_PATTERNS, Role.GUIDANCE, Role.STEPS})
# "GENRAI01-BP02 Title" of a page, and "GENRAI01: How ...?" in a table of a page.
_PRACTICE_TITLE = re.compile(r"[A-Z]{3,}[ _.-]?\d{1,2}[ _.-]*BP[ _.-]?\d")
_QUESTION_ROW = re.compile(r"[A-Z]{3,}[ _.-]?\d{1,2}\s*:.+[?？]$")

Key = TypeVar("Key", bound=Hashable)
Ids = frozenset[str]


@dataclass(frozen=True, slots=True)
class Shape:
    """Facts about the entries of one edition.

    `having` are ids of entries by kind and by a thing they have ("a desired outcome"), `pillars` ids of
    questions by pillar. `strange` are titles of plain pages by the kind they look like, and `unknown` titles
    of sections without a known role, by kind of entry. `sizes` are characters by id.
    """

    kinds: Mapping[Kind, Ids]
    having: Mapping[tuple[Kind, str], Ids]
    pillars: Mapping[str, Ids]
    strange: Mapping[Kind, tuple[str, ...]]
    unknown: Mapping[Kind, tuple[str, ...]]
    sizes: Mapping[str, int] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Note:
    """One finding in a few words; a `large` loss stops the edition."""

    text: str
    large: bool = False


def shape_of(entries: Iterable[Entry]) -> Shape:
    """The shape of the entries of one edition, which have no sections of the catalogue."""
    found = tuple(entries)
    return Shape(
        kinds=_ids((entry.kind, entry.id) for entry in found),
        having=_ids(((entry.kind, thing), entry.id) for entry in found for thing in _things(entry)),
        pillars=_ids((e.pillar, e.id) for e in found if e.pillar and e.kind is Kind.QUESTION),
        strange=_texts((kind, e.title) for e in found for kind in _looks_like(e)),
        unknown=_texts((e.kind, t) for e in found if e.kind is not Kind.PAGE for t in _unknown_titles(e)),
        sizes={entry.id: sum(len(section.text) for section in entry.sections) for entry in found},
    )


def compare(
    now: Shape, served: Shape | None, expected: Mapping[tuple[Kind, Role], int] | None = None
) -> tuple[Note, ...]:
    """The notes on a shape: pages and headings not understood, then losses.

    `served` is the shape of the same edition in the served build. `expected` are the numbers of entries with
    a role, from the source file.
    """
    notes = [*_not_understood(now)]
    if served is not None:
        notes += [*_lost_entries(now, served), *_lost_text(now, served)]
    return (*notes, *_lost_things(now, served, expected or {}))


def _ids(pairs: Iterable[tuple[Key, str]]) -> dict[Key, Ids]:
    return {key: frozenset(ids) for key, ids in _texts(pairs).items()}


def _texts(pairs: Iterable[tuple[Key, str]]) -> dict[Key, tuple[str, ...]]:
    grouped: dict[Key, list[str]] = defaultdict(list)
    for key, text in pairs:
        grouped[key].append(text)
    return {key: tuple(texts) for key, texts in grouped.items()}


def _things(entry: Entry) -> Iterator[str]:
    roles = {section.role for section in entry.sections if section.text}
    yield from (words for role, words in _SECTIONS.items() if role in roles)
    facts = {"a question": entry.question, "a pillar": entry.pillar, "a level of risk": entry.risk_level}
    yield from (words for words, fact in facts.items() if fact)
    if any(section.links for section in entry.sections):
        yield "links"
    if any(item.marker.is_list for section in entry.sections for item in section.items):
        yield "a list"


def _looks_like(entry: Entry) -> Iterator[Kind]:
    """The kind that a plain page looks like, if any."""
    if entry.kind is not Kind.PAGE:
        return
    roles = {section.role for section in entry.sections}
    rows = [i for s in entry.sections for i in s.items if _QUESTION_ROW.match(i.text)]
    if _PRACTICE_TITLE.match(entry.title) or len(_OF_PRACTICES & roles) > 1:
        yield Kind.BEST_PRACTICE
    elif len(rows) == 1:
        yield Kind.QUESTION


def _unknown_titles(entry: Entry) -> tuple[str, ...]:
    return tuple(dict.fromkeys(s.title for s in entry.sections if s.role is Role.OTHER))


def _not_understood(now: Shape) -> Iterator[Note]:
    for kind, titles in now.strange.items():
        one = f"1 page looks like a {_one(kind)} but has"
        pages = one if len(titles) == 1 else f"{len(titles)} pages look like {_many(kind)} but have"
        yield Note(f"{pages} no known id: {_shown(titles)}")
    for kind, titles in now.unknown.items():
        common = [title for title, count in Counter(titles).items() if count >= FEW]
        if common:
            yield Note(f"many {_many(kind)} have sections of no known kind: {_shown(common)}")


def _lost_entries(now: Shape, served: Shape) -> Iterator[Note]:
    for kind, had in served.kinds.items():
        have = now.kinds.get(kind, frozenset())
        gone = sorted(had - have)
        # The changes of a refresh list each removed entry; this is about losing most of them.
        if _is_large(len(gone), len(had)):
            text = f"{len(gone)} of {len(had)} {_many(kind)} are gone: {_shown(gone)}"
            yield Note(text, kind is not Kind.PAGE)
        if len(have) >= max(len(had) + FEW, len(had) * GROWN):
            yield Note(f"{_counted(len(have), kind)}; {len(had)} before")
    for pillar, had in served.pillars.items():
        still = {name for name, ids in now.pillars.items() if ids & had}
        if not still:
            yield Note(f"the pillar {pillar!r} is gone, with {_counted(len(had), Kind.QUESTION)}", large=True)
        elif pillar not in still:
            yield Note(f"the questions of the pillar {pillar!r} are now under {_shown(sorted(still))}")


def _lost_text(now: Shape, served: Shape) -> Iterator[Note]:
    for kind, ids in served.kinds.items():
        both = ids & now.kinds.get(kind, frozenset())
        short = sorted(entry for entry in both if now.sizes[entry] < served.sizes[entry] * SHORTER)
        if short:
            large = kind is not Kind.PAGE and _is_large(len(short), len(both))
            text = f"{len(short)} of {len(both)} {_many(kind)} have less than half of their text"
            yield Note(f"{text}: {_shown(short)}", large)


def _lost_things(
    now: Shape, served: Shape | None, expected: Mapping[tuple[Kind, Role], int]
) -> Iterator[Note]:
    """Things fewer entries have than before or than expected; removed entries do not count."""
    before = dict(served.having) if served else {}
    least = {(kind, _SECTIONS.get(role, role.value)): count for (kind, role), count in expected.items()}
    for key in dict.fromkeys((*before, *least)):
        kind, thing = key
        have = now.having.get(key, frozenset())
        had = before.get(key, frozenset()) & now.kinds.get(kind, frozenset())
        lost, missing = len(had - have), least.get(key, 0) - len(have)
        if max(lost, missing) > 0:
            have_it = f"{_counted(len(have), kind)} {'has' if len(have) == 1 else 'have'} {thing}"
            left = have_it if have else f"no {_one(kind)} has {thing} any more"
            most, rest = (
                (len(had), f"{len(had)} had") if lost >= missing else (least[key], f"expected {least[key]}")
            )
            yield Note(f"{left}; {rest}", kind is not Kind.PAGE and _is_large(max(lost, missing), most))


def _is_large(lost: int, had: int) -> bool:
    return lost >= FEW and lost > had * LARGE_SHARE


def _counted(count: int, kind: Kind) -> str:
    return f"{count} {_one(kind) if count == 1 else _many(kind)}"


def _one(kind: Kind) -> str:
    return kind.value.replace("_", " ")


def _many(kind: Kind) -> str:
    return f"{_one(kind)}s"


def _shown(names: Iterable[str]) -> str:
    """The first names, and the number of the others."""
    all_names = list(names)
    first = ", ".join(f"{name:.60}" for name in all_names[:EXAMPLES])
    more = len(all_names) - EXAMPLES
    return f"{first} and {more} more" if more > 0 else first
