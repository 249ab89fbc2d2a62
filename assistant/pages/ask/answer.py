"""An answer with its sources beside it; each mark opens the cited passage in a drawer."""

from collections.abc import Callable
from typing import Literal

import streamlit as st

from assistant.answers.records import Answer, Gap, Part, Statement
from assistant.pages.ask.messages import Message, ask_without_filters
from assistant.pages.labels import label
from assistant.pages.shared import entry_link, level_badge
from assistant.pages.words import PageWords
from assistant.render.escape import escape, link
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
from assistant.render.sections import section_markdown
from assistant.render.text import usage_text
from kb.entries import Entry, Origin, Section
from kb.index.passages import Passage

# On the labelled questions a right entry is first in 97 of 100 answers above this confidence, and in 87
# below.
STRONG = 0.9
WORDS = PageWords("ask_answer")

Write = Callable[[str], object]
"""Draws Markdown at once, or word by word."""


def draw_answer(message: Message, *, fresh: bool) -> None:
    """Draw the answer of a message with its sources, or its error; a fresh answer appears word by word."""
    if message.turn is None:
        st.error(escape(message.error))
        return
    answer = message.turn.answer
    if message.turn.rewritten:
        st.caption(WORDS("understood", question=escape(message.turn.question)))
    elif message.turn.shortened:
        st.caption(WORDS("taken", question=escape(answer.question)))
    for line in notes(answer):
        st.caption(escape(line))
    if not answer.covered:
        _draw_nearest(answer, message.key)
        return
    left, right = st.columns([5, 3], gap="large")
    with left:
        _draw_match(answer)
        _draw_statements(answer, message.key, _stream if fresh else st.markdown)
        if answer.usage:
            st.caption(escape(usage_text(answer.usage)))
    with right:
        st.markdown(f"**{WORDS('sources')}**")
        for passage in answer.citations:
            _draw_source(passage)


def _stream(text: str) -> None:
    st.write_stream([text])


def _draw_match(answer: Answer) -> None:
    strong = answer.confidence >= STRONG
    colour, text = ("primary", WORDS("strong")) if strong else ("gray", WORDS("weak"))
    st.markdown(f":{colour}-badge[{text}]", help=WORDS("strong_help" if strong else "weak_help"))


def _draw_nearest(answer: Answer, key: str) -> None:
    """Say why the question has no answer, with links to the nearest topics."""
    st.markdown(escape(gap_line(answer)))
    with st.container(gap="xsmall"):
        for hit in nearest(answer):
            entry_link(hit.id, f"{escape(hit.title)} :small[{escape(hit.id)}]")
    if answer.gap is Gap.HIDDEN:
        st.button(WORDS("unfiltered"), key=f"unfiltered-{key}", on_click=ask_without_filters, args=(key,))


def _draw_statements(answer: Answer, key: str, write: Write) -> None:
    """Draw the opening statements, then the others below their headings; `key` identifies the message."""
    words = words_of("answer", answer.language)
    for number, statement in enumerate(opening(answer), start=1):
        _draw_statement(statement, f"{key}-opening-{number}", "", words, write)
    for place, block in enumerate(blocks(answer)):
        st.markdown(f"**{escape(block.heading)}**")
        for at, (number, statement) in enumerate(zip(block.numbers, block.statements, strict=True)):
            mark = f"**{number}**\u2002" if number else ""
            _draw_statement(statement, f"{key}-{place}-{at}", mark, words, write)
    if note := footnote(answer.statements, words):
        st.caption(escape(note))


def _draw_statement(statement: Statement, key: str, mark: str, words: Words, write: Write) -> None:
    """Draw a statement with its sub-items, and below it a mark per supporting entry or the doubt about it."""
    related = statement.part is Part.RELATED
    first, *rest = [related_line(statement)] if related else lines_of(statement)
    star = "\\*" * is_restated(statement)
    with st.container(gap=None):
        write("\n".join([f"{mark}{escape(first)}{star}", *(f"- {escape(line)}" for line in rest)]))
        if statement.doubt:
            # Not a caption: its text is too pale for a warning.
            st.markdown(f":small[:orange[:material/warning: {escape(words[statement.doubt])}]]")
        with st.container(horizontal=True, gap="small"):
            for entry_id in dict.fromkeys(statement.ids):
                _draw_mark(statement, entry_id, f"mark-{key}-{entry_id}")


def _draw_mark(statement: Statement, entry_id: str, key: str) -> None:
    """Draw the id of a supporting entry as a button that opens its passages."""
    text = f":primary[:small[:material/format_quote: {escape(entry_id)}]]"
    if st.button(text, key=key, type="tertiary", help=WORDS("open")):
        passages = [passage for passage in statement.passages if passage.entry.id == entry_id]
        st.dialog(WORDS("passage"), width="medium", position="right")(_draw_passages)(passages)


def _draw_source(passage: Passage) -> None:
    """Draw a cited entry: its facts, the cited passage, and links to the site and to the entry."""
    entry = passage.entry
    with st.container(border=True, gap="small"):
        st.markdown(f"**{escape(entry.id)}** — {escape(entry.title)}")
        with st.container(horizontal=True, gap="small"):
            if entry.risk_level:
                level_badge(entry.risk_level)
            if entry.pillar:
                st.badge(escape(label(entry.pillar)), color="gray")
        st.markdown(f":small[“{escape(passage.text)}”]")
        _draw_links(entry, passage.section, gap="small")


def _draw_passages(passages: list[Passage]) -> None:
    """Draw the section of the first passage, with all passages in it highlighted."""
    first = passages[0]
    entry, section = first.entry, first.section
    spans = [(p.start, p.end) for p in passages if p.section_index == first.section_index]
    st.markdown(f"**{escape(entry.id)}** — {escape(entry.title)}")
    if entry.risk_level:
        level_badge(entry.risk_level)
    st.caption(WORDS("section", section=escape(section.title)))
    st.markdown(section_markdown(section, spans))
    _draw_links(entry, section, gap="medium")


def _draw_links(entry: Entry, section: Section, gap: Literal["small", "medium"]) -> None:
    """Draw links to the site and to the whole entry; a catalogue section is not on the site, its entry is."""
    with st.container(horizontal=True, gap=gap, vertical_alignment="center"):
        if section.origin is Origin.CATALOGUE:
            site = f"{link(WORDS('page'), entry.url)}\n\n:small[{WORDS('own_words')}]"
        else:
            site = link(WORDS("site", section=section.title), entry.section_url(section))
        st.markdown(site, width="content")
        entry_link(entry.id, WORDS("entry"))
