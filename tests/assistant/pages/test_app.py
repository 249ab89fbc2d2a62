"""The chat page, without a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from support.homes import ROOT

from assistant.render.escape import escape

AGENT = "How do I keep an agent from taking actions it should not?"


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, catalogue_home: Path) -> Iterator[AppTest]:
    monkeypatch.setenv("GENLENS_HOME", str(catalogue_home))
    yield AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30)
    st.cache_resource.clear()


def shown(page: AppTest) -> str:
    return "\n".join(element.value for element in page.markdown)


def test_empty_page_shows_what_this_is_and_examples(page: AppTest) -> None:
    page.run()
    assert not page.exception
    assert page.button(key="example_1").label == escape(AGENT)
    assert ":gray[51 best practices, 20 risks, every sentence from its source; no language model needed]" in (
        shown(page)
    )


def test_question_is_answered_with_its_sources(page: AppTest) -> None:
    page.run().chat_input[0].set_value(AGENT).run()
    assert not page.exception
    assert page.title[0].value == AGENT
    text = shown(page)
    assert ":primary-badge[1] **GENSEC05-BP01** :red-badge[High risk]" in text
    assert "**LLM03:2026**" in text
    assert (
        "(https://docs.aws.amazon.com/wellarchitected/latest/generative-ai-lens/gensec05-bp01.html)" in text
    )
    assert "**What to do**" in text


def test_clicked_example_is_asked(page: AppTest) -> None:
    page.run()
    page.button(key="example_1").click().run()
    assert not page.exception
    assert page.title[0].value == AGENT
    assert not [button for button in page.button if button.key == "example_1"]


def test_hostile_question_is_shown_as_text(page: AppTest) -> None:
    page.run().chat_input[0].set_value(
        "<img src=x onerror=alert(1)> [agents](javascript:alert(1)) prompts"
    ).run()
    assert not page.exception
    assert page.title[0].value.startswith("\\<img src=x")
    assert not any(element.allow_html for element in page.markdown)


def test_head_keeps_the_language(page: AppTest) -> None:
    page.query_params["lang"] = "ja"
    page.run()
    assert page.button(key="head-ask").label == "**質問**"
    head = page.get("page_link")[:3]
    assert [link.proto.label for link in head] == ["検索", "一覧", "索引"]
    assert {link.proto.query_string for link in head} == {"lang=ja"}


def test_missing_index_is_an_error_with_the_command_to_run(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENLENS_HOME", "/nonexistent/home")
    page.run()
    assert not page.exception
    assert "genlens refresh" in page.error[0].value
