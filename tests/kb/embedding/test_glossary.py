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
def test_inflected_words_are_glossed(typed: str, expected: str) -> None:
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
def test_longest_form_wins(typed: str, expected: str) -> None:
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
def test_latin_words_and_numbers_are_kept(typed: str, expected: str) -> None:
    assert gloss(typed) == expected


@pytest.mark.parametrize("typed", ["", "ぴよぴよ", "教えてください", "？！", "龘龘"])
def test_unknown_words_and_fillers_are_dropped(typed: str) -> None:
    assert gloss(typed) == ""


def test_every_form_of_a_line_has_its_words(tmp_path: Path) -> None:
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
def test_malformed_line_is_reported(tmp_path: Path, line: str) -> None:
    file = tmp_path / "glossary.tsv"
    file.write_text(f"{SMALL}{line}\n", encoding="utf-8")
    with pytest.raises(RecordError, match=r"glossary\.tsv, line 8: expected Japanese forms"):
        load_glossary(file)


def test_unreadable_glossary_is_reported(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot be read"):
        load_glossary(tmp_path / "missing.tsv")


def bundled() -> list[tuple[str, str]]:
    lines = (data_folder() / "glossary.tsv").read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("\t") for line in lines if not line.startswith("#")]
    return [(form, words) for forms, _, words in pairs for form in forms.split(" ")]


def test_bundled_forms_are_unique_and_can_be_matched() -> None:
    forms = [form for form, _ in bundled()]
    assert len(forms) > 3000
    assert [form for form in forms if forms.count(form) > 1] == []
    # Lookup folds and lowercases the text, and never starts at a Latin word.
    assert [form for form in forms if form != comparable(fold(form)).lower()] == []
    assert [form for form in forms if not is_japanese(form[0])] == []


def test_bundled_words_are_english() -> None:
    not_english = [
        words for _, words in bundled() if not re.fullmatch(r"(?:[A-Za-z]+(?:[- ][A-Za-z]+)*)?", words)
    ]
    assert not_english == []


def test_bundled_fillers_are_few_and_never_katakana() -> None:
    fillers = [form for form, words in bundled() if not words]
    assert 40 < len(fillers) < 100
    assert not [form for form in fillers if re.search("[ァ-ヴ]", form)]
