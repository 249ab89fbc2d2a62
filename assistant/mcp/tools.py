"""The tools of the tool server: one method per tool, with bounds on every argument.

All tools only read. A result is text for a model and JSON for a program; both name the build. A new build is
used from the next call on.
"""

import json
from dataclasses import replace
from typing import Annotated

from mcp_types import CallToolResult, TextContent
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from assistant.faithfulness.claims import ClaimCheck
from assistant.generate import ask
from assistant.mcp.excerpts import excerpt, left_out_text
from assistant.mcp.results import (
    ChangesResult,
    CheckResult,
    EntryResult,
    ListResult,
    RelatedResult,
    SearchResult,
)
from assistant.render.changes import changes_json, changes_text
from assistant.render.claims import check_json, check_text
from assistant.render.json import answer_json, entry_json, list_json, related_json, search_json
from assistant.render.schemas import AnswerSchema, Schema, StatusSchema
from assistant.render.status import status_of, status_text
from assistant.render.text import answer_with_sources, entry_text, related_text, search_text, tree_text
from kb.changes import Changes, between
from kb.entries import Entry, Kind, Language, RiskLevel
from kb.errors import InputError
from kb.ids import PILLARS
from kb.ranking.filters import Filters
from kb.ranking.query import MAX_TYPED
from kb.serving import ServedBuild
from kb.settings import Settings

DIFF = "see it with: genlens changes OLD NEW --diff"
MAX_FILTERS = 10
MAX_HITS = 50
MAX_SECTIONS = 100
MAX_DIFF = 20_000  # characters
MAX_RESULT = 60_000  # characters of text and JSON together


def _known_pillars(names: frozenset[str]) -> frozenset[str]:
    """The names, if each is a pillar.

    :raises ValueError: one is not.
    """
    if unknown := sorted(names - set(PILLARS.values())):
        raise ValueError(f"{unknown[0]!r} is not a pillar; expected one of: {', '.join(PILLARS.values())}")
    return names


Short = Annotated[str, Field(min_length=1, max_length=60)]
Shorts = Annotated[frozenset[Short], Field(max_length=MAX_FILTERS)]
Question = Annotated[
    str, Field(min_length=1, max_length=MAX_TYPED, description="A question in English or Japanese.")
]
CheckedText = Annotated[
    str,
    Field(min_length=1, max_length=MAX_TYPED, description="Sentences with ids such as [GENSEC05-BP01]."),
]
EntryId = Annotated[
    Short, Field(description="An id in any spelling: GENSEC05-BP01, gensec5 bp1, LLM03:2026, llm6 2025.")
]
BuildId = Annotated[Short, Field(description="The id of a kept build; `status` lists them.")]
SectionNumbers = Annotated[
    frozenset[Annotated[int, Field(ge=1, le=1_000)]],
    Field(max_length=MAX_SECTIONS, description="Numbers of sections from 1; by default all that fit."),
]
Pillars = Annotated[
    Shorts,
    AfterValidator(_known_pillars),
    Field(json_schema_extra={"items": {"type": "string", "enum": list(PILLARS.values())}}),
]


class Narrowed(BaseModel):
    """Allowed values of entries; an empty list allows every value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: frozenset[Kind] = frozenset()
    pillars: Pillars = frozenset()
    sources: Annotated[Shorts, Field(description="For example genai-lens or owasp-llm.")] = frozenset()
    editions: Annotated[Shorts, Field(description="For example 2025.")] = frozenset()
    risk_levels: frozenset[RiskLevel] = frozenset()

    @property
    def filters(self) -> Filters:
        """The same as filters of the search."""
        return Filters(self.kinds, self.pillars, self.sources, self.editions, self.risk_levels)


ANY = Narrowed()
PRACTICES_AND_RISKS = Narrowed(kinds=frozenset({Kind.BEST_PRACTICE, Kind.RISK}))


class Tools:
    """The tools of a home: one method per tool; a model reads its docstring."""

    def __init__(self, settings: Settings) -> None:
        self._home = settings.home
        self._served = ServedBuild(settings)

    def ask(self, question: Question, filters: Narrowed = ANY) -> Annotated[CallToolResult, AnswerSchema]:
        """Answer a design question about a generative AI workload from the sources.

        A statement quotes a source, or restates the `quote` beside it (`origin` is `genlens`).
        Every statement has the id of the best practice or risk it comes from. If `covered` is false, the
        sources do not answer the question, and the hits are the nearest topics.
        """
        answer = ask(self._served.base(), question, filters.filters)
        return _result(answer_with_sources(answer), answer_json(answer))

    def search_best_practices(
        self,
        query: Question,
        filters: Narrowed = PRACTICES_AND_RISKS,
        limit: Annotated[int, Field(ge=1, le=MAX_HITS)] = 10,
    ) -> Annotated[CallToolResult, SearchResult]:
        """Find best practices and risks by keyword, best first; phrases in double quotes must occur.

        `filters.kinds` can name other kinds of entries: questions, design principles, pages.
        """
        base = self._served.base()
        hits = base.search(query, filters.filters, limit)
        found = SearchResult(**dict(search_json(query, hits)), build=base.build)
        return _result(search_text(query, hits) or "nothing found", found)

    def get_entry(
        self, entry_id: EntryId, language: Language = Language.ENGLISH, sections: SectionNumbers = frozenset()
    ) -> Annotated[CallToolResult, EntryResult]:
        """Read an entry by its id: a question, best practice, risk, design principle or page.

        Sections that do not fit into one result are listed in `left_out`; `sections` asks for them.
        """
        base = self._served.base()
        entry, left_out = excerpt(base.entry(entry_id, language), sorted(sections))
        record = dict(entry_json(entry)) | {"left_out": left_out, "build": base.build}
        return _result(entry_text(entry) + left_out_text(entry, left_out), EntryResult.model_validate(record))

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
        listed = ListResult(**dict(list_json(entries)), build=base.build)
        return _result(tree_text(entries) or "nothing found", listed)

    def check_statements(self, text: CheckedText) -> Annotated[CallToolResult, CheckResult]:
        """Check for each sentence of a text whether the entries whose ids it names support it.

        `doubts` are the reasons why not, and `rests_on` has the words of the entries nearest to it.
        """
        base = self._served.base()
        checked = ClaimCheck(base).text(text)
        found = CheckResult(**dict(check_json(checked)), build=base.build)
        return _result(check_text(checked), found)

    def related(
        self, entry_id: EntryId, language: Language = Language.ENGLISH
    ) -> Annotated[CallToolResult, RelatedResult]:
        """List the entries related to an entry, each with the reason, such as risks a practice answers."""
        base = self._served.base()
        entry = base.entry(entry_id, language)
        others = base.related(entry)
        found = RelatedResult(**dict(related_json(entry, others)), build=base.build)
        return _result(related_text(entry, others), found)

    def what_changed(
        self, old: BuildId | None = None, new: BuildId | None = None, entry_id: EntryId | None = None
    ) -> Annotated[CallToolResult, ChangesResult]:
        """Compare two kept builds, by default the last two.

        With the id of an entry, only this entry is compared, and its changes are shown as a diff.
        """
        base = self._served.base()
        changes = between(self._home, old, new)
        if entry_id is not None:
            changes = _only(changes, base.entry(entry_id))
        diff = entry_id is not None and len(changes_text(changes, diff=True)) <= MAX_DIFF
        note = (
            "" if diff or entry_id is None else f"\n\nThe diff is longer than {MAX_DIFF} characters; {DIFF}"
        )
        record = changes_json(changes, diff=diff).dump()
        result = ChangesResult.model_validate(record | {"build": base.build})
        return _result(changes_text(changes, diff=diff) + note, result)

    def status(self) -> Annotated[CallToolResult, StatusSchema]:
        """Show the served build with its model, counts and sources, the kept builds, and failures."""
        status = status_of(self._home, self._served.base().manifest)
        return _result(status_text(status), status)


def _result(text: str, found: Schema) -> CallToolResult:
    """A result as text and as JSON, both with the build.

    :raises InputError: it is too long.
    """
    record = found.dump()
    size = len(text) + len(json.dumps(record, ensure_ascii=False))
    if size > MAX_RESULT:
        raise InputError(f"the result has {size} characters, more than {MAX_RESULT}; ask for less of it")
    return CallToolResult(
        content=[TextContent(text=f"{text}\n\nbuild {record['build']}")], structured_content=record
    )


def _only(changes: Changes, entry: Entry) -> Changes:
    """The changes of one entry."""
    return replace(
        changes,
        added=tuple(e for e in changes.added if e.id == entry.id),
        removed=tuple(e for e in changes.removed if e.id == entry.id),
        changed=tuple(c for c in changes.changed if c.entry.id == entry.id),
    )
