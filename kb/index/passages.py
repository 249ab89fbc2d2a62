"""Passages: spans of the sections of an entry, and those that can be quoted alone.

A passage that can be quoted is a sentence, a step with its sub-items, or a minor heading with the first
sentence below it. A sentence that leans on the one before it ("This helps ...") comes with that one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kb.entries import Entry, Item, Language, Marker, Origin, Role, Section
from kb.index.chunker import Chunk
from kb.text import sentences

# The sections that state something, without asks, signs and links.
STATING = (
    Role.INTRODUCTION,
    Role.OUTCOME,
    Role.BENEFITS,
    Role.ANTI_PATTERNS,
    Role.GUIDANCE,
    Role.STEPS,
    Role.EXAMPLES,
    Role.OTHER,
)
# Characters: a shorter passage says little on its own, a longer one is not a quote.
SHORTEST = {Language.ENGLISH: 30, Language.JAPANESE: 12}
LONGEST = 420

# A sentence that leans on the one before it says nothing on its own.
_LEANING = re.compile(
    r"""
    (?: this|that|these|those|it|its|they|their|he|she|here|there|such|also|however|additionally
      | therefore|otherwise|instead|moreover|furthermore|similar(?:ly)?|likewise|both|thus|hence|then
      | is|are|was|were|has|does|can|may  # without a subject
      | apply\ (?:the\ same|similar)
      | (?:the\ )? (?:first|second|third|fourth|next|last|other|latter|former|same|resulting)
      | without\ (?:it|them|this|these)
      | for\ (?:example|instance|this|these|that)
      | in\ (?:addition|this|that|these|such|turn|contrast)
      | with\ (?:this|these|that|those)
      | as\ a\ result|by\ doing\ so|doing\ so|note|e\.g|i\.e
    )\b
    | (?:for|when|once|in) \ [^,.]{3,50},\ (?:this|these)\b
    | \(
    | これ|この|それ|その|また|さらに|ただし|しかし|そこ|したがって|なお|ここ|例えば|たとえば|同様に|一方
    """,
    re.IGNORECASE | re.VERBOSE,
)
# A short sentence that only names what follows.
_LABEL = re.compile(
    r"(?: \d+\. | (?:Scenario|Example)\ \#? \d+ [:.] | Tier\ \d ) (?: \s+ \S+ ){1,12} $", re.VERBOSE
)
_REFERENCE = re.compile(r"\(Ref\b")
_OPENS_A_LIST = ":："


@dataclass(frozen=True, slots=True)
class Passage:
    """A span of an entry: `text` is `section.text[start:end]`; `section_index` counts sections from 0."""

    entry: Entry
    section_index: int
    start: int
    end: int

    @property
    def section(self) -> Section:
        """The section of the span."""
        return self.entry.sections[self.section_index]

    @property
    def text(self) -> str:
        """The words of the span."""
        return self.section.text[self.start : self.end]

    @property
    def origin(self) -> Origin:
        """The author of the words."""
        return self.section.origin

    @property
    def url(self) -> str:
        """The address of the section."""
        return self.entry.section_url(self.section)

    def overlaps(self, other: "Passage") -> bool:
        """True if the passages share some text."""
        same = self.section_index == other.section_index
        return same and self.start < other.end and other.start < self.end

    def part(self, start: int, end: int) -> "Passage":
        """The part between two offsets of this passage."""
        return Passage(self.entry, self.section_index, self.start + start, self.start + end)


def passage_of(entry: Entry, chunk: Chunk) -> Passage:
    """The span of a chunk of an entry."""
    return Passage(entry, chunk.section, chunk.start, chunk.end)


@dataclass(frozen=True, slots=True)
class _Placed:
    """An item of a section and its offset."""

    item: Item
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.item.text)


def quotable(entry: Entry) -> Iterator[Passage]:
    """The passages of an entry that can be quoted alone, in the order of its sections."""
    for index, section in enumerate(entry.sections):
        if section.role in STATING:
            for start, end in _spans(section, entry.language):
                yield Passage(entry, index, start, end)


def sentences_of(entry: Entry) -> Iterator[Passage]:
    """The sentences and list items of an entry in order, also those that cannot be quoted alone."""
    for index, section in enumerate(entry.sections):
        if section.role in STATING:
            for placed in _placed(section):
                marker = placed.item.marker
                whole = [(0, len(placed.item.text))]
                spans = whole if marker.is_list else sentences(placed.item.text)
                for start, end in spans if marker is not Marker.CODE else ():
                    yield Passage(entry, index, placed.start + start, placed.start + end)


def _spans(section: Section, language: Language) -> Iterator[tuple[int, int]]:
    """Offsets of the quotable spans of a section, in order; the first below a heading starts with it."""
    heading: int | None = None
    for group in _groups(section):
        if group[0].item.marker is Marker.HEADING:
            heading = group[0].start
            continue
        if group[0].item.marker is Marker.CODE or " | " in group[0].item.text:
            heading = None
        for start, end in _cut(group, headed=heading is not None):
            opened = start if heading is None or end - heading > LONGEST else heading
            heading = None
            if SHORTEST[language] <= end - opened <= LONGEST and section.text[end - 1] not in ":：;":
                yield opened, end


def _groups(section: Section) -> Iterator[list[_Placed]]:
    """Runs of items that belong together: one item, and its sub-items or the list it opens."""
    group: list[_Placed] = []
    for placed in _placed(section):
        if group and not _is_below(placed.item, group):
            yield group
            group = []
        group.append(placed)
    if group:
        yield group


def _is_below(item: Item, group: Sequence[_Placed]) -> bool:
    """True if an item is a sub-item of the first item of a group, or a line of the list it opens."""
    head = group[0].item
    opens = not head.marker.is_list and head.text[-1:] in _OPENS_A_LIST
    return item.marker.is_list and head.marker is not Marker.HEADING and (item.depth > head.depth or opens)


def _cut(group: Sequence[_Placed], *, headed: bool) -> Iterator[tuple[int, int]]:
    """Offsets of the passages in a group: all of it if short enough, else its parts.

    The first sentence below a heading may lean on that.
    """
    first, last = group[0], group[-1]
    if first.item.marker is Marker.CODE:
        return
    if len(group) == 1:
        if first.item.marker.is_list and len(first.item.text) <= LONGEST:
            yield first.start, first.end
        else:
            yield from _sentences(first, headed=headed)
    elif last.end - first.start <= LONGEST:
        yield first.start, last.end
    else:
        yield from _runs(group)


def _runs(group: Sequence[_Placed]) -> Iterator[tuple[int, int]]:
    """A long list in runs of items; the first run has the head."""
    start, end = group[0].start, group[0].end
    for placed in group[1:]:
        if placed.end - start > LONGEST:
            yield start, end
            start = placed.start
        end = placed.end
    yield start, end


def _sentences(placed: _Placed, *, headed: bool) -> Iterator[tuple[int, int]]:
    """The sentences of an item, each with the sentences that lean on it, as far as they fit."""
    for number, run in enumerate(_leaning_runs(placed.item.text)):
        start = run[0][0]
        text = placed.item.text[start : run[0][1]]
        ends = [last for _, last in run if last - start <= LONGEST] or [run[0][1]]
        alone = ends[-1] == run[0][1] and _LABEL.match(text)
        leans = _LEANING.match(text) and (number or not headed)
        if not (alone or leans or " | " in text):
            yield placed.start + start, placed.start + ends[-1]


def _leaning_runs(text: str) -> list[list[tuple[int, int]]]:
    """The sentences of a text in runs: one, with a label before it, and those that lean on it."""
    runs: list[list[tuple[int, int]]] = []
    for start, end in sentences(text):
        if _REFERENCE.match(text, start):
            continue
        leans = _LEANING.match(text[start:end])
        if runs and (leans or _LABEL.match(text, *runs[-1][-1])):
            runs[-1].append((start, end))
        else:
            runs.append([(start, end)])
    return runs


def _placed(section: Section) -> Iterator[_Placed]:
    """The items of a section with their offsets."""
    offset = 0
    for item in section.items:
        yield _Placed(item, offset)
        offset += len(item.text) + 1
