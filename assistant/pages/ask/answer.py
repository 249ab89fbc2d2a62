"""An answer on the page: its statements with marks that open the quoted passage, and the sources beside."""

from collections.abc import Callable

import streamlit as st

from assistant.answers.citations import Citation
from assistant.answers.composition import Answer, Part, Place, Statement
from assistant.pages.ask.messages import Message
from assistant.pages.labels import label
from assistant.pages.shared import entry_link, level_badge
from assistant.pages.words import Words
from assistant.render.escape import escape, link
from assistant.render.sections import section_markdown
from assistant.render.text import DOUBTS, HEADINGS, NOT_COVERED, places, usage_text
from kb.entries import Entry, Language, Origin, Section

# Of the labelled questions that are answered, those above this confidence have a right entry first in 97 of
# 100 cases, those below it in 87.
STRONG = 0.9
NEAREST = 5
WORDS = Words(
    {
        "strong": "Strong match",
        "weak": "Weak match",
        "weak help": "The sources touch on this question; check whether they mean what you mean.",
        "strong help": "The sources answer this question.",
        "understood": "Understood as: {question}",
        "sources": "Sources",
        "site": "{section} on the site",
        "page": "Page on the site",
        "own words": "In the words of genlens",
        "entry": "Whole entry",
        "open": "Open the passage",
        "passage": "Cited passage",
        "section": "Section: {section}",
    },
    {
        "strong": "よく一致",
        "weak": "部分的に一致",
        "weak help": "出典はこの質問に触れています。意図と合っているか確認してください。",
        "strong help": "出典はこの質問に答えています。",
        "understood": "質問の解釈: {question}",
        "sources": "出典",
        "site": "サイトの「{section}」",
        "page": "サイトのページ",
        "own words": "genlens による言い換え",
        "entry": "項目の全文",
        "open": "引用箇所を開く",
        "passage": "引用箇所",
        "section": "節: {section}",
    },
)


def draw_answer(message: Message, *, fresh: bool) -> None:
    """A message's answer, with its sources beside it where it has any; a fresh one is written as it comes."""
    if message.turn is None:
        st.error(escape(message.error))
        return
    answer = message.turn.answer
    if message.turn.rewritten:
        st.caption(WORDS("understood", question=escape(message.turn.question)))
    if answer.note:
        st.caption(escape(answer.note))
    if not answer.covered:
        _draw_nearest(message, answer)
        return
    words, sources = st.columns([5, 3], gap="large")
    with words:
        _draw_match(answer)
        _draw_statements(message, answer, _write if fresh else st.markdown)
        if answer.usage:
            st.caption(escape(usage_text(answer.usage)))
    with sources:
        st.markdown(f"**{WORDS('sources')}**")
        for citation in answer.citations:
            _draw_source(message, citation)


def _write(text: str) -> None:
    st.write_stream([text])


def _draw_match(answer: Answer) -> None:
    strength = "strong" if answer.confidence >= STRONG else "weak"
    colour = {"strong": "primary", "weak": "gray"}[strength]
    st.markdown(f":{colour}-badge[{WORDS(strength)}]", help=WORDS(f"{strength} help"))


def _draw_nearest(message: Message, answer: Answer) -> None:
    """What is said where nothing fits: so, and the nearest topics, each of which opens its entry."""
    st.markdown(escape(NOT_COVERED[answer.language]))
    with st.container(gap="xsmall"):
        for found in answer.hits[:NEAREST]:
            entry_link(message.entries[found.id], f"{escape(found.title)} :small[{escape(found.id)}]")


def _draw_statements(message: Message, answer: Answer, write: Callable[[str], object]) -> None:
    numbered = list(enumerate(answer.statements))
    headings = HEADINGS[answer.language]
    for place, statement in numbered:
        if statement.part not in headings:
            _draw_statement(message, place, statement, "", write)
    for part, heading in headings.items():
        own = [(place, statement) for place, statement in numbered if statement.part is part]
        if own:
            st.markdown(f"**{escape(heading)}**")
        for number, (place, statement) in enumerate(own, start=1):
            mark = f"**{number}**\u2002" if part is Part.DO else ""
            _draw_statement(message, place, statement, mark, write)


def _draw_statement(
    message: Message, place: int, statement: Statement, mark: str, write: Callable[[str], object]
) -> None:
    """A statement, with marks of what supports it, which open the passage, or with what is in doubt."""
    with st.container(gap=None):
        write(f"{mark}{escape(statement.text)}")
        if statement.doubt:
            language = message.turn.answer.language if message.turn else Language.ENGLISH
            doubt = escape(DOUBTS[language][statement.doubt])
            st.markdown(f":small[:orange[:material/warning: {doubt}]]")  # a caption would pale it
        with st.container(horizontal=True, gap="small"):
            for support in places(statement):
                _draw_mark(message, f"{place}-{support.id}", statement, support)


def _draw_mark(message: Message, key: str, statement: Statement, support: Place) -> None:
    entry = message.entries[support.id]
    if st.button(
        f":primary[:small[:material/format_quote: {escape(support.id)}]]",
        key=f"mark-{message.key}-{key}",
        type="tertiary",
        help=WORDS("open"),
    ):
        _open(entry, support.url, _quotes(message, statement, entry))


def _quotes(message: Message, statement: Statement, entry: Entry) -> list[str]:
    """The words of an entry that a statement rests on: its own, or else those cited from the entry."""
    own = any(statement.text in section.text for section in entry.sections)
    cited = message.turn.answer.citations if message.turn else ()
    return [statement.text] if own else [c.quote for c in cited if c.id == entry.id]


def _draw_source(message: Message, citation: Citation) -> None:
    """One cited entry: what it is, the quoted words, and where they stand."""
    entry = message.entries[citation.id]
    with st.container(border=True, gap="small"):
        st.markdown(f"**{escape(citation.id)}** — {escape(citation.title)}")
        with st.container(horizontal=True, gap="small"):
            if citation.risk_level:
                level_badge(citation.risk_level)
            if citation.pillar:
                st.badge(escape(label(citation.pillar)), color="gray")
        st.markdown(f":small[“{escape(citation.quote)}”]")
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            _draw_site_link(entry, _section(entry, citation.url, [citation.quote]))
            entry_link(entry, WORDS("entry"))


def _open(entry: Entry, url: str, quotes: list[str]) -> None:
    """Open the passage in a drawer beside the page."""
    section = _section(entry, url, quotes)
    st.dialog(WORDS("passage"), width="medium", position="right")(_draw_passage)(entry, section, quotes)


def _section(entry: Entry, url: str, quotes: list[str]) -> Section:
    """The section that holds the quotes, at the address if one there does."""
    holding = [s for s in entry.sections if any(quote in s.text for quote in quotes)] or entry.sections
    return next((section for section in holding if entry.section_url(section) == url), holding[0])


def _draw_passage(entry: Entry, section: Section, quotes: list[str]) -> None:
    st.markdown(f"**{escape(entry.id)}** — {escape(entry.title)}")
    if entry.risk_level:
        level_badge(entry.risk_level)
    st.caption(WORDS("section", section=escape(section.title)))
    st.markdown(section_markdown(section, quotes))
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        _draw_site_link(entry, section)
        entry_link(entry, WORDS("entry"))


def _draw_site_link(entry: Entry, section: Section) -> None:
    """Where a section stands on the site; the words of genlens stand nowhere there, but their entry does."""
    if section.origin is Origin.CATALOGUE:
        st.markdown(f"{link(WORDS('page'), entry.url)}\n\n:small[{WORDS('own words')}]", width="content")
    else:
        site = link(WORDS("site", section=section.title), entry.section_url(section))
        st.markdown(site, width="content")
