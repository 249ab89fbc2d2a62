"""The language of the interface, and its words in both languages."""

import string
from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from kb.entries import Language

# Key of the switch; the query parameter has the same name, so that a link and a reload keep the language.
SWITCH = "lang"


def interface_language() -> Language:
    """The language that the interface is shown in: English until Japanese is chosen or the browser's own."""
    return Language(st.session_state.get(SWITCH) or browser_language())


def browser_language() -> Language:
    """The language that a browser asks for, as far as the interface has it."""
    asked = st.context.locale or ""
    return Language.JAPANESE if asked.lower().startswith("ja") else Language.ENGLISH


@dataclass(frozen=True, slots=True)
class Words:
    """Words of the interface by key; both languages have the same keys, and texts the same placeholders."""

    english: Mapping[str, str]
    japanese: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key in the interface language, its placeholders filled."""
        spoken = self.japanese if interface_language() is Language.JAPANESE else self.english
        return spoken[key].format(**values)

    def differences(self) -> list[str]:
        """Keys that one language lacks, or whose placeholders differ; empty when all is well."""
        odd = sorted(self.english.keys() ^ self.japanese.keys())
        shared = sorted(self.english.keys() & self.japanese.keys())
        return odd + [k for k in shared if _placeholders(self.english[k]) != _placeholders(self.japanese[k])]


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
