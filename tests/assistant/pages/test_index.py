"""The page Index without a browser."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from support.corpus import MADE_AT, SOURCES, corpus
from support.encoder import WordEncoder
from support.pages import app, in_japanese, opened, shown

from assistant.pages.index.refresh_job import RefreshJob, State, after
from kb.errors import BusyError
from kb.make import make_build
from kb.settings import Settings
from kb.storage.builds import Build, current_build, serve
from kb.storage.refresh_log import failed_now, write_failures


@pytest.fixture
def older(home: Path, encoder: WordEncoder) -> str:
    """The build before the served one, in which one title was another."""
    entries = [replace(e, title="Old words") if e.id == "GENSEC05-BP02" else e for e in corpus()]
    build = make_build(home, encoder, entries, SOURCES, MADE_AT).id
    older = home / "builds" / f"20260101T000000{build[15:]}"
    (home / "builds" / build).rename(older)
    manifest = json.loads((older / "manifest.json").read_text(encoding="utf-8")) | {"id": older.name}
    (older / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    serve(Build(home, older.name))
    return older.name


@pytest.fixture
def page(home: Path, encoder: WordEncoder, older: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    assert older < make_build(home, encoder, corpus(), SOURCES, MADE_AT).id
    monkeypatch.setenv("GENLENS_MODEL", encoder.model)
    monkeypatch.setattr(st, "get_option", listening_on("127.0.0.1"))
    with app() as one:
        yield one


def listening_on(address: str) -> Callable[[str], object]:
    """The options of a server that listens on an address."""
    options = st.get_option
    return lambda key: address if key == "server.address" else options(key)


def test_what_is_served_is_told(page: AppTest, home: Path) -> None:
    opened(page, "index")
    assert not page.exception
    assert {metric.label: metric.value for metric in page.metric} == {
        "Question": "1", "Best practice": "3", "Risk": "3", "Page": "1",
    }  # fmt: skip
    text = shown(page).replace("\\", "")
    assert f"Build: `{current_build(home).id}`" in text
    assert "Embedding model: tests/words" in text
    assert "2026 (English): 2 entries from the site, read 2026-01-02 03:04 UTC" in text
    assert "1 entries from the genlens catalogue" in text
    assert "[OWASP Foundation, CC BY-SA 4.0](https://creativecommons.org/licenses/by-sa/4.0/)" in text


def test_what_changed_since_the_build_before_is_told(page: AppTest) -> None:
    opened(page, "index")
    text = shown(page)
    assert "**Changed (2)**: GENSEC05, GENSEC05\\-BP02" in text
    assert "-Old words" in page.expander[-1].markdown[0].value


def test_what_failed_is_told_as_text(page: AppTest, home: Path) -> None:
    write_failures(home, [failed_now("owasp-llm 2025 (en)", "<b>down</b> [x](http://evil.test)")])
    opened(page, "index")
    assert "\\<b\\>down" in page.warning[0].value
    assert "](" not in page.warning[0].value.replace("\\]\\(", "")


def asked_whether(older: str) -> AppTest:
    """The dialog by itself: AppTest runs no fragments, and a dialog is one."""

    def script(build: str) -> None:
        from assistant.pages.index.builds import confirm_rollback
        from kb.settings import load_settings

        confirm_rollback(load_settings(), "the-served-one", build)

    return AppTest.from_function(script, args=(older,)).run()


def test_rolling_back_asks_first(page: AppTest, home: Path, older: str) -> None:
    served = current_build(home).id
    opened(page, "index").button(key=f"serve-{older}").click().run()
    assert not page.exception
    assert f"Serve build `{older}` instead of `{served}`?" in shown(page)
    assert current_build(home).id == served


def test_a_yes_rolls_back(home: Path, older: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[Path, str, bool]] = []

    def remembered(settings: Settings, build: str, *, wait: bool) -> None:
        done.append((settings.home, build, wait))

    monkeypatch.setattr("assistant.pages.index.builds.rollback", remembered)
    dialog = asked_whether(older)
    assert done == []
    dialog.button[0].click().run()
    assert not dialog.exception
    assert done == [(home, older, False)]


def test_a_rollback_that_is_refused_says_why(older: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(_settings: Settings, _build: str, *, wait: bool) -> None:
        raise BusyError(f"another refresh is under way, waited for: {wait}")

    monkeypatch.setattr("assistant.pages.index.builds.rollback", busy)
    dialog = asked_whether(older)
    dialog.button[0].click().run()
    assert dialog.error[0].value == "another refresh is under way\\, waited for\\: False"


def test_a_page_that_others_reach_lets_nobody_refresh_who_is_not_logged_in(
    page: AppTest, older: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(st, "get_option", listening_on("0.0.0.0"))  # noqa: S104
    opened(page, "index")
    assert not page.exception
    assert "Log in to refresh or roll back" in page.info[0].value
    assert [button.label for button in page.button] == [f"Serve {older}"]
    assert page.button[0].disabled


def test_the_page_speaks_japanese(page: AppTest) -> None:
    in_japanese(opened(page, "index"))
    assert not page.exception
    assert [one.value for one in page.subheader][:3] == ["配信中のビルド", "失敗", "更新"]


def ended(refreshing: RefreshJob) -> State:
    """How a refresh of the tests' own making ended."""
    end = monotonic() + 30
    while refreshing.state.running and monotonic() < end:
        sleep(0.01)
    return refreshing.state


def said(*lines: dict[str, object]) -> RefreshJob:
    """A refresh whose process says the given lines."""
    program = f"print({chr(10).join(map(json.dumps, lines))!r})" if lines else ""
    return RefreshJob((sys.executable, "-c", program))


def test_a_refresh_is_followed_to_its_end() -> None:
    refreshing = said({"done": 64, "total": 128}, {"build": "b", "published": True, "failed": ["owasp-llm"]})
    assert refreshing.state == State()
    refreshing.start("refresh")
    assert ended(refreshing) == State(build="b", new=True, failed=("owasp-llm",))


def test_a_check_says_what_a_refresh_would_change() -> None:
    refreshing = said({"ids": {"added": ["GENSEC07"]}, "new": True, "failed": []})
    refreshing.start("check")
    assert ended(refreshing) == State(checked=True, ids={"added": ["GENSEC07"]}, new=True)


def test_a_process_that_dies_is_an_error_and_can_be_repeated() -> None:
    refreshing = RefreshJob((sys.executable, "-c", "raise SystemExit(7)"))
    refreshing.start("refresh")
    assert "code 7" in ended(refreshing).error
    refreshing.start("refresh")
    assert "code 7" in ended(refreshing).error


def test_a_second_start_joins_the_one_that_is_under_way() -> None:
    refreshing = RefreshJob((sys.executable, "-c", "import sys; print('{\"error\": \"'+sys.argv[1]+'\"}')"))
    refreshing.start("refresh")
    refreshing.start("check")
    assert ended(refreshing) == State(error="refresh")


def test_progress_is_kept_between_lines() -> None:
    state = after(State(running=True), '{"done": 64, "total": 128}')
    assert state == State(running=True, done=64, total=128)
