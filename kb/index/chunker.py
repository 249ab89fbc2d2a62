"""Entries to chunks: the pieces of their sections that are embedded and looked up by keyword."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kb.entries import Entry, Language, Marker, Role, Section
from kb.text import sentences

# The model reads 256 word pieces and two marks around them.
MAX_PIECES = 254
# A chunk about one thing is found more easily than one that fills the model.
TARGET_PIECES = 160

# Each ask and sign is a chunk of its own, and is embedded as people type it: without titles.
ALONE = frozenset({Role.ASKS, Role.SIGNS, Role.IN_PLACE})

CountPieces = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of whole items of one section: `text` is `section.text[start:end]`.

    `section` counts the entry's sections from 0. `context` (titles) stands in front of the text when it
    is embedded, and is never quoted.
    """

    id: str
    entry_id: str
    language: Language
    section: int
    role: Role
    start: int
    end: int
    context: str
    text: str

    @property
    def embedded(self) -> str:
        """What the model reads."""
        return f"{self.context}\n{self.text}" if self.context else self.text

    @property
    def digest(self) -> str:
        """A name for what the model reads: equal digests have equal vectors."""
        return hashlib.sha256(self.embedded.encode()).hexdigest()[:32]


def cut(entries: Iterable[Entry], count_pieces: CountPieces) -> Iterator[Chunk]:
    """The chunks of entries, in their order.

    `count_pieces` gives the number of word pieces of a text, marks left out.
    """
    for entry in entries:
        for index, section in enumerate(entry.sections):
            context = _context(entry, section)
            room = max(32, MAX_PIECES - count_pieces(context))
            target = 1 if section.role in ALONE else min(TARGET_PIECES, room)
            spans = _spans(section, target, room, count_pieces)
            for number, (start, end) in enumerate(spans):
                yield Chunk(
                    id=f"{entry.id}.{entry.language}.{index}.{number}",
                    entry_id=entry.id,
                    language=entry.language,
                    section=index,
                    role=section.role,
                    start=start,
                    end=end,
                    context=context,
                    text=section.text[start:end],
                )


def outside_chunks(texts: Mapping[Language, Sequence[str]]) -> Iterator[Chunk]:
    """A chunk of no entry for each example of a question that the corpus does not answer."""
    for language, examples in texts.items():
        for number, text in enumerate(examples):
            yield Chunk(
                id=f"outside.{language}.{number}",
                entry_id="",
                language=language,
                section=0,
                role=Role.OUTSIDE,
                start=0,
                end=len(text),
                context="",
                text=text,
            )


def _context(entry: Entry, section: Section) -> str:
    if section.role in ALONE:
        return ""
    parts = (entry.title, entry.question, section.title)
    return "\n".join(part for part in parts if part)


def _spans(section: Section, target: int, room: int, count: CountPieces) -> Iterator[tuple[int, int]]:
    """Offsets of runs of items within `target` pieces; an item over `room` is cut at its sentences."""
    start = end = pieces = 0
    for first, last, size, opens in _parts(section, room, count):
        if pieces and (pieces + size > target or (opens and pieces > target // 2)):
            yield start, end
            pieces = 0
        if not pieces:
            start = first
        end, pieces = last, pieces + size
    if pieces:
        yield start, end


def _parts(section: Section, room: int, count: CountPieces) -> Iterator[tuple[int, int, int, bool]]:
    """Start, end, size in pieces, and whether a new step or heading begins, of each item or part of one."""
    offset = 0
    for item in section.items:
        opens = item.marker is Marker.HEADING or (item.marker is Marker.NUMBER and item.depth == 0)
        size = count(item.text)
        if size <= room:
            yield offset, offset + len(item.text), size, opens
        else:
            for start, end in _pieces(item.text, room, count):
                yield offset + start, offset + end, count(item.text[start:end]), opens
        offset += len(item.text) + 1


def _pieces(text: str, room: int, count: CountPieces) -> Iterator[tuple[int, int]]:
    for start, end in sentences(text):
        while count(text[start:end]) > room:  # a sentence without end: halve it until it fits
            middle = start
            step = (end - start) // 2
            while count(text[start : start + step]) > room:
                step //= 2
            middle = start + max(1, step)
            yield start, middle
            start = middle
        yield start, end
