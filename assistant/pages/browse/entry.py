"""An entry on the page Browse: its facts and sections, what it belongs together with, and its neighbours."""

from collections.abc import Iterable, Sequence

import streamlit as st

from assistant.pages.labels import heading, label
from assistant.pages.shared import LEVEL_COLOURS, entry_link, level_badge, page
from assistant.pages.words import Words
from assistant.render.escape import escape, link
from assistant.render.sections import section_markdown
from assistant.views.crosswalk import Counterpart, Crossing, counterparts, crossings
from assistant.views.tree import neighbours, tree
from kb.entries import SEARCH_ONLY, Entry, Kind, Language, Origin, Section
from kb.ids import question_of
from kb.knowledge_base import KnowledgeBase

WORDS = Words(
    {
        "all": "All entries",
        "site": "Open the page of the source",
        "question": "Question: {question}",
        "phases": "Life cycle",
        "tool": "AWS Well-Architected Tool",
        "practices": "Best practices of this question",
        "own words": "In genlens's own words",
        "asks": "What people ask, and the terms they use",
        "other language": "In English",
        "section": "open this section",
        "crosswalk": "Crosswalk to OWASP",
        "counterparts": "In the other edition",
        "answered by": "Best practices of the lens that answer this risk",
        "by way of": "by way of {risk}",
        "related": "Related entries",
        "before": "Before",
        "after": "Next",
    },
    {
        "all": "すべての項目",
        "site": "出典のページを開く",
        "question": "質問: {question}",
        "phases": "ライフサイクル",
        "tool": "AWS Well-Architected Tool",
        "practices": "この質問のベストプラクティス",
        "own words": "genlens 独自の説明",
        "asks": "よくある質問と用語",
        "other language": "英語の本文",
        "section": "この節を開く",
        "crosswalk": "OWASP との対応",
        "counterparts": "もう一方の版では",
        "answered by": "このリスクに答えるレンズのベストプラクティス",
        "by way of": "{risk} を経由",
        "related": "関連する項目",
        "before": "前",
        "after": "次",
    },
)


def draw_entry(base: KnowledgeBase, entry: Entry) -> None:
    """The page of one entry, in its language."""
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
    """Where the entry stands: links to all entries and to its question."""
    with st.container(horizontal=True, gap="small"):
        st.page_link(page("browse"), label=WORDS("all"))
        if (question := question_of(entry.id)) != entry.id and base.has(question):
            above = base.entry(question, entry.language)
            entry_link(above, escape(above.id))


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
    found = next(branch for branch in branches if branch.id == entry.id)
    st.subheader(WORDS("practices"), anchor=False)
    for practice in found.practices:
        draw_row(practice)


def draw_row(entry: Entry, why: str = "") -> None:
    """One entry in a list: a link to its page, its title and level of risk, and why it stands here."""
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            entry_link(entry, escape(entry.id))
            st.markdown(titled(entry), width="content")
        if why:
            st.markdown(escape(why))


def titled(entry: Entry) -> str:
    """The title of an entry, or what a question asks, as Markdown, with its level of risk as a badge."""
    level = entry.risk_level
    badge = f" :{LEVEL_COLOURS[level]}-badge[{escape(label(level))}]" if level else ""
    return f"{escape(heading(entry))}{badge}"


def _draw_sections(entry: Entry) -> None:
    """All sections: those of the source, the words of genlens, and, folded, what people ask."""
    told = [s for s in entry.sections if s.role not in SEARCH_ONLY]
    ours = [s for s in told if s.origin is Origin.CATALOGUE]
    theirs = [s for s in told if s.origin is Origin.SITE]
    for section in theirs or ours:
        _draw_section(entry, section)
    if theirs and ours:
        with st.expander(WORDS("own words")):
            for section in ours:
                _draw_section(entry, section)
    if asks := [s for s in entry.sections if s.role in SEARCH_ONLY]:
        with st.expander(WORDS("asks")):
            for section in asks:
                _draw_section(entry, section)


def _draw_section(entry: Entry, section: Section) -> None:
    st.subheader(escape(section.title), anchor=False)
    if section.anchor:
        st.markdown(f":small[{link(WORDS('section'), entry.section_url(section))}]")
    st.markdown(section_markdown(section))


def _draw_in_english(base: KnowledgeBase, entry: Entry) -> None:
    """The English text of an entry that is shown in another language."""
    english = base.entry(entry.id, Language.ENGLISH)
    if english.language is not entry.language:
        with st.expander(WORDS("other language")):
            st.markdown(f"**{escape(english.title)}**")
            for section in english.sections:
                if section.role not in SEARCH_ONLY:
                    _draw_section(english, section)


def _draw_crosswalk(base: KnowledgeBase, entry: Entry) -> None:
    """For a best practice the risks that it answers, for a risk those practices and its other edition."""
    pairs = [c for year in base.editions for c in crossings(base, entry.language, year)]
    if entry.kind is Kind.RISK:
        _draw_counterparts(counterparts(base, entry))
        met = [(c.practice, c) for c in pairs if c.risk.id == entry.id]
        _draw_pairs(WORDS("answered by"), met)
    else:
        _draw_pairs(WORDS("crosswalk"), [(c.risk, c) for c in pairs if c.practice.id == entry.id])


def _draw_counterparts(found: Sequence[Counterpart]) -> None:
    if found:
        st.subheader(WORDS("counterparts"), anchor=False)
    for counterpart in found:
        draw_row(counterpart.risk, counterpart.why)


def _draw_pairs(title: str, pairs: Iterable[tuple[Entry, Crossing]]) -> None:
    """Pairs of the crosswalk; one that is known by way of the other edition says so in place of why."""
    rows = list(pairs)
    if rows:
        st.subheader(title, anchor=False)
    for shown, crossing in rows:
        through = crossing.by_way_of
        draw_row(shown, WORDS("by way of", risk=through.id) if through else crossing.why)


def _draw_related(base: KnowledgeBase, entry: Entry) -> None:
    """Related entries that the crosswalk does not show."""
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
