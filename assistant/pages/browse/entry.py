"""An entry in Browse: its facts and sections, its related entries and its neighbours."""

from collections.abc import Iterable, Sequence

import streamlit as st

from assistant.pages.labels import heading, label
from assistant.pages.shared import LEVEL_COLOURS, entry_link, level_badge, view
from assistant.pages.words import PageWords
from assistant.render.escape import escape, link
from assistant.render.sections import section_markdown
from assistant.views.crosswalk import Counterpart, Crossing, counterparts, crossings
from assistant.views.tree import neighbours, tree
from kb.entries import SEARCH_ONLY, Entry, Kind, Language, Origin, Section
from kb.ids import question_of
from kb.knowledge_base import KnowledgeBase

WORDS = PageWords("entry")


def draw_entry(base: KnowledgeBase, entry: Entry) -> None:
    """Draw an entry, in its language."""
    _draw_path(base, entry)
    st.header(f"{escape(entry.id)} {escape(entry.title)}", anchor=False)
    _draw_facts(entry)
    st.markdown(link(WORDS("site"), entry.url))
    words, beside = st.columns([3, 2], gap="large")
    with words:
        if entry.kind is Kind.QUESTION:
            _draw_practices(base, entry)
        _draw_sections(entry)
        _draw_in_english(base, entry)
    with beside:
        _draw_crosswalk(base, entry)
        _draw_related(base, entry)
    _draw_neighbours(base, entry)


def _draw_path(base: KnowledgeBase, entry: Entry) -> None:
    """Draw links to all entries and to the question of the entry."""
    with st.container(horizontal=True, gap="small"):
        st.page_link(view("browse"), label=WORDS("all"))
        if (question := question_of(entry.id)) != entry.id and base.has(question):
            entry_link(question, escape(question))


def _draw_facts(entry: Entry) -> None:
    with st.container(horizontal=True, gap="small"):
        if entry.risk_level:
            level_badge(entry.risk_level)
        for fact in (entry.kind, entry.pillar, f"{entry.source} {entry.edition}"):
            if fact:
                st.badge(escape(label(fact)), color="gray")
    if entry.question:
        st.markdown(escape(WORDS("question", question=entry.question)))
    if entry.phases:
        st.markdown(f"{WORDS('phases')}: {escape(' · '.join(label(phase) for phase in entry.phases))}")
    if entry.wa_tool:
        st.markdown(f"{WORDS('tool')}: {escape(entry.wa_tool)}")


def _draw_practices(base: KnowledgeBase, entry: Entry) -> None:
    branches = (b for branches in tree(base, entry.language).pillars.values() for b in branches)
    own = next(branch for branch in branches if branch.id == entry.id)
    st.subheader(WORDS("practices"), anchor=False)
    for practice in own.practices:
        draw_row(practice)


def draw_row(entry: Entry, why: str = "") -> None:
    """Draw an entry in a list: a link to it, its title and level of risk, and `why` it is listed."""
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            entry_link(entry.id, escape(entry.id))
            st.markdown(titled(entry), width="content")
        if why:
            st.markdown(escape(why))


def titled(entry: Entry) -> str:
    """The heading of an entry as Markdown, with its level of risk as a badge."""
    level = entry.risk_level
    badge = f" :{LEVEL_COLOURS[level]}-badge[{escape(label(level))}]" if level else ""
    return f"{escape(heading(entry))}{badge}"


def _draw_sections(entry: Entry) -> None:
    """Draw the sections: those of the source; folded, those of genlens and the common questions."""
    shown = _shown(entry)
    ours = [section for section in shown if section.origin is Origin.CATALOGUE]
    theirs = [section for section in shown if section.origin is Origin.SITE]
    for section in theirs or ours:
        _draw_section(entry, section)
    if theirs:
        _draw_folded(WORDS("own_words"), entry, ours)
    _draw_folded(WORDS("asks"), entry, [section for section in entry.sections if section not in shown])


def _shown(entry: Entry) -> list[Section]:
    """The sections for readers, without those for search only."""
    return [section for section in entry.sections if section.role not in SEARCH_ONLY]


def _draw_folded(title: str, entry: Entry, sections: Sequence[Section]) -> None:
    if sections:
        with st.expander(title):
            for section in sections:
                _draw_section(entry, section)


def _draw_section(entry: Entry, section: Section) -> None:
    st.subheader(escape(section.title), anchor=False)
    if section.anchor:
        st.markdown(f":small[{link(WORDS('section'), entry.section_url(section))}]")
    st.markdown(section_markdown(section))


def _draw_in_english(base: KnowledgeBase, entry: Entry) -> None:
    """Draw the English text, folded, below an entry in another language."""
    english = base.entry(entry.id, Language.ENGLISH)
    if english.language is not entry.language:
        with st.expander(WORDS("other_language")):
            st.markdown(f"**{escape(english.title)}**")
            for section in _shown(english):
                _draw_section(english, section)


def _draw_crosswalk(base: KnowledgeBase, entry: Entry) -> None:
    """Draw the risks a best practice answers, or the practices for a risk and its counterparts."""
    pairs = [c for year in base.editions for c in crossings(base, entry.language, year)]
    if entry.kind is Kind.RISK:
        _draw_counterparts(counterparts(base, entry))
        practices = [(c.practice, c) for c in pairs if c.risk.id == entry.id]
        _draw_pairs(WORDS("answered_by"), practices)
    else:
        _draw_pairs(WORDS("crosswalk"), [(c.risk, c) for c in pairs if c.practice.id == entry.id])


def _draw_counterparts(others: Sequence[Counterpart]) -> None:
    if others:
        st.subheader(WORDS("counterparts"), anchor=False)
    for counterpart in others:
        draw_row(counterpart.risk, counterpart.why)


def _draw_pairs(title: str, pairs: Iterable[tuple[Entry, Crossing]]) -> None:
    """Draw pairs of the crosswalk with the reason, or with the other edition that connects them."""
    rows = list(pairs)
    if rows:
        st.subheader(title, anchor=False)
    for shown, crossing in rows:
        draw_row(shown, WORDS("via", risk=crossing.via.id) if crossing.via else crossing.why)


def _draw_related(base: KnowledgeBase, entry: Entry) -> None:
    """Draw the related entries outside the crosswalk."""
    rows = [(other, why) for other, why in base.related(entry) if not _in_crosswalk(entry, other)]
    if rows:
        st.subheader(WORDS("related"), anchor=False)
    for other, why in rows:
        draw_row(other, why)


def _in_crosswalk(one: Entry, other: Entry) -> bool:
    kinds = {one.kind, other.kind}
    return kinds == {Kind.BEST_PRACTICE, Kind.RISK} or (kinds == {Kind.RISK} and one.edition != other.edition)


def _draw_neighbours(base: KnowledgeBase, entry: Entry) -> None:
    before, after = neighbours(base, entry)
    st.divider()
    left, right = st.columns(2)
    for place, word, other in ((left, "before", before), (right, "after", after)):
        if other:
            with place:
                st.markdown(WORDS(word))
                draw_row(other)
