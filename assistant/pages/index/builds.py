"""The builds in Index: the changes of the served build, the kept builds, and rollback."""

from collections.abc import Mapping, Sequence

import streamlit as st

from assistant.pages.words import PageWords
from assistant.render.changes import catalogue_notes, changed_ids, changes_markdown
from assistant.render.escape import escape
from kb.changes import Changes, between
from kb.errors import GenlensError
from kb.knowledge_base import KnowledgeBase
from kb.rollback import rollback
from kb.settings import Settings
from kb.storage.builds import list_builds

WORDS = PageWords("builds")


def draw_changes(settings: Settings, base: KnowledgeBase) -> None:
    """Draw the changes from the previous build to the served one."""
    st.header(WORDS("changes"), anchor=False)
    older = [build for build in list_builds(settings.home) if build < base.build]
    if not older:
        st.markdown(WORDS("none_before"))
        return
    changes = _between(settings, older[0], base.build)
    for note in catalogue_notes(changes):
        st.markdown(escape(note))
    if not changes:
        st.markdown(WORDS("no_changes"))
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
    """The changes between two builds, computed once: builds never change."""
    return between(_settings.home, old, new)


def listed(ids_by_change: Mapping[str, Sequence[str]]) -> str:
    """The ids of the added, removed, changed and moved entries as a Markdown list with counts."""
    lines = (
        f"- **{WORDS(change)} ({len(ids)})**: {', '.join(map(escape, ids))}"
        for change, ids in ids_by_change.items()
        if ids
    )
    return "\n".join(lines)


def draw_kept(settings: Settings, base: KnowledgeBase, *, blocked: bool) -> None:
    """Draw the kept builds, each with a button to serve it, disabled if `blocked`."""
    st.header(WORDS("kept"), anchor=False)
    for build in list_builds(settings.home):
        with st.container(horizontal=True, vertical_alignment="center"):
            if build == base.build:
                st.markdown(f"`{build}`", width="content")
                st.badge(WORDS("this_one"), color="green")
            elif st.button(WORDS("serve", build=build), disabled=blocked, key=f"serve-{build}"):
                st.dialog(WORDS("roll_back"))(confirm_rollback)(settings, base.build, build)


def confirm_rollback(settings: Settings, served: str, build: str) -> None:
    """Draw the dialog that confirms a rollback and carries it out."""
    st.markdown(WORDS("sure", build=f"`{build}`", served=f"`{served}`"))
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
