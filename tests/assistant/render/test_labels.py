"""data/words: both languages have the same keys and placeholders, and every key is used."""

import re
import string
from pathlib import Path

import pytest
from support.homes import ROOT

from assistant.render.labels import load_words, words_of
from kb.entries import Kind, Language, RiskLevel
from kb.ids import PILLARS

ENGLISH, JAPANESE = load_words(Language.ENGLISH), load_words(Language.JAPANESE)
KEYS = [(section, key) for section, words in ENGLISH.items() for key in words]


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_languages_have_the_same_keys() -> None:
    assert {section: set(words) for section, words in ENGLISH.items()} == {
        section: set(words) for section, words in JAPANESE.items()
    }


@pytest.mark.parametrize(("section", "key"), KEYS, ids=lambda part: str(part))
def test_languages_have_the_same_placeholders(section: str, key: str) -> None:
    english, japanese = ENGLISH[section][key], JAPANESE[section][key]
    assert english
    assert japanese
    assert placeholders(english) == placeholders(japanese)


def test_kinds_pillars_and_levels_have_labels() -> None:
    assert {*Kind, *RiskLevel, *PILLARS.values()} <= words_of("labels", Language.ENGLISH).keys()
    assert set(RiskLevel) == words_of("risk_badge", Language.ENGLISH).keys()


def test_every_key_is_used() -> None:
    code = "\n".join(file.read_text(encoding="utf-8") for file in Path(ROOT / "assistant").rglob("*.py"))
    code += (ROOT / "streamlit_app.py").read_text(encoding="utf-8")
    by_value = (
        "labels",
        "kinds",
        "links",
        "risk_badge",
    )  # their keys are values of entries, like the languages
    unused = [
        f"{section}.{key}"
        for section, key in KEYS
        if section not in by_value and key not in list(Language)
        if not re.search(rf"""["']{key}["']|\b{key.upper()}\b""", code)
    ]
    assert unused == []
