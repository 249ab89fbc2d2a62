"""Answers as Markdown; all text of pages, models and users is escaped."""

from assistant.answers.records import Answer, Part, Statement
from assistant.render.escape import escape, link
from assistant.render.labels import words_of
from assistant.render.text import HEADED, NEAREST, OPENING
from kb.entries import Language


def answer_markdown(answer: Answer) -> str:
    """The answer as Markdown: each statement with linked ids, or the doubt about it."""
    words = words_of("answer", answer.language)
    note = [f"*{escape(answer.note)}*"] if answer.note else []
    if not answer.covered:
        topics = [f"- {escape(hit.title)} ({escape(hit.id)})" for hit in answer.hits[:NEAREST]]
        return "\n".join([*note, *([""] if note else []), escape(words["not_covered"]), "", *topics])
    opening = [statement_markdown(s, answer.language) for s in answer.statements if s.part in OPENING]
    blocks = [*note, " ".join(opening)]
    for part in HEADED:
        lines = [statement_markdown(s, answer.language) for s in answer.statements if s.part is part]
        if lines:
            mark = "1." if part is Part.DO else "-"
            blocks.append("\n".join([f"**{words[part]}**", "", *(f"{mark} {line}" for line in lines)]))
    return "\n\n".join(blocks)


def statement_markdown(statement: Statement, language: Language) -> str:
    """One statement as Markdown, with links to its passages, or the doubt about it."""
    if statement.doubt:
        doubt = words_of("answer", language)[statement.doubt]
        return f"{escape(statement.text)} *(⚠ {escape(doubt)})*"
    links = (link(passage.entry.id, passage.url) for passage in statement.passages)
    return f"{escape(statement.text)} {' '.join(links)}"
