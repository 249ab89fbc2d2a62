"""The records that everything else is made of: entries, their sections, and their JSON Lines form."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from kb.errors import RecordError


class Kind(StrEnum):
    """What an entry is."""

    QUESTION = "question"
    BEST_PRACTICE = "best_practice"
    RISK = "risk"
    PRINCIPLE = "design_principle"
    PAGE = "page"


class RiskLevel(StrEnum):
    """How much is at stake when a best practice is not followed, as its page says."""

    HIGH = "High"
    MEDIUM = "Medium"
    LOW = "Low"


class Language(StrEnum):
    """The languages that entries and questions can have."""

    ENGLISH = "en"
    JAPANESE = "ja"


class Origin(StrEnum):
    """Whose words a section is in: the site's, or the catalogue's own."""

    SITE = "site"
    CATALOGUE = "catalogue"


class Marker(StrEnum):
    """How an item of a section is set."""

    PARAGRAPH = "paragraph"
    BULLET = "bullet"
    NUMBER = "number"
    CODE = "code"
    HEADING = "heading"


class Role(StrEnum):
    """What a section is for, whatever its page calls it."""

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
    OUTSIDE = "outside"


# Words that help to find an entry, but are no statements of it.
FINDING = frozenset({Role.ASKS, Role.TERMS})


@dataclass(frozen=True, slots=True)
class Item:
    """One paragraph, list entry, code block or minor heading; `depth` counts nesting from 0."""

    text: str
    marker: Marker = Marker.PARAGRAPH
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """A link that a section holds: its text and absolute address."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of an entry; `anchor` is the fragment of its heading on the page, or empty."""

    title: str
    role: Role
    items: tuple[Item, ...]
    anchor: str = ""
    links: tuple[Link, ...] = ()
    origin: Origin = Origin.SITE

    @property
    def text(self) -> str:
        """The items' texts joined by line breaks; offsets of chunks and quotes count in it."""
        return "\n".join(item.text for item in self.items)


@dataclass(frozen=True, slots=True)
class Related:
    """Another entry and, in a few words, what it has to do with this one."""

    id: str
    why: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One citable thing in one language.

    `phases` are those of the generative AI life cycle, `wa_tool` the id of the question or choice in the
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
        """The entry's address, with the section's anchor where it has one."""
        return f"{self.url}#{section.anchor}" if section.anchor else self.url

    def first(self, *roles: Role) -> Section | None:
        """The first section that has one of the roles, roles tried in order; None where none has."""
        return next((s for role in roles for s in self.sections if s.role is role and s.items), None)


_ENTRY = TypeAdapter(Entry)


def entry_record(entry: Entry) -> dict[str, Any]:
    """The entry as plain JSON values, with each section's `text` added for readers."""
    record = asdict(entry)
    for section, plain in zip(entry.sections, record["sections"], strict=True):
        plain["text"] = section.text
    return record


def entry_line(entry: Entry) -> bytes:
    """The entry as a line of JSON in UTF-8."""
    return _ENTRY.dump_json(entry) + b"\n"


def write_entries(path: Path, entries: Iterable[Entry]) -> None:
    """Write one entry a line, as JSON in UTF-8."""
    with path.open("wb") as file:
        for entry in entries:
            file.write(entry_line(entry))


def read_entries(path: Path) -> Iterator[Entry]:
    """Entries of a JSON Lines file in file order.

    :raises RecordError: a line is not an entry; the message names file, line and field.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield _ENTRY.validate_json(line)
            except ValidationError as error:
                first = error.errors()[0]
                field = ".".join(str(part) for part in first["loc"]) or "line"
                raise RecordError(f"{path}, line {number}, {field}: {first['msg']}") from error
