"""The page Search: entries by keyword, narrowed down by facets; an id leads to its entry at once."""

from collections import Counter
from collections.abc import Mapping, Sequence

import streamlit as st

from assistant.facets import Chosen, Facet, counted, narrowed, search_all, source_of
from assistant.lookup import looked_up
from assistant.pages.labels import heading, label, shown_id
from assistant.pages.shared import entry_link, interface_language, level_badge, open_entry, page, served
from assistant.pages.words import Words
from assistant.render import escape
from assistant.snippets import snippet
from kb.base import Hit, KnowledgeBase
from kb.entries import Kind, RiskLevel
from kb.errors import GenlensError
from kb.ids import PILLARS
from kb.query import MAX_QUESTION, read_query

HITS_A_PAGE = 10
EXAMPLES = ("prompt caching", '"least privilege"', "gensec5 bp1", "llm6 2025", "エージェントの権限")
# Keys of the session; the query parameter is "q".
TYPED, NUMBER, SUBMITTED, EXAMPLE = "search-words", "search-page", "search-submitted", "search-example"
WORDS = Words(
    {
        "search": "Search",
        "words": "Words, a phrase in quotes, or an id",
        "hint": "Finds entries by their words, in English and Japanese. An id in any spelling opens its entry.",
        "examples": "Examples",
        "kind": "Kind",
        "pillar": "Pillar",
        "source": "Source",
        "level": "Level of risk",
        "all": "{count} found",
        "some": "{count} of {all} found",
        "clear": "Clear all that is chosen",
        "exact": "The entry with this id",
        "nothing": "Nothing found for {typed}.",
        "other words": "Use fewer words, or other ones for the same thing; a phrase in quotes must occur as it stands.",
        "ask": "Ask it as a question instead",
        "none chosen": "None of the {all} entries found has all that is chosen.",
    },
    {
        "search": "検索",
        "words": "語句、引用符で囲んだフレーズ、または ID",
        "hint": "英語と日本語の語句で項目を探します。ID はどの書き方でも、その項目を直接開きます。",
        "examples": "例",
        "kind": "種類",
        "pillar": "柱",
        "source": "出典",
        "level": "リスクレベル",
        "all": "{count} 件",
        "some": "{all} 件中 {count} 件",
        "clear": "選択をすべて解除",
        "exact": "この ID の項目",
        "nothing": "{typed} に一致する項目はありません。",
        "other words": "語を減らすか、別の言い方を試してください。引用符で囲んだフレーズは、そのままの形で現れる必要があります。",
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
    """Words were typed, not followed from a link: an id opens its entry, and results begin at the first."""
    st.session_state[SUBMITTED] = True
    _from_the_first()


def _from_the_first() -> None:
    st.session_state[NUMBER] = 1


def _choose_example() -> None:
    st.session_state[TYPED] = st.session_state[EXAMPLE]
    _submitted()


def _draw_invitation() -> None:
    st.caption(WORDS("hint"))
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
    _draw_hits(left, frozenset(read_query(typed).terms))


def _key(facet: Facet) -> str:
    return f"search-{facet}"


def _clear() -> None:
    for facet in Facet:
        st.session_state[_key(facet)] = []
    _from_the_first()


def _draw_facets(all_counts: Mapping[Facet, Counter[str]], counts: Mapping[Facet, Counter[str]]) -> None:
    """A row of values for each facet, each with how many entries choosing it leaves."""
    with st.container(border=True), st.container(horizontal=True, gap="medium"):
        for facet in Facet:
            found = counts[facet]
            st.pills(
                WORDS(facet),
                _in_order(facet, all_counts[facet]),
                selection_mode="multi",
                format_func=lambda value, found=found: f"{escape(label(value))} ({found[value]})",
                key=_key(facet),
                on_change=_from_the_first,
            )


def _in_order(facet: Facet, values: Sequence[str] | Counter[str]) -> list[str]:
    """Values in the order that people know; editions newest first."""
    if facet is Facet.SOURCE:
        return sorted(values, key=lambda value: (value.partition(" ")[0], -int(value.rpartition(" ")[2][:4])))
    known = {
        Facet.KIND: list(Kind),
        Facet.PILLAR: list(PILLARS.values()),
        Facet.LEVEL: list(RiskLevel),
    }[facet]
    return [value for value in known if value in values] + sorted(set(values) - set(known))


def _draw_hits(hits: Sequence[Hit], wanted: frozenset[str]) -> None:
    pages = -(-len(hits) // HITS_A_PAGE)
    st.session_state.setdefault(NUMBER, 1)
    first = (min(st.session_state[NUMBER], max(1, pages)) - 1) * HITS_A_PAGE
    for hit in hits[first : first + HITS_A_PAGE]:
        _draw_hit(hit, wanted)
    if pages > 1:
        st.pagination(pages, key=NUMBER)


def _draw_hit(hit: Hit, wanted: frozenset[str]) -> None:
    """One entry found: what it is, with a link to its page, and the words that were looked for."""
    entry = hit.entry
    with st.container(border=True, gap="small"):
        entry_link(entry, f"**{escape(shown_id(entry))}** {escape(heading(entry))}")
        with st.container(horizontal=True, gap="small"):
            if entry.risk_level:
                level_badge(entry.risk_level)
            for value in (entry.kind, entry.pillar or source_of(entry)):
                st.badge(escape(label(value)), color="gray")
        st.markdown(marked(snippet(hit, wanted).text, snippet(hit, wanted).marks))


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
