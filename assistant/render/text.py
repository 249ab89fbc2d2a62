"""Answers, hits and entries as plain text."""

from collections.abc import Iterator, Sequence

from assistant.answers.records import Answer, Part, Statement, Usage
from assistant.render.labels import Words, words_of
from assistant.render.sections import numbered
from assistant.render.snippets import snippet
from kb.entries import Entry, Kind, Marker, Section
from kb.ranking.search import Hit
from kb.text import terms

_INDENT = "   "
NEAREST = 5
# The parts of an answer without a heading, and the others in order.
OPENING = (Part.LEAD, Part.SAID)
HEADED = (Part.DO, Part.WHY, Part.RELATED)


def opening(answer: Answer) -> tuple[Statement, ...]:
    """The statements of an answer without a heading."""
    return tuple(statement for statement in answer.statements if statement.part in OPENING)


def headed(answer: Answer) -> Iterator[tuple[Part, tuple[Statement, ...]]]:
    """The other statements by part, in the order of their headings; parts without statements are left out."""
    for part in HEADED:
        if statements := tuple(statement for statement in answer.statements if statement.part is part):
            yield part, statements


def answer_text(answer: Answer) -> str:
    """The answer as plain text: each statement with its ids in brackets, or the doubt about it."""
    words = words_of("answer", answer.language)
    note = [f"({answer.note})"] if answer.note else []
    if not answer.covered:
        topics = [f"- {hit.title} [{hit.id}]" for hit in answer.hits[:NEAREST]]
        return "\n".join([*note, words["not_covered"], *topics])
    blocks = [*note, " ".join(_cited(statement, words) for statement in opening(answer))]
    for part, statements in headed(answer):
        marks = (f"{number}." if part is Part.DO else "-" for number in range(1, len(statements) + 1))
        lines = (f"{mark} {_cited(s, words)}" for mark, s in zip(marks, statements, strict=True))
        blocks.append("\n".join([f"{words[part]}:", *lines]))
    return "\n\n".join(blocks)


def answer_sources(answer: Answer) -> str:
    """The cited entries as plain text: id, title and address, in order of first use."""
    return "\n".join(f"[{p.entry.id}] {p.entry.title}\n{_INDENT}{p.url}" for p in answer.citations)


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
    if statement.doubt:
        return f"{statement.text} (⚠ {words[statement.doubt]})"
    return f"{statement.text} {''.join(f'[{entry_id}]' for entry_id in statement.ids)}"
