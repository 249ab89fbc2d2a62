"""A section of an entry as Markdown, with its steps numbered and nested; all its text is escaped."""

import re
from collections.abc import Sequence
from urllib.parse import quote

from assistant.render import escape
from kb.entries import Item, Marker, Section
from kb.text import clean, squeeze

# What an address keeps as it is; blanks and brackets would end the link.
_ADDRESS = ":/?#@!$&'*+,;=%~"
# Deep enough for a number of three digits, and never so deep that text becomes a code block.
_INDENT = "    "
_LISTED = (Marker.NUMBER, Marker.BULLET)


def link(text: str, url: str) -> str:
    """A Markdown link to a web address; the text alone where it is none."""
    if not url.startswith(("https://", "http://")):
        return escape(squeeze(text))
    return f"[{escape(squeeze(text))}]({quote(url, _ADDRESS)})"


def section_markdown(section: Section, quotes: Sequence[str] = ()) -> str:
    """The items of a section: paragraphs, nested lists, code in fences; items that are links lead there.

    Quotes of the section are highlighted where they stand; one of several items is highlighted in each.
    """
    quoted = [words for cited in quotes for line in cited.splitlines() if (words := squeeze(line))]
    links = {squeeze(found.text): found.url for found in section.links}
    written: list[str] = []
    numbers: dict[int, int] = {}
    listed = False  # whether the item before stands in a list
    for item in section.items:
        numbers = {depth: number for depth, number in numbers.items() if depth <= item.depth}
        if item.marker is Marker.NUMBER:
            numbers[item.depth] = numbers.get(item.depth, 0) + 1
        lists = item.marker in _LISTED
        indent = _INDENT * item.depth if lists or listed else ""
        said = _said(item, links, numbers.get(item.depth, 0), quoted)
        written.append("\n" if lists and listed else "\n\n")
        written.append("\n".join(f"{indent}{line}" for line in said.splitlines()))
        listed = lists or (listed and item.depth > 0)
    return "".join(written).strip("\n")


def _said(item: Item, links: dict[str, str], number: int, quoted: Sequence[str]) -> str:
    if item.marker is Marker.CODE:
        return _fenced(item.text)
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


def _fenced(code: str) -> str:
    """Code in a fence that it cannot close."""
    text = clean(code)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"
