import pytest

from assistant.faithfulness.stream import LONGEST, Sentence, split_stream

TEXT = "Roles are narrow. [GENSEC05-BP01] Agents loop [GENSEC05-BP02, LLM03:2026]. Tools stop!"


def read(text: str, size: int = 1) -> list[tuple[str, tuple[str, ...]]]:
    """The sentences of a text, streamed in pieces of the given size."""
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    return [(sentence.text, sentence.keys) for sentence in split_stream(pieces)]


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_sentences_do_not_depend_on_the_size_of_pieces(size: int) -> None:
    assert read(TEXT, size) == [
        ("Roles are narrow.", ("GENSEC05-BP01",)),
        ("Agents loop.", ("GENSEC05-BP02", "LLM03:2026")),
        ("Tools stop!", ()),
    ]


def test_japanese_sentences_keep_their_own_keys_with_or_without_spaces() -> None:
    for text in ("絞る。[LLM03:2026] 作る。[GENSEC05-BP01]", "絞る。 [LLM03:2026]作る。 [GENSEC05-BP01]"):
        assert read(text) == [("絞る。", ("LLM03:2026",)), ("作る。", ("GENSEC05-BP01",))]


def test_sentence_is_complete_when_the_next_one_begins() -> None:
    sentences = split_stream(iter(["One is here. [LLM03:2026]", " T", "wo is not."]))
    assert next(sentences) == Sentence("One is here.", ("LLM03:2026",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Use e.g. a role. Then stop.", ["Use e.g. a role.", "Then stop."]),
        ("One. two goes on.", ["One.", "two goes on."]),
        ("One. été goes on.", ["One.", "été goes on."]),
        ("One. \u200btwo goes on.", ["One.", "two goes on."]),
        ("- one\n- two\n\n3. three", ["one", "two", "three"]),
        ("# Head\n**Bold** words.", ["Head", "Bold words."]),
        ("権限を絞る。【LLM03:2026】ロールを作る。", ["権限を絞る。", "ロールを作る。"]),
        ("権限を絞る。 [LLM03:2026] ロールを作る。 待つ。", ["権限を絞る。", "ロールを作る。", "待つ。"]),
        ("See [the guide] now.", ["See [the guide] now."]),
        ("... !!! ???", []),
        ("\x1b[31mRed\x1b[0m words.", ["Red words."]),
        ("\x1b]8;;http://evil.test\x07Linked\x1b]8;;\x07 words.", ["Linked words."]),
        ("\x9b31mRed words.", ["Red words."]),
        ("Red words\x1b[3", ["Red words"]),
    ],
)
def test_sentences_are_split_and_cleaned(text: str, expected: list[str]) -> None:
    assert [sentence for sentence, _ in read(text)] == expected
    assert [sentence for sentence, _ in read(text, 1000)] == expected


def test_endless_sentence_is_cut() -> None:
    assert [len(sentence) for sentence, _ in read("a" * (2 * LONGEST + 5), 100)] == [LONGEST, LONGEST, 5]
