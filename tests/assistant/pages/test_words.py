"""The words of the page follow the interface language."""

import pytest
import streamlit as st

from assistant.pages.words import SWITCH, PageWords, first_language, interface_language
from kb.entries import Language


class Context:
    """The context of a browser with a locale."""

    def __init__(self, locale: str | None) -> None:
        self.locale = locale


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An empty session of a browser in English."""
    session: dict[str, str] = {}
    monkeypatch.setattr(st, "session_state", session)
    monkeypatch.setattr(st, "query_params", {})
    monkeypatch.setattr(st, "context", Context("en-GB"))
    return session


@pytest.mark.parametrize(
    ("asked", "locale", "language"),
    [
        ("ja", "en-US", "ja"),
        ("en", "ja-JP", "en"),
        ("", "ja-JP", "ja"),
        ("", "ja", "ja"),
        ("", "en-GB", "en"),
        ("", "fr-FR", "en"),
        ("", None, "en"),
        ("fr", "ja-JP", "ja"),
    ],
)
def test_address_comes_before_browser(
    monkeypatch: pytest.MonkeyPatch, asked: str, locale: str | None, language: str
) -> None:
    monkeypatch.setattr(st, "query_params", {SWITCH: asked})
    monkeypatch.setattr(st, "context", Context(locale))
    assert first_language() == language


def test_chosen_language_comes_first(state: dict[str, str]) -> None:
    assert interface_language() is Language.ENGLISH
    state[SWITCH] = "ja"
    assert interface_language() is Language.JAPANESE


def test_words_are_in_the_chosen_language_with_placeholders_filled(state: dict[str, str]) -> None:
    words = PageWords("search")
    assert words("all", count=3) == "3 found"
    state[SWITCH] = "ja"
    assert words("all", count=3) == "3 件"
    assert "all" in words
    assert "nonsense" not in words
