"""The words of the page follow the interface language."""

import pytest
import streamlit as st

from assistant.pages.address import LANGUAGE
from assistant.pages.words import PageWords, interface_language


class Context:
    """The context of a browser with a locale."""

    def __init__(self, locale: str | None) -> None:
        self.locale = locale


@pytest.fixture(autouse=True)
def address(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The parameters of the address in a browser in English."""
    parameters: dict[str, str] = {}
    monkeypatch.setattr(st, "query_params", parameters)
    monkeypatch.setattr(st, "context", Context("en-GB"))
    return parameters


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
    address: dict[str, str], monkeypatch: pytest.MonkeyPatch, asked: str, locale: str | None, language: str
) -> None:
    address[LANGUAGE] = asked
    monkeypatch.setattr(st, "context", Context(locale))
    assert interface_language() == language


def test_words_are_in_the_chosen_language_with_placeholders_filled(address: dict[str, str]) -> None:
    words = PageWords("search")
    assert words("all", count=3) == "3 found"
    address[LANGUAGE] = "ja"
    assert words("all", count=3) == "3 件"
    assert "all" in words
    assert "nonsense" not in words
