"""Answers, hits and entries as plain text."""

from collections.abc import Sequence

from assistant.answers.records import Answer, Part, Statement, Usage
from assistant.render.labels import Words, words_of
from assistant.render.outline import (
    blocks,
    footnote,
    gap_line,
    is_restated,
    lines_of,
    nearest,
    notes,
    opening,
    related_line,
)
from assistant.render.sections import numbered
from assistant.render.snippets import snippet
from kb.entries import Entry, Kind, Marker, Section
from kb.ranking.search import Hit
from kb.text import squeeze, terms

_INDENT = "   "


def answer_text(answer: Answer) -> str:
    """The answer as plain text: each statement with its ids in brackets, or the doubt about it."""
    words = words_of("answer", answer.language)
    note = [f"({line})" for line in notes(answer)]
    if not answer.covered:
        topics = [f"- {hit.title} [{hit.id}]" for hit in nearest(answer)]
        return "\n".join([*note, gap_line(answer), *topics])
    shown = [*note, " ".join(_cited(statement, words) for statement in opening(answer))]
    for block in blocks(answer):
        marks = (f"{number}." if number else "-" for number in block.numbers)
        lines = (f"{mark} {_cited(s, words)}" for mark, s in zip(marks, block.statements, strict=True))
        shown.append("\n".join([f"{block.heading}:", *lines]))
    shown.append(footnote(answer.statements, words))
    return "\n\n".join(filter(None, shown))


def answer_sources(answer: Answer) -> str:
    """The cited entries as plain text, in order of first use: id, title, address.

    Words of the source that genlens restates are quoted.
    """
    restated = {s.passages[0] for s in answer.statements if is_restated(s) and s.quote}
    return "\n".join(
        f"[{p.entry.id}] {p.entry.title}\n{_INDENT}{p.url}"
        + (f"\n{_INDENT}“{squeeze(p.text)}”" if p in restated else "")
        for p in answer.citations
    )


def answer_with_sources(answer: Answer) -> str:
    """The answer as plain text, and below it the cited entries."""
    return "\n\n".join(part for part in (answer_text(answer), answer_sources(answer)) if part)


def usage_text(usage: Usage) -> str:
    """Tokens and cost of a language model in one line."""
    about = "about " if usage.estimated else ""
    cached = ", cached" if usage.cached else ""
    cost = "" if usage.cost is None else f", about ${usage.cost:.4f} at prices of {usage.priced}"
    return f"{usage.model}: {about}{usage.read:,} tokens read, {usage.written:,} written{cached}{cost}"


def search_text(typed: str, hits: Sequence[Hit], before: str = "", after: str = "") -> str:
    """The hits of a keyword search as plain text; matches stand between two strings."""
    wanted = frozenset(terms(typed))
    lines = []
    for hit in hits:
        facts = " · ".join(str(fact) for fact in (hit.entry.pillar, hit.entry.risk_level) if fact)
        lines.append(f"{hit.entry.id}  {hit.entry.title}" + (f"  ({facts})" if facts else ""))
        lines.append(f"{_INDENT}{snippet(hit, wanted).marked(before, after)}")
    return "\n".join(lines)


def entry_text(entry: Entry) -> str:
    """A whole entry as plain text: its facts, then its sections with steps numbered and nested."""
    words = words_of("entry_text", entry.language)
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


def related_text(entry: Entry, others: Sequence[tuple[Entry, str]]) -> str:
    """An entry and others as plain text, each with the reason."""
    lines = [f"{other.id}  {other.title}\n{_INDENT}{why}" for other, why in others]
    return "\n".join([f"{entry.id}  {entry.title}", "", *lines] if lines else [f"{entry.id}  {entry.title}"])


def tree_text(entries: Sequence[Entry]) -> str:
    """Entries as an indented tree: pillar, question, best practice; others under source and edition."""
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


def _cited(statement: Statement, words: Words) -> str:
    """A statement with its ids, or the doubt about it; sub-items below it."""
    if statement.doubt:
        return f"{statement.text} (⚠ {words[statement.doubt]})"
    if statement.part is Part.RELATED:
        return f"{related_line(statement)} [{statement.id}]"
    ids = "".join(f"[{entry_id}]" for entry_id in statement.ids) + "*" * is_restated(statement)
    first, *rest = lines_of(statement)
    return "\n".join([f"{first} {ids}", *(f"{_INDENT}- {line}" for line in rest)])
