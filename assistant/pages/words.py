"""The interface language, and its words by section."""

from dataclasses import dataclass

import streamlit as st

from assistant.pages.address import LANGUAGE
from assistant.render.labels import Words, words_of
from kb.entries import Language


def interface_language() -> Language:
    """The language in the address, or else of the browser; English if the interface has neither."""
    asked = st.query_params.get(LANGUAGE, "")
    if asked not in list(Language):
        asked = (st.context.locale or "").lower()[:2]
    return Language.JAPANESE if asked == Language.JAPANESE else Language.ENGLISH


@dataclass(frozen=True, slots=True)
class PageWords:
    """The words of one section of data/words, in the interface language."""

    section: str

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key with its placeholders filled."""
        return self.all()[key].format(**values)

    def __contains__(self, key: str) -> bool:
        """True if the section has the key."""
        return key in self.all()

    def all(self) -> Words:
        """The texts of the section by key, with their placeholders."""
        return words_of(self.section, interface_language())
