"""The part of the page Index about builds: what the served one changed, which are kept, and rolling back."""

from collections.abc import Mapping, Sequence

import streamlit as st

from assistant.pages.words import Words
from assistant.render.changes import catalogue_notes, changed_ids, changes_markdown
from assistant.render.escape import escape
from kb.changes import Changes, between
from kb.errors import GenlensError
from kb.knowledge_base import KnowledgeBase
from kb.rollback import rollback
from kb.settings import Settings
from kb.storage.builds import list_builds

WORDS = Words(
    {
        "changes": "What changed since the build before",
        "none before": "No build before the served one is kept.",
        "nothing differs": "Nothing differs.",
        "added": "Added",
        "removed": "Removed",
        "changed": "Changed",
        "moved": "Moved",
        "report": "Report with the words that changed",
        "download": "Download as Markdown",
        "kept": "Builds that are kept",
        "this one": "served now",
        "serve": "Serve {build}",
        "roll back": "Roll back",
        "sure": "Serve the build {build} instead of {served}? Every visitor gets its answers from then on. "
        "The build that is served now stays, so that you can go forward again.",
        "yes": "Serve it",
        "no": "Cancel",
    },
    {
        "changes": "前のビルドからの変更",
        "none before": "配信中のものより前のビルドは保存されていません。",
        "nothing differs": "違いはありません。",
        "added": "追加",
        "removed": "削除",
        "changed": "変更",
        "moved": "移動",
        "report": "変更された文を含むレポート（英語）",
        "download": "Markdown でダウンロード",
        "kept": "保存されているビルド",
        "this one": "配信中",
        "serve": "{build} を配信",
        "roll back": "ロールバック",
        "sure": "{served} の代わりにビルド {build} を配信しますか。"
        "以後、すべての利用者への回答はこのビルドから作られます。"
        "今のビルドも残るので、あとで戻せます。",
        "yes": "配信する",
        "no": "やめる",
    },
)


def draw_changes(settings: Settings, base: KnowledgeBase) -> None:
    """What the served build says otherwise than the one before it."""
    st.subheader(WORDS("changes"), anchor=False)
    older = [build for build in list_builds(settings.home) if build < base.build]
    if not older:
        st.markdown(WORDS("none before"))
        return
    changes = _between(settings, older[0], base.build)
    for note in catalogue_notes(changes):
        st.markdown(escape(note))
    if not changes:
        st.markdown(WORDS("nothing differs"))
        return
    st.markdown(listed(changed_ids(changes)))
    report = changes_markdown(changes, diff=True)
    with st.expander(WORDS("report")):
        st.download_button(
            WORDS("download"), report, f"changes-{base.build}.md", "text/markdown", on_click="ignore"
        )
        st.markdown(report)


@st.cache_data(max_entries=4, show_spinner=False)
def _between(_settings: Settings, old: str, new: str) -> Changes:
    """Builds never change, so the difference of two is found once."""
    return between(_settings.home, old, new)


def listed(found: Mapping[str, Sequence[str]]) -> str:
    """How many entries were added, removed, changed and moved, and which, as Markdown."""
    lines = (
        f"- **{WORDS(way)} ({len(ids)})**: {', '.join(map(escape, ids))}" for way, ids in found.items() if ids
    )
    return "\n".join(lines)


def draw_kept(settings: Settings, base: KnowledgeBase, *, blocked: bool) -> None:
    """The builds that are kept, each with the button to serve it again, which may be blocked."""
    st.subheader(WORDS("kept"), anchor=False)
    for build in list_builds(settings.home):
        with st.container(horizontal=True, vertical_alignment="center"):
            if build == base.build:
                st.markdown(f"`{build}`", width="content")
                st.badge(WORDS("this one"), color="green")
            elif st.button(WORDS("serve", build=build), disabled=blocked, key=f"serve-{build}"):
                st.dialog(WORDS("roll back"))(ask_whether)(settings, base.build, build)


def ask_whether(settings: Settings, served_now: str, build: str) -> None:
    """The dialog that asks whether to roll back, and does."""
    st.markdown(WORDS("sure", build=f"`{build}`", served=f"`{served_now}`"))
    with st.container(horizontal=True):
        sure = st.button(WORDS("yes"), type="primary")
        if st.button(WORDS("no")):
            st.rerun()
    if sure:
        try:
            rollback(settings, build, wait=False)
        except GenlensError as error:
            st.error(escape(str(error)))
        else:
            st.rerun()
