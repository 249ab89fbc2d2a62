"""The reader of an AWS Well-Architected lens: its table of contents and HTML pages to entries."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from ingest.errors import PageShapeError
from ingest.readers.aws_contents import Node, read_contents
from ingest.readers.edition_pages import EditionEntries, Pages
from ingest.readers.html import Body, Group, read_body
from ingest.sources import Edition, Source
from kb.entries import Entry, Item, Kind, Marker, RiskLevel, Role, Section
from kb.ids import parse_id, question_of

# "Level of risk exposed if this best practice (or: practice, current guidance) is not established:"
_RISK_MARKER = re.compile(r"level of risk\b", re.IGNORECASE)
_RUN_IN = re.compile(
    r"(desired outcomes?|benefits? of|common anti-?patterns?|level of risk|related [a-z ]+)\b.*:?$",
    re.IGNORECASE,
)
_ROLES = (
    (re.compile(r"desired outcome", re.IGNORECASE), Role.OUTCOME),
    (re.compile(r"benefit", re.IGNORECASE), Role.BENEFITS),
    (re.compile(r"(common )?anti-?pattern", re.IGNORECASE), Role.ANTI_PATTERNS),
    (re.compile(r"implementation steps", re.IGNORECASE), Role.STEPS),
    (re.compile(r"implementation guidance", re.IGNORECASE), Role.GUIDANCE),
    (re.compile(r"(resources|related )", re.IGNORECASE), Role.RESOURCES),
)
# Run-in headings vary in wording; these are shown instead.
_TITLES = {
    Role.OUTCOME: "Desired outcome",
    Role.BENEFITS: "Benefits",
    Role.ANTI_PATTERNS: "Common anti-patterns",
}
_DATE = re.compile(r"Publication date:\s*([A-Z][a-z]+ \d{1,2}, \d{4})")


class LensPages:
    """The pages of one edition of a lens; opening it reads the table of contents."""

    def __init__(self, source: Source, edition: Edition, pages: Pages) -> None:
        """Read the table of contents.

        :raises PageShapeError: it is not a table of contents.
        """
        self._source, self._edition = source, edition
        contents = urljoin(edition.start, edition.pages[0])
        self._nodes = read_contents(pages(contents), edition.start)
        self.addresses = (contents, *(node.url for node in self._nodes))

    def read(self, pages: Pages) -> EditionEntries:
        """The edition shown on the site and its entries, in the order of the contents.

        :raises PageShapeError: a page is not what the contents say.
        """
        root = self._nodes[0]
        edition = _publication_date(root, read_body(pages(root.url), _RUN_IN), self._edition)
        entries: list[Entry] = []
        questions: dict[str, str | None] = {}
        for node in self._nodes:  # a question comes before its best practices
            page = pages(node.url)
            place = _Place(self._source.name, edition, self._edition, node, page.url)
            body = read_body(page, _RUN_IN)
            if node.practice_ids:
                entries.append(_question(place, body))
                questions[entries[-1].id] = entries[-1].question
            elif node.id is not None:
                entries.append(_best_practice(place, body, questions.get(question_of(node.id))))
            else:
                plain = _plain_page(place, body)
                # A page that only lists other pages states nothing to cite.
                entries += [plain] if plain.sections else []
                entries += _principles(place, body)
        return EditionEntries(edition, tuple(entries))


def count_pillars(entries: tuple[Entry, ...]) -> int:
    """The number of pillars among the questions of a lens."""
    return len({entry.pillar for entry in entries if entry.kind is Kind.QUESTION})


@dataclass(frozen=True, slots=True)
class _Place:
    """The facts an entry takes from its place in the lens, not from its page."""

    source: str
    edition: str
    facts: Edition
    node: Node
    served_from: str

    def entry(
        self,
        entry_id: str,
        kind: Kind,
        title: str,
        sections: tuple[Section, ...],
        pillar: str | None = None,
        question: str | None = None,
        risk_level: RiskLevel | None = None,
    ) -> Entry:
        return Entry(
            id=entry_id,
            kind=kind,
            title=title,
            source=self.source,
            edition=self.edition,
            url=self.node.url,
            language=self.facts.language,
            sections=sections,
            pillar=pillar,
            question=question,
            risk_level=risk_level,
        )


def _publication_date(root: Node, body: Body, edition: Edition) -> str:
    """The publication date on the first page of the guide, as an ISO date."""
    match = _DATE.search(" ".join([body.publication, *(i.text for g in body.groups[:1] for i in g.items)]))
    if match is None:
        raise PageShapeError(root.url, "no publication date", f"one, such as that of {edition.edition}")
    try:
        return datetime.strptime(match[1], "%B %d, %Y").date().isoformat()  # noqa: DTZ007 - dates have no zone
    except ValueError:
        raise PageShapeError(root.url, f"the publication date {match[1]!r}", "month, day and year") from None


def _question(place: _Place, body: Body) -> Entry:
    expected = question_of(place.node.practice_ids[0])
    cell = next((cell for cell in body.header_cells if ":" in cell), "")
    typed, _, question = cell.partition(":")
    if parse_id(typed, "") != expected:
        found = f"the question table {cell!r}" if cell else f"the h1 {body.title!r} and no question table"
        raise PageShapeError(place.served_from, found, f"a table that begins with {expected}")
    for group in body.groups:
        # Older pages list the best practices in a section, newer ones in the frame, which is dropped anyway.
        group.items[:] = [i for i in group.items if i.text != cell and not _is_practice_link(i, place.node)]
    asked = Section("Introduction", Role.INTRODUCTION, (Item(question.strip()),))
    return place.entry(
        expected,
        Kind.QUESTION,
        body.title,
        _sections(body) or (asked,),
        pillar=place.node.above[-1],
        question=question.strip(),
    )


def _is_practice_link(item: Item, node: Node) -> bool:
    return item.marker is Marker.BULLET and parse_id(item.text.split(" ", 1)[0], "") in node.practice_ids


def _best_practice(place: _Place, body: Body, question: str | None) -> Entry:
    typed, _, title = body.title.partition(" ")
    expected = place.node.id or ""
    if parse_id(typed, "") != expected:
        raise PageShapeError(place.served_from, f"the h1 {body.title!r}", f"one that begins with {expected}")
    level = _risk_level(place, body)
    sections = _sections(body)
    for role in (Role.INTRODUCTION, Role.GUIDANCE):
        if not any(section.role is role and section.text for section in sections):
            raise PageShapeError(place.served_from, f"no {role.value} in {expected}", "some text")
    return place.entry(
        expected,
        Kind.BEST_PRACTICE,
        title.strip(),
        sections,
        pillar=place.node.above[-2] if len(place.node.above) > 1 else None,
        question=question,
        risk_level=level,
    )


def _risk_level(place: _Place, body: Body) -> RiskLevel:
    for group in body.groups:
        if group.run_in and _RISK_MARKER.match(group.title) and group.items:
            word = group.items[0].text.strip(" .").capitalize()
            if word in {level.value for level in RiskLevel}:
                return RiskLevel(word)
            raise PageShapeError(place.served_from, f"level of risk {word!r}", "High, Medium or Low")
    raise PageShapeError(place.served_from, "no level of risk", "High, Medium or Low")


def _plain_page(place: _Place, body: Body) -> Entry:
    stem = urlsplit(place.node.url).path.rpartition("/")[2].removesuffix(".html")
    # A vanished page redirects to the first page of the guide.
    if body.anchor != stem and body.title != place.node.title:
        raise PageShapeError(place.served_from, f"the h1 {body.title!r}", f"{place.node.title!r}")
    return place.entry(f"{place.source}/{stem}", Kind.PAGE, body.title, _sections(body))


def _principles(place: _Place, body: Body) -> Iterator[Entry]:
    """One entry per design principle on the source's page of principles, listed as "Name: text"."""
    if place.facts.principles != place.node.url.rpartition("/")[2]:
        return
    for group in body.groups:
        for item in group.items:
            name, colon, text = item.text.partition(":")
            if colon and text.strip() and item.marker is not Marker.PARAGRAPH:
                slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
                section = Section("Introduction", Role.INTRODUCTION, (Item(text.strip()),), group.anchor)
                yield place.entry(f"{place.source}/{slug}", Kind.PRINCIPLE, name.strip(), (section,))


def _sections(body: Body) -> tuple[Section, ...]:
    """One section per group with items; the level of risk is a fact of the entry, not a section."""
    groups = [group for group in body.groups if not (group.run_in and _RISK_MARKER.match(group.title))]
    return tuple(_section(group) for group in groups if group.items)


def _section(group: Group) -> Section:
    """The section of a group; the group without a title is the introduction."""
    role = Role.INTRODUCTION if not group.title else Role.OTHER
    role = next((role for pattern, role in _ROLES if pattern.match(group.title)), role)
    title = _TITLES.get(role, group.title) if group.run_in else group.title or "Introduction"
    return Section(title, role, tuple(group.items), group.anchor, tuple(group.links))
