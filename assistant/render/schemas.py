"""The schemas of the JSON that `--json` prints and the tool server returns; their keys are a promise.

tests/assistant/render/schemas/ has a snapshot of every schema; a change of one is a change for users.
"""

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from assistant.answers.records import Doubt, Gap, Part
from assistant.answers.records import Origin as StatementOrigin
from kb.entries import Kind, Language, Marker, Origin, RiskLevel, Role


class Schema(BaseModel):
    """Base of all schemas; fields are read from the attributes of records."""

    model_config = ConfigDict(from_attributes=True, frozen=True, defer_build=True)

    def dump(self) -> dict[str, Any]:
        """Plain JSON values; unset fields are left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class EntryRefSchema(Schema):
    """The id and title of an entry."""

    id: str
    title: str


class CitationSchema(EntryRefSchema):
    """A cited entry with the quoted words, and their author: the source or genlens."""

    edition: str
    url: str
    quote: str
    origin: StatementOrigin


class StatementSchema(Schema):
    """A statement, its supporting entries (`id` is the first) and their words, or the doubt about it."""

    part: Part
    text: str
    id: str
    url: str
    ids: tuple[str, ...]
    supported: bool
    doubt: Doubt | None
    origin: StatementOrigin
    quote: str


class UsageSchema(Schema):
    """Tokens and cost of a language model; the cost is in US dollars, null for unknown prices."""

    model: str
    read: int
    written: int
    estimated: bool
    cached: bool
    cost: float | None
    priced: date | None


class AnswerSchema(Schema):
    """An answer; `answer` is all of it as plain text.

    `gap` is the reason why there is none, or null. `unknown` are ids in the question missing from the build.
    """

    question: str
    covered: bool
    answer: str
    citations: tuple[CitationSchema, ...]
    hits: tuple[EntryRefSchema, ...]
    build: str
    statements: tuple[StatementSchema, ...]
    note: str
    usage: UsageSchema | None
    gap: Gap | None
    unknown: tuple[str, ...]


class HitSchema(EntryRefSchema):
    """One hit of a keyword search."""

    kind: Kind
    source: str
    pillar: str | None
    risk_level: RiskLevel | None
    url: str
    snippet: str


class SearchSchema(Schema):
    """The hits of a keyword search, best first."""

    query: str
    hits: tuple[HitSchema, ...]


class ItemSchema(Schema):
    """A paragraph, list entry, code block or minor heading of a section."""

    text: str
    marker: Marker
    depth: int


class LinkSchema(Schema):
    """A link in a section."""

    text: str
    url: str


class SectionSchema(Schema):
    """A titled part of an entry; `text` joins the texts of its items with line breaks."""

    title: str
    role: Role
    items: tuple[ItemSchema, ...]
    anchor: str
    links: tuple[LinkSchema, ...]
    origin: Origin
    text: str


class WhySchema(Schema):
    """A related entry and the reason."""

    id: str
    why: str


class EntrySchema(Schema):
    """A whole entry in one language."""

    id: str
    kind: Kind
    title: str
    source: str
    edition: str
    url: str
    language: Language
    sections: tuple[SectionSchema, ...]
    pillar: str | None
    question: str | None
    risk_level: RiskLevel | None
    phases: tuple[str, ...]
    wa_tool: str | None
    related: tuple[WhySchema, ...]


class RowSchema(EntryRefSchema):
    """The facts of an entry in a list."""

    kind: Kind
    source: str
    edition: str
    pillar: str | None
    question: str | None
    risk_level: RiskLevel | None
    url: str


class ListSchema(Schema):
    """Entries in the order of the sources."""

    entries: tuple[RowSchema, ...]


class NearSchema(EntryRefSchema):
    """A related entry with its facts and the reason."""

    kind: Kind
    url: str
    why: str


class RelatedSchema(EntryRefSchema):
    """An entry and its related entries."""

    related: tuple[NearSchema, ...]


class FailureSchema(Schema):
    """A failure of the last refresh."""

    what: str
    reason: str
    at: str


class SourceSchema(Schema):
    """The origin of one edition, and notes on losses and on pages genlens does not understand."""

    name: str
    edition: str
    language: str
    entries: int
    fetched_at: str
    origin: str = Field(alias="from")
    notes: tuple[str, ...]


class StatusSchema(Schema):
    """The served and the kept builds, the last check of the sites (null before the first), and failures."""

    build: str
    made_at: str
    checked_at: str | None
    model: str
    counts: dict[str, int]
    chunks: int
    sources: tuple[SourceSchema, ...]
    kept: tuple[str, ...]
    damaged: tuple[str, ...]
    failures: tuple[FailureSchema, ...]


class DiffSchema(Schema):
    """The unified diff of one field in one language."""

    field: str
    language: Language
    text: str


class ChangedSchema(Schema):
    """A changed entry: its changed fields, and on request their diffs."""

    id: str
    fields: tuple[str, ...]
    diff: tuple[DiffSchema, ...] = ()


class ChangesSchema(Schema):
    """The changes between two builds; `from` is null before the first build, `to` for an unpublished one."""

    old: str | None = Field(alias="from")
    new: str | None = Field(alias="to")
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[ChangedSchema, ...]
