import sys
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb import text
from kb.text import clean, comparable, fold, is_japanese, sentences, squeeze, terms, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain text.", "plain text."),
        ("a\u200bb\u200cc\u200dd\ufeffe\u2060f", "abcdef"),
        ("soft\u00adhyphen", "softhyphen"),
        ("tag\U000e0041\U000e0042s", "tags"),
        ("\u202eleft\u202c and \u2066right\u2069", "left and right"),
        ("bell\x07 escape\x1b[31m null\x00", "bell escape[31m null"),
        ("star\ufe0f\U000e0101 \ufe0eone", "star one"),
        ("blank\u3164\u115f\u1160\uffa0s", "blanks"),
        ("private\ue000\U000f0000", "private"),
        ("lone\ud800 surrogate", "lone surrogate"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("a\r\nb\rc\u2028d\u2029e\x85f\x0bg\x0ch", "a\nb\nc\nd\ne\nf\ng\nh"),
        ("cafe\u0301", "café"),
        ("e\u200b\u0301", "é"),
        ("か\u3099ード", "がード"),
        ("ＡＢＣ ﬁ ①", "ＡＢＣ ﬁ ①"),
        ("family 👩\u200d👧", "family 👩👧"),
    ],
)
def test_cleaning_removes_invisible_characters(text: str, expected: str) -> None:
    assert clean(text) == expected


@settings(deadline=None, database=None, derandomize=True)
@given(
    st.text(st.characters() | st.sampled_from("e\u0301\u200b\ufe0f\r\u2028か\u3099\U000e0041"), max_size=30)
)
def test_clean_text_is_composed_and_stable(text: str) -> None:
    cleaned = clean(text)
    assert unicodedata.is_normalized("NFC", cleaned)
    assert clean(cleaned) == cleaned


def test_comparable_text_has_no_spaces_beside_japanese_characters() -> None:
    assert comparable(" AWS の役割 を\n絞る。 次に、 run it now 「 鍵 」 です (a b) ") == (
        "AWSの役割を絞る。次に、run it now「鍵」です(a b)"
    )


def test_squeezing_leaves_single_spaces() -> None:
    assert squeeze("  a\u3000b \t\n c\u00a0\u200b d\u2028") == "a b c d"
    assert squeeze("\u200b \n") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ＬＬＭ０３：２０２６", "LLM03:2026"),
        ("a‐b‑c‒d–e—f―g−h﹘i﹣j－k", "a-b-c-d-e-f-g-h-i-j-k"),
        ("SEC5ーBP1", "SEC5-BP1"),
        ("５ーＢ", "5-B"),
        ("ロールガード", "ロールガード"),
        ("権限ー", "権限ー"),
        ("ｶﾞｰﾄﾞﾚｰﾙ", "ガードレール"),
        ("ﬁne ½ Å", "fine 1⁄2 Å"),
        ("zero\u200b-width", "zero-width"),
    ],
)
def test_folding_unifies_widths_and_dashes(text: str, expected: str) -> None:
    assert fold(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("plain — café ＡＢＣ", False),
        ("한국어", False),
        ("AIの", True),
        ("カタカナ", True),
        ("漢字", True),
    ],
)
def test_kana_and_kanji_make_a_text_japanese(text: str, expected: bool) -> None:
    assert is_japanese(text) is expected


Spans = list[tuple[str, int, int]]
TOKENS: dict[str, Spans] = {
    "": [],
    "Running agents, quickly!": [("run", 0, 7), ("agent", 8, 14), ("quick", 16, 23)],
    "the RAG-based 3.5 GPT4o": [
        ("rag", 4, 7),
        ("base", 8, 13),
        ("3", 14, 15),
        ("5", 16, 17),
        ("gpt4o", 18, 23),
    ],
    "agent's agents’ roles": [("agent", 0, 7), ("agent", 8, 14), ("role", 16, 21)],
    "snake_case": [("snake", 0, 5), ("case", 6, 10)],
    "café naïve": [("café", 0, 4), ("naïv", 5, 10)],
    "cafe\u0301 role": [("café", 0, 5), ("role", 6, 10)],
    "権限を絞る": [("権限", 0, 2), ("限を", 1, 3), ("を絞", 2, 4), ("絞る", 3, 5)],
    "鍵": [("鍵", 0, 1)],
    "の": [],
    "これはなにですか": [],
    "鍵を使いますか": [("鍵を", 0, 2), ("を使", 1, 3), ("使い", 2, 4)],
    "すー、すガ、ゝゞ": [("すー", 0, 2), ("すガ", 3, 5)],
    "鍵、権限。": [("鍵", 0, 1), ("権限", 2, 4)],
    "AIの鍵 rotate": [("ai", 0, 2), ("の鍵", 2, 4), ("rotat", 5, 11)],
    "ＬＬＭの鍵": [("llm", 0, 3), ("の鍵", 3, 5)],
    "ＬＬＭ ﬁne鍵…": [("llm", 0, 3), ("fine", 4, 7), ("鍵", 7, 8)],
    "鍵 ｶﾞｰﾄﾞ ok": [("鍵", 0, 1), ("ガー", 2, 5), ("ード", 4, 7), ("ok", 8, 10)],
    "Bedrock™ 30℃": [("bedrock", 0, 7), ("30", 9, 11)],
    "İİ Roles": [("İİ", 0, 2), ("role", 3, 8)],
    "🙂 roles": [("role", 2, 7)],
}


@pytest.mark.parametrize(("text", "expected"), TOKENS.items(), ids=range(len(TOKENS)))
def test_tokens_have_offsets_into_the_text(text: str, expected: Spans) -> None:
    assert [(token.term, token.start, token.end) for token in tokens(text)] == expected


@settings(deadline=None, database=None, derandomize=True, max_examples=200)
@given(
    st.text(st.sampled_from("aB1 _-'’éßﬁＬ０ｶﾞ゛ー権限のİ™½①\u0301\u3099🙂") | st.characters(), max_size=20)
)
def test_tokens_of_any_text_are_in_order_and_inside_it(text: str) -> None:
    result = list(tokens(text))
    assert [token.term for token in result] == terms(text)
    assert all(0 <= token.start < token.end <= len(text) for token in result)
    assert result == sorted(result, key=lambda token: (token.start, token.end))


def test_stop_words_are_dropped_in_any_case_and_with_an_apostrophe() -> None:
    assert terms("How do THE agents do It? It's, it’s what they want") == ["agent", "want"]
    assert terms("should we not") == []


def test_widths_and_forms_of_a_word_are_one_term() -> None:
    assert terms("ＡＧＥＮＴＳ") == terms("Agents") == terms("agent’s") == ["agent"]
    assert terms("ｶﾞｰﾄﾞﾚｰﾙ") == terms("ガードレール") == ["ガー", "ード", "ドレ", "レー", "ール"]


SENTENCES = {
    "": [],
    "  \n ": [],
    "No full stop": ["No full stop"],
    "Log it. Then alarm! Why? Because.": ["Log it.", "Then alarm!", "Why?", "Because."],
    "Use limits, e.g. AWS quotas. Act, i.e. Stop.": ["Use limits, e.g. AWS quotas.", "Act, i.e. Stop."],
    "Ask Amazon.com, Inc. In time. See U.S. Law.": ["Ask Amazon.com, Inc. In time.", "See U.S. Law."],
    "Version 1.5 costs $2.50. It ran.": ["Version 1.5 costs $2.50.", "It ran."],
    "1. Write roles. 2. Review.": ["1. Write roles.", "2. Review."],
    "It calls api.get() again. then waits": ["It calls api.get() again. then waits"],
    'He said "Stop." Then it ran. (It did.) End': ['He said "Stop."', "Then it ran.", "(It did.)", "End"],
    "First line\nsecond line\n\n third.": ["First line", "second line", "third."],
    "鍵を替える。次に記録する！よいか？はい": ["鍵を替える。", "次に記録する！", "よいか？", "はい"],
    "彼は「待て。」と言った。（注。） 次。": ["彼は「待て。」と言った。", "（注。） 次。"],
    "本当！？はい。": ["本当！？", "はい。"],
    "鍵です。 Then rotate. 次。": ["鍵です。", "Then rotate. 次。"],
}


@pytest.mark.parametrize(("text", "expected"), SENTENCES.items(), ids=range(len(SENTENCES)))
def test_text_is_split_into_sentences(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == expected


THREADS = 16
_ENDINGS = ("ed", "ing", "ation", "ly", "ness", "ment", "ities", "ful", "izer", "s")
_WORDS = [
    f"{start}{end}" for start in ("relat", "train", "prompt", "embedd", "million", "calm") for end in _ENDINGS
]


@pytest.fixture
def frequent_switches() -> Iterator[None]:
    """Switches threads as often as possible."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("frequent_switches")
def test_threads_find_the_terms_of_one_thread() -> None:
    def stems(number: int, barrier: Barrier) -> list[str]:
        barrier.wait()
        return [terms(word)[0] for word in (*_WORDS[number:], *_WORDS[:number])]

    text._term.cache_clear()  # as in a new process
    expected = stems(0, Barrier(1))
    for _ in range(20):
        text._term.cache_clear()
        with ThreadPoolExecutor(THREADS) as pool:
            found = list(pool.map(stems, range(THREADS), [Barrier(THREADS)] * THREADS))
        assert found == [expected[n:] + expected[:n] for n in range(THREADS)]
