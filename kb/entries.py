"""Entries, their sections and items, and their JSON Lines form."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from pydantic import TypeAdapter

from kb.files import read_records


class Kind(StrEnum):
    """The kind of an entry."""

    QUESTION = "question"
    BEST_PRACTICE = "best_practice"
    RISK = "risk"
    PRINCIPLE = "design_principle"
    PAGE = "page"


class RiskLevel(StrEnum):
    """The risk of not following a best practice, as stated on its page."""

    HIGH = "High"
    MEDIUM = "Medium"
    LOW = "Low"


class Language(StrEnum):
    """The languages of entries and questions."""

    ENGLISH = "en"
    JAPANESE = "ja"


class Origin(StrEnum):
    """The author of a section: the site, or the catalogue of genlens."""

    SITE = "site"
    CATALOGUE = "catalogue"


class Marker(StrEnum):
    """The typographic form of an item."""

    PARAGRAPH = "paragraph"
    BULLET = "bullet"
    NUMBER = "number"
    CODE = "code"
    HEADING = "heading"

    @property
    def is_list(self) -> bool:
        """True for items of a bulleted or numbered list."""
        return self in (Marker.BULLET, Marker.NUMBER)


class Role(StrEnum):
    """The purpose of a section, however its page titles it."""

    INTRODUCTION = "introduction"
    OUTCOME = "outcome"
    BENEFITS = "benefits"
    ANTI_PATTERNS = "anti_patterns"
    GUIDANCE = "guidance"
    STEPS = "steps"
    EXAMPLES = "examples"
    SIGNS = "signs"
    IN_PLACE = "in_place"
    ASKS = "asks"
    TERMS = "terms"
    RESOURCES = "resources"
    OTHER = "other"
    OUT_OF_SCOPE = "outside"


# Sections that help to find an entry but state nothing.
SEARCH_ONLY = frozenset({Role.ASKS, Role.TERMS})


@dataclass(frozen=True, slots=True)
class Item:
    """One paragraph, list entry, code block or minor heading; `depth` counts nesting from 0."""

    text: str
    marker: Marker = Marker.PARAGRAPH
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """A link in a section: its text and absolute address."""

    text: str
    url: str


@dataclass(frozen=True)
class Section:
    """A titled part of an entry; `anchor` is the fragment of its heading on the page, or empty."""

    title: str
    role: Role
    items: tuple[Item, ...]
    anchor: str = ""
    links: tuple[Link, ...] = ()
    origin: Origin = Origin.SITE

    @cached_property
    def text(self) -> str:
        """The texts of the items joined by line breaks; offsets of chunks and passages count in it."""
        return "\n".join(item.text for item in self.items)


@dataclass(frozen=True, slots=True)
class Related:
    """Another entry and, in a few words, how it is related."""

    id: str
    why: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One citable thing in one language.

    `phases` are phases of the generative AI life cycle; `wa_tool` is the id of the question or choice in the
    AWS Well-Architected Tool.
    """

    id: str
    kind: Kind
    title: str
    source: str
    edition: str
    url: str
    language: Language
    sections: tuple[Section, ...]
    pillar: str | None = None
    question: str | None = None
    risk_level: RiskLevel | None = None
    phases: tuple[str, ...] = ()
    wa_tool: str | None = None
    related: tuple[Related, ...] = ()

    def section_url(self, section: Section) -> str:
        """The address of the entry, with the anchor of the section if it has one."""
        return f"{self.url}#{section.anchor}" if section.anchor else self.url

    def first(self, *roles: Role) -> Section | None:
        """The first non-empty section with one of the roles, tried in order; None without any."""
        return next((s for role in roles for s in self.sections if s.role is role and s.items), None)


_ENTRY = TypeAdapter(Entry)


def entry_line(entry: Entry) -> bytes:
    """The entry as a line of JSON in UTF-8."""
    return _ENTRY.dump_json(entry) + b"\n"


def write_entries(path: Path, entries: Iterable[Entry]) -> None:
    """Write one entry per line, as JSON in UTF-8."""
    with path.open("wb") as file:
        for entry in entries:
            file.write(entry_line(entry))


def read_entries(path: Path) -> Iterator[Entry]:
    """The entries of a JSON Lines file in file order.

    :raises RecordError: a line is not an entry; the message names file, line and field.
    """
    return read_records(path, _ENTRY)
