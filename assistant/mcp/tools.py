"""What the tool server offers: one method a tool, with bounds on every argument.

Every tool reads and none writes. A result is text for a model and JSON for a program, and both name the
build that it came from; a new build is noticed at the next call.
"""

from dataclasses import replace
from typing import Annotated, Any

from mcp_types import CallToolResult, TextContent
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from assistant.answers.composition import ask
from assistant.render.changes import changes_json, changes_text
from assistant.render.schemas import (
    AnswerForm,
    ChangesForm,
    EntryForm,
    ListForm,
    RelatedForm,
    SearchForm,
    StatusForm,
)
from assistant.render.status import status_of, status_text
from assistant.render.text import (
    answer_json,
    answer_with_sources,
    entry_json,
    entry_text,
    list_json,
    related_json,
    related_text,
    search_json,
    search_text,
    tree_text,
)
from kb.changes import Changes, between
from kb.entries import Entry, Kind, Language, RiskLevel
from kb.ids import PILLARS
from kb.ranking.filters import Filters
from kb.ranking.query import MAX_QUESTION
from kb.serving import ServedBuild
from kb.settings import Settings

MAX_FILTERS = 10
MAX_HITS = 50


def _known_pillars(names: frozenset[str]) -> frozenset[str]:
    """The same names, where each is a pillar."""
    if unknown := sorted(names - set(PILLARS.values())):
        raise ValueError(f"{unknown[0]!r} is no pillar; expected one of: {', '.join(PILLARS.values())}")
    return names


Short = Annotated[str, Field(min_length=1, max_length=60)]
Shorts = Annotated[frozenset[Short], Field(max_length=MAX_FILTERS)]
Question = Annotated[
    str, Field(min_length=1, max_length=MAX_QUESTION, description="A question in English or Japanese.")
]
EntryId = Annotated[
    Short, Field(description="An id in any spelling: GENSEC05-BP01, gensec5 bp1, LLM03:2026, llm6 2025.")
]
BuildId = Annotated[Short, Field(description="The id of a build that is kept; `status` lists them.")]
Pillars = Annotated[
    Shorts,
    AfterValidator(_known_pillars),
    Field(json_schema_extra={"items": {"type": "string", "enum": list(PILLARS.values())}}),
]


class Narrowed(BaseModel):
    """What entries may be; an empty list lets every value pass."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: frozenset[Kind] = frozenset()
    pillars: Pillars = frozenset()
    sources: Annotated[Shorts, Field(description="For example genai-lens or owasp-llm.")] = frozenset()
    editions: Annotated[Shorts, Field(description="For example 2025.")] = frozenset()
    risk_levels: frozenset[RiskLevel] = frozenset()

    @property
    def filters(self) -> Filters:
        """The same as the search uses it."""
        return Filters(self.kinds, self.pillars, self.sources, self.editions, self.risk_levels)


ALL = Narrowed()
PRACTICES_AND_RISKS = Narrowed(kinds=frozenset({Kind.BEST_PRACTICE, Kind.RISK}))


class FoundResult(SearchForm):
    """What a search found, and the build."""

    build: str


class EntryResult(EntryForm):
    """A whole entry, and the build."""

    build: str


class ListResult(ListForm):
    """Entries, and the build."""

    build: str


class RelatedResult(RelatedForm):
    """Related entries, and the build."""

    build: str


class ChangesResult(ChangesForm):
    """What differs between two builds, and the build that is served."""

    build: str


class Tools:
    """What the server offers: a method a tool, whose docstring is what a model reads of it."""

    def __init__(self, settings: Settings) -> None:
        self._home = settings.home
        self._served = ServedBuild(settings)

    def ask(self, question: Question, filters: Narrowed = ALL) -> Annotated[CallToolResult, AnswerForm]:
        """Answer a design question about a generative AI workload in the words of the sources.

        Every statement carries the id of the best practice or risk it comes from. `covered` is false where
        the sources do not answer the question; the hits are then the nearest topics.
        """
        answer = ask(self._served.base(), question, filters.filters)
        return _result(answer_with_sources(answer), answer_json(answer))

    def search_best_practices(
        self,
        query: Question,
        filters: Narrowed = PRACTICES_AND_RISKS,
        limit: Annotated[int, Field(ge=1, le=MAX_HITS)] = 10,
    ) -> Annotated[CallToolResult, FoundResult]:
        """Find best practices and risks by keyword, best first; words in double quotes must stand together.

        Other kinds of entries (questions, design principles, pages) are found where `filters.kinds` names
        them.
        """
        base = self._served.base()
        hits = base.search(query, filters.filters, limit)
        found: FoundResult = {**search_json(query, hits), "build": base.build}
        return _result(search_text(query, hits) or "nothing found", found)

    def get_entry(
        self, entry_id: EntryId, language: Language = Language.ENGLISH
    ) -> Annotated[CallToolResult, EntryResult]:
        """Read one entry whole: a question, best practice, risk, design principle or page, by its id."""
        base = self._served.base()
        entry = base.entry(entry_id, language)
        found: EntryResult = {**entry_json(entry), "build": base.build}
        return _result(entry_text(entry), found)

    def list_questions(
        self,
        pillars: Pillars = frozenset(),
        with_best_practices: Annotated[bool, Field(description="List their best practices too.")] = False,
        language: Language = Language.ENGLISH,
    ) -> Annotated[CallToolResult, ListResult]:
        """List the questions of the lens, pillar by pillar."""
        kinds = {Kind.QUESTION, Kind.BEST_PRACTICE} if with_best_practices else {Kind.QUESTION}
        base = self._served.base()
        entries = base.listed(language, Filters(frozenset(kinds), pillars))
        listed: ListResult = {**list_json(entries), "build": base.build}
        return _result(tree_text(entries) or "nothing found", listed)

    def related(
        self, entry_id: EntryId, language: Language = Language.ENGLISH
    ) -> Annotated[CallToolResult, RelatedResult]:
        """Tell which entries have to do with one, and why: risks that a practice answers, and the like."""
        base = self._served.base()
        entry = base.entry(entry_id, language)
        others = base.related(entry)
        found: RelatedResult = {**related_json(entry, others), "build": base.build}
        return _result(related_text(entry, others), found)

    def what_changed(
        self, old: BuildId | None = None, new: BuildId | None = None, entry_id: EntryId | None = None
    ) -> Annotated[CallToolResult, ChangesResult]:
        """Tell what differs between two builds that are kept, by default the last two.

        With the id of an entry only that one is compared, and what it said and says is told as a diff.
        """
        base = self._served.base()
        found = between(self._home, old, new)
        if entry_id is not None:
            found = _only(found, base.entry(entry_id))
        record: ChangesResult = {**changes_json(found, diff=entry_id is not None), "build": base.build}
        return _result(changes_text(found, diff=entry_id is not None), record)

    def status(self) -> Annotated[CallToolResult, StatusForm]:
        """Tell what is served: build, model, counts, where entries came from; what is kept, what failed."""
        record = status_of(self._home, self._served.base().manifest)
        return _result(status_text(record), record)


def _result(text: str, record: Any) -> CallToolResult:  # noqa: ANN401 - each tool names its form
    """A record as text and as JSON; both name the build."""
    return CallToolResult(
        content=[TextContent(text=f"{text}\n\nbuild {record['build']}")], structured_content=record
    )


def _only(changes: Changes, entry: Entry) -> Changes:
    """What differs of one entry."""
    return replace(
        changes,
        added=tuple(e for e in changes.added if e.id == entry.id),
        removed=tuple(e for e in changes.removed if e.id == entry.id),
        changed=tuple(c for c in changes.changed if c.entry.id == entry.id),
    )
