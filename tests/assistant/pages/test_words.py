"""The interface says the same in English and Japanese."""

import importlib
import pkgutil

import pytest

from assistant import pages
from assistant.pages.words import Words

MODULES = [module.name for module in pkgutil.walk_packages(pages.__path__, "assistant.pages.")]


def words_of(module: str) -> list[tuple[str, Words]]:
    found = vars(importlib.import_module(module)).items()
    return [(name, value) for name, value in found if isinstance(value, Words)]


@pytest.mark.parametrize("module", MODULES)
def test_both_languages_have_the_same_keys_and_placeholders(module: str) -> None:
    for name, words in words_of(module):
        assert words.differences() == [], name


def test_words_that_differ_are_named() -> None:
    words = Words({"a": "{n} hits", "b": "x", "c": "y"}, {"a": "{count} 件", "b": "x", "d": "z"})
    assert words.differences() == ["c", "d", "a"]


def test_the_pages_have_words() -> None:
    assert sum(len(words_of(module)) for module in MODULES) >= 9
