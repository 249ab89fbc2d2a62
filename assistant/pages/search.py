"""The Search view: entries by keyword, narrowed by facets; an id opens its entry."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import partial

import streamlit as st

from assistant.pages import address
from assistant.pages.labels import heading, label
from assistant.pages.shared import LEVEL_COLOURS, entry_link, open_entry, served_base, view
from assistant.pages.words import PageWords, interface_language
from assistant.render.escape import escape
from assistant.render.snippets import snippet
from assistant.views.facets import Chosen, Facet, counted, look_up, narrowed, search_all, source_of
from kb.entries import Entry, Kind, RiskLevel
from kb.errors import GenlensError
from kb.ids import PILLARS
from kb.knowledge_base import KnowledgeBase
from kb.ranking.query import MAX_QUESTION, read_query
from kb.ranking.search import Hit

HITS_SHOWN = 10  # at first, and more with each click
# A text of so many words is a question rather than a search.
SENTENCE = 5
EXAMPLES = ("prompt caching", '"least privilege"', "gensec5 bp1", "llm6 2025", "エージェントの権限")
# Parameters of the address: the words, and the number of hits shown.
TYPED, SHOWN = "q", "shown"
SUBMITTED = "search-submitted"
WORDS, RISK_BADGE = PageWords("search"), PageWords("risk_badge")


def show() -> None:
    """Draw the view."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.title(WORDS("search"), anchor=False, width="content")
        typed = st.text_input(
            WORDS("words"),
            key=address.text(TYPED, MAX_QUESTION),
            type="search",
            placeholder=WORDS("words"),
            label_visibility="collapsed",
            on_change=_submitted,
        )
    words = (typed or "").strip()
    if not words:
        _draw_invitation()
        return
    try:
        _draw_results(served_base(), words)
    except GenlensError as error:
        st.error(escape(str(error)))


def _submitted() -> None:
    """Note that the words were typed: an id in a link does not open its entry."""
    address.write(TYPED, SHOWN, *Facet)
    st.session_state[SUBMITTED] = True


def _choose_example(example: str) -> None:
    address.replace(TYPED, example)
    st.session_state[SUBMITTED] = True


def _draw_invitation() -> None:
    st.markdown(f":gray[{WORDS('hint')}]")
    with st.container(horizontal=True, gap="small"):
        for example in EXAMPLES:
            st.button(escape(example), on_click=_choose_example, args=(example,))


def _draw_results(base: KnowledgeBase, words: str) -> None:
    named = look_up(base, words, interface_language())
    if st.session_state.pop(SUBMITTED, False) and named:
        open_entry(named.id)
    hits = search_all(base, words)
    if not hits:
        st.info(f"{WORDS('nothing', typed=escape(words[:100]))}\n\n{WORDS('other_words')}")
        _draw_ask(words)
        return
    options = {facet: _in_order(facet, values) for facet, values in counted(hits, {}).items()}
    narrowing = {facet: address.chosen(facet, values) for facet, values in options.items()}
    left = narrowed(hits, narrowing)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        _draw_count(len(left), len(hits))
        _draw_facets(options, counted(hits, narrowing), narrowing)
        if len(words.split()) >= SENTENCE:
            _draw_ask(words)
    if not left:
        st.info(WORDS("none_chosen", all=len(hits)))
    _draw_hits(left, frozenset(read_query(words).terms))


def _draw_ask(words: str) -> None:
    st.page_link(
        view("ask"),
        label=WORDS("ask"),
        icon=":material/forum:",
        query_params=address.with_language(q=words),
    )


def _draw_count(left: int, every: int) -> None:
    count = WORDS("all", count=every) if left == every else WORDS("some", count=left, all=every)
    st.markdown(f"**{count}**", width="content")
    if left != every:
        first, *others = Facet
        st.button(WORDS("clear"), type="tertiary", on_click=address.replace, args=(first, "", *others, SHOWN))


def _draw_facets(
    options: Mapping[Facet, Sequence[str]], counts: Mapping[Facet, Counter[str]], narrowing: Chosen
) -> None:
    """Draw a button per facet that opens its values, each with its number of hits."""
    for facet, values in options.items():
        number = len(narrowing[facet])
        title = f"{WORDS(facet)} ({number})" if number else WORDS(facet)
        with st.popover(title, type="tertiary", key=f"facet-{facet}"):
            st.pills(
                WORDS(facet),
                values,
                selection_mode="multi",
                format_func=partial(_counted, counts[facet]),
                key=address.many(facet, values),
                on_change=address.write,
                args=(facet, SHOWN),
                label_visibility="collapsed",
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


def _draw_hits(hits: Sequence[Hit], wanted: frozenset[str]) -> None:
    """Draw the first hits, and a button for more: what follows appears where the reader is."""
    asked = st.query_params.get(SHOWN, "")
    shown = max(HITS_SHOWN, int(asked) if asked.isascii() and asked.isdigit() else 0)
    for hit in hits[:shown]:
        _draw_hit(hit, wanted)
    if shown < len(hits):
        more = min(HITS_SHOWN, len(hits) - shown)
        st.button(
            WORDS("more", count=more),
            icon=":material/expand_more:",
            on_click=address.replace,
            args=(SHOWN, str(shown + HITS_SHOWN)),
        )


def _draw_hit(hit: Hit, wanted: frozenset[str]) -> None:
    """Draw a hit: its title as a link to its entry, a snippet with the matches, and its facts."""
    entry, shown = hit.entry, snippet(hit, wanted)
    with st.container(border=True, gap="xxsmall"):
        entry_link(entry.id, f":primary[**{escape(heading(entry))}**]")
        st.markdown(f":small[{marked(shown.text, shown.marks)}]")
        st.markdown(facts(entry))


def facts(entry: Entry) -> str:
    """The id, level of risk, kind and pillar of an entry as one line of Markdown."""
    level = entry.risk_level
    badge = f":{LEVEL_COLOURS[level]}-badge[{RISK_BADGE(level)}] " if level else ""
    parts = (label(entry.kind), label(entry.pillar or source_of(entry)))
    return f":small[{escape(entry.id)} {badge}:gray[{escape(' · '.join(parts))}]]"


def marked(text: str, marks: Sequence[tuple[int, int]]) -> str:
    """The escaped text as Markdown; the marked spans have a coloured background."""
    pieces, at = [], 0
    for start, end in marks:
        pieces += [escape(text[at:start]), f":orange-background[{escape(text[start:end])}]"]
        at = end
    return "".join([*pieces, escape(text[at:])])
