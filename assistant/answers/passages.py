"""Passages: spans of sections, and the sentences and actions of an entry as passages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kb.entries import Entry, Item, Language, Marker, Section
from kb.index.chunker import Chunk
from kb.text import sentences

# Characters: a shorter sentence says little on its own, a longer one is not a quote.
SHORTEST = {Language.ENGLISH: 30, Language.JAPANESE: 12}
LONGEST = 420

# A sentence that leans on the one before it says nothing on its own.
_LEANING = re.compile(
    r"""
    (?: this|that|these|those|it|its|they|their|he|she|here|there|such|also|however|additionally
      | therefore|otherwise|instead|moreover|furthermore
      | without\ (?:it|them|this|these)
      | for\ (?:example|instance)
      | in\ (?:addition|this|that|these|such)
      | as\ a\ result|by\ doing\ so|note
    )\b
    | これ|この|それ|その|また|さらに|ただし|しかし|そこ|したがって|なお|ここ|例えば|たとえば
    """,
    re.IGNORECASE | re.VERBOSE,
)


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
    def url(self) -> str:
        """The address of the section."""
        return self.entry.section_url(self.section)

    def contains(self, other: "Passage") -> bool:
        """True if the other passage starts inside this one."""
        return self.section_index == other.section_index and self.start <= other.start < self.end

    def part(self, start: int, end: int) -> "Passage":
        """The part between two offsets of this passage."""
        return Passage(self.entry, self.section_index, self.start + start, self.start + end)


def passage_of(entry: Entry, chunk: Chunk) -> Passage:
    """The span of a chunk of an entry."""
    return Passage(entry, chunk.section, chunk.start, chunk.end)


def prose(entry: Entry, section_index: int) -> Iterator[Passage]:
    """The quotable sentences of a section, in order: no headings, code, or lines that open a list."""
    for item, offset in _placed(entry.sections[section_index]):
        if item.marker in (Marker.HEADING, Marker.CODE):
            continue
        for start, end in sentences(item.text):
            text = item.text[start:end]
            quotable = SHORTEST[entry.language] <= len(text) <= LONGEST and text[-1] not in ":：;"
            if quotable and not _LEANING.match(text):
                yield Passage(entry, section_index, offset + start, offset + end)


def actions(entry: Entry, section_index: int) -> Iterator[Passage]:
    """One passage per step; a step that only opens a list ("Monitor:") gives one per line of that list.

    A section without lists gives the first sentence of each paragraph.
    """
    section = entry.sections[section_index]
    listed = any(item.marker.is_list for item in section.items)
    opened = False
    for item, offset in _placed(section):
        opens = item.text[-1] in ":："
        if item.depth == 0:
            opened = opens
        step = item.marker.is_list and (item.depth == 0 or (item.depth == 1 and opened))
        if opens or not (step or (not listed and item.marker is Marker.PARAGRAPH)):
            continue
        whole = step and len(item.text) <= LONGEST
        end = len(item.text) if whole else next(sentences(item.text))[1]
        yield Passage(entry, section_index, offset, offset + end)


def _placed(section: Section) -> Iterator[tuple[Item, int]]:
    """The items of a section with their offsets."""
    offset = 0
    for item in section.items:
        yield item, offset
        offset += len(item.text) + 1
