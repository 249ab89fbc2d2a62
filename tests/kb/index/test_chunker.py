from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.corpus import corpus, practice
from tokenizers import Tokenizer

from kb.embedding.weights import find_weights
from kb.entries import Entry, Item, Language, Marker, RiskLevel, Role, Section
from kb.index.chunker import Chunk, cut
from kb.settings import DEFAULT_MODEL

MODEL_LIMIT = 254


def words(text: str) -> int:
    return len(text.split())


def letters(text: str) -> int:
    return len("".join(text.split()))


@cache
def tokenizer() -> Tokenizer:
    loaded = Tokenizer.from_file(str(find_weights(DEFAULT_MODEL).folder / "tokenizer.json"))
    loaded.no_truncation()
    loaded.no_padding()
    return loaded


def pieces(text: str) -> int:
    return len(tokenizer().encode(text, add_special_tokens=False).ids)


def entry(*items: Item, role: Role = Role.OTHER) -> Entry:
    """An entry with one section and a context of 12 words."""
    practice_entry = practice(
        "GENSEC01-BP01", "Keys are kept apart", RiskLevel.LOW, Section("Steps", role, items)
    )
    return replace(practice_entry, question="Who holds the keys of the gateway?")


def sentence(number: int, length: int = 30) -> str:
    """A sentence of `length` words, unique to its number."""
    return " ".join([f"S{number}", *[f"w{i}" for i in range(length - 2)], "end."])


def assert_text_covered(one: Entry, chunks: Sequence[Chunk]) -> None:
    """Assert that chunks are slices of their section, in order, with only white space between them."""
    for index, section in enumerate(one.sections):
        end = 0
        for chunk in (chunk for chunk in chunks if chunk.section == index):
            assert chunk.text == section.text[chunk.start : chunk.end]
            assert end <= chunk.start < chunk.end
            assert section.text[end : chunk.start].strip() == ""
            end = chunk.end
        assert section.text[end:].strip() == ""


def test_small_section_is_one_chunk_with_its_titles_as_context() -> None:
    steps = (Item("Make one role.", Marker.NUMBER), Item("Review it.", Marker.NUMBER))
    assert list(cut([entry(*steps, role=Role.STEPS)], words)) == [
        Chunk(
            id="GENSEC01-BP01.en.0.0",
            entry_id="GENSEC01-BP01",
            language=Language.ENGLISH,
            section=0,
            role=Role.STEPS,
            start=0,
            end=25,
            context="Keys are kept apart\nWho holds the keys of the gateway?\nSteps",
            text="Make one role.\nReview it.",
        )
    ]


def test_chunk_id_has_entry_language_section_and_position() -> None:
    ids = [chunk.id for chunk in cut(corpus(), words)]
    assert ids[:8] == [
        "GENSEC05.en.0.0",
        "GENSEC05-BP01.en.0.0",
        "GENSEC05-BP01.en.1.0",
        "GENSEC05-BP01.en.2.0",
        "GENSEC05-BP01.en.3.0",
        "GENSEC05-BP01.ja.0.0",
        "GENSEC05-BP01.ja.1.0",
        "GENSEC05-BP02.en.0.0",
    ]
    assert len(ids) == len(set(ids)) == 18


def test_context_without_a_question_is_title_and_heading() -> None:
    one = replace(entry(Item("One.")), question=None)
    assert [chunk.context for chunk in cut([one], words)] == ["Keys are kept apart\nSteps"]


@pytest.mark.parametrize("items", [(), (Item(""),), (Item(""), Item(" "))])
def test_empty_section_has_no_chunks(items: tuple[Item, ...]) -> None:
    assert list(cut([entry(*items)], words)) == []


def labels_by_chunk(one: Entry) -> list[list[str]]:
    """The sentence labels (S0, S1, ...) in each chunk."""
    chunks = list(cut([one], words))
    assert_text_covered(one, chunks)
    return [[word for word in chunk.text.split() if word.startswith("S")] for chunk in chunks]


def test_paragraphs_fill_a_chunk_up_to_160_pieces() -> None:
    one = entry(*(Item(sentence(i, 40)) for i in range(9)))
    assert labels_by_chunk(one) == [["S0", "S1", "S2", "S3"], ["S4", "S5", "S6", "S7"], ["S8"]]


def test_new_step_opens_a_chunk_after_80_pieces() -> None:
    one = entry(*(Item(sentence(i), Marker.NUMBER) for i in range(7)))
    assert labels_by_chunk(one) == [["S0", "S1", "S2"], ["S3", "S4", "S5"], ["S6"]]


def test_substeps_stay_with_their_step() -> None:
    one = entry(
        Item(sentence(0), Marker.NUMBER),
        *(Item(sentence(i), Marker.NUMBER, 1) for i in (1, 2, 3)),
        Item(sentence(4), Marker.NUMBER),
        *(Item(sentence(i), Marker.BULLET, 1) for i in (5, 6, 7)),
    )
    assert labels_by_chunk(one) == [["S0", "S1", "S2", "S3"], ["S4", "S5", "S6", "S7"]]


def test_heading_opens_a_chunk() -> None:
    one = entry(*(Item(sentence(i, 45)) for i in range(2)), Item("S2", Marker.HEADING), Item(sentence(3)))
    assert labels_by_chunk(one) == [["S0", "S1"], ["S2", "S3"]]


def test_step_within_the_model_limit_is_never_split() -> None:
    # 254 pieces minus 12 for the titles.
    one = entry(*(Item(f"{sentence(i, 120)} {sentence(i, 122)}", Marker.NUMBER) for i in range(3)))
    assert labels_by_chunk(one) == [["S0", "S0"], ["S1", "S1"], ["S2", "S2"]]


def test_item_over_the_model_limit_is_split_between_sentences() -> None:
    one = entry(Item(" ".join(sentence(i) for i in range(11))), Item(sentence(11)))
    assert labels_by_chunk(one) == [
        ["S0", "S1", "S2", "S3", "S4"],
        ["S5", "S6", "S7", "S8", "S9"],
        ["S10", "S11"],
    ]


GIANTS = {
    "words without a full stop": "role " * 900,
    "word without spaces": "a-b" * 400,
    "kanji without a full stop": "権限最小化" * 300,
    "kana without spaces": "ガードレール" * 300,
    "emoji": "🙂" * 900,
    "long sentence between short ones": f"Short one. {'very ' * 700}long one. Last one.",
}


@pytest.mark.parametrize("count", [words, letters, pieces])
@pytest.mark.parametrize("text", GIANTS.values(), ids=GIANTS)
def test_giant_sentence_is_split_to_the_model_limit(text: str, count: type[len]) -> None:
    one = entry(Item("Before."), Item(text), Item("After."))
    chunks = list(cut([one], count))
    assert_text_covered(one, chunks)
    assert all(count(chunk.embedded) <= MODEL_LIMIT for chunk in chunks)


TEXTS = st.text(st.sampled_from("ab .\nC。鍵ガ🙂é-") | st.characters(codec="utf-8"), max_size=60).map(
    lambda text: text * 12
)
ITEMS = st.builds(Item, TEXTS, st.sampled_from(list(Marker)), st.integers(0, 2))


@settings(deadline=None, database=None, derandomize=True, max_examples=120)
@given(st.lists(ITEMS, max_size=8), st.sampled_from([letters, pieces]))
def test_text_is_never_lost_repeated_or_too_long(items: list[Item], count: type[len]) -> None:
    one = entry(*(item for item in items if count(item.text)))
    chunks = list(cut([one], count))
    assert_text_covered(one, chunks)
    assert all(count(chunk.embedded) <= MODEL_LIMIT for chunk in chunks)


def test_digest_depends_only_on_the_embedded_text() -> None:
    (chunk,) = cut([entry(Item("Make one role."))], words)
    # printf 'Keys are kept apart\nWho holds the keys of the gateway?\nSteps\nMake one role.' | sha256sum
    assert chunk.digest == "d0df18dc976563beb79bfbc7db6e639f"
    assert replace(chunk, id="x", entry_id="y", section=4, start=9, end=10).digest == chunk.digest
    assert replace(chunk, text="Make two roles.").digest != chunk.digest
    assert replace(chunk, context="Other titles").digest != chunk.digest
