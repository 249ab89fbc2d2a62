"""HTML of a documentation page to titled groups of items; the one module for BeautifulSoup."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag

from ingest.errors import PageShapeError
from ingest.fetch.page_store import Page, link_target
from kb.entries import Item, Link, Marker
from kb.text import clean, squeeze

_HEADINGS = ("h2", "h3", "h4", "h5", "h6")
_LISTS = ("ul", "ol")
_TEXT_BLOCKS = ("p", "dt", "dd", "figcaption")
# Menus, feedback widgets and icons of the page frame; the topic list repeats the contents.
_FRAME = re.compile(r"^(awsdocs-|awsui-|script$|style$|noscript$|img$|nav$)")
_FRAME_CLASSES = {"highlights", "code-btn-container", "awsdocs-page-header-container", "prev-next"}
# Real pages nest a dozen elements; each level needs a few frames of the stack.
DEEPEST = 150
_BLOCKS = {*_HEADINGS, *_LISTS, *_TEXT_BLOCKS, "pre", "div", "table", "section", "dl", "tr", "tbody", "thead"}


@dataclass(slots=True)
class Group:
    """The items and links under one heading or run-in marker, in page order."""

    title: str
    anchor: str
    level: int
    run_in: bool = False
    items: list[Item] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Body:
    """The content of one page: title, its fragment id, header cells, and groups, the lead first."""

    title: str
    anchor: str
    publication: str
    header_cells: tuple[str, ...]
    groups: tuple[Group, ...]


def read_body(page: Page, run_in: re.Pattern[str]) -> Body:
    """The content of a documentation page.

    A paragraph with a bold lead that matches `run_in` opens a new group.

    :raises PageShapeError: the page has no content column, not exactly one h1, or elements nested too deep.
    """
    soup = BeautifulSoup(page.body, "lxml", from_encoding=page.encoding)
    column = soup.select_one("#main-col-body")
    if column is None:
        raise PageShapeError(page.url, "no element #main-col-body", "one")
    for frame in column.find_all(_is_frame):
        frame.extract()
    titles = column.find_all("h1")
    if len(titles) != 1:
        raise PageShapeError(page.url, f"{len(titles)} h1 elements", "one")
    abstract = soup.select_one('meta[name="abstract"]')
    walk = _Walk(page.url, run_in)
    walk.children(column, depth=0, marker=Marker.PARAGRAPH)
    return Body(
        title=squeeze(titles[0].get_text()),
        anchor=str(titles[0].get("id") or ""),
        publication=squeeze(str(abstract.get("content") or "")) if abstract else "",
        header_cells=tuple(squeeze(cell.get_text()) for cell in column.find_all("th")),
        groups=tuple(walk.groups),
    )


class _Walk:
    """One pass over the content column; adds to the open group."""

    def __init__(self, url: str, run_in: re.Pattern[str]) -> None:
        self._url = url
        self._run_in = run_in
        self._level = 0
        self.groups = [Group("", "", 1)]

    def children(self, parent: Tag, depth: int, marker: Marker) -> None:
        self._level += 1
        if self._level > DEEPEST:
            raise PageShapeError(self._url, f"elements nested more than {DEEPEST} deep", "fewer")
        inline: list[NavigableString | Tag] = []
        for child in parent.children:
            if isinstance(child, Tag) and child.name == "h1":
                continue
            if isinstance(child, Tag) and child.name in _BLOCKS:
                marker = self._flush(inline, depth, marker)
                self._block(child, depth, marker)
                if child.name in _TEXT_BLOCKS:
                    marker = _after_first(marker)
            elif isinstance(child, Tag) or type(child) is NavigableString:
                inline.append(child)
        self._flush(inline, depth, marker)
        self._level -= 1

    def _flush(self, inline: list[NavigableString | Tag], depth: int, marker: Marker) -> Marker:
        text = squeeze("".join(node.get_text() for node in inline))
        if text:
            self._add(Item(text, marker, depth), [tag for tag in inline if isinstance(tag, Tag)])
        inline.clear()
        return _after_first(marker) if text else marker

    def _block(self, tag: Tag, depth: int, marker: Marker) -> None:
        if tag.name in _HEADINGS:
            self.groups.append(Group(squeeze(tag.get_text()), str(tag.get("id") or ""), int(tag.name[1])))
        elif tag.name in _LISTS:
            self._list(tag, depth, Marker.NUMBER if tag.name == "ol" else Marker.BULLET)
        elif tag.name == "tr":
            cells = [squeeze(cell.get_text()) for cell in tag.find_all(("td", "th"), recursive=False)]
            self._add(Item(" | ".join(cell for cell in cells if cell), Marker.PARAGRAPH, depth), [tag])
        elif tag.name == "pre":
            code = "\n".join(line.rstrip() for line in clean(tag.get_text()).strip("\n").splitlines())
            self._add(Item(code, Marker.CODE, depth), [tag])
        elif tag.name in _TEXT_BLOCKS and tag.find(list(_BLOCKS)) is None:
            self._paragraph(tag, depth, marker)
        else:
            self.children(tag, depth, marker)

    def _list(self, tag: Tag, depth: int, marker: Marker) -> None:
        below = depth + 1 if self.groups[-1].items and _inside_item(tag) else depth
        for entry in tag.find_all("li", recursive=False):
            self.children(entry, below, marker)

    def _paragraph(self, tag: Tag, depth: int, marker: Marker) -> None:
        text = squeeze(tag.get_text())
        bold = next((c for c in tag.children if isinstance(c, Tag)), None)
        lead = squeeze(bold.get_text()) if bold is not None and bold.name in ("b", "strong") else ""
        if lead and text.startswith(lead) and self._run_in.match(lead):
            self.groups.append(Group(lead.rstrip(": "), "", 9, run_in=True))
            text = text.removeprefix(lead).lstrip(": ")
        self._add(Item(text, marker, depth), [tag])

    def _add(self, item: Item, tags: list[Tag]) -> None:
        if not item.text:
            return
        self.groups[-1].items.append(item)
        for tag in tags:
            self.groups[-1].links += _links(tag, self._url)


def _after_first(marker: Marker) -> Marker:
    # Later paragraphs of a list entry have no marker.
    return Marker.PARAGRAPH if marker in (Marker.BULLET, Marker.NUMBER) else marker


def _inside_item(tag: Tag) -> bool:
    return tag.find_parent("li") is not None


def _is_frame(tag: Tag) -> bool:
    classes = set(tag.get_attribute_list("class"))
    return _FRAME.match(tag.name) is not None or bool(classes & _FRAME_CLASSES)


def _links(tag: Tag, base: str) -> Iterator[Link]:
    for anchor in [tag] if tag.name == "a" else tag.find_all("a"):
        address = link_target(base, str(anchor.get("href") or ""))
        if address and (text := squeeze(anchor.get_text())):
            yield Link(text, address)
