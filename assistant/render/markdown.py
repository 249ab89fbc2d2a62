"""Answers as Markdown; all text of pages, models and users is escaped."""

from assistant.answers.records import Answer, Part, Statement
from assistant.render.escape import escape, link
from assistant.render.labels import words_of
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
from kb.entries import Language


def answer_markdown(answer: Answer) -> str:
    """The answer as Markdown: each statement with linked ids, or the doubt about it."""
    words = words_of("answer", answer.language)
    note = [f"*{escape(line)}*" for line in notes(answer)]
    if not answer.covered:
        topics = [f"- {escape(hit.title)} ({escape(hit.id)})" for hit in nearest(answer)]
        return "\n\n".join([*note, escape(gap_line(answer)), "\n".join(topics)]).rstrip()
    lead = [statement_markdown(statement, answer.language) for statement in opening(answer)]
    shown = [*note, " ".join(lead)]
    for block in blocks(answer):
        marks = ("1." if number else "-" for number in block.numbers)
        texts = (statement_markdown(statement, answer.language) for statement in block.statements)
        lines = (f"{mark} {text}" for mark, text in zip(marks, texts, strict=True))
        shown.append("\n".join([f"**{escape(block.heading)}**", "", *lines]))
    shown.append(escape(footnote(answer.statements, words)))
    return "\n\n".join(filter(None, shown))


def statement_markdown(statement: Statement, language: Language) -> str:
    """One statement as Markdown, with links to its passages, or the doubt about it; sub-items below it."""
    if statement.doubt:
        doubt = words_of("answer", language)[statement.doubt]
        return f"{escape(statement.text)} *(⚠ {escape(doubt)})*"
    links = " ".join(link(passage.entry.id, passage.url) for passage in statement.passages)
    if statement.part is Part.RELATED:
        return f"{escape(related_line(statement))} {links}"
    first, *rest = lines_of(statement)
    star = "\\*" * is_restated(statement)
    return "\n".join([f"{escape(first)} {links}{star}", *(f"   - {escape(line)}" for line in rest)])
