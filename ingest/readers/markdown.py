"""Markdown to headed groups of items; the one module for markdown-it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.errors import PageShapeError
from ingest.fetch.page_store import link_target
from kb.entries import Item, Link, Marker
from kb.text import clean, squeeze

_PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")
# The parser drops deeper text without a word. A list and its entry count as two.
DEEPEST = _PARSER.options.maxNesting - 1


@dataclass(slots=True)
class MarkdownGroup:
    """The items and links under one heading, in order; level 0 comes before the first heading."""

    title: str
    level: int
    items: list[Item] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)


def read_groups(text: str, url: str) -> tuple[MarkdownGroup, ...]:
    """The headed parts of a Markdown text; HTML is dropped, links become absolute.

    :raises PageShapeError: lists or quotes are nested too deep.
    """
    walk = _Walk(url)
    for token in _PARSER.parse(clean(text)):
        if token.level >= DEEPEST:
            raise PageShapeError(url, f"blocks nested {DEEPEST} deep", "fewer")
        walk.take(token)
    return tuple(walk.groups)


class _Walk:
    def __init__(self, url: str) -> None:
        self._url = url
        self._lists: list[Marker] = []
        self._marked = False
        self._heading: int | None = None
        self._row: list[str] | None = None
        self.groups = [MarkdownGroup("", 0)]

    def take(self, token: Token) -> None:
        if token.type == "heading_open":
            self._heading = int(token.tag[1])
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            self._lists.append(Marker.NUMBER if token.type == "ordered_list_open" else Marker.BULLET)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            self._lists.pop()
        elif token.type == "list_item_open":
            self._marked = False
        elif token.type in ("fence", "code_block"):
            self._add(Item(token.content.strip("\n"), Marker.CODE, self._depth()))
        elif token.type == "tr_open":
            self._row = []
        elif token.type == "tr_close":
            self._add(
                Item(" | ".join(cell for cell in self._row or [] if cell), Marker.PARAGRAPH, self._depth())
            )
            self._row = None
        elif token.type == "inline":
            self._inline(token)

    def _inline(self, token: Token) -> None:
        text = squeeze("".join(_texts(token)))
        if self._heading is not None:
            self.groups.append(MarkdownGroup(text, self._heading))
            self._heading = None
            return
        self.groups[-1].links += _links(token, self._url)
        if self._row is not None:
            self._row.append(text)
        elif text:
            marker = self._lists[-1] if self._lists and not self._marked else Marker.PARAGRAPH
            self._marked = True
            self._add(Item(text, marker, self._depth()))

    def _depth(self) -> int:
        return max(0, len(self._lists) - 1)

    def _add(self, item: Item) -> None:
        if item.text:
            self.groups[-1].items.append(item)


def _texts(token: Token) -> Iterator[str]:
    for child in token.children or []:
        if child.type in ("softbreak", "hardbreak"):
            yield " "
        elif child.type == "image":
            yield ""
        elif child.type != "html_inline":
            yield child.content


def _links(token: Token, base: str) -> Iterator[Link]:
    address = ""
    words: list[str] = []
    for child in token.children or []:
        if child.type == "link_open":
            address, words = link_target(base, str(child.attrs.get("href", ""))), []
        elif child.type == "link_close":
            if address and (text := squeeze("".join(words))):
                yield Link(text, address)
            address = ""
        elif address:
            words.append(" " if child.type in ("softbreak", "hardbreak") else child.content)
