"""The Index view, without a browser."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from support.corpus import MADE_AT, SOURCES, corpus
from support.encoder import WordEncoder
from support.pages import app, buttons, in_japanese, opened, shown

from assistant.pages.index.refresh_job import RefreshJob, State, after
from assistant.pages.index.view import _ago
from kb.errors import BusyError
from kb.make import make_build
from kb.settings import Settings
from kb.storage.builds import Build, current_build, serve
from kb.storage.manifest import read_manifest, write_manifest
from kb.storage.refresh_log import failed_now, write_failures


@pytest.fixture
def older(home: Path, encoder: WordEncoder) -> str:
    """The build before the served one; one of its titles differs."""
    entries = [replace(e, title="Old words") if e.id == "GENSEC05-BP02" else e for e in corpus()]
    build = make_build(home, encoder, entries, SOURCES, MADE_AT).id
    older = home / "builds" / f"20260101T000000{build[15:]}"
    (home / "builds" / build).rename(older)
    write_manifest(older, replace(read_manifest(older), id=older.name).sealed(older))
    serve(Build(home, older.name))
    return older.name


@pytest.fixture
def view(home: Path, encoder: WordEncoder, older: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    assert older < make_build(home, encoder, corpus(), SOURCES, MADE_AT).id
    monkeypatch.setenv("GENLENS_MODEL", encoder.model)
    monkeypatch.setattr(st, "get_option", listening_on("127.0.0.1"))
    with app() as chat_page:
        yield chat_page


def listening_on(address: str) -> Callable[[str], object]:
    """Streamlit's options, with a server that listens on the given address."""
    options = st.get_option
    return lambda key: address if key == "server.address" else options(key)


def test_view_shows_the_served_build(view: AppTest, home: Path) -> None:
    opened(view, "index")
    assert not view.exception
    assert {metric.label: metric.value for metric in view.metric} == {
        "Questions": "1", "Best practices": "3", "Risks": "3", "Pages": "1",
    }  # fmt: skip
    text = shown(view).replace("\\", "")
    assert f"Build: `{current_build(home).id}`" in text
    assert "Embedding model: tests/words" in text
    assert "2026 (English): 2 entries from the site, read 2026-01-02 03:04 UTC" in text
    assert "1 entries from the genlens catalogue" in text
    assert "[OWASP Foundation, CC BY-SA 4.0](https://creativecommons.org/licenses/by-sa/4.0/)" in text


def test_view_shows_changes_since_the_previous_build(view: AppTest) -> None:
    opened(view, "index")
    text = shown(view)
    assert "**Changed (2)**: GENSEC05, GENSEC05-BP02" in text
    assert "-Old words" in view.expander[-1].markdown[0].value


def test_failures_are_shown_as_text(view: AppTest, home: Path) -> None:
    write_failures(home, [failed_now("owasp-llm 2025 (en)", "<b>down</b> [x](http://evil.test)")])
    opened(view, "index")
    assert "\\<b\\>down" in view.warning[0].value
    assert "](" not in view.warning[0].value.replace("\\](", "")


def test_notes_of_the_served_build_are_shown_as_text(view: AppTest, home: Path, encoder: WordEncoder) -> None:
    first, *others = SOURCES
    noted = replace(first, notes=("2 pages look like questions: <b>A</b> [x](http://evil.test)\x1b[2J",))
    make_build(home, encoder, [replace(e, title=f"{e.title}.") for e in corpus()], (noted, *others), MADE_AT)
    opened(view, "index")
    (warning,) = view.warning
    assert warning.value.startswith("2025-11-19 (English): 2 pages look like questions: \\<b\\>A")
    assert "](" not in warning.value.replace("\\](", "")
    assert "\x1b" not in warning.value


def rollback_dialog(older: str) -> AppTest:
    """The dialog alone: AppTest does not run fragments, such as dialogs."""

    def script(build: str) -> None:
        from assistant.pages.index.builds import confirm_rollback
        from kb.settings import load_settings

        confirm_rollback(load_settings(), "the-served-one", build)

    return AppTest.from_function(script, args=(older,)).run()


def test_rollback_asks_for_confirmation(view: AppTest, home: Path, older: str) -> None:
    served = current_build(home).id
    opened(view, "index").button(key=f"serve-{older}").click().run()
    assert not view.exception
    assert f"Serve build `{older}` instead of `{served}`?" in shown(view)
    assert current_build(home).id == served


def test_confirmed_rollback_is_done(home: Path, older: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[Path, str, bool]] = []

    def recorded(settings: Settings, build: str, *, wait: bool) -> None:
        calls.append((settings.home, build, wait))

    monkeypatch.setattr("assistant.pages.index.builds.rollback", recorded)
    dialog = rollback_dialog(older)
    assert calls == []
    buttons(dialog)[0].click().run()
    assert not dialog.exception
    assert calls == [(home, older, False)]


def test_refused_rollback_shows_the_reason(older: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(_settings: Settings, _build: str, *, wait: bool) -> None:
        raise BusyError(f"another refresh is under way, waited for: {wait}")

    monkeypatch.setattr("assistant.pages.index.builds.rollback", busy)
    dialog = rollback_dialog(older)
    buttons(dialog)[0].click().run()
    assert dialog.error[0].value == "another refresh is under way, waited for: False"


def test_public_server_requires_login_to_refresh_or_roll_back(
    view: AppTest, older: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(st, "get_option", listening_on("0.0.0.0"))  # noqa: S104
    opened(view, "index")
    assert not view.exception
    assert "Log in to refresh or roll back" in view.info[0].value
    assert [button.label for button in buttons(view)] == [f"Serve {older}"]
    assert buttons(view)[0].disabled


def test_view_has_a_japanese_version(view: AppTest) -> None:
    in_japanese(opened(view, "index"))
    assert not view.exception
    assert [heading.value for heading in view.header][:2] == ["配信中のビルド", "更新"]


def final_state(job: RefreshJob) -> State:
    """The state of a job at its end, or after 30 seconds."""
    end = monotonic() + 30
    while job.state.running and monotonic() < end:
        sleep(0.01)
    return job.state


def job_printing(*lines: dict[str, object]) -> RefreshJob:
    """A job with a process that prints the given lines."""
    program = f"print({chr(10).join(map(json.dumps, lines))!r})" if lines else ""
    return RefreshJob((sys.executable, "-c", program))


def test_job_follows_a_refresh_to_its_end() -> None:
    job = job_printing({"done": 64, "total": 128}, {"build": "b", "published": True, "failed": ["owasp-llm"]})
    assert job.state == State()
    job.start("refresh")
    assert final_state(job) == State(build="b", new=True, failed=("owasp-llm",))


def test_job_of_a_check_has_the_expected_changes() -> None:
    job = job_printing({"ids": {"added": ["GENSEC07"]}, "new": True, "failed": [], "notes": ["9 pages"]})
    job.start("check")
    assert final_state(job) == State(checked=True, ids={"added": ["GENSEC07"]}, new=True, notes=("9 pages",))


WAIT = "import signal; signal.pause()"  # only a kill ends it


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (b"Downloading weights ...\n", r"b'Downloading weights ...\n'"),
        (b"\n", r"b'\n'"),
        (b"\x00\xff\xfe\x80\n", r"b'\x00\xff\xfe\x80\n'"),
        (b'{"done": 64, "to\n', r"""b'{"done": 64, "to\n'"""),
        (b'{"done": 1, "total": 2}{"done": 2, "total": 2}\n', 'b\'{"done": 1'),
        (b'{"done": "many", "total": 2}\n', 'b\'{"done": "many"'),
        (b'{"done": 1}\n', 'b\'{"done": 1}'),
        (b'{"build": "b"}\n', 'b\'{"build": "b"}'),
        (b"[]\n", "b'[]"),
        (b"null\n", "b'null"),
        (b"[" * 50_000 + b"\n", "b'[[["),
    ],
    ids=["print", "empty", "binary", "cut", "two", "type", "missing", "result", "list", "null", "nested"],
)
def test_line_that_is_no_message_ends_the_job_and_its_process(written: bytes, shown: str) -> None:
    good = b'{"done": 1, "total": 4}\n'
    program = f"import sys; sys.stdout.buffer.write({good + written!r}); sys.stdout.flush(); {WAIT}"
    job = RefreshJob((sys.executable, "-c", program))
    for _ in range(2):
        job.start("refresh")
        state = final_state(job)
        assert (state.running, state.broken) == (False, True)
        assert state.error.startswith(f"it wrote {shown}")
        assert len(state.error) < 400


def test_endless_line_is_not_kept_in_memory() -> None:
    job = RefreshJob((sys.executable, "-c", "while True: print('x' * 100_000, end='')"))
    job.start("refresh")
    assert final_state(job).error.startswith("it wrote b'xxx")


@pytest.mark.parametrize(
    ("program", "error"),
    [
        ("import os; os.kill(os.getpid(), 9)", "it was killed by signal 9"),
        ('print(\'{"done": 1, "total": 2}\')', "it exited with code 0"),
        ("print('{\"done\": 1, \"total\": 2', end='')", 'it wrote b\'{"done": 1, "total": 2\''),
        ("raise SystemExit(7)", "it exited with code 7"),
    ],
)
def test_process_that_ends_without_a_result_is_an_error(program: str, error: str) -> None:
    job = RefreshJob((sys.executable, "-c", program))
    job.start("check")
    state = final_state(job)
    assert state.error.startswith(error)
    assert state == State(error=state.error, broken=True)


def test_process_that_cannot_be_started_is_an_error() -> None:
    job = RefreshJob(("/nonexistent/python",))
    job.start("refresh")
    assert "/nonexistent/python" in final_state(job).error


@pytest.mark.parametrize("program", [WAIT, f"import os; os.close(1); {WAIT}"])
def test_process_that_stays_silent_is_killed(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.pages.index.refresh_job.MAX_SILENCE", 0.2)
    job = RefreshJob((sys.executable, "-c", program))
    job.start("refresh")
    assert final_state(job).error in {"it was killed by signal 9", "it closed its output and did not end"}


def test_result_is_kept_whatever_the_exit_code() -> None:
    job = RefreshJob((sys.executable, "-c", 'print(\'{"error": "busy"}\'); raise SystemExit(2)'))
    job.start("refresh")
    assert final_state(job) == State(error="busy")


def test_broken_job_is_told_and_the_buttons_work_again(
    view: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = RefreshJob((sys.executable, "-c", "print('<b>Warning</b>')"))
    monkeypatch.setattr("assistant.pages.index.view._job", lambda: job)
    opened(view, "index")
    buttons(view)[0].click().run()
    final_state(job)
    opened(view, "index")
    assert not view.exception
    assert view.error[0].value.startswith(r"The process broke off: it wrote b'\<b\>Warning")
    assert "You can start again" in view.error[0].value
    assert [button.disabled for button in buttons(view)] == [False] * len(buttons(view))


def test_worker_keeps_prints_of_libraries_out_of_its_messages() -> None:
    program = (
        "import os, ingest.pipeline as pipeline\n"
        "def refused(*_, **__):\n"
        "    print('python'); os.system('echo shell')\n"
        "    from kb.errors import BusyError\n"
        "    raise BusyError('another refresh is under way')\n"
        "pipeline.preview = refused\n"
        "import runpy, sys; sys.argv = ['worker', 'check']\n"
        "runpy.run_module('assistant.pages.index.refresh_worker', run_name='__main__')"
    )
    job = RefreshJob((sys.executable, "-c", program))
    job.start("check")
    assert final_state(job) == State(error="another refresh is under way")


def test_second_start_joins_the_running_job() -> None:
    job = RefreshJob((sys.executable, "-c", "import sys; print('{\"error\": \"'+sys.argv[1]+'\"}')"))
    job.start("refresh")
    job.start("check")
    assert final_state(job) == State(error="refresh")


def test_progress_line_updates_the_state() -> None:
    state = after(State(running=True), b'{"done": 64, "total": 128}\n')
    assert state == State(running=True, done=64, total=128)
    assert after(state, b'{"done": 200, "total": 128}\n').done == 128


@pytest.mark.parametrize(
    ("minutes", "told"),
    [
        (-5, "Sources read just now"),
        (1, "Sources read just now"),
        (2, "Sources read 2 minutes ago"),
        (119, "Sources read 119 minutes ago"),
        (120, "Sources read 2 hours ago"),
        (2 * 24 * 60, "Sources read 2 days ago"),
    ],
)
def test_view_tells_how_long_ago_the_sources_were_read(minutes: int, told: str) -> None:
    assert _ago(datetime.now(UTC) - timedelta(minutes=minutes, seconds=1)) == told
