"""An answer as text, Markdown and JSON, the same for every front end.

Text of pages and users is data: in Markdown every punctuation mark of it is escaped, so that nothing in
it becomes a link, an image, HTML, a formula or a directive.
"""

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from assistant.answer import Answer, Part, Statement
from kb.base import Hit
from kb.builds import Manifest
from kb.entries import Entry, Kind, Language, Marker, Section, entry_record
from kb.evaluate import Metrics, Outcome
from kb.failures import Failure

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
_PUNCTUATION = re.compile(f"([{re.escape(string.punctuation)}])")
_INDENT = "   "


def escape(text: str) -> str:
    """The text with every ASCII punctuation mark escaped for Markdown (CommonMark, section 2.4)."""
    return _PUNCTUATION.sub(r"\\\1", text)


def answer_text(answer: Answer) -> str:
    """The answer as plain text: each statement carries its id in brackets."""
    if not answer.covered:
        topics = [f"- {found.title} [{found.id}]" for found in answer.hits[:5]]
        return "\n".join([NOT_COVERED[answer.language], *topics])
    blocks = [" ".join(_cited(s) for s in answer.statements if s.part is Part.LEAD)]
    for part, heading in HEADINGS[answer.language].items():
        lines = [s for s in answer.statements if s.part is part]
        if lines:
            marks = [f"{i}." if part is Part.DO else "-" for i in range(1, len(lines) + 1)]
            blocks.append(
                "\n".join([f"{heading}:", *(f"{m} {_cited(s)}" for m, s in zip(marks, lines, strict=True))])
            )
    return "\n\n".join(blocks)


def answer_markdown(answer: Answer) -> str:
    """The answer as Markdown: each statement is followed by its id, linked to the cited section."""
    if not answer.covered:
        topics = [f"- {escape(found.title)} ({escape(found.id)})" for found in answer.hits[:5]]
        return "\n".join([escape(NOT_COVERED[answer.language]), "", *topics])
    blocks = [" ".join(_linked(s) for s in answer.statements if s.part is Part.LEAD)]
    for part, heading in HEADINGS[answer.language].items():
        lines = [_linked(s) for s in answer.statements if s.part is part]
        if lines:
            mark = "1." if part is Part.DO else "-"
            blocks.append("\n".join([f"**{heading}**", "", *(f"{mark} {line}" for line in lines)]))
    return "\n\n".join(blocks)


def answer_json(answer: Answer) -> dict[str, Any]:
    """The answer as JSON values; the keys are a promise to those who read them."""
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
        "statements": [{"part": s.part, "text": s.text, "id": s.id, "url": s.url} for s in answer.statements],
    }


def answer_sources(answer: Answer) -> str:
    """The entries that an answer rests on as plain text: id, title and address, in order of first use."""
    return "\n".join(f"[{c.id}] {c.title}\n{_INDENT}{c.url}" for c in answer.citations)


def hit_json(hit: Hit, snippet: str) -> dict[str, Any]:
    """One hit of a keyword search as JSON values; the keys are a promise to those who read them."""
    entry = hit.entry
    return {
        "id": entry.id,
        "title": entry.title,
        "kind": entry.kind,
        "source": entry.source,
        "pillar": entry.pillar,
        "risk_level": entry.risk_level,
        "url": entry.url,
        "snippet": snippet,
    }


def entry_json(entry: Entry) -> dict[str, Any]:
    """A whole entry as JSON values."""
    return dict(entry_record(entry))


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


def entry_row(entry: Entry) -> dict[str, Any]:
    """What a list says of an entry, as JSON values."""
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
) -> dict[str, Any]:
    """What is served, the builds that are kept, and what failed since; the keys are a promise to readers.

    "checked_at" is when its sites last had nothing newer, null where none of them was ever read.
    """
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
        "failures": [asdict(failure) for failure in failures],
    }


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


def _linked(statement: Statement) -> str:
    return f"{escape(statement.text)} [{escape(statement.id)}]({statement.url})"


def _cited(statement: Statement) -> str:
    return f"{statement.text} [{statement.id}]"
