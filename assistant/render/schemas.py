"""The JSON forms of what genlens prints and serves; their keys are a promise to those who read them.

`assistant/render/text.py` makes them of records. The command line prints them with `--json`, and the tool
server returns them with the id of the build that was served.
"""

from typing import Any

from typing_extensions import TypedDict  # which pydantic asks for below Python 3.12

from kb.entries import Kind, Language, Marker, Origin, RiskLevel, Role


class FoundForm(TypedDict):
    """An entry that was found."""

    id: str
    title: str


class CitationForm(TypedDict):
    """An entry that an answer rests on, with the words quoted from it."""

    id: str
    title: str
    edition: str
    url: str
    quote: str


class StatementForm(TypedDict):
    """Words of an answer, and the entries that support them (`id` is the first) or why they are in doubt."""

    part: str
    text: str
    id: str
    url: str
    ids: list[str]
    supported: bool
    doubt: str | None


class UsageForm(TypedDict):
    """What a language model read and wrote; the cost is in US dollars, null where it is not known."""

    model: str
    read: int
    written: int
    estimated: bool
    cached: bool
    cost: float | None
    priced: str | None


class AnswerForm(TypedDict):
    """An answer; `answer` is the whole of it as plain text."""

    question: str
    covered: bool
    answer: str
    citations: list[CitationForm]
    hits: list[FoundForm]
    build: str
    statements: list[StatementForm]
    note: str
    usage: UsageForm | None


class HitForm(TypedDict):
    """One hit of a keyword search."""

    id: str
    title: str
    kind: Kind
    source: str
    pillar: str | None
    risk_level: RiskLevel | None
    url: str
    snippet: str


class SearchForm(TypedDict):
    """What a keyword search found, best first."""

    query: str
    hits: list[HitForm]


class ItemForm(TypedDict):
    """One paragraph, list entry, code block or minor heading of a section."""

    text: str
    marker: Marker
    depth: int


class LinkForm(TypedDict):
    """A link that a section holds."""

    text: str
    url: str


class SectionForm(TypedDict):
    """A titled part of an entry; `text` is that of its items, joined by line breaks."""

    title: str
    role: Role
    items: list[ItemForm]
    anchor: str
    links: list[LinkForm]
    origin: Origin
    text: str


class WhyForm(TypedDict):
    """Another entry, and what it has to do with this one."""

    id: str
    why: str


class EntryForm(TypedDict):
    """A whole entry in one language."""

    id: str
    kind: Kind
    title: str
    source: str
    edition: str
    url: str
    language: Language
    sections: list[SectionForm]
    pillar: str | None
    question: str | None
    risk_level: RiskLevel | None
    phases: list[str]
    wa_tool: str | None
    related: list[WhyForm]


class RowForm(TypedDict):
    """What a list says of an entry."""

    id: str
    title: str
    kind: Kind
    source: str
    edition: str
    pillar: str | None
    question: str | None
    risk_level: RiskLevel | None
    url: str


class ListForm(TypedDict):
    """Entries in the order of the sources."""

    entries: list[RowForm]


class NearForm(TypedDict):
    """An entry that is related to another one, and why."""

    id: str
    title: str
    kind: Kind
    url: str
    why: str


class RelatedForm(TypedDict):
    """An entry and those that it is related to."""

    id: str
    title: str
    related: list[NearForm]


class FailureForm(TypedDict):
    """What failed at the last refresh."""

    what: str
    reason: str
    at: str


# "from" is a word of Python's own, so these two are made by a call.
SourceForm = TypedDict(
    "SourceForm",
    {"name": str, "edition": str, "language": str, "entries": int, "fetched_at": str, "from": str},
)


class StatusForm(TypedDict):
    """What is served, the builds that are kept, and what failed since.

    `checked_at` is when its sites last had nothing newer, null where none of them was ever read.
    """

    build: str
    made_at: str
    checked_at: str | None
    model: str
    counts: dict[str, int]
    chunks: int
    sources: list[SourceForm]
    kept: list[str]
    failures: list[FailureForm]


ChangesForm = TypedDict(
    "ChangesForm",
    {
        "from": str | None,  # null where nothing was served
        "to": str | None,  # null where nothing is published
        "added": list[str],
        "removed": list[str],
        "changed": list[dict[str, Any]],  # id and fields, and a diff a field where it is asked for
    },
)
