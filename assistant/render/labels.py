"""The words of answers and of the page, from data/words/<language>.toml."""

import tomllib
from collections.abc import Mapping
from functools import cache

from kb.data import data_folder
from kb.entries import Language

Words = Mapping[str, str]
"""Texts by key; some have placeholders in braces."""


@cache
def load_words(language: Language) -> Mapping[str, Words]:
    """All words of a language, by section of the file."""
    text = (data_folder() / "words" / f"{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def words_of(section: str, language: Language) -> Words:
    """The words of one section of the file."""
    return load_words(language)[section]
