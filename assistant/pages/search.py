"""The page Search: entries by keyword, narrowed down by facets; an id leads to its entry at once."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from zlib import crc32

import streamlit as st

from assistant.pages.labels import heading, label
from assistant.pages.shared import entry_link, interface_language, level_badge, open_entry, page, served
from assistant.pages.words import Words
from assistant.render.escape import escape
from assistant.render.snippets import snippet
from assistant.views.facets import Facet, counted, narrowed, search_all, source_of
from assistant.views.lookup import looked_up
from kb.entries import Kind, RiskLevel
from kb.errors import GenlensError
from kb.ids import PILLARS
from kb.knowledge_base import KnowledgeBase
from kb.ranking.query import MAX_QUESTION, read_query
from kb.ranking.search import Hit

HITS_A_PAGE = 10
EXAMPLES = ("prompt caching", '"least privilege"', "gensec5 bp1", "llm6 2025", "エージェントの権限")
# Keys of the session; the query parameter is "q".
TYPED, SUBMITTED, EXAMPLE = "search-words", "search-submitted", "search-example"
WORDS = Words(
    {
        "search": "Search",
        "words": "Words, a phrase in quotes, or an id",
        "hint": "Finds entries by their words, in English and Japanese. An id opens its entry, however it is "
        "spelled.",
        "examples": "Examples",
        "kind": "Kind",
        "pillar": "Pillar",
        "source": "Source",
        "level": "Level of risk",
        "all": "{count} found",
        "some": "{count} of {all} found",
        "clear": "Clear all that is chosen",
        "nothing": "Nothing found for {typed}.",
        "other words": "Use fewer words, or other ones for the same thing; a phrase in quotes must "
        "occur as it stands.",
        "ask": "Ask it as a question instead",
        "none chosen": "None of the {all} entries found has all that is chosen.",
    },
    {
        "search": "検索",
        "words": "語句、引用符で囲んだフレーズ、または ID",
        "hint": "英語と日本語の語句で項目を探します。ID を入力すると、その項目を直接開きます。",
        "examples": "例",
        "kind": "種類",
        "pillar": "柱",
        "source": "出典",
        "level": "リスクレベル",
        "all": "{count} 件",
        "some": "{all} 件中 {count} 件",
        "clear": "選択をすべて解除",
        "nothing": "{typed} に一致する項目はありません。",
        "other words": "語を減らすか、別の言い方を試してください。"
        "引用符で囲んだフレーズは、そのままの形で現れる必要があります。",
        "ask": "質問として尋ねる",
        "none chosen": "見つかった {all} 件の中に、選択した条件をすべて満たす項目はありません。",
    },
)


def show() -> None:
    """Draw the page."""
    st.header(WORDS("search"), anchor=False)
    if TYPED not in st.session_state:  # a fresh page, or one that is returned to
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
        _draw_found(served(), typed)
    except GenlensError as error:
        st.error(escape(str(error)))


def _submitted() -> None:
    """Words were typed, and not followed from a link: only then does an id open its entry by itself."""
    st.session_state[SUBMITTED] = True


def _choose_example() -> None:
    st.session_state[TYPED] = st.session_state[EXAMPLE]
    _submitted()


def _draw_invitation() -> None:
    st.markdown(WORDS("hint"))
    st.pills(WORDS("examples"), EXAMPLES, key=EXAMPLE, on_change=_choose_example)


def _draw_found(base: KnowledgeBase, typed: str) -> None:
    named = looked_up(base, typed, interface_language())
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
        st.info(WORDS("none chosen", all=len(hits)))
    # A list of its own for all that leads to it, so that it begins with its first page.
    key = f"search-page-{crc32(repr((typed, chosen)).encode())}"
    _draw_hits(left, frozenset(read_query(typed).terms), key)


def _key(facet: Facet) -> str:
    return f"search-{facet}"


def _clear() -> None:
    for facet in Facet:
        st.session_state[_key(facet)] = []


def _draw_facets(every: Mapping[Facet, Counter[str]], counts: Mapping[Facet, Counter[str]]) -> None:
    """A row of values for each facet, each with how many entries choosing it leaves."""
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
    """Values in the order that people know; editions newest first."""
    known: Mapping[Facet, Sequence[str]] = {
        Facet.KIND: list(Kind),
        Facet.PILLAR: list(PILLARS.values()),
        Facet.SOURCE: sorted(sorted(values, reverse=True), key=lambda value: value.partition(" ")[0]),
        Facet.LEVEL: list(RiskLevel),
    }
    first = [value for value in known[facet] if value in values]
    return first + sorted(set(values) - set(first))


def _draw_hits(hits: Sequence[Hit], wanted: frozenset[str], key: str) -> None:
    """The hits of the page of results that is chosen, and the choice of another; `key` names the list."""
    pages = -(-len(hits) // HITS_A_PAGE)
    first = (st.session_state.get(key, 1) - 1) * HITS_A_PAGE
    for hit in hits[first : first + HITS_A_PAGE]:
        _draw_hit(hit, wanted)
    if pages > 1:
        st.pagination(pages, key=key)


def _draw_hit(hit: Hit, wanted: frozenset[str]) -> None:
    """One entry found: what it is, with a link to its page, and the words that were looked for."""
    entry, shown = hit.entry, snippet(hit, wanted)
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            entry_link(entry, escape(entry.id))
            st.markdown(f"**{escape(heading(entry))}**", width="content")
        st.markdown(marked(shown.text, shown.marks))
        with st.container(horizontal=True, gap="xsmall"):
            if entry.risk_level:
                level_badge(entry.risk_level)
            for value in (entry.kind, entry.pillar or source_of(entry)):
                st.badge(escape(label(value)), color="gray")


def marked(text: str, marks: Sequence[tuple[int, int]]) -> str:
    """The text as Markdown that shows the marked words on a coloured ground and everything as text."""
    pieces, at = [], 0
    for start, end in marks:
        pieces += [escape(text[at:start]), f":orange-background[{escape(text[start:end])}]"]
        at = end
    return "".join([*pieces, escape(text[at:])])


def _draw_nothing(typed: str) -> None:
    st.info(f"{WORDS('nothing', typed=escape(typed[:100]))}\n\n{WORDS('other words')}")
    st.page_link(page("ask"), label=WORDS("ask"), query_params={"q": typed})
