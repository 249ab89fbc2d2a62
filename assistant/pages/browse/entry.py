"""The view of an entry: its facts and sections, its related entries and its neighbours."""

from collections.abc import Iterable, Sequence

import streamlit as st

from assistant.pages import address
from assistant.pages.labels import heading, label
from assistant.pages.links import at_place, passage_url, readable, source_link
from assistant.pages.shared import LEVEL_COLOURS, entry_link, served_base, view
from assistant.pages.words import PageWords, interface_language
from assistant.render.escape import escape
from assistant.render.sections import section_markdown
from assistant.views.crosswalk import Counterpart, Crossing, counterparts, crossings
from assistant.views.tree import neighbours, tree
from kb.entries import SEARCH_ONLY, Entry, Kind, Language, Origin, Role, Section
from kb.errors import GenlensError
from kb.ids import question_of
from kb.index.passages import Passage
from kb.knowledge_base import KnowledgeBase
from kb.text import sentences

WORDS, RISK_BADGE = PageWords("entry"), PageWords("risk_badge")


def show(entry_id: str) -> None:
    """Draw the entry with an id, in the interface language."""
    try:
        base = served_base()
        entry = base.entry(entry_id, interface_language())
    except GenlensError as error:
        st.error(escape(str(error)))
        return
    st.set_page_config(page_title=f"{entry.id} {entry.title} · genlens")
    draw_entry(base, entry)


def draw_entry(base: KnowledgeBase, entry: Entry) -> None:
    """Draw an entry, in its language."""
    _draw_path(base, entry)
    st.title(escape(entry.title), anchor=False)
    cited = at_place(entry, st.query_params.get("at", ""))
    _draw_facts(entry, cited)
    words, beside = st.columns([3, 2], gap="large")
    with words:
        _draw_short(entry)
        if entry.kind is Kind.QUESTION:
            _draw_practices(base, entry)
        _draw_sections(entry, cited)
        _draw_in_english(base, entry)
    with beside:
        _draw_contents(entry)
        _draw_crosswalk(base, entry)
        _draw_related(base, entry)
    _draw_neighbours(base, entry)


def _draw_path(base: KnowledgeBase, entry: Entry) -> None:
    """Draw links to all entries and to the question of the entry."""
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.page_link(view("browse"), label=WORDS("all"), query_params=address.with_language())
        if entry.pillar:
            pillar = address.with_language(pillar=entry.pillar)
            st.page_link(view("browse"), label=f"› {escape(label(entry.pillar))}", query_params=pillar)
        question = question_of(entry.id)
        if question != entry.id and base.has(question):
            asked = base.entry(question, entry.language)
            entry_link(question, f"› {escape(question)} {escape(heading(asked))}")


def _draw_facts(entry: Entry, cited: Passage | None) -> None:
    """Draw one line of facts, with the link to the source and a button that asks about the entry."""
    level = entry.risk_level
    facts = [
        f"**{escape(entry.id)}**",
        f":{LEVEL_COLOURS[level]}-badge[{RISK_BADGE(level)}]" if level else "",
        escape(label(f"{entry.source} {entry.edition}")),
        escape(", ".join(map(label, entry.phases))),
        escape(entry.wa_tool or ""),
    ]
    url = passage_url(cited) if cited else readable(entry.url)
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        st.markdown(" · ".join(filter(None, facts)), width="content")
        st.markdown(source_link(entry, url), width="content")
        st.page_link(
            view("ask"),
            label=WORDS("ask"),
            icon=":material/forum:",
            query_params=address.with_language(q=WORDS("asked", id=entry.id)),
        )


def _draw_short(entry: Entry) -> None:
    """Draw the entry in short, in genlens's own words, if the source's own sections follow."""
    ours = [section for section in _shown(entry) if section.origin is Origin.CATALOGUE]
    short = next((section for section in ours if section.role is Role.INTRODUCTION), None)
    if short and len(ours) < len(_shown(entry)):
        text = short.items[0].text
        start, end = next(sentences(text))
        st.markdown(f"**{WORDS('short')}** {escape(text[start:end])}")


def _draw_practices(base: KnowledgeBase, entry: Entry) -> None:
    branches = (b for branches in tree(base, entry.language).pillars.values() for b in branches)
    own = next(branch for branch in branches if branch.id == entry.id)
    st.header(WORDS("practices"), anchor=False)
    for practice in own.practices:
        draw_row(practice)


def draw_row(entry: Entry, why: str = "") -> None:
    """Draw an entry in a list: a link to it with its id and title, its level of risk, and `why`."""
    with st.container(gap=None):
        entry_link(entry.id, titled(entry))
        if why:
            st.markdown(f":small[:gray[{escape(why)}]]")


def titled(entry: Entry) -> str:
    """The id and heading of an entry as Markdown, with a dot in the colour of its level of risk."""
    level = entry.risk_level
    dot = f":{LEVEL_COLOURS[level]}[●] " if level else ""
    return f"{dot}{escape(entry.id)} {escape(heading(entry))}"


def _draw_sections(entry: Entry, cited: Passage | None) -> None:
    """Draw the sections: those of the source; folded, those of genlens and the common questions."""
    shown = _shown(entry)
    ours = [section for section in shown if section.origin is Origin.CATALOGUE]
    theirs = [section for section in shown if section.origin is Origin.SITE]
    for section in theirs or ours:
        _draw_section(entry, section, cited)
    if theirs:
        _draw_folded(WORDS("own_words"), entry, ours, cited)
    rest = [section for section in entry.sections if section not in shown]
    _draw_folded(WORDS("asks"), entry, rest, cited)


def _shown(entry: Entry) -> list[Section]:
    """The sections for readers, without those for search only."""
    return [section for section in entry.sections if section.role not in SEARCH_ONLY]


def _draw_folded(title: str, entry: Entry, sections: Sequence[Section], cited: Passage | None) -> None:
    if sections:
        with st.expander(title, expanded=cited is not None and cited.section in sections):
            for section in sections:
                _draw_section(entry, section, cited)


def _draw_section(entry: Entry, section: Section, cited: Passage | None = None) -> None:
    """Draw a section below its title, with the cited words highlighted."""
    st.header(escape(section.title), anchor=_anchor(entry, section))
    spans = [(cited.start, cited.end)] if cited and cited.section is section else []
    st.markdown(section_markdown(section, spans))
    if section.anchor:
        url = readable(entry.section_url(section))
        st.markdown(f":small[{source_link(entry, url)}]")


def _draw_in_english(base: KnowledgeBase, entry: Entry) -> None:
    """Draw the English text, folded, below an entry in another language."""
    english = base.entry(entry.id, Language.ENGLISH)
    if english.language is not entry.language:
        with st.expander(WORDS("other_language")):
            st.markdown(f"**{escape(english.title)}**")
            for section in _shown(english):
                _draw_section(english, section)


def _draw_contents(entry: Entry) -> None:
    """Draw links to the sections of the source on this view."""
    sections = [section for section in _shown(entry) if section.origin is Origin.SITE]
    if len(sections) > 1:
        links = "\n".join(f"- [{escape(s.title)}](#{_anchor(entry, s)})" for s in sections)
        st.markdown(f"**{WORDS('contents')}**\n\n{links}")


def _anchor(entry: Entry, section: Section) -> str:
    """The anchor of a section on this view."""
    return f"{entry.language}-{entry.sections.index(section) + 1}"


def _draw_crosswalk(base: KnowledgeBase, entry: Entry) -> None:
    """Draw the risks a best practice answers, or the practices for a risk and its counterparts.

    The risks of older editions are folded.
    """
    newest, *older = base.editions
    pairs = {year: crossings(base, entry.language, year) for year in base.editions}
    if entry.kind is Kind.RISK:
        _draw_counterparts(counterparts(base, entry))
        practices = [(c.practice, c) for year in pairs.values() for c in year if c.risk.id == entry.id]
        _draw_pairs(WORDS("answered_by"), practices)
        return
    _draw_pairs(WORDS("crosswalk"), [(c.risk, c) for c in pairs[newest] if c.practice.id == entry.id])
    for year in older:
        rows = [(c.risk, c) for c in pairs[year] if c.practice.id == entry.id]
        if rows:
            with st.expander(f"OWASP {escape(year)}"):
                _draw_pairs("", rows)


def _draw_counterparts(others: Sequence[Counterpart]) -> None:
    if others:
        st.header(WORDS("counterparts"), anchor=False)
    for counterpart in others:
        draw_row(counterpart.risk, counterpart.why)


def _draw_pairs(title: str, pairs: Iterable[tuple[Entry, Crossing]]) -> None:
    """Draw pairs of the crosswalk with the reason, or with the other edition that connects them."""
    rows = list(pairs)
    if rows and title:
        st.header(title, anchor=False)
    for shown, crossing in rows:
        draw_row(shown, WORDS("via", risk=crossing.via.id) if crossing.via else crossing.why)


def _draw_related(base: KnowledgeBase, entry: Entry) -> None:
    """Draw the related entries outside the crosswalk."""
    rows = [(other, why) for other, why in base.related(entry) if not _in_crosswalk(entry, other)]
    if rows:
        st.header(WORDS("related"), anchor=False)
    for other, why in rows:
        draw_row(other, why)


def _in_crosswalk(one: Entry, other: Entry) -> bool:
    kinds = {one.kind, other.kind}
    return kinds == {Kind.BEST_PRACTICE, Kind.RISK} or (kinds == {Kind.RISK} and one.edition != other.edition)


def _draw_neighbours(base: KnowledgeBase, entry: Entry) -> None:
    """Draw links to the entries before and after."""
    before, after = neighbours(base, entry)
    st.divider()
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        for other, left, right in ((before, "‹ ", ""), (after, "", " ›")):
            if other:
                entry_link(other.id, f"{left}{escape(other.id)} {escape(heading(other))}{right}")
