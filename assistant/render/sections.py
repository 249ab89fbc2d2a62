"""A section as Markdown: nested lists, fenced code, and highlighted passages; all its text is escaped."""

import re
from collections.abc import Iterator, Sequence

from assistant.render.escape import escape, fenced, link
from kb.entries import Item, Marker, Section
from kb.text import clean, squeeze

# Wide enough for a number of three digits, and too narrow for a code block.
_INDENT = "    "
Span = tuple[int, int]
"""Start and end in the text of a section."""


def numbered(items: Sequence[Item]) -> Iterator[tuple[Item, int]]:
    """Each item with its number among the items at its depth; numbers restart below a shallower item.

    An item without a number has the last number at its depth, or 0.
    """
    numbers: dict[int, int] = {}
    for item in items:
        numbers = {depth: number for depth, number in numbers.items() if depth <= item.depth}
        if item.marker is Marker.NUMBER:
            numbers[item.depth] = numbers.get(item.depth, 0) + 1
        yield item, numbers.get(item.depth, 0)


def section_markdown(section: Section, highlights: Sequence[Span] = ()) -> str:
    """The items of a section: paragraphs, nested lists, fenced code; items that are links become links.

    Highlighted spans get a coloured background; a span over several items is highlighted in each.
    """
    links = {squeeze(found.text): found.url for found in section.links}
    blocks: list[str] = []
    offset = 0
    in_list = False  # the previous item is in a list
    for item, number in numbered(section.items):
        in_item = [(start - offset, end - offset) for start, end in highlights]
        lists = item.marker.is_list
        indent = _INDENT * item.depth if lists or in_list else ""
        text = _item(item, links, number, in_item)
        blocks.append("\n" if lists and in_list else "\n\n")
        blocks.append("\n".join(f"{indent}{line}" for line in text.splitlines()))
        in_list = lists or (in_list and item.depth > 0)
        offset += len(item.text) + 1
    return "".join(blocks).strip("\n")


def _item(item: Item, links: dict[str, str], number: int, spans: Sequence[Span]) -> str:
    if item.marker is Marker.CODE:
        return fenced(clean(item.text), "text")
    words = squeeze(item.text)
    text = link(words, links[words]) if words in links else _highlighted(item.text, spans)
    marks = {Marker.NUMBER: f"{number}. ", Marker.BULLET: "- "}
    return f"**{text}**" if item.marker is Marker.HEADING else f"{marks.get(item.marker, '')}{text}"


def _highlighted(text: str, spans: Sequence[Span]) -> str:
    """The escaped text; the first span inside it has a coloured background."""
    for start, end in spans:
        first, last = max(start, 0), min(end, len(text))
        if first < last and text[first:last].strip():
            before, inside, after = (
                _one_line(part) for part in (text[:first], text[first:last], text[last:])
            )
            lead, trail = inside[: len(inside) - len(inside.lstrip())], inside[len(inside.rstrip()) :]
            marked = f":primary-background[{escape(inside.strip())}]"
            return f"{escape(before).lstrip()}{lead}{marked}{trail}{escape(after).rstrip()}"
    return escape(squeeze(text))


def _one_line(text: str) -> str:
    """The cleaned text with each run of white space as one space, also at its ends."""
    return re.sub(r"\s+", " ", clean(text))
