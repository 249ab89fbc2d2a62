"""The Search view: entries by keyword, narrowed by facets; an id opens its entry."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from zlib import crc32

import streamlit as st

from assistant.pages.labels import heading, label
from assistant.pages.shared import entry_link, level_badge, open_entry, served_base, view
from assistant.pages.words import PageWords, interface_language
from assistant.render.escape import escape
from assistant.render.snippets import snippet
from assistant.views.facets import Facet, counted, look_up, narrowed, search_all, source_of
from kb.entries import Kind, RiskLevel
from kb.errors import GenlensError
from kb.ids import PILLARS
from kb.knowledge_base import KnowledgeBase
from kb.ranking.query import MAX_QUESTION, read_query
from kb.ranking.search import Hit

HITS_PER_PAGE = 10
EXAMPLES = ("prompt caching", '"least privilege"', "gensec5 bp1", "llm6 2025", "エージェントの権限")
# Session keys; the query parameter is "q".
TYPED, SUBMITTED, EXAMPLE = "search-words", "search-submitted", "search-example"
WORDS = PageWords("search")


def show() -> None:
    """Draw the view."""
    st.header(WORDS("search"), anchor=False)
    if TYPED not in st.session_state:  # first visit, or back from another view
        st.session_state[TYPED] = st.query_params.get("q", "")[:MAX_QUESTION]
    typed = st.text_input(
        WORDS("words"), key=TYPED, type="search", max_chars=MAX_QUESTION, on_change=_submitted
    ).strip()
    if not typed:
        st.query_params.pop("q", None)
        _draw_invitation()
        return
    st.query_params["q"] = typed
    try:
        _draw_results(served_base(), typed)
    except GenlensError as error:
        st.error(escape(str(error)))


def _submitted() -> None:
    """Note that the query was typed: an id in a link does not open its entry."""
    st.session_state[SUBMITTED] = True


def _choose_example() -> None:
    st.session_state[TYPED] = st.session_state[EXAMPLE]
    _submitted()


def _draw_invitation() -> None:
    st.markdown(WORDS("hint"))
    st.pills(WORDS("examples"), EXAMPLES, key=EXAMPLE, on_change=_choose_example)


def _draw_results(base: KnowledgeBase, typed: str) -> None:
    named = look_up(base, typed, interface_language())
    if st.session_state.pop(SUBMITTED, False) and named:
        open_entry(named.id)
    hits = search_all(base, typed)
    if not hits:
        _draw_nothing(typed)
        return
    chosen = {facet: st.session_state.get(_key(facet), []) for facet in Facet}
    _draw_facets(counted(hits, {}), counted(hits, chosen))
    left = narrowed(hits, chosen)
    if len(left) == len(hits):
        st.markdown(f"**{WORDS('all', count=len(hits))}**")
    else:
        st.markdown(f"**{WORDS('some', count=len(left), all=len(hits))}**")
        st.button(WORDS("clear"), on_click=_clear)
    if not left:
        st.info(WORDS("none_chosen", all=len(hits)))
    # A key per query and filters, so that each list of results starts at its first page.
    key = f"search-page-{crc32(repr((typed, chosen)).encode())}"
    _draw_hits(left, frozenset(read_query(typed).terms), key)


def _key(facet: Facet) -> str:
    return f"search-{facet}"


def _clear() -> None:
    for facet in Facet:
        st.session_state[_key(facet)] = []


def _draw_facets(every: Mapping[Facet, Counter[str]], counts: Mapping[Facet, Counter[str]]) -> None:
    """Draw the values of each facet, each with its number of hits."""
    with st.container(border=True), st.container(horizontal=True, gap="medium"):
        for facet in Facet:
            st.pills(
                WORDS(facet),
                _in_order(facet, every[facet]),
                selection_mode="multi",
                default=None,
                format_func=partial(_counted, counts[facet]),
                key=_key(facet),
            )


def _counted(counts: Counter[str], value: str) -> str:
    return f"{escape(label(value))} ({counts[value]})"


def _in_order(facet: Facet, values: Collection[str]) -> list[str]:
    """Values in their usual order; editions newest first."""
    known: Mapping[Facet, Sequence[str]] = {
        Facet.KIND: list(Kind),
        Facet.PILLAR: list(PILLARS.values()),
        Facet.SOURCE: sorted(sorted(values, reverse=True), key=lambda value: value.partition(" ")[0]),
        Facet.LEVEL: list(RiskLevel),
    }
    first = [value for value in known[facet] if value in values]
    return first + sorted(set(values) - set(first))


def _draw_hits(hits: Sequence[Hit], wanted: frozenset[str], key: str) -> None:
    """Draw one page of the hits, and the page numbers; `key` identifies the list."""
    pages = -(-len(hits) // HITS_PER_PAGE)
    first = (st.session_state.get(key, 1) - 1) * HITS_PER_PAGE
    for hit in hits[first : first + HITS_PER_PAGE]:
        _draw_hit(hit, wanted)
    if pages > 1:
        st.pagination(pages, key=key)


def _draw_hit(hit: Hit, wanted: frozenset[str]) -> None:
    """Draw a hit: a link to its entry, its title, a snippet with the matches, and its facts."""
    entry, shown = hit.entry, snippet(hit, wanted)
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            entry_link(entry.id, escape(entry.id))
            st.markdown(f"**{escape(heading(entry))}**", width="content")
        st.markdown(marked(shown.text, shown.marks))
        with st.container(horizontal=True, gap="xsmall"):
            if entry.risk_level:
                level_badge(entry.risk_level)
            for value in (entry.kind, entry.pillar or source_of(entry)):
                st.badge(escape(label(value)), color="gray")


def marked(text: str, marks: Sequence[tuple[int, int]]) -> str:
    """The escaped text as Markdown; the marked spans have a coloured background."""
    pieces, at = [], 0
    for start, end in marks:
        pieces += [escape(text[at:start]), f":orange-background[{escape(text[start:end])}]"]
        at = end
    return "".join([*pieces, escape(text[at:])])


def _draw_nothing(typed: str) -> None:
    st.info(f"{WORDS('nothing', typed=escape(typed[:100]))}\n\n{WORDS('other_words')}")
    st.page_link(view("ask"), label=WORDS("ask"), query_params={"q": typed})
