"""The page Index: what is served, what failed, and refreshing; what it shows of builds is in builds.py."""

from datetime import datetime
from functools import partial
from typing import Literal

import streamlit as st

from assistant.pages.index.builds import draw_changes, draw_kept, listed
from assistant.pages.index.refresh_job import Refreshing
from assistant.pages.labels import label
from assistant.pages.shared import served
from assistant.pages.words import Words
from assistant.render.escape import escape, link
from ingest.sources import Source, load_sources
from kb.data import data_folder
from kb.entries import Kind
from kb.errors import GenlensError
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings, load_settings
from kb.storage.manifest import SourceState
from kb.storage.refresh_log import checked_at, read_failures

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_BUTTONS: dict[str, Literal["primary", "secondary"]] = {"refresh": "primary", "check": "secondary"}
SECONDS = 1.0  # between two looks at a refresh that is under way
WORDS = Words(
    {
        "index": "Index",
        "served": "What is served",
        "build": "Build",
        "made": "Made",
        "checked": "Sources last read",
        "model": "Embedding model",
        "en": "English",
        "ja": "Japanese",
        "site": "{count} entries from the site, read {at}",
        "catalogue": "{count} entries from the catalogue of genlens, in its own words, read {at}",
        "licence": "Licence: {licence}",
        "failures": "What failed",
        "no failures": "Nothing has failed since a refresh last ended well.",
        "failed": "{what}, {at}: {reason}",
        "renew": "Refresh",
        "renew hint": "Reads the sources again, and publishes a new build where they say something new. "
        "What is served stays until that is whole; other visitors are not disturbed.",
        "check": "Check for updates",
        "refresh": "Refresh now",
        "up to date": "The sources say what is served: a refresh would change nothing.",
        "would change": "A refresh would change this:",
        "would build": "A refresh would make a new build, in which no entry says anything else.",
        "not allowed": "Refreshing and rolling back are for people who are logged in, or who sit at the "
        "machine that serves this page. It can be reached from other machines, and nobody is logged in.",
        "reading": "Reading the sources …",
        "embedding": "Embedding {done} of {total} chunks",
        "same": "Build {build} is served still: the sources say nothing new.",
        "published": "Build {build} is served now.",
        "in part": "Published in part; not as its site has it now: {failed}",
        "not published": "Nothing was published; what was served still is. {error}",
    },
    {
        "index": "索引",
        "served": "配信中の内容",
        "build": "ビルド",
        "made": "作成日時",
        "checked": "出典を最後に読んだ日時",
        "model": "埋め込みモデル",
        "en": "英語",
        "ja": "日本語",
        "site": "サイトから {count} 件、{at} に取得",
        "catalogue": "genlens 独自のカタログから {count} 件、{at} に取得",
        "licence": "ライセンス: {licence}",
        "failures": "失敗したこと",
        "no failures": "最後に更新が正常に終わってから、失敗はありません。",
        "failed": "{what}、{at}: {reason}",
        "renew": "更新",
        "renew hint": "出典を読み直し、新しい内容があればビルドを公開します。"
        "完成するまで配信中の内容はそのままで、ほかの利用者の妨げにはなりません。",
        "check": "更新を確認",
        "refresh": "今すぐ更新",
        "up to date": "出典の内容は配信中のものと同じです。更新しても何も変わりません。",
        "would change": "更新すると、次の項目が変わります。",
        "would build": "更新すると新しいビルドができますが、項目の内容は変わりません。",
        "not allowed": "更新とロールバックができるのは、ログインした人か、"
        "このページを配信する機械の利用者だけです。このページはほかの機械からも開け、ログインがありません。",
        "reading": "出典を読んでいます…",
        "embedding": "{total} 個中 {done} 個のチャンクを埋め込みました",
        "same": "引き続きビルド {build} を配信しています。出典に新しい内容はありません。",
        "published": "ビルド {build} の配信を始めました。",
        "in part": "一部だけ公開しました。現在のサイトどおりでないもの: {failed}",
        "not published": "何も公開しませんでした。配信中の内容はそのままです。{error}",
    },
)


def show() -> None:
    """Draw the page."""
    st.header(WORDS("index"), anchor=False)
    try:
        settings = load_settings()
        base = served()
        _draw_served(settings, base)
        _draw_failures(settings)
        _draw_refresh()
        draw_changes(settings, base)
        draw_kept(settings, base, blocked=not may_change() or _refreshing().state.running)
    except GenlensError as error:
        st.error(escape(str(error)))


def may_change() -> bool:
    """Whether who sees this page may refresh and roll back: who is logged in, or sits at this machine."""
    return st.get_option("server.address") in LOOPBACK or bool(st.user.get("is_logged_in", False))


def _draw_served(settings: Settings, base: KnowledgeBase) -> None:
    made = base.manifest
    st.subheader(WORDS("served"), anchor=False)
    with st.container(horizontal=True, gap="large"):
        for kind in Kind:
            if kind in made.counts:
                st.metric(label(kind), made.counts[kind], width="content")
    checked = checked_at(settings.home, made)
    facts = {
        "build": f"`{made.id}`",
        "made": escape(_time(made.made_at)),
        "checked": escape(_time(checked)) if checked else "–",
        "model": escape(made.model),
    }
    st.markdown("\n".join(f"- {WORDS(key)}: {value}" for key, value in facts.items()))
    for source in load_sources(data_folder() / "sources"):
        states = [state for state in made.sources if state.name == source.name]
        if states:
            _draw_source(source, states)


def _draw_source(source: Source, states: list[SourceState]) -> None:
    """A source: its name and licence, and where each edition of it came from."""
    lines = [
        f"- {escape(state.edition)} ({WORDS(state.language)}): {escape(_origin(state))}" for state in states
    ]
    with st.container(border=True):
        st.markdown(f"**{escape(source.title)}**")
        st.markdown("\n".join(lines))
        licence = link(f"{source.publisher}, {source.licence}", source.licence_url)
        st.markdown(f":small[{WORDS('licence', licence=licence)}]")


def _origin(state: SourceState) -> str:
    return WORDS(state.origin, count=state.entries, at=_time(state.fetched_at))


def _time(written: str) -> str:
    """A time of ISO 8601 to the minute, in UTC as it is kept."""
    return f"{datetime.fromisoformat(written):%Y-%m-%d %H:%M} UTC"


def _draw_failures(settings: Settings) -> None:
    st.subheader(WORDS("failures"), anchor=False)
    failures = read_failures(settings.home)
    if not failures:
        st.markdown(WORDS("no failures"))
    for failure in failures:
        st.warning(escape(WORDS("failed", what=failure.what, at=_time(failure.at), reason=failure.reason)))


@st.cache_resource(show_spinner=False)
def _refreshing() -> Refreshing:
    """One for all visitors of this server."""
    return Refreshing()


def _draw_refresh() -> None:
    """The buttons, and how far a refresh has come: the page looks again while one is under way."""
    st.subheader(WORDS("renew"), anchor=False)
    if not may_change():
        st.info(WORDS("not allowed"))
        return
    st.markdown(WORDS("renew hint"))
    refreshing = _refreshing()
    running = refreshing.state.running
    with st.container(horizontal=True):
        for verb, kind in _BUTTONS.items():
            start = partial(refreshing.start, verb)
            st.button(WORDS(verb), type=kind, on_click=start, disabled=running)
    st.fragment(partial(_draw_progress, refreshing, running), run_every=SECONDS if running else None)()


def _draw_progress(refreshing: Refreshing, was_running: bool) -> None:
    state = refreshing.state
    if was_running and not state.running:
        st.rerun()  # the whole page: another build may be served
    if state.running and state.total:
        words = WORDS("embedding", done=state.done, total=state.total)
        st.progress(state.done / state.total, words)
    elif state.running:
        st.status(WORDS("reading"), state="running")
    elif state.error:
        st.error(WORDS("not published", error=escape(state.error)))
    elif state.build:
        st.success(WORDS("published" if state.new else "same", build=escape(state.build)))
    elif state.checked and any(state.found.values()):
        st.info(f"{WORDS('would change')}\n\n{listed(state.found)}")
    elif state.checked:
        st.success(WORDS("would build" if state.new else "up to date"))
    if state.failed:
        st.warning(WORDS("in part", failed=escape(", ".join(state.failed))))
