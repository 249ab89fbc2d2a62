"""The Browse view: the lens as a map of cards, the crosswalk, the risks, and all other entries."""

from collections.abc import Sequence

import streamlit as st

from assistant.pages import address
from assistant.pages.browse.charts import chosen_fields, crosswalk_chart, knit_chart, level_chart
from assistant.pages.browse.entry import draw_row
from assistant.pages.labels import label
from assistant.pages.shared import LEVEL_COLOURS, entry_link, open_entry, served_base
from assistant.pages.words import PageWords, interface_language
from assistant.render.escape import escape
from assistant.views.crosswalk import counterparts, crossings
from assistant.views.tree import Branch, Tree, tree
from kb.entries import Entry, RiskLevel
from kb.errors import GenlensError
from kb.knowledge_base import KnowledgeBase

# Parameters of the address.
PART, EDITION, LEVEL, PILLAR = "part", "edition", "level", "pillar"
PARTS = ("map", "crosswalk", "risks", "rest")
# A chart keeps its selection when a reader comes back to it; only a new click leads on.
CLICKED = "browse-clicked"
WORDS = PageWords("browse")


def show() -> None:
    """Draw the part of the view in the address; an address of an older version leads to its entry."""
    try:
        base = served_base()
        if wanted := st.query_params.get("id"):
            open_entry(base.entry(wanted, interface_language()).id)
        _draw_part(base)
    except GenlensError as error:
        st.error(escape(str(error)))


def _draw_part(base: KnowledgeBase) -> None:
    entries = tree(base, interface_language())
    _follow_click()
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.title(WORDS("browse"), anchor=False, width="content")
        st.segmented_control(
            WORDS("part"),
            PARTS,
            format_func=WORDS,
            required=True,
            key=address.one(PART, PARTS),
            on_change=address.write,
            args=(PART,),
            label_visibility="collapsed",
        )
    match address.chosen_one(PART, PARTS):
        case "crosswalk":
            _draw_crosswalk(base, entries)
        case "risks":
            _draw_risks(base, entries)
        case "rest":
            _draw_rest(entries)
        case _:
            _draw_map(base, entries)


def _follow_click() -> None:
    """Go where the clicked mark of a chart leads."""
    fields = st.session_state.pop(CLICKED, {})
    if "id" in fields:
        open_entry(fields["id"])


def _click(key: str) -> None:
    """Note the clicked mark of a chart; a bar sets the filters of the map."""
    fields = chosen_fields(st.session_state[key])
    if PILLAR in fields:
        st.query_params.from_dict({**address.parameters(), **fields})
    else:
        st.session_state[CLICKED] = fields


def _labels(entries: Tree) -> dict[str, str]:
    """The labels of the charts: pillars, levels and axes."""
    labels = {value: label(value) for value in (*entries.pillars, *RiskLevel)}
    return labels | {key: WORDS(key) for key in ("level", "risk", "practices")}


def _draw_map(base: KnowledgeBase, entries: Tree) -> None:
    """Draw a card per question with its best practices, narrowed by the filters, and two charts."""
    if not entries.pillars:
        return
    levels, pillars = [level.value for level in RiskLevel], list(entries.pillars)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.pills(
            WORDS("level"),
            levels,
            selection_mode="multi",
            format_func=_dotted,
            key=address.many(LEVEL, levels),
            on_change=address.write,
            args=(LEVEL,),
            label_visibility="collapsed",
        )
        st.pills(
            WORDS("pillar"),
            pillars,
            selection_mode="multi",
            format_func=label,
            key=address.many(PILLAR, pillars),
            on_change=address.write,
            args=(PILLAR,),
            label_visibility="collapsed",
        )
    wanted = frozenset(address.chosen(LEVEL, levels))
    for pillar in address.chosen(PILLAR, pillars) or pillars:
        _draw_pillar(pillar, entries.pillars[pillar], wanted)
    _draw_pictures(base, entries)


def _dotted(level: str) -> str:
    return f":{LEVEL_COLOURS[RiskLevel(level)]}[●] {label(level)}"


def _draw_pillar(pillar: str, branches: Sequence[Branch], levels: frozenset[str]) -> None:
    """Draw the cards of a pillar; without the questions that have no practice of a wanted level."""
    found = [(b, [p for p in b.practices if not levels or p.risk_level in levels]) for b in branches]
    shown = [(branch, practices) for branch, practices in found if practices]
    if not shown:
        return
    count = WORDS("count", questions=len(shown), practices=sum(len(practices) for _, practices in shown))
    st.header(f"{escape(label(pillar))} :gray[:small[{count}]]", anchor=False)
    cards = st.grid(min_column_width=360, gap="small", border=True)
    for branch, practices in shown:
        with cards.cell():
            _draw_card(branch, practices)


def _draw_card(branch: Branch, practices: Sequence[Entry]) -> None:
    with st.container(gap="xxsmall"):
        st.markdown(f"**{escape(branch.asked)}**")
        if branch.question:
            entry_link(branch.question.id, f":small[:gray[{escape(branch.id)}]]")
        for practice in practices:
            entry_link(practice.id, f":small[{_short(practice)}]")


def _short(practice: Entry) -> str:
    """A practice on the card of its question: the dot of its level, the end of its id, its title."""
    level = practice.risk_level
    dot = f":{LEVEL_COLOURS[level]}[●] " if level else ""
    return f"{dot}{escape(practice.id.rpartition('-')[2])} {escape(practice.title)}"


def _draw_pictures(base: KnowledgeBase, entries: Tree) -> None:
    """Draw two charts: pillars by level of risk, and pillars by the risks of the newest edition."""
    practices = [p for branches in entries.pillars.values() for branch in branches for p in branch.practices]
    left, right = st.columns(2, gap="large")
    with left:
        st.header(WORDS("levels"), anchor=False)
        st.altair_chart(
            level_chart(practices, _labels(entries)),
            key="level-chart",
            on_select=lambda: _click("level-chart"),
            alt=WORDS("level_chart"),
        )
        st.caption(WORDS("level_chart"))
    if not entries.risks:
        return
    year, risks = next(iter(entries.risks.items()))
    pairs = crossings(base, interface_language(), year)
    with right:
        st.header(WORDS("knit", year=year), anchor=False)
        st.altair_chart(
            knit_chart(pairs, risks, _labels(entries)),
            key="knit-chart",
            on_select=lambda: _click("knit-chart"),
            alt=WORDS("knit_chart"),
        )
        st.caption(WORDS("knit_chart"))


def _draw_crosswalk(base: KnowledgeBase, entries: Tree) -> None:
    """Draw the chart of the crosswalk of an edition, and the same pairs as text."""
    if not entries.risks:
        return
    years = list(entries.risks)
    st.segmented_control(
        WORDS("edition"),
        years,
        format_func=lambda year: f"OWASP {year}",
        required=True,
        key=address.one(EDITION, years),
        on_change=address.write,
        args=(EDITION,),
        label_visibility="collapsed",
    )
    year = address.chosen_one(EDITION, years)
    pairs = crossings(base, interface_language(), year)
    st.markdown(WORDS("crosswalk_chart"))
    key = f"crosswalk-chart-{year}"
    chart = crosswalk_chart(pairs, entries.risks[year], _labels(entries))
    st.altair_chart(chart, key=key, on_select=lambda: _click(key), alt=WORDS("crosswalk_chart"))
    for risk in entries.risks[year]:
        with st.expander(f"**{escape(risk.id)}** {escape(risk.title)}"):
            draw_row(risk)
            for pair in pairs:
                if pair.risk.id == risk.id:
                    draw_row(pair.practice, "" if pair.via else pair.why)


def _draw_risks(base: KnowledgeBase, entries: Tree) -> None:
    """Draw the risks of each edition in a column, each with its counterparts."""
    columns = st.columns(max(1, len(entries.risks)), gap="large")
    for column, (year, risks) in zip(columns, entries.risks.items(), strict=False):
        with column:
            st.header(escape(WORDS("number", year=year)), anchor=False)
            for risk in risks:
                others = ", ".join(other.risk.id for other in counterparts(base, risk))
                draw_row(risk, others and f"→ {others}")


def _draw_rest(entries: Tree) -> None:
    for title, rest in (("principles", entries.principles), ("pages", entries.pages)):
        if rest:
            st.header(WORDS(title), anchor=False)
        for entry in rest:
            draw_row(entry)
