"""Records as JSON: what `--json` prints and the tool server returns. The keys are a promise to their readers.

tests/assistant/render/schemas/ has the schema of every form; a change of one is a change for users.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from assistant.answers.passages import Passage
from assistant.answers.records import Answer, Doubt, Part
from assistant.render.snippets import snippet
from assistant.render.text import answer_text
from kb.entries import Entry, Kind, Language, Marker, Origin, RiskLevel, Role
from kb.ranking.search import Hit
from kb.text import terms


class Form(BaseModel):
    """Base of all forms; fields are read from the attributes of records."""

    model_config = ConfigDict(from_attributes=True, frozen=True, defer_build=True)

    def dump(self) -> dict[str, Any]:
        """The form as plain JSON values; fields that were not set are left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class EntryRefForm(Form):
    """The id and title of an entry."""

    id: str
    title: str


class CitationForm(EntryRefForm):
    """A cited entry with the quoted words."""

    edition: str
    url: str
    quote: str


class StatementForm(Form):
    """A statement with its supporting entries (`id` is the first), or the doubt about it."""

    part: Part
    text: str
    id: str
    url: str
    ids: tuple[str, ...]
    supported: bool
    doubt: Doubt | None


class UsageForm(Form):
    """Tokens and cost of a language model; the cost is in US dollars, null for unknown prices."""

    model: str
    read: int
    written: int
    estimated: bool
    cached: bool
    cost: float | None
    priced: date | None


class AnswerForm(Form):
    """An answer; `answer` is all of it as plain text."""

    question: str
    covered: bool
    answer: str
    citations: tuple[CitationForm, ...]
    hits: tuple[EntryRefForm, ...]
    build: str
    statements: tuple[StatementForm, ...]
    note: str
    usage: UsageForm | None


class HitForm(EntryRefForm):
    """One hit of a keyword search."""

    kind: Kind
    source: str
    pillar: str | None
    risk_level: RiskLevel | None
    url: str
    snippet: str


class SearchForm(Form):
    """The hits of a keyword search, best first."""

    query: str
    hits: tuple[HitForm, ...]


class ItemForm(Form):
    """A paragraph, list entry, code block or minor heading of a section."""

    text: str
    marker: Marker
    depth: int


class LinkForm(Form):
    """A link in a section."""

    text: str
    url: str


class SectionForm(Form):
    """A titled part of an entry; `text` joins the texts of its items with line breaks."""

    title: str
    role: Role
    items: tuple[ItemForm, ...]
    anchor: str
    links: tuple[LinkForm, ...]
    origin: Origin
    text: str


class WhyForm(Form):
    """A related entry and the reason."""

    id: str
    why: str


class EntryForm(Form):
    """A whole entry in one language."""

    id: str
    kind: Kind
    title: str
    source: str
    edition: str
    url: str
    language: Language
    sections: tuple[SectionForm, ...]
    pillar: str | None
    question: str | None
    risk_level: RiskLevel | None
    phases: tuple[str, ...]
    wa_tool: str | None
    related: tuple[WhyForm, ...]


class RowForm(EntryRefForm):
    """The facts of an entry in a list."""

    kind: Kind
    source: str
    edition: str
    pillar: str | None
    question: str | None
    risk_level: RiskLevel | None
    url: str


class ListForm(Form):
    """Entries in the order of the sources."""

    entries: tuple[RowForm, ...]


class NearForm(EntryRefForm):
    """A related entry with its facts and the reason."""

    kind: Kind
    url: str
    why: str


class RelatedForm(EntryRefForm):
    """An entry and its related entries."""

    related: tuple[NearForm, ...]


class FailureForm(Form):
    """A failure of the last refresh."""

    what: str
    reason: str
    at: str


class SourceForm(Form):
    """The origin of one edition."""

    name: str
    edition: str
    language: str
    entries: int
    fetched_at: str
    origin: str = Field(alias="from")


class StatusForm(Form):
    """The served build, the kept builds, and the failures since.

    `checked_at` is when the sites were last found unchanged, null if none was ever read.
    """

    build: str
    made_at: str
    checked_at: str | None
    model: str
    counts: dict[str, int]
    chunks: int
    sources: tuple[SourceForm, ...]
    kept: tuple[str, ...]
    failures: tuple[FailureForm, ...]


class DiffForm(Form):
    """The unified diff of one field in one language."""

    field: str
    language: Language
    text: str


class ChangedForm(Form):
    """A changed entry: its changed fields, and on request their diffs."""

    id: str
    fields: tuple[str, ...]
    diff: tuple[DiffForm, ...] = ()


class ChangesForm(Form):
    """The changes between two builds; `from` is null before the first build, `to` for an unpublished one."""

    old: str | None = Field(alias="from")
    new: str | None = Field(alias="to")
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[ChangedForm, ...]


def answer_form(answer: Answer) -> AnswerForm:
    """The form of an answer."""
    return AnswerForm(
        question=answer.question,
        covered=answer.covered,
        answer=answer_text(answer),
        citations=tuple(_citation(passage) for passage in answer.citations),
        hits=tuple(EntryRefForm.model_validate(hit) for hit in answer.hits),
        build=answer.build,
        statements=tuple(StatementForm.model_validate(statement) for statement in answer.statements),
        note=answer.note,
        usage=UsageForm.model_validate(answer.usage) if answer.usage else None,
    )


def search_form(typed: str, hits: Sequence[Hit]) -> SearchForm:
    """The form of a keyword search."""
    wanted = frozenset(terms(typed))
    return SearchForm(query=typed, hits=tuple(_hit(hit, snippet(hit, wanted).text) for hit in hits))


def entry_form(entry: Entry) -> EntryForm:
    """The form of a whole entry."""
    return EntryForm.model_validate(entry)


def list_form(entries: Sequence[Entry]) -> ListForm:
    """The form of a list of entries."""
    return ListForm(entries=tuple(RowForm.model_validate(entry) for entry in entries))


def related_form(entry: Entry, others: Sequence[tuple[Entry, str]]) -> RelatedForm:
    """The form of an entry and others, each with the reason."""
    related = tuple(
        NearForm(id=other.id, title=other.title, kind=other.kind, url=other.url, why=why)
        for other, why in others
    )
    return RelatedForm(id=entry.id, title=entry.title, related=related)


def _citation(passage: Passage) -> CitationForm:
    entry = passage.entry
    return CitationForm(
        id=entry.id, title=entry.title, edition=entry.edition, url=passage.url, quote=passage.text
    )


def _hit(hit: Hit, words: str) -> HitForm:
    entry = hit.entry
    return HitForm(
        id=entry.id,
        title=entry.title,
        kind=entry.kind,
        source=entry.source,
        pillar=entry.pillar,
        risk_level=entry.risk_level,
        url=entry.url,
        snippet=words,
    )
