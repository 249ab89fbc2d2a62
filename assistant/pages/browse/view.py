"""The page Browse: the lens and the risks as pictures and as a tree, and the page of each entry."""

import streamlit as st

from assistant.pages.browse.charts import chosen_id, crosswalk_picture, lens_picture
from assistant.pages.browse.entry import draw_entry, draw_row, titled
from assistant.pages.labels import label
from assistant.pages.shared import interface_language, open_entry, served
from assistant.pages.words import Words
from assistant.render.escape import escape
from assistant.views.crosswalk import counterparts, crossings
from assistant.views.tree import Tree, tree
from kb.entries import RiskLevel
from kb.errors import GenlensError
from kb.knowledge_base import KnowledgeBase

EDITION = "browse-edition"
WORDS = Words(
    {
        "browse": "Browse",
        "lens": "Lens",
        "risks": "OWASP risks",
        "crosswalk": "Crosswalk",
        "rest": "Principles and pages",
        "lens picture": "Each cell is a best practice: pillars by questions, coloured by level of risk. "
        "A click opens it; the list below has the same entries as links.",
        "crosswalk picture": "Each cell is a best practice that answers a risk, coloured by its level of "
        "risk. A click opens it; the list below has the same pairs as links.",
        "question": "Question",
        "level": "Level of risk",
        "risk": "Answers",
        "edition": "Edition",
        "number": "Edition {year}",
        "becomes": "What became of each risk",
        "principles": "Design principles",
        "pages": "Pages",
    },
    {
        "browse": "一覧",
        "lens": "レンズ",
        "risks": "OWASP のリスク",
        "crosswalk": "対応表",
        "rest": "原則とページ",
        "lens picture": "1 つのマスが 1 つのベストプラクティスです。柱と質問ごとに並べ、"
        "リスクレベルで色を付けています。"
        "クリックすると開きます。下の一覧には同じ項目がリンクで並んでいます。",
        "crosswalk picture": "1 つのマスは、リスクに答えるベストプラクティスです。"
        "色はそのリスクレベルを表します。"
        "クリックすると開きます。下の一覧には同じ組がリンクで並んでいます。",
        "question": "質問",
        "level": "リスクレベル",
        "risk": "対応するリスク",
        "edition": "版",
        "number": "{year} 年版",
        "becomes": "版の間での変化",
        "principles": "設計原則",
        "pages": "ページ",
    },
)


def show() -> None:
    """Draw the page: the entry that the address names, or else all of them."""
    try:
        base = served()
        wanted = st.query_params.get("id")
        if wanted:
            draw_entry(base, base.entry(wanted, interface_language()))
        else:
            _draw_all(base)
    except GenlensError as error:
        st.error(escape(str(error)))


def _draw_all(base: KnowledgeBase) -> None:
    st.header(WORDS("browse"), anchor=False)
    found = tree(base, interface_language())
    lens, crosswalk, risks, rest = st.tabs([WORDS(key) for key in ("lens", "crosswalk", "risks", "rest")])
    with lens:
        _draw_lens(found)
    with crosswalk:
        _draw_crosswalk(base, found)
    with risks:
        _draw_risks(base, found)
    with rest:
        _draw_rest(found)


def _names(found: Tree) -> dict[str, str]:
    """What the pictures call pillars, levels and axes."""
    named_so = {value: label(value) for value in (*found.pillars, *RiskLevel)}
    return named_so | {key: WORDS(key) for key in ("question", "level", "risk")}


def _draw_lens(found: Tree) -> None:
    if not found.pillars:
        return
    st.markdown(WORDS("lens picture"))
    state = st.altair_chart(
        lens_picture(found.pillars, _names(found)),
        key="lens-picture",
        on_select="rerun",
        alt=WORDS("lens picture"),
    )
    if entry_id := chosen_id(state):
        open_entry(entry_id)
    for pillar, branches in found.pillars.items():
        st.subheader(escape(label(pillar)), anchor=False)
        for branch in branches:
            with st.expander(f"**{escape(branch.id)}** {escape(branch.asked)}"):
                if branch.question:
                    draw_row(branch.question)
                for practice in branch.practices:
                    draw_row(practice)


def _draw_crosswalk(base: KnowledgeBase, found: Tree) -> None:
    if not found.risks:
        return
    years = list(found.risks)
    year = st.segmented_control(
        WORDS("edition"),
        years,
        format_func=lambda one: f"OWASP {one}",
        default=years[0],
        required=True,
        key=EDITION,
    )
    pairs = crossings(base, interface_language(), year)
    st.markdown(WORDS("crosswalk picture"))
    picture = crosswalk_picture(pairs, found.risks[year], _names(found))
    state = st.altair_chart(
        picture, key=f"crosswalk-picture-{year}", on_select="rerun", alt=WORDS("crosswalk picture")
    )
    if entry_id := chosen_id(state):
        open_entry(entry_id)
    for risk in found.risks[year]:
        with st.expander(f"**{escape(risk.id)}** {titled(risk)}"):
            draw_row(risk)
            for pair in pairs:
                if pair.risk.id == risk.id:
                    draw_row(pair.practice, "" if pair.by_way_of else pair.why)


def _draw_risks(base: KnowledgeBase, found: Tree) -> None:
    for year, risks in found.risks.items():
        st.subheader(escape(WORDS("number", year=year)), anchor=False)
        for risk in risks:
            others = ", ".join(other.risk.id for other in counterparts(base, risk))
            draw_row(risk, others and f"→ {others}")


def _draw_rest(found: Tree) -> None:
    for title, entries in (("principles", found.principles), ("pages", found.pages)):
        if entries:
            st.subheader(WORDS(title), anchor=False)
        for entry in entries:
            draw_row(entry)
