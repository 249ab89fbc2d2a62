"""The items of a section with their numbers, and a section as Markdown, in which all its text is escaped."""

from collections.abc import Iterator, Sequence

from assistant.render.escape import escape, fenced, link
from kb.entries import Item, Marker, Section
from kb.text import clean, squeeze

# Deep enough for a number of three digits, and never so deep that text becomes a code block.
_INDENT = "    "
_LISTED = (Marker.NUMBER, Marker.BULLET)


def numbered(items: Sequence[Item]) -> Iterator[tuple[Item, int]]:
    """Each item with its number among those at its depth, which begins anew below a shallower one.

    For items without a number it is that of the last one at their depth, or 0.
    """
    numbers: dict[int, int] = {}
    for item in items:
        numbers = {depth: number for depth, number in numbers.items() if depth <= item.depth}
        if item.marker is Marker.NUMBER:
            numbers[item.depth] = numbers.get(item.depth, 0) + 1
        yield item, numbers.get(item.depth, 0)


def section_markdown(section: Section, quotes: Sequence[str] = ()) -> str:
    """The items of a section: paragraphs, nested lists, code in fences; items that are links lead there.

    Quotes of the section are highlighted where they stand; one of several items is highlighted in each.
    """
    quoted = [words for cited in quotes for line in cited.splitlines() if (words := squeeze(line))]
    links = {squeeze(found.text): found.url for found in section.links}
    written: list[str] = []
    listed = False  # whether the item before stands in a list
    for item, number in numbered(section.items):
        lists = item.marker in _LISTED
        indent = _INDENT * item.depth if lists or listed else ""
        said = _said(item, links, number, quoted)
        written.append("\n" if lists and listed else "\n\n")
        written.append("\n".join(f"{indent}{line}" for line in said.splitlines()))
        listed = lists or (listed and item.depth > 0)
    return "".join(written).strip("\n")


def _said(item: Item, links: dict[str, str], number: int, quoted: Sequence[str]) -> str:
    if item.marker is Marker.CODE:
        return fenced(clean(item.text), "text")
    words = squeeze(item.text)
    text = link(words, links[words]) if words in links else _highlighted(words, quoted)
    marks = {Marker.NUMBER: f"{number}. ", Marker.BULLET: "- "}
    return f"**{text}**" if item.marker is Marker.HEADING else f"{marks.get(item.marker, '')}{text}"


def _highlighted(words: str, quoted: Sequence[str]) -> str:
    """The words, with the first quote that stands in them set off by colour, where one does."""
    for cited in quoted:
        before, found, after = words.partition(cited)
        if found:
            return f"{escape(before)}:primary-background[{escape(found)}]{escape(after)}"
    return escape(words)
