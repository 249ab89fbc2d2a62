"""The Browse view: the lens and the risks as charts and as a tree, and every entry."""

import streamlit as st

from assistant.pages.browse.charts import chosen_id, crosswalk_chart, lens_chart
from assistant.pages.browse.entry import draw_entry, draw_row, titled
from assistant.pages.labels import label
from assistant.pages.shared import open_entry, served_base
from assistant.pages.words import PageWords, interface_language
from assistant.render.escape import escape
from assistant.views.crosswalk import counterparts, crossings
from assistant.views.tree import Tree, tree
from kb.entries import RiskLevel
from kb.errors import GenlensError
from kb.knowledge_base import KnowledgeBase

EDITION = "browse-edition"
WORDS = PageWords("browse")


def show() -> None:
    """Draw the entry in the address, or the overview of all entries."""
    try:
        base = served_base()
        wanted = st.query_params.get("id")
        if wanted:
            draw_entry(base, base.entry(wanted, interface_language()))
        else:
            _draw_all(base)
    except GenlensError as error:
        st.error(escape(str(error)))


def _draw_all(base: KnowledgeBase) -> None:
    st.header(WORDS("browse"), anchor=False)
    entries = tree(base, interface_language())
    lens, crosswalk, risks, rest = st.tabs([WORDS(key) for key in ("lens", "crosswalk", "risks", "rest")])
    with lens:
        _draw_lens(entries)
    with crosswalk:
        _draw_crosswalk(base, entries)
    with risks:
        _draw_risks(base, entries)
    with rest:
        _draw_rest(entries)


def _labels(entries: Tree) -> dict[str, str]:
    """The labels of the charts: pillars, levels and axes."""
    labels = {value: label(value) for value in (*entries.pillars, *RiskLevel)}
    return labels | {key: WORDS(key) for key in ("question", "level", "risk")}


def _draw_lens(entries: Tree) -> None:
    if not entries.pillars:
        return
    st.markdown(WORDS("lens_chart"))
    state = st.altair_chart(
        lens_chart(entries.pillars, _labels(entries)),
        key="lens-chart",
        on_select="rerun",
        alt=WORDS("lens_chart"),
    )
    if entry_id := chosen_id(state):
        open_entry(entry_id)
    for pillar, branches in entries.pillars.items():
        st.subheader(escape(label(pillar)), anchor=False)
        for branch in branches:
            with st.expander(f"**{escape(branch.id)}** {escape(branch.asked)}"):
                if branch.question:
                    draw_row(branch.question)
                for practice in branch.practices:
                    draw_row(practice)


def _draw_crosswalk(base: KnowledgeBase, entries: Tree) -> None:
    if not entries.risks:
        return
    years = list(entries.risks)
    year = st.segmented_control(
        WORDS("edition"),
        years,
        format_func=lambda one: f"OWASP {one}",
        default=years[0],
        required=True,
        key=EDITION,
    )
    pairs = crossings(base, interface_language(), year)
    st.markdown(WORDS("crosswalk_chart"))
    chart = crosswalk_chart(pairs, entries.risks[year], _labels(entries))
    state = st.altair_chart(
        chart, key=f"crosswalk-chart-{year}", on_select="rerun", alt=WORDS("crosswalk_chart")
    )
    if entry_id := chosen_id(state):
        open_entry(entry_id)
    for risk in entries.risks[year]:
        with st.expander(f"**{escape(risk.id)}** {titled(risk)}"):
            draw_row(risk)
            for pair in pairs:
                if pair.risk.id == risk.id:
                    draw_row(pair.practice, "" if pair.via else pair.why)


def _draw_risks(base: KnowledgeBase, entries: Tree) -> None:
    for year, risks in entries.risks.items():
        st.subheader(escape(WORDS("number", year=year)), anchor=False)
        for risk in risks:
            others = ", ".join(other.risk.id for other in counterparts(base, risk))
            draw_row(risk, others and f"→ {others}")


def _draw_rest(entries: Tree) -> None:
    for title, rest in (("principles", entries.principles), ("pages", entries.pages)):
        if rest:
            st.subheader(WORDS(title), anchor=False)
        for entry in rest:
            draw_row(entry)
