"""Typing errors are corrected by the words of the sources; all other words stay."""

import pytest
from support.corpus import practice, prose

from kb.entries import RiskLevel, Role
from kb.index.bm25 import index_chunks
from kb.index.chunker import cut
from kb.ranking.query import read_question
from kb.ranking.spelling import FEWEST_ENTRIES, Speller, spelt

TEXT = "This measures the quality of the security prompts, cases and tables, Retrieval and all."


@pytest.fixture(scope="module")
def speller() -> Speller:
    """Corrects by words of three entries; two more words stand in fewer."""
    entries = [
        practice(
            f"GENSEC01-BP0{number}",
            "Title",
            RiskLevel.HIGH,
            prose(
                "Guidance", Role.GUIDANCE, f"{TEXT} {'A telescope and microscopes.' if number > 1 else ''}"
            ),
        )
        for number in range(1, FEWEST_ENTRIES + 1)
    ]
    return Speller(index_chunks(tuple(cut(entries, len))), entries)


@pytest.mark.parametrize(
    ("typed", "corrected"),
    [
        ("qualtiy", "quality"),  # a swap that changes the stem
        ("qualiity", "quality"),  # a letter too many
        ("securty", "security"),  # a letter too few
        ("promqts", "prompts"),  # another letter
        ("Retreival", "retrieval"),
        ("casse", "cases"),
        ("thsi", "this"),  # four letters: a swap
    ],
)
def test_misspelt_word_is_corrected(speller: Speller, typed: str, corrected: str) -> None:
    assert speller.corrected(f"Is {typed} ok?") == f"Is {corrected} ok?"


@pytest.mark.parametrize(
    "word",
    [
        "quality",
        "Tables",
        "table",  # another form of a known word
        "qxalitx",  # two edits
        "uqality",  # the first letter counts
        "telescpe",  # a word of too few entries
        "kubernetes",
        "cass",  # four letters, and no swap
        "qualtiy-gate",
        "sdk.qualtiy",
        "qualtiy2",
    ],
)
def test_other_words_stay(speller: Speller, word: str) -> None:
    assert speller.corrected(f"Is {word} ok?") == f"Is {word} ok?"


def test_japanese_text_stays(speller: Speller) -> None:
    assert speller.corrected("qualtiy を測るには") == "qualtiy を測るには"


def test_query_is_read_with_the_corrected_words(speller: Speller) -> None:
    query = spelt(read_question("qualtiy of cases"), speller)
    assert (query.text, query.terms) == ("quality of cases", read_question("quality of cases").terms)
    known = read_question("quality of cases")
    assert spelt(known, speller) is known
