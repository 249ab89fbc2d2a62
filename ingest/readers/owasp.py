"""The reader of the OWASP Top 10 for LLM Applications: markdown pages to risks and plain pages."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin

from ingest.errors import PageShapeError
from ingest.fetch.page_store import Page
from ingest.readers.edition_pages import EditionEntries, Pages
from ingest.readers.markdown import MarkdownGroup, read_groups
from ingest.sources import Edition, Source
from kb.entries import Entry, Item, Kind, Language, Link, Marker, Role, Section
from kb.ids import edition_of, parse_id

# Japanese pages have the same parts, with other headings and in another order.
_ROLES = (
    (re.compile(r"description|説明|概要"), Role.INTRODUCTION),
    (re.compile(r"prevention|mitigation|予防|緩和|防止|対策|軽減"), Role.STEPS),
    (re.compile(r"reference|related framework|参考|参照|関連"), Role.RESOURCES),
    (re.compile(r"example|scenario|types of|例|シナリオ|種類|タイプ"), Role.EXAMPLES),
)
# Some pages have their closing lists one heading level too deep; these still open a section.
_CLOSING = re.compile(r"reference links?$|related frameworks? and taxonom", re.IGNORECASE)
_SECTION_LEVEL = 3
_FILE_NUMBER = re.compile(r"LLM(\d\d)_")


class RiskPages:
    """The pages of one edition of the list of risks; their addresses are in the source file."""

    def __init__(self, source: Source, edition: Edition) -> None:
        self._source, self._edition = source, edition
        self.addresses = tuple(urljoin(edition.start, name) for name in edition.pages)

    def read(self, pages: Pages) -> EditionEntries:
        """The edition (a year) and its entries, in the order of the source file.

        :raises PageShapeError: a page does not begin with the heading its file name promises.
        """
        entries = [_entry(self._source, self._edition, address, pages(address)) for address in self.addresses]
        return EditionEntries(self._edition.edition, tuple(entries))


def _entry(source: Source, edition: Edition, address: str, page: Page) -> Entry:
    lead, *groups = read_groups(page.text, address)
    if not groups:
        raise PageShapeError(page.url, "no heading", "one")
    first, *rest = groups
    name = address.rpartition("/")[2]
    number = _FILE_NUMBER.match(name)
    risk = number is not None and number[1] != "00"
    if risk:
        entry_id, title = _risk_title(page, first, f"LLM{number[1] if number else ''}:{edition.edition}")
    else:
        entry_id, title = f"{source.name}/{edition.edition}/{name.removesuffix('.md').lower()}", first.title
    return Entry(
        id=entry_id,
        kind=Kind.RISK if risk else Kind.PAGE,
        title=title,
        source=source.name,
        edition=edition.edition,
        url=address,
        language=edition.language,
        sections=tuple(_sections(lead, first, rest, edition.language)),
    )


def _risk_title(page: Page, heading: MarkdownGroup, expected: str) -> tuple[str, str]:
    match = re.match(r"(LLM\s*\d{1,2}(?:\s*:\s*\d{4})?+)\s*[:：.\-]?\s*(.+)", heading.title)
    year = edition_of(expected) or ""
    if match is None or parse_id(match[1], year) != expected:
        raise PageShapeError(page.url, f"the heading {heading.title!r}", f"one that begins with {expected}")
    return expected, match[2].strip()


def _sections(
    lead: MarkdownGroup, first: MarkdownGroup, groups: list[MarkdownGroup], language: Language
) -> Iterator[Section]:
    """One section per heading of the third level; deeper headings become items."""
    opening = "概要" if language is Language.JAPANESE else "Introduction"
    title, role = opening, Role.INTRODUCTION
    items: list[Item] = [*lead.items, *first.items]
    links: list[Link] = [*lead.links, *first.links]
    for group in groups:
        named = _role(group.title)
        if group.level <= _SECTION_LEVEL or _CLOSING.match(group.title):
            if items:
                yield Section(title, role, tuple(items), links=tuple(links))
            title, role, items, links = group.title, named, [], []
        else:
            items.append(Item(group.title, Marker.HEADING, group.level - _SECTION_LEVEL - 1))
        items += group.items
        links += group.links
    if items:
        yield Section(title, role, tuple(items), links=tuple(links))


def _role(title: str) -> Role:
    return next((role for pattern, role in _ROLES if pattern.search(title.lower())), Role.OTHER)
