"""The Index view: the served build, failures, and refreshing; its part about builds is in builds.py."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Literal

import streamlit as st

from assistant.pages.hosts import only_on_this_machine
from assistant.pages.index.builds import draw_changes, draw_kept, listed
from assistant.pages.index.refresh_job import RefreshJob, State
from assistant.pages.shared import served_base
from assistant.pages.words import PageWords
from assistant.render.escape import escape, link
from ingest.sources import Source, load_sources
from kb.data import data_folder
from kb.entries import Kind
from kb.errors import GenlensError
from kb.knowledge_base import KnowledgeBase
from kb.settings import Settings, load_settings
from kb.storage.manifest import SourceState
from kb.storage.refresh_log import Failure, checked_at, read_failures
from kb.text import squeeze

_BUTTONS: dict[str, Literal["primary", "secondary"]] = {"refresh": "primary", "check": "secondary"}
POLL_SECONDS = 1.0  # while a job runs
WORDS, KINDS = PageWords("index"), PageWords("kinds")


def show() -> None:
    """Draw the view."""
    st.title(WORDS("index"), anchor=False)
    try:
        settings = load_settings()
        base = served_base()
        failures = read_failures(settings.home)
        _draw_state(settings, base, healthy=not failures)
        _draw_failures(failures)
        _draw_served(settings, base)
        _draw_refresh()
        draw_changes(settings, base)
        draw_kept(settings, base, blocked=not may_change() or _job().state.running)
    except GenlensError as error:
        st.error(escape(str(error)))


def may_change() -> bool:
    """True if the visitor may refresh and roll back: logged in, or at this machine."""
    return only_on_this_machine() or bool(st.user.get("is_logged_in", False))


def _draw_state(settings: Settings, base: KnowledgeBase, *, healthy: bool) -> None:
    """Draw in one line whether the sources were read, and when."""
    checked = checked_at(settings.home, base.manifest)
    told = _ago(datetime.fromisoformat(checked)) if checked else WORDS("never_checked")
    if healthy:
        st.markdown(f":green[:material/check_circle:] **{told}**")
    else:
        st.markdown(f":orange[:material/warning:] **{told}**")


def _ago(then: datetime) -> str:
    """How long ago the sources were read, in the largest whole unit."""
    minutes = max(0, int((datetime.now(UTC) - then).total_seconds() // 60))
    if minutes < 2:
        return WORDS("just_checked")
    units = (("checked_days", 24 * 60), ("checked_hours", 60), ("checked_minutes", 1))
    told, length = next(unit for unit in units if minutes >= 2 * unit[1])
    return WORDS(told, count=minutes // length)


def _draw_served(settings: Settings, base: KnowledgeBase) -> None:
    made = base.manifest
    st.header(WORDS("served"), anchor=False)
    with st.container(horizontal=True, gap="large"):
        for kind in Kind:
            if kind in made.counts:
                st.metric(KINDS(kind), made.counts[kind], width="content")
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
    """Draw a source: its title, the origin of each edition, and its licence."""
    lines = [
        f"- {escape(state.edition)} ({WORDS(state.language)}): {escape(_origin(state))}" for state in states
    ]
    with st.container(border=True):
        st.markdown(f"**{escape(source.title)}**")
        st.markdown("\n".join(lines))
        for state in states:
            for note in state.notes:
                st.warning(escape(f"{state.edition} ({WORDS(state.language)}): {squeeze(note)}"))
        licence = link(f"{source.publisher}, {source.licence}", source.licence_url)
        st.markdown(f":small[{WORDS('licence', licence=licence)}]")


def _origin(state: SourceState) -> str:
    return WORDS(state.origin, count=state.entries, at=_time(state.fetched_at))


def _time(written: str) -> str:
    """A stored time (ISO 8601, UTC) to the minute."""
    return f"{datetime.fromisoformat(written):%Y-%m-%d %H:%M} UTC"


def _draw_failures(failures: Sequence[Failure]) -> None:
    """Draw the failures since the last successful refresh, each once."""
    for failure in dict.fromkeys(failures):
        st.warning(escape(WORDS("failed", what=failure.what, at=_time(failure.at), reason=failure.reason)))


@st.cache_resource(show_spinner=False)
def _job() -> RefreshJob:
    """The one job runner, shared by all visitors of this server."""
    return RefreshJob()


def _draw_refresh() -> None:
    """Draw the buttons and the progress, which is polled while a job runs."""
    st.header(WORDS("renew"), anchor=False)
    if not may_change():
        st.info(WORDS("not_allowed"))
        return
    st.markdown(WORDS("renew_hint"))
    job = _job()
    running = job.state.running
    with st.container(horizontal=True):
        for verb, kind in _BUTTONS.items():
            start = partial(job.start, verb)
            st.button(WORDS(verb), type=kind, on_click=start, disabled=running)
    st.fragment(partial(_draw_progress, job, running), run_every=POLL_SECONDS if running else None)()


def _draw_progress(job: RefreshJob, was_running: bool) -> None:
    """Draw the progress; at the end of a job redraw the whole view, which may have a new build."""
    state = job.state
    if was_running and not state.running:
        st.rerun()
    if state.running and state.total:
        text = WORDS("embedding", done=state.done, total=state.total)
        st.progress(state.done / state.total, text)
    elif state.running:
        st.status(WORDS("reading"), state="running")
    else:
        _draw_result(state)
    for note in state.notes:
        st.warning(escape(squeeze(note)))
    if state.failed:
        st.warning(WORDS("in_part", failed=escape(", ".join(state.failed))))


def _draw_result(state: State) -> None:
    if state.broken:
        st.error(WORDS("broken", error=escape(state.error)))
    elif state.error:
        st.error(WORDS("not_published", error=escape(state.error)))
    elif state.build:
        st.success(WORDS("published" if state.new else "same", build=escape(state.build)))
    elif state.checked and any(state.ids.values()):
        st.info(f"{WORDS('would_change')}\n\n{listed(state.ids)}")
    elif state.checked:
        st.success(WORDS("would_build" if state.new else "up_to_date"))
