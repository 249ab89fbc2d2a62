import pytest

from kb.entries import Language
from kb.errors import InputError
from kb.ranking.query import read_query


def test_question_is_cleaned_and_split_into_terms() -> None:
    query = read_query("  How do\u200b AGENTS\n lose\u3000roles? ")
    assert query.text == "How do AGENTS lose roles?"
    assert query.language is Language.ENGLISH
    assert query.terms == ("agent", "lose", "role")
    assert query.phrases == ()


@pytest.mark.parametrize(("typed", "language"), [("ロール roles", "ja"), ("ＲＯＬＥ", "en"), ("élan", "en")])
def test_one_kana_or_kanji_makes_a_question_japanese(typed: str, language: str) -> None:
    assert read_query(typed).language == language


@pytest.mark.parametrize(
    ("typed", "phrases"),
    [
        ('find "narrow roles" now', (("narrow", "role"),)),
        ('"one role" and “two keys”', (("one", "role"), ("two", "key"))),
        ('"the role of an agent"', (("role", "agent"),)),
        ('"記録を" agents', (("記録", "録を"),)),
        ('say "narrow roles', ()),
        ('"roles" and a 5" disk', (("role",),)),
        ('"" "the" roles', ()),
    ],
)
def test_text_in_double_quotes_is_a_phrase(typed: str, phrases: tuple[tuple[str, ...], ...]) -> None:
    assert read_query(typed).phrases == phrases


@pytest.mark.parametrize("typed", ["", "  \n", "\u200b\u00ad", "?!…", "🙂", "\x00", '""'])
def test_question_without_letters_or_digits_is_empty(typed: str) -> None:
    with pytest.raises(
        InputError, match=r"the question is empty, expected a few words or an id.*genlens ask"
    ):
        read_query(typed)


@pytest.mark.parametrize("typed", ["5", "権", "a", "the"])
def test_one_letter_or_digit_is_enough(typed: str) -> None:
    assert read_query(typed).text == typed


def test_question_is_limited_to_20000_characters() -> None:
    assert len(read_query("a" * 20_000).text) == 20_000
    with pytest.raises(InputError, match=r"has 20,001 characters, expected at most 20,000"):
        read_query("a" * 20_001)


def test_invalid_utf_8_is_refused() -> None:
    with pytest.raises(InputError, match="not text: it has bytes that are not UTF-8"):
        read_query(b"roles \xff\xfe".decode(errors="surrogateescape"))
