"""Answers, hits and entries as text, Markdown and JSON, the same for every front end."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from assistant.answers.composition import Answer, Doubt, Part, Place, Statement
from assistant.llm.usage import Usage
from assistant.render.escape import escape, link
from assistant.render.schemas import (
    AnswerForm,
    EntryForm,
    HitForm,
    ListForm,
    RelatedForm,
    RowForm,
    SearchForm,
    StatementForm,
    UsageForm,
)
from assistant.render.sections import numbered
from assistant.render.snippets import Snippet, snippet
from kb.entries import Entry, Kind, Language, Marker, Section, entry_record
from kb.ranking.search import Hit
from kb.text import terms

HEADINGS = {
    Language.ENGLISH: {Part.DO: "What to do", Part.WHY: "Why it matters", Part.RELATED: "Related"},
    Language.JAPANESE: {Part.DO: "実施すること", Part.WHY: "なぜ重要か", Part.RELATED: "関連項目"},
}
FACTS = {
    Language.ENGLISH: {
        "risk": "Level of risk",
        "phases": "Life cycle",
        "tool": "AWS Well-Architected Tool",
        "related": "RELATED",
    },
    Language.JAPANESE: {
        "risk": "リスクレベル",
        "phases": "ライフサイクル",
        "tool": "AWS Well-Architected Tool",
        "related": "関連項目",
    },
}
NOT_COVERED = {
    Language.ENGLISH: "Not covered: the lens and the OWASP list do not answer this. Nearest topics:",
    Language.JAPANESE: "対象外です。この質問の答えはレンズにも OWASP のリストにもありません。近い項目:",
}
DOUBTS = {
    Language.ENGLISH: {
        Doubt.UNCITED: "no source given",
        Doubt.UNSUPPORTED: "not supported by the passages it cited",
    },
    Language.JAPANESE: {
        Doubt.UNCITED: "出典なし",
        Doubt.UNSUPPORTED: "引用した箇所に裏付けがありません",
    },
}
_INDENT = "   "
# The parts that stand first, without a heading.
_OPENING = (Part.LEAD, Part.SAID)


def answer_text(answer: Answer) -> str:
    """The answer as plain text: each statement carries its id in brackets, or what is in doubt about it."""
    note = [f"({answer.note})"] if answer.note else []
    if not answer.covered:
        topics = [f"- {found.title} [{found.id}]" for found in answer.hits[:5]]
        return "\n".join([*note, NOT_COVERED[answer.language], *topics])
    words = DOUBTS[answer.language]
    blocks = [*note, " ".join(_cited(s, words) for s in answer.statements if s.part in _OPENING)]
    for part, heading in HEADINGS[answer.language].items():
        lines = [s for s in answer.statements if s.part is part]
        if lines:
            marks = [f"{i}." if part is Part.DO else "-" for i in range(1, len(lines) + 1)]
            blocks.append(
                "\n".join(
                    [f"{heading}:", *(f"{m} {_cited(s, words)}" for m, s in zip(marks, lines, strict=True))]
                )
            )
    return "\n\n".join(blocks)


def answer_markdown(answer: Answer) -> str:
    """The answer as Markdown: each statement is followed by its id, linked to the cited section.

    A statement in doubt says so instead.
    """
    note = [f"*{escape(answer.note)}*"] if answer.note else []
    if not answer.covered:
        topics = [f"- {escape(found.title)} ({escape(found.id)})" for found in answer.hits[:5]]
        return "\n".join([*note, *([""] if note else []), escape(NOT_COVERED[answer.language]), "", *topics])
    opening = [statement_markdown(s, answer.language) for s in answer.statements if s.part in _OPENING]
    blocks = [*note, " ".join(opening)]
    for part, heading in HEADINGS[answer.language].items():
        lines = [statement_markdown(s, answer.language) for s in answer.statements if s.part is part]
        if lines:
            mark = "1." if part is Part.DO else "-"
            blocks.append("\n".join([f"**{heading}**", "", *(f"{mark} {line}" for line in lines)]))
    return "\n\n".join(blocks)


def statement_markdown(statement: Statement, language: Language) -> str:
    """One statement as Markdown, with links to what supports it, or with what is in doubt about it."""
    if statement.doubt:
        return f"{escape(statement.text)} *(⚠ {escape(DOUBTS[language][statement.doubt])})*"
    links = (link(place.id, place.url) for place in places(statement))
    return f"{escape(statement.text)} {' '.join(links)}"


def answer_json(answer: Answer) -> AnswerForm:
    """The answer as JSON values."""
    return {
        "question": answer.question,
        "covered": answer.covered,
        "answer": answer_text(answer),
        "citations": [
            {"id": c.id, "title": c.title, "edition": c.edition, "url": c.url, "quote": c.quote}
            for c in answer.citations
        ],
        "hits": [{"id": found.id, "title": found.title} for found in answer.hits],
        "build": answer.build,
        "statements": [_statement_json(s) for s in answer.statements],
        "note": answer.note,
        "usage": usage_json(answer.usage) if answer.usage else None,
    }


def usage_json(usage: Usage) -> UsageForm:
    """What a language model read and wrote, as JSON values."""
    return {
        "model": usage.model,
        "read": usage.read,
        "written": usage.written,
        "estimated": usage.estimated,
        "cached": usage.cached,
        "cost": usage.cost,
        "priced": usage.priced.isoformat() if usage.priced else None,
    }


def usage_text(usage: Usage) -> str:
    """The same as one line."""
    about = "about " if usage.estimated else ""
    kept = ", kept from before" if usage.cached else ""
    cost = "" if usage.cost is None else f", about ${usage.cost:.4f} at prices of {usage.priced}"
    return f"{usage.model}: {about}{usage.read:,} tokens read, {usage.written:,} written{kept}{cost}"


def answer_sources(answer: Answer) -> str:
    """The entries that an answer rests on as plain text: id, title and address, in order of first use."""
    return "\n".join(f"[{c.id}] {c.title}\n{_INDENT}{c.url}" for c in answer.citations)


def answer_with_sources(answer: Answer) -> str:
    """The answer as plain text, and the entries it rests on below it."""
    return "\n\n".join(part for part in (answer_text(answer), answer_sources(answer)) if part)


def search_json(typed: str, hits: Sequence[Hit]) -> SearchForm:
    """What a keyword search found, as JSON values."""
    return {"query": typed, "hits": [_hit_json(hit, cut.text) for hit, cut in _cut(typed, hits)]}


def search_text(typed: str, hits: Sequence[Hit], before: str = "", after: str = "") -> str:
    """What a keyword search found, as plain text; matches stand between two strings."""
    lines = []
    for hit, cut in _cut(typed, hits):
        facts = " · ".join(str(fact) for fact in (hit.entry.pillar, hit.entry.risk_level) if fact)
        lines.append(f"{hit.entry.id}  {hit.entry.title}" + (f"  ({facts})" if facts else ""))
        lines.append(f"{_INDENT}{cut.marked(before, after)}")
    return "\n".join(lines)


def _cut(typed: str, hits: Sequence[Hit]) -> Iterator[tuple[Hit, Snippet]]:
    wanted = frozenset(terms(typed))
    return ((hit, snippet(hit, wanted)) for hit in hits)


def _hit_json(hit: Hit, words: str) -> HitForm:
    entry = hit.entry
    return {
        "id": entry.id,
        "title": entry.title,
        "kind": entry.kind,
        "source": entry.source,
        "pillar": entry.pillar,
        "risk_level": entry.risk_level,
        "url": entry.url,
        "snippet": words,
    }


def entry_json(entry: Entry) -> EntryForm:
    """A whole entry as JSON values."""
    return cast(EntryForm, entry_record(entry))  # it has the fields of the record


def entry_text(entry: Entry) -> str:
    """A whole entry as plain text: facts, then each section with its steps numbered and nested."""
    words = FACTS[entry.language]
    facts = [
        entry.pillar,
        entry.question,
        entry.risk_level and f"{words['risk']}: {entry.risk_level}",
        entry.phases and f"{words['phases']}: {', '.join(entry.phases)}",
        entry.wa_tool and f"{words['tool']}: {entry.wa_tool}",
    ]
    head = [f"{entry.id}  {entry.title}", *(str(fact) for fact in facts if fact), entry.url]
    related = [f"- {other.id}: {other.why}" for other in entry.related]
    blocks = ["\n".join(head), *(_section_text(section) for section in entry.sections)]
    return "\n\n".join([*blocks, *(["\n".join([words["related"], *related])] if related else [])])


def list_json(entries: Sequence[Entry]) -> ListForm:
    """Entries as JSON values."""
    return {"entries": [_row(entry) for entry in entries]}


def _row(entry: Entry) -> RowForm:
    return {
        "id": entry.id,
        "title": entry.title,
        "kind": entry.kind,
        "source": entry.source,
        "edition": entry.edition,
        "pillar": entry.pillar,
        "question": entry.question,
        "risk_level": entry.risk_level,
        "url": entry.url,
    }


def related_json(entry: Entry, others: Sequence[tuple[Entry, str]]) -> RelatedForm:
    """An entry and others, each with what it has to do with it, as JSON values."""
    return {
        "id": entry.id,
        "title": entry.title,
        "related": [
            {"id": other.id, "title": other.title, "kind": other.kind, "url": other.url, "why": why}
            for other, why in others
        ],
    }


def related_text(entry: Entry, others: Sequence[tuple[Entry, str]]) -> str:
    """An entry and others as plain text, each with what it has to do with it."""
    lines = [f"{other.id}  {other.title}\n{_INDENT}{why}" for other, why in others]
    return "\n".join([f"{entry.id}  {entry.title}", "", *lines] if lines else [f"{entry.id}  {entry.title}"])


def tree_text(entries: Sequence[Entry]) -> str:
    """Entries as an indented tree: pillar, question, best practice; others under their source and edition."""
    lines: list[str] = []
    branch = ""
    for entry in sorted(entries, key=lambda entry: entry.pillar is None):
        top = entry.pillar or f"{entry.source} {entry.edition}"
        if top != branch:
            lines.append(top)
            branch = top
        if entry.kind is Kind.QUESTION:
            lines.append(f"{_INDENT}{entry.id}  {entry.question}")
        elif entry.kind is Kind.BEST_PRACTICE:
            lines.append(f"{_INDENT * 2}{entry.id}  {entry.title}  ({entry.risk_level})")
        else:
            lines.append(f"{_INDENT}{entry.id}  {entry.title}")
    return "\n".join(lines)


def _section_text(section: Section) -> str:
    lines = [section.title.upper()]
    for item, number in numbered(section.items):
        mark = {Marker.NUMBER: f"{number}. ", Marker.BULLET: "- "}.get(item.marker, "")
        lines += [f"{_INDENT * item.depth}{mark}{line}" for line in item.text.splitlines()]
    return "\n".join(lines)


def _statement_json(statement: Statement) -> StatementForm:
    """One statement; `ids` are all entries that support it, of which `id` is the first."""
    return {
        "part": statement.part,
        "text": statement.text,
        "id": statement.id,
        "url": statement.url,
        "ids": [place.id for place in places(statement)],
        "supported": statement.doubt is None,
        "doubt": statement.doubt,
    }


def places(statement: Statement) -> tuple[Place, ...]:
    """The entries that support a statement, best first; none where it is in doubt."""
    return () if statement.doubt else (Place(statement.id, statement.url), *statement.more)


def _cited(statement: Statement, words: Mapping[Doubt, str]) -> str:
    if statement.doubt:
        return f"{statement.text} (⚠ {words[statement.doubt]})"
    return f"{statement.text} {''.join(f'[{place.id}]' for place in places(statement))}"
