"""The page Ask: a question in, an answer with its sources beside it."""

from collections.abc import Sequence

import streamlit as st

from assistant.answers.composition import Statement
from assistant.pages.ask.answer import draw_answer
from assistant.pages.ask.messages import (
    Message,
    answered,
    forget,
    messages,
    remember,
    replay,
    shown_as,
    turns,
)
from assistant.pages.ask.thumbs import draw_opinion, miss
from assistant.pages.frame import ICON
from assistant.pages.labels import label
from assistant.pages.shared import interface_language, served
from assistant.pages.words import Words
from assistant.render.escape import escape
from assistant.render.transcript import transcript
from kb.entries import RiskLevel
from kb.errors import GenlensError
from kb.ids import PILLARS
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import Filters
from kb.ranking.query import MAX_QUESTION

WORDS = Words(
    {
        "title": "What would you like to know?",
        "invite": "Ask about your workload",
        "about": "Answers come in the words of the AWS Well-Architected Generative AI Lens and the OWASP "
        "Top 10 for LLM Applications, and every sentence names the entry it stands in.",
        "example 1": "How do I keep an agent from taking actions it should not?",
        "example 2": "Our token bill doubled. Where do we start?",
        "example 3": "What should we log when people call the model?",
        "example 4": "How do we fail over a RAG application to another Region?",
        "example 5": "How do we defend against prompt injection?",
        "filters": "Filters",
        "filters help": "Only entries that pass are used for the next answers.",
        "pillar": "Pillar",
        "source": "Source",
        "edition": "OWASP edition",
        "level": "Level of risk",
        "any": "Any",
        "new": "New conversation",
        "copy": "Copy",
        "download": "Download",
        "link": "The address of this page asks these questions again.",
    },
    {
        "title": "何を知りたいですか？",
        "invite": "ワークロードについて質問してください",
        "about": "回答は AWS Well-Architected 生成 AI レンズと OWASP Top 10 for LLM Applications "
        "の言葉を使い、各文に出典の項目を示します。",
        "example 1": "エージェントに渡す権限は、どこまで絞ればいいですか？",
        "example 2": "トークンの料金が倍になりました。どこから手を付ければいいですか？",
        "example 3": "モデルの呼び出しでは何をログに残すべきですか？",
        "example 4": "RAG アプリケーションを別のリージョンに切り替えるには？",
        "example 5": "プロンプトインジェクションにどう備えますか？",
        "filters": "絞り込み",
        "filters help": "次の回答では、条件に合う項目だけを使います。",
        "pillar": "柱",
        "source": "出典",
        "edition": "OWASP の版",
        "level": "リスクレベル",
        "any": "すべて",
        "new": "新しい会話",
        "copy": "コピー",
        "download": "ダウンロード",
        "link": "このページのアドレスを開くと、同じ質問をもう一度行います。",
    },
)
EXAMPLES = tuple(f"example {number}" for number in range(1, 6))


def show() -> None:
    """Draw the page."""
    try:
        filters = _choose_filters(served())
    except GenlensError as error:
        st.error(escape(str(error)))
        return
    replay(filters)
    question = st.chat_input(WORDS("invite"), max_chars=MAX_QUESTION) or st.session_state.pop("asked", None)
    if not messages() and not question:
        _draw_invitation()
        return
    # Before anything is drawn: who sees an answer can reload the page and keep it.
    remember()
    for message in messages():
        _draw_message(message)
    if question:
        _answer(question, filters)
    _draw_taking_along()


def _answer(question: str, filters: Filters) -> None:
    """Answer a question, show it, and make it part of the conversation once it is whole."""
    with st.chat_message("user"):
        st.markdown(escape(shown_as(question)))
    with st.chat_message("assistant", avatar=ICON):
        place, said = st.empty(), list[str]()

        def tell(statement: Statement) -> None:
            said.append(escape(statement.text))
            place.markdown(" ".join(said))

        message = answered(question, filters, tell)
        messages().append(message)
        remember()
        place.empty()
        draw_answer(message, fresh=True)
        draw_opinion(message)
        miss(message)


def _draw_message(message: Message) -> None:
    with st.chat_message("user"):
        st.markdown(escape(message.asked))
    with st.chat_message("assistant", avatar=ICON):
        draw_answer(message, fresh=False)
        draw_opinion(message)


def _draw_invitation() -> None:
    """What an empty page says: what this is, and questions that are one click away."""
    st.subheader(WORDS("title"), anchor=False)
    st.markdown(WORDS("about"))
    with st.container(horizontal=True, gap="small"):
        for key in EXAMPLES:
            st.button(escape(WORDS(key)), key=key, on_click=_choose_example, args=(key,), wrap=True)


def _choose_example(key: str) -> None:
    st.session_state.asked = WORDS(key)


def _choose_filters(base: KnowledgeBase) -> Filters:
    """The filters in the sidebar; they stand in the address too."""
    sources = tuple(dict.fromkeys(entry.source for entry in base.entries))
    with st.sidebar:
        st.markdown(f"**{WORDS('filters')}**", help=WORDS("filters help"))
        return Filters(
            pillars=_choose("pillar", list(PILLARS.values())),
            sources=_choose("source", sources),
            editions=_choose("edition", base.editions),
            risk_levels=_choose("level", [level.value for level in RiskLevel]),
        )


def _choose(name: str, options: Sequence[str]) -> frozenset[str]:
    """The values chosen of one filter, at first those of the address; the address then follows."""
    linked = st.query_params.get_all(name)
    st.session_state.setdefault(name, [value for value in linked if value in options])
    chosen = st.multiselect(
        WORDS(name), options, format_func=label, key=name, persist_state="session", placeholder=WORDS("any")
    )
    if chosen != linked:
        st.query_params[name] = chosen
    return frozenset(chosen)


def _draw_taking_along() -> None:
    """Begin anew, copy, or download the conversation."""
    text = transcript(turns(), interface_language())
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.button(WORDS("new"), icon=":material/add_comment:", on_click=forget)
        st.download_button(
            WORDS("download"),
            text,
            file_name="genlens.md",
            mime="text/markdown",
            icon=":material/download:",
            on_click="ignore",
        )
        with st.popover(WORDS("copy"), icon=":material/content_copy:"):
            st.code(text, language=None, wrap_lines=True, height=320)
    st.caption(WORDS("link"))
