"""The reader of an AWS Well-Architected lens: its table of contents and HTML pages to entries."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from ingest.errors import PageShapeError
from ingest.fetch.page_store import Page
from ingest.readers.html import Body, Group, read_body
from ingest.sources import Edition, Source
from kb.entries import Entry, Item, Kind, Marker, RiskLevel, Role, Section
from kb.ids import find_ids, parse_id, question_of
from kb.text import squeeze

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
_TITLES = {
    Role.OUTCOME: "Desired outcome",
    Role.BENEFITS: "Benefits",
    Role.ANTI_PATTERNS: "Common anti-patterns",
}
_DATE = re.compile(r"Publication date:\s*([A-Z][a-z]+ \d{1,2}, \d{4})")


@dataclass(frozen=True, slots=True)
class Node:
    """A page of the table of contents, with the titles above it."""

    title: str
    url: str
    above: tuple[str, ...]
    practice_ids: tuple[str, ...]
    """Ids of the best practices directly below: not empty for a question."""

    @property
    def id(self) -> str | None:
        """The id that the title begins with, or None."""
        return parse_id(self.title.split(" ", 1)[0], "")


def addresses(edition: Edition, fetched: Callable[[str], Page]) -> tuple[str, ...]:
    """Every address that an edition consists of, the table of contents first."""
    contents = urljoin(edition.start, edition.pages[0])
    return (contents, *(node.url for node in tree(fetched(contents), edition.start)))


def read(source: Source, edition: Edition, pages: Callable[[str], Page]) -> tuple[str, tuple[Entry, ...]]:
    """The edition that the site shows (ISO date) and its entries in the order of the contents.

    :raises PageShapeError: the contents or a page are not what they should be.
    """
    nodes = tuple(tree(pages(urljoin(edition.start, edition.pages[0])), edition.start))
    found = _edition(nodes[0], read_body(pages(nodes[0].url), _RUN_IN), edition)
    entries: list[Entry] = []
    questions: dict[str, str | None] = {}
    for node in nodes:  # a question stands before its best practices
        page = pages(node.url)
        where, body = _Where(source.name, found, edition, node, page.url), read_body(page, _RUN_IN)
        if node.practice_ids:
            entries.append(_question(where, body))
            questions[entries[-1].id] = entries[-1].question
        elif node.id is not None:
            entries.append(_best_practice(where, body, questions.get(question_of(node.id))))
        else:
            plain = _plain(where, body)
            # A page that is a mere list of others says nothing that could be cited.
            entries += [plain] if plain.sections else []
            entries += _principles(where, body)
    return found, tuple(entries)


def pillars(entries: tuple[Entry, ...]) -> int:
    """How many pillars the questions of a lens are spread over."""
    return len({entry.pillar for entry in entries if entry.kind is Kind.QUESTION})


def tree(contents: Page, start: str) -> Iterator[Node]:
    """The pages of a table of contents, each before those below it.

    :raises PageShapeError: it is not JSON of the known form, or a page stands in it twice.
    """
    try:
        roots = json.loads(contents.body)["contents"]
        nodes = [node for root in roots for node in _nodes(root, start, ())]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PageShapeError(contents.url, f"{type(error).__name__}: {error}", "a tree of titles") from error
    if not nodes:
        raise PageShapeError(contents.url, "an empty tree", "the pages of the lens")
    seen: set[str] = set()
    for node in nodes:
        if node.url in seen:
            raise PageShapeError(contents.url, f"{node.url} twice", "each page once")
        seen.add(node.url)
    yield from nodes


def _nodes(record: dict[str, object], start: str, above: tuple[str, ...]) -> Iterator[Node]:
    title = squeeze(str(record["title"]))
    below = record.get("contents") or []
    if not isinstance(below, list):
        raise TypeError(f"contents of {title!r} is not a list")
    practices = [match.id for child in below for match in find_ids(str(child["title"]).split(" ", 1)[0], "")]
    url = urljoin(start, str(record.get("href") or "")).partition("#")[0]
    # A title without a page only groups others, and links that leave the guide are somebody else's pages.
    if url.startswith(start) and url != start:
        yield Node(title, url, above, tuple(practices))
    for child in below:
        yield from _nodes(child, start, (*above, title))


@dataclass(frozen=True, slots=True)
class _Where:
    """What an entry takes from its place rather than from its page."""

    source: str
    edition: str
    facts: Edition
    node: Node
    served_from: str

    def entry(
        self, entry_id: str, kind: Kind, title: str, sections: tuple[Section, ...], **more: object
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
            **more,  # type: ignore[arg-type]  # the callers below pass pillar, question and risk_level
        )


def _edition(root: Node, body: Body, edition: Edition) -> str:
    """The publication date that the guide's first page shows, as an ISO date."""
    match = _DATE.search(" ".join([body.publication, *(i.text for g in body.groups[:1] for i in g.items)]))
    if match is None:
        raise PageShapeError(root.url, "no publication date", f"one, such as that of {edition.edition}")
    try:
        return datetime.strptime(match[1], "%B %d, %Y").date().isoformat()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        raise PageShapeError(root.url, f"the publication date {match[1]!r}", "month, day and year") from None


def _question(where: _Where, body: Body) -> Entry:
    expected = question_of(where.node.practice_ids[0])
    cell = next((cell for cell in body.header_cells if ":" in cell), "")
    typed, _, question = cell.partition(":")
    if parse_id(typed, "") != expected:
        found = f"the question table {cell!r}" if cell else f"the h1 {body.title!r} and no question table"
        raise PageShapeError(where.served_from, found, f"a table that begins with {expected}")
    for group in body.groups:
        # Older pages list the practices below in a section; newer ones in a frame, which is left out too.
        group.items[:] = [i for i in group.items if i.text != cell and not _leads_to(i, where.node)]
    asked = Section("Introduction", Role.INTRODUCTION, (Item(question.strip()),))
    return where.entry(
        expected,
        Kind.QUESTION,
        body.title,
        _sections(body) or (asked,),
        pillar=where.node.above[-1],
        question=question.strip(),
    )


def _leads_to(item: Item, node: Node) -> bool:
    return item.marker is Marker.BULLET and parse_id(item.text.split(" ", 1)[0], "") in node.practice_ids


def _best_practice(where: _Where, body: Body, question: str | None) -> Entry:
    typed, _, title = body.title.partition(" ")
    expected = where.node.id or ""
    if parse_id(typed, "") != expected:
        raise PageShapeError(where.served_from, f"the h1 {body.title!r}", f"one that begins with {expected}")
    level = _risk_level(where, body)
    sections = _sections(body)
    for role in (Role.INTRODUCTION, Role.GUIDANCE):
        if not any(section.role is role and section.text for section in sections):
            raise PageShapeError(where.served_from, f"no {role.value} in {expected}", "some text")
    return where.entry(
        expected,
        Kind.BEST_PRACTICE,
        title.strip(),
        sections,
        pillar=where.node.above[-2] if len(where.node.above) > 1 else None,
        question=question,
        risk_level=level,
    )


def _risk_level(where: _Where, body: Body) -> RiskLevel:
    for group in body.groups:
        if group.run_in and _RISK_MARKER.match(group.title) and group.items:
            word = group.items[0].text.strip(" .").capitalize()
            if word in {level.value for level in RiskLevel}:
                return RiskLevel(word)
            raise PageShapeError(where.served_from, f"level of risk {word!r}", "High, Medium or Low")
    raise PageShapeError(where.served_from, "no level of risk", "High, Medium or Low")


def _plain(where: _Where, body: Body) -> Entry:
    stem = _stem(where.node.url)
    # A page that has vanished is answered with the guide's first page.
    if body.anchor != stem and body.title != where.node.title:
        raise PageShapeError(where.served_from, f"the h1 {body.title!r}", f"{where.node.title!r}")
    return where.entry(f"{where.source}/{stem}", Kind.PAGE, body.title, _sections(body))


def _principles(where: _Where, body: Body) -> Iterator[Entry]:
    """An entry for each design principle that the source's page of principles lists as "Name: text"."""
    if where.facts.principles != where.node.url.rpartition("/")[2]:
        return
    for group in body.groups:
        for item in group.items:
            name, colon, text = item.text.partition(":")
            if colon and text.strip() and item.marker is not Marker.PARAGRAPH:
                slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
                section = Section("Introduction", Role.INTRODUCTION, (Item(text.strip()),), group.anchor)
                yield where.entry(f"{where.source}/{slug}", Kind.PRINCIPLE, name.strip(), (section,))


def _sections(body: Body) -> tuple[Section, ...]:
    """Groups as sections: the lead is the introduction, the level of risk is a fact and no section."""
    kept = [group for group in body.groups if not (group.run_in and _RISK_MARKER.match(group.title))]
    return tuple(_section(group) for group in kept if group.items)


def _section(group: Group) -> Section:
    role = Role.INTRODUCTION if not group.title else Role.OTHER
    for pattern, named in _ROLES:
        if pattern.match(group.title):
            role = named
            break
    title = _TITLES.get(role, group.title) if group.run_in else group.title or "Introduction"
    return Section(title, role, tuple(group.items), group.anchor, tuple(group.links))


def _stem(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2].removesuffix(".html")
