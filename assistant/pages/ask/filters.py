"""The filters of the answers: which entries they may use; the choice is in the address."""

from collections.abc import Mapping, Sequence

import streamlit as st

from assistant.pages.address import chosen, many, switch, write
from assistant.pages.labels import label
from assistant.pages.words import PageWords
from assistant.render.escape import escape
from kb.entries import RiskLevel
from kb.ids import PILLARS
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import Filters

FILTERS = ("pillar", "source", "edition", "level")
VERBATIM = "verbatim"
WORDS = PageWords("ask")


def chosen_filters(base: KnowledgeBase) -> Filters:
    """The filters in the address."""
    values = {name: frozenset(chosen(name, options)) for name, options in _options(base).items()}
    return Filters(
        pillars=values["pillar"],
        sources=values["source"],
        editions=values["edition"],
        risk_levels=values["level"],
    )


def verbatim() -> bool:
    """True if the answers are in the words of the sources alone."""
    return VERBATIM in st.query_params


def draw_filters(base: KnowledgeBase) -> None:
    """Draw a button that opens the filters, and a badge for each chosen value."""
    options = _options(base)
    with st.popover(WORDS("filters"), icon=":material/tune:", type="tertiary", help=WORDS("filters_help")):
        for name, values in options.items():
            st.pills(
                WORDS(name),
                values,
                selection_mode="multi",
                format_func=label,
                key=many(name, values),
                on_change=write,
                args=(name,),
            )
        st.toggle(
            WORDS("verbatim"),
            key=switch(VERBATIM),
            on_change=write,
            args=(VERBATIM,),
            help=WORDS("verbatim_help"),
        )
    for name, values in options.items():
        for value in chosen(name, values):
            st.badge(escape(label(value)), color="primary")
    if verbatim():
        st.badge(WORDS("verbatim"), color="primary")


def _options(base: KnowledgeBase) -> Mapping[str, Sequence[str]]:
    """The values of each filter."""
    return {
        "pillar": list(PILLARS.values()),
        "source": list(dict.fromkeys(entry.source for entry in base.entries)),
        "edition": list(base.editions),
        "level": [level.value for level in RiskLevel],
    }
