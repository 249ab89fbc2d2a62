"""An answer as text, Markdown and JSON, the same for every front end.

Text of pages and users is data: in Markdown every punctuation mark of it is escaped, so that nothing in
it becomes a link, an image, HTML, a formula or a directive.
"""

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast

from assistant.answer import Answer, Doubt, Part, Place, Statement
from assistant.forms import (
    AnswerForm,
    EntryForm,
    HitForm,
    ListForm,
    RelatedForm,
    RowForm,
    SearchForm,
    StatementForm,
    StatusForm,
    UsageForm,
)
from assistant.snippets import Snippet, snippet
from assistant.usage import Usage
from kb.base import Hit
from kb.builds import Manifest
from kb.entries import Entry, Kind, Language, Marker, Section, entry_record
from kb.evaluate import Metrics, Outcome
from kb.failures import Failure
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
_PUNCTUATION = re.compile(f"([{re.escape(string.punctuation)}])")
_INDENT = "   "
# The parts that stand first, without a heading.
_OPENING = (Part.LEAD, Part.SAID)


def escape(text: str) -> str:
    """The text with every ASCII punctuation mark escaped for Markdown (CommonMark, section 2.4)."""
    return _PUNCTUATION.sub(r"\\\1", text)


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
    links = (f"[{escape(place.id)}]({place.url})" for place in places(statement))
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


def status_json(
    manifest: Manifest, kept: Sequence[str], failures: Sequence[Failure] = (), checked_at: str = ""
) -> StatusForm:
    """What is served, the builds that are kept, and what failed since, as JSON values."""
    return {
        "build": manifest.id,
        "made_at": manifest.made_at,
        "checked_at": checked_at or None,
        "model": manifest.model,
        "counts": manifest.counts,
        "chunks": manifest.chunks,
        "sources": [
            {
                "name": state.name,
                "edition": state.edition,
                "language": state.language,
                "entries": state.entries,
                "fetched_at": state.fetched_at,
                "from": state.origin,
            }
            for state in manifest.sources
        ],
        "kept": list(kept),
        "failures": [{"what": f.what, "reason": f.reason, "at": f.at} for f in failures],
    }


def status_text(record: StatusForm) -> str:
    """What is served, what is kept, and what failed, as plain text."""
    counts = ", ".join(f"{count} {kind.replace('_', ' ')}s" for kind, count in record["counts"].items())
    lines = [f"build  {record['build']}", f"model  {record['model']}", f"holds  {counts}"]
    for source in record["sources"]:
        edition = f"{source['name']} {source['edition']} ({source['language']})"
        lines.append(
            f"       {edition}: {source['entries']} entries from the {source['from']}, {source['fetched_at']}"
        )
    lines.append(f"checked {record['checked_at'] or 'never: no site was read'}")
    served = {record["build"]: "  (served)"}
    lines += [f"kept   {build_id}{served.get(build_id, '')}" for build_id in record["kept"]]
    lines += [f"failed {f['what']}, {f['at']}: {f['reason']}" for f in record["failures"]]
    return "\n".join(lines)


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """One line of a run, as JSON values."""
    return {"id": outcome.question.id, "ranked": list(outcome.ranked), "answered": outcome.answered}


def metrics_json(metrics: Mapping[str, Metrics]) -> dict[str, Any]:
    """Metrics per group, as JSON values."""
    return {name: asdict(group) for name, group in metrics.items()}


def metrics_text(metrics: Mapping[str, Metrics]) -> str:
    """Metrics per group as a table."""
    head = (
        f"{'group':12} {'n':>4} {'hit@1':>7} {'recall@5':>9} {'MRR@10':>7} {'nDCG@10':>8} {'abstained':>10}"
    )
    rows = [
        f"{name:12} {m.count:4} {m.hit_at_1:7.3f} {m.recall_at_5:9.3f} {m.mrr_at_10:7.3f} "
        f"{m.ndcg_at_10:8.3f} {m.abstained:10.3f}"
        for name, m in metrics.items()
    ]
    return "\n".join([head, *rows])


def _section_text(section: Section) -> str:
    lines = [section.title.upper()]
    numbers: dict[int, int] = {}
    for item in section.items:
        for deeper in [depth for depth in numbers if depth > item.depth]:
            del numbers[deeper]
        mark = ""
        if item.marker is Marker.NUMBER:
            numbers[item.depth] = numbers.get(item.depth, 0) + 1
            mark = f"{numbers[item.depth]}. "
        elif item.marker is Marker.BULLET:
            mark = "- "
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
