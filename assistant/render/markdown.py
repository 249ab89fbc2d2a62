"""Answers as Markdown; all text of pages, models and users is escaped."""

from assistant.answers.records import Answer, Part, Statement
from assistant.render.escape import escape, link
from assistant.render.labels import words_of
from assistant.render.text import NEAREST, headed, opening
from kb.entries import Language


def answer_markdown(answer: Answer) -> str:
    """The answer as Markdown: each statement with linked ids, or the doubt about it."""
    words = words_of("answer", answer.language)
    note = [f"*{escape(answer.note)}*"] if answer.note else []
    if not answer.covered:
        topics = [f"- {escape(hit.title)} ({escape(hit.id)})" for hit in answer.hits[:NEAREST]]
        return "\n".join([*note, *([""] if note else []), escape(words["not_covered"]), "", *topics])
    lead = [statement_markdown(statement, answer.language) for statement in opening(answer)]
    blocks = [*note, " ".join(lead)]
    for part, statements in headed(answer):
        mark = "1." if part is Part.DO else "-"
        lines = (f"{mark} {statement_markdown(statement, answer.language)}" for statement in statements)
        blocks.append("\n".join([f"**{words[part]}**", "", *lines]))
    return "\n\n".join(blocks)


def statement_markdown(statement: Statement, language: Language) -> str:
    """One statement as Markdown, with links to its passages, or the doubt about it."""
    if statement.doubt:
        doubt = words_of("answer", language)[statement.doubt]
        return f"{escape(statement.text)} *(⚠ {escape(doubt)})*"
    links = (link(passage.entry.id, passage.url) for passage in statement.passages)
    return f"{escape(statement.text)} {' '.join(links)}"
