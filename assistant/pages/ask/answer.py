"""An answer with its sources beside it; each mark opens the cited passage in a drawer."""

from collections.abc import Mapping

import streamlit as st

from assistant.answers.records import Answer, Gap, Part, Statement
from assistant.pages.address import replace
from assistant.pages.ask.filters import FILTERS
from assistant.pages.ask.messages import Message
from assistant.pages.links import passage_url, place_of, source_link
from assistant.pages.shared import LEVEL_COLOURS, entry_link
from assistant.pages.words import PageWords
from assistant.render.escape import escape
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
from kb.entries import Origin
from kb.index.passages import Passage

# On the labelled questions a right entry is first in 97 of 100 answers above this confidence, and in 87
# below.
STRONG = 0.9
WORDS, RISK_BADGE = PageWords("ask_answer"), PageWords("risk_badge")

Numbers = Mapping[str, int]
"""The numbers of the cited entries by id, as in the list of sources."""


def draw_answer(message: Message) -> None:
    """Draw the answer of a message with its sources, or its error."""
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
        _draw_nearest(answer)
        return
    numbers = {passage.entry.id: n for n, passage in enumerate(answer.citations, start=1)}
    left, right = st.columns([5, 3], gap="medium")
    with left:
        _draw_statements(answer, message.key, numbers)
        _draw_match(answer)
    with right, st.container(gap="xsmall"):
        for passage in answer.citations:
            _draw_source(passage, numbers)


def _draw_match(answer: Answer) -> None:
    """Draw how well the sources match, the note on our own words, and what a language model used."""
    strong = answer.confidence >= STRONG
    colour, text = ("primary", WORDS("strong")) if strong else ("gray", WORDS("weak"))
    st.markdown(f":{colour}-badge[{text}]", help=WORDS("strong_help" if strong else "weak_help"))
    if note := footnote(answer.statements, words_of("answer", answer.language)):
        st.caption(escape(note))
    if answer.usage:
        st.caption(escape(usage_text(answer.usage)))


def _draw_nearest(answer: Answer) -> None:
    """Say why the question has no answer, with links to the nearest topics."""
    st.markdown(escape(gap_line(answer)))
    with st.container(gap="xsmall"):
        for hit in nearest(answer):
            entry_link(hit.id, f"{escape(hit.title)} :small[{escape(hit.id)}]")
    if answer.gap is Gap.HIDDEN:
        st.button(WORDS("unfiltered"), on_click=replace, args=(FILTERS[0], "", *FILTERS[1:]))


def _draw_statements(answer: Answer, key: str, numbers: Numbers) -> None:
    """Draw the opening statements, then the others below their headings; `key` identifies the message."""
    words = words_of("answer", answer.language)
    with st.container(gap="xsmall"):
        for number, statement in enumerate(opening(answer), start=1):
            _draw_statement(statement, f"{key}-opening-{number}", "", words, numbers)
    for place, block in enumerate(blocks(answer)):
        with st.container(gap="xsmall"):
            st.markdown(f"**{escape(block.heading)}**")
            for at, (number, statement) in enumerate(zip(block.numbers, block.statements, strict=True)):
                mark = f"{number}. " if number else ""
                _draw_statement(statement, f"{key}-{place}-{at}", mark, words, numbers)


def _draw_statement(statement: Statement, key: str, mark: str, words: Words, numbers: Numbers) -> None:
    """Draw a statement with its sub-items, and beside it a mark per entry that it is from."""
    related = statement.part is Part.RELATED
    first, *rest = [related_line(statement)] if related else lines_of(statement)
    star = "\\*" * is_restated(statement)
    indent = "    " if mark else ""
    text = "\n".join([f"{mark}{escape(first)}{star}", *(f"{indent}- {escape(line)}" for line in rest)])
    with st.container(horizontal=True, wrap=False, gap="xsmall"):
        with st.container(gap=None):
            st.markdown(text)
            if statement.doubt:
                # Not a caption: its text is too pale for a warning.
                st.markdown(f":small[:orange[:material/warning: {escape(words[statement.doubt])}]]")
        for entry_id in dict.fromkeys(statement.ids):
            _draw_mark(statement, entry_id, f"mark-{key}-{entry_id}", numbers)


def _draw_mark(statement: Statement, entry_id: str, key: str, numbers: Numbers) -> None:
    """Draw the number of a cited entry as a button that opens its passages."""
    passages = [passage for passage in statement.passages if passage.entry.id == entry_id]
    entry = passages[0].entry
    number = f":primary-badge[{numbers[entry_id]}]"
    told = f"{escape(entry.id)} · {escape(entry.title)}"
    if st.button(number, key=key, type="tertiary", help=told):
        st.dialog(WORDS("passage"), width="medium", position="right")(_draw_passages)(passages)


def _draw_source(passage: Passage, numbers: Numbers) -> None:
    """Draw a cited entry: its number, id, level of risk and title, and links to the site and to the entry."""
    entry = passage.entry
    with st.container(border=True, gap="xxsmall"):
        level = entry.risk_level
        badge = f" :{LEVEL_COLOURS[level]}-badge[{RISK_BADGE(level)}]" if level else ""
        head = f":primary-badge[{numbers[entry.id]}] **{escape(entry.id)}**{badge}"
        st.markdown(f"{head}  \n:small[{escape(entry.title)}]")
        _draw_links(passage)


def _draw_passages(passages: list[Passage]) -> None:
    """Draw the section of the first passage, with all passages in it highlighted."""
    first = passages[0]
    entry, section = first.entry, first.section
    spans = [(p.start, p.end) for p in passages if p.section_index == first.section_index]
    st.markdown(f"**{escape(entry.id)}** {escape(entry.title)}")
    _draw_links(first)
    st.caption(WORDS("section", section=escape(section.title)))
    st.markdown(section_markdown(section, spans))
    if section.origin is Origin.CATALOGUE:
        st.caption(WORDS("own_words"))


def _draw_links(passage: Passage) -> None:
    """Draw links to the passage on the site, and to its entry, which keeps the highlight."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(f":small[{source_link(passage.entry, passage_url(passage))}]", width="content")
        entry_link(passage.entry.id, f":small[{WORDS('entry')}]", at=place_of(passage))
