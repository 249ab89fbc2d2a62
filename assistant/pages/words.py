"""The language of the interface, and its words in both languages."""

import string
from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from kb.entries import Language

# Key of the switch; the query parameter has the same name, so that a link and a reload keep the language.
SWITCH = "lang"


def interface_language() -> Language:
    """The language that the interface is shown in: the one that is chosen, or else the first."""
    return Language(st.session_state.get(SWITCH) or first_language())


def first_language() -> Language:
    """The language that the address names, or else the browser's own, as far as the interface has it."""
    asked = st.query_params.get(SWITCH, "")
    if asked not in list(Language):
        asked = (st.context.locale or "").lower()[:2]
    return Language.JAPANESE if asked == Language.JAPANESE else Language.ENGLISH


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
