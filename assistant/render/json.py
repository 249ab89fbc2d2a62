"""Answers, hits and entries as JSON."""

from collections.abc import Sequence

from assistant.answers.records import Answer, origin_of
from assistant.render.schemas import (
    AnswerSchema,
    CitationSchema,
    EntryRefSchema,
    EntrySchema,
    HitSchema,
    ListSchema,
    NearSchema,
    RelatedSchema,
    RowSchema,
    SearchSchema,
    StatementSchema,
    UsageSchema,
)
from assistant.render.snippets import snippet
from assistant.render.text import answer_text
from kb.entries import Entry
from kb.index.passages import Passage
from kb.ranking.search import Hit
from kb.text import terms


def answer_json(answer: Answer) -> AnswerSchema:
    """An answer; `answer` in it is all of it as plain text."""
    return AnswerSchema(
        question=answer.question,
        covered=answer.covered,
        answer=answer_text(answer),
        citations=tuple(_citation(passage) for passage in answer.citations),
        hits=tuple(EntryRefSchema.model_validate(hit) for hit in answer.hits),
        build=answer.build,
        statements=tuple(StatementSchema.model_validate(statement) for statement in answer.statements),
        note=answer.note,
        usage=UsageSchema.model_validate(answer.usage) if answer.usage else None,
        gap=answer.gap,
        unknown=answer.unknown,
    )


def search_json(typed: str, hits: Sequence[Hit]) -> SearchSchema:
    """The hits of a keyword search, with snippets."""
    wanted = frozenset(terms(typed))
    return SearchSchema(query=typed, hits=tuple(_hit(hit, snippet(hit, wanted).text) for hit in hits))


def entry_json(entry: Entry) -> EntrySchema:
    """A whole entry."""
    return EntrySchema.model_validate(entry)


def list_json(entries: Sequence[Entry]) -> ListSchema:
    """The facts of entries."""
    return ListSchema(entries=tuple(RowSchema.model_validate(entry) for entry in entries))


def related_json(entry: Entry, others: Sequence[tuple[Entry, str]]) -> RelatedSchema:
    """An entry and others, each with the reason."""
    related = tuple(
        NearSchema(id=other.id, title=other.title, kind=other.kind, url=other.url, why=why)
        for other, why in others
    )
    return RelatedSchema(id=entry.id, title=entry.title, related=related)


def _citation(passage: Passage) -> CitationSchema:
    entry = passage.entry
    return CitationSchema(
        id=entry.id,
        title=entry.title,
        edition=entry.edition,
        url=passage.url,
        quote=passage.text,
        origin=origin_of(passage),
    )


def _hit(hit: Hit, words: str) -> HitSchema:
    entry = hit.entry
    return HitSchema(
        id=entry.id,
        title=entry.title,
        kind=entry.kind,
        source=entry.source,
        pillar=entry.pillar,
        risk_level=entry.risk_level,
        url=entry.url,
        snippet=words,
    )
