"""Entries to chunks: the pieces of sections that are embedded and searched by keyword."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from kb.entries import Entry, Language, Marker, Role, Section
from kb.files import read_records
from kb.text import sentences

# The model reads 256 word pieces, two of them special tokens.
MAX_PIECES = 254
# A chunk about one thing is found more easily than one that fills the model.
TARGET_PIECES = 160

# Each ask, sign and statement is its own chunk, embedded the way people type it: without titles.
ALONE = frozenset({Role.ASKS, Role.SIGNS, Role.IN_PLACE})

CountPieces = Callable[[str], int]
"""The number of word pieces of a text, without the special tokens."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of whole items of one section: `text` is `section.text[start:end]`.

    `section` is an index into the entry's sections, from 0. `context` (titles) is embedded in front of the
    text and never quoted.
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
        """The text the model reads."""
        return f"{self.context}\n{self.text}" if self.context else self.text

    @property
    def digest(self) -> str:
        """The digest of the embedded text: chunks with equal digests have equal vectors."""
        return digest_of(self.embedded)


_CHUNK = TypeAdapter(Chunk)


def digest_of(text: str) -> str:
    """The digest of an embedded text."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def read_chunks(path: Path) -> tuple[Chunk, ...]:
    """The chunks of a JSON Lines file in file order.

    :raises RecordError: a line is not a chunk; the message names file, line and field.
    """
    return tuple(read_records(path, _CHUNK))


def write_chunks(path: Path, chunks: Iterable[Chunk]) -> None:
    """Write one chunk per line, as JSON in UTF-8."""
    with path.open("wb") as file:
        for chunk in chunks:
            file.write(_CHUNK.dump_json(chunk) + b"\n")


def cut(entries: Iterable[Entry], count_pieces: CountPieces) -> Iterator[Chunk]:
    """The chunks of entries, in order."""
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


def out_of_scope_chunks(texts: Mapping[Language, Sequence[str]]) -> Iterator[Chunk]:
    """A chunk without an entry for each example of an out-of-scope question."""
    for language, examples in texts.items():
        for number, text in enumerate(examples):
            yield Chunk(
                id=f"outside.{language}.{number}",
                entry_id="",
                language=language,
                section=0,
                role=Role.OUT_OF_SCOPE,
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
    """Offsets of runs of items of up to `target` pieces; an item over `room` is split at its sentences."""
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
    """Start, end and size in pieces of each item or part of one, and True if it opens a step or heading."""
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
        while count(text[start:end]) > room:  # an endless sentence: halve it until it fits
            middle = start
            step = (end - start) // 2
            while count(text[start : start + step]) > room:
                step //= 2
            middle = start + max(1, step)
            yield start, middle
            start = middle
        yield start, end
