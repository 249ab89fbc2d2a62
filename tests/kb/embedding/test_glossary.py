import re
from pathlib import Path

import pytest

from kb.data import data_folder
from kb.embedding.glossary import gloss, load_glossary
from kb.errors import RecordError
from kb.text import comparable, fold, is_japanese

SMALL = """\
# verbs
防 予防策\tprevent
使い回 使いまわ\treuse

前の答え\tprevious answer
答え\tanswer
教えて\t
"""


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (
            "同じ質問が何度も来るので、前の答えを使い回したい",
            "same question again and again come previous answer reuse",
        ),
        ("明日の大阪の天気を教えて", "tomorrow Osaka weather"),
        ("漏洩を防ぐ", "leakage disclosure prevent"),
        ("漏洩を防ぎたい", "leakage disclosure prevent"),
        ("漏洩を防いだ", "leakage disclosure prevent"),
        ("権限を絞る", "permissions narrow restrict"),
        ("権限を絞れば", "permissions narrow restrict"),
    ],
)
def test_a_question_is_read_word_for_word_whatever_its_inflections(typed: str, expected: str) -> None:
    assert gloss(typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("モデルカード", "model card"),
        ("モデル", "model"),
        ("予防", "prevention"),
        ("システムプロンプト", "system prompt"),
        ("生成 AI", "generative AI"),
    ],
)
def test_the_longest_form_counts(typed: str, expected: str) -> None:
    assert gloss(typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("GENSEC05-BP01 と Lambda", "gensec05-bp01 lambda"),
        ("ＡＰＩ　を 3 回", "api 3 run"),
        ("ｴｰｼﾞｪﾝﾄ", "agent"),
        ("RAGの精度", "rag accuracy"),
    ],
)
def test_latin_words_and_numbers_stay(typed: str, expected: str) -> None:
    assert gloss(typed) == expected


@pytest.mark.parametrize("typed", ["", "ぴよぴよ", "教えてください", "？！", "龘龘"])
def test_what_is_not_known_or_says_nothing_is_dropped(typed: str) -> None:
    assert gloss(typed) == ""


def test_each_form_of_a_line_has_its_words(tmp_path: Path) -> None:
    file = tmp_path / "glossary.tsv"
    file.write_text(SMALL, encoding="utf-8")
    assert load_glossary(file) == {
        "防": "prevent",
        "予防策": "prevent",
        "使い回": "reuse",
        "使いまわ": "reuse",
        "前の答え": "previous answer",
        "答え": "answer",
        "教えて": "",
    }


@pytest.mark.parametrize("line", ["防 prevent", "\tprevent", " \tprevent"])
def test_a_line_that_is_no_line_of_the_glossary_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "glossary.tsv"
    file.write_text(f"{SMALL}{line}\n", encoding="utf-8")
    with pytest.raises(RecordError, match=r"glossary\.tsv, line 8: expected Japanese forms"):
        load_glossary(file)


def test_a_glossary_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot be read"):
        load_glossary(tmp_path / "none.tsv")


def shipped() -> list[tuple[str, str]]:
    lines = (data_folder() / "glossary.tsv").read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("\t") for line in lines if not line.startswith("#")]
    return [(form, words) for forms, _, words in pairs for form in forms.split(" ")]


def test_every_form_of_the_shipped_glossary_can_be_found_and_stands_once() -> None:
    forms = [form for form, _ in shipped()]
    assert len(forms) > 3000
    assert [form for form in forms if forms.count(form) > 1] == []
    # Text is looked up folded, in small letters, and not where a latin word begins.
    assert [form for form in forms if form != comparable(fold(form)).lower()] == []
    assert [form for form in forms if not is_japanese(form[0])] == []


def test_words_of_the_shipped_glossary_are_english() -> None:
    odd = [words for _, words in shipped() if not re.fullmatch(r"(?:[A-Za-z]+(?:[- ][A-Za-z]+)*)?", words)]
    assert odd == []


def test_only_what_asks_says_nothing() -> None:
    empty = [form for form, words in shipped() if not words]
    assert 40 < len(empty) < 100
    assert not [form for form in empty if re.search("[ァ-ヴ]", form)]
