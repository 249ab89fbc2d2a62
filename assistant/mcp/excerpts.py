"""An entry within the size of one result: whole sections while they fit; the others are named.

A result has the words of a section three times: as text, as items and joined. MAX_CHARACTERS counts them
once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kb.entries import Entry, Item, Section
from kb.errors import InputError

MAX_CHARACTERS = 12_000  # of the sections of one result
_OVERHEAD = 50  # characters of JSON around an item or a link


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A section that did not fit, or only its beginning: its number from 1, title and length."""

    number: int
    title: str
    characters: int


def excerpt(entry: Entry, wanted: Sequence[int]) -> tuple[Entry, tuple[LeftOut, ...]]:
    """The entry with the wanted sections that fit, at least the beginning of one, and the others left out.

    :param wanted: numbers of sections from 1; empty for all
    :raises InputError: the entry has no section with a number
    """
    numbers = sorted(set(wanted)) or range(1, len(entry.sections) + 1)
    if unknown := [number for number in numbers if number > len(entry.sections)]:
        raise InputError(f"{entry.id} has no section {unknown[0]}; it has {len(entry.sections)}")
    kept: list[Section] = []
    left_out: list[LeftOut] = []
    room = MAX_CHARACTERS
    for number in numbers:
        section = entry.sections[number - 1]
        fits = _size(section) <= room and not left_out
        if fits or not kept:
            kept.append(section if fits else _beginning(section))
            room -= _size(section)
        if not fits:
            left_out.append(LeftOut(number, section.title, len(section.text)))
    return replace(entry, sections=tuple(kept)), tuple(left_out)


def left_out_text(entry: Entry, left_out: Sequence[LeftOut]) -> str:
    """The sections left out as plain text, with the arguments that ask for them; empty without any."""
    if not left_out:
        return ""
    lines = [f"{part.number} {part.title} ({part.characters} characters)" for part in left_out]
    numbers = [part.number for part in left_out]
    return "\n".join(
        ["", "", f"LEFT OUT; read on with sections {numbers}, or at {entry.url}:", *lines],
    )


def _size(section: Section) -> int:
    parts = [item.text for item in section.items] + [link.text + link.url for link in section.links]
    return len(section.title) + sum(len(part) + _OVERHEAD for part in parts)


def _beginning(section: Section) -> Section:
    """The beginning of a section that is too long for a result, without its links."""
    return replace(section, items=tuple(_first(section.items)), links=())


def _first(items: Sequence[Item]) -> Iterator[Item]:
    room = MAX_CHARACTERS
    for item in items:
        if len(item.text) + _OVERHEAD > room:
            yield replace(item, text=f"{item.text[: max(room - _OVERHEAD, 0)]} …")
            return
        yield item
        room -= len(item.text) + _OVERHEAD
