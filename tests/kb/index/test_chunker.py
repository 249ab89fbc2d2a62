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

READ_BY_THE_MODEL = 254


def words(text: str) -> int:
    return len(text.split())


def letters(text: str) -> int:
    return len("".join(text.split()))


@cache
def tokenizer() -> Tokenizer:
    opened = Tokenizer.from_file(str(find_weights(DEFAULT_MODEL).folder / "tokenizer.json"))
    opened.no_truncation()
    opened.no_padding()
    return opened


def pieces(text: str) -> int:
    return len(tokenizer().encode(text, add_special_tokens=False).ids)


def entry(*items: Item, role: Role = Role.OTHER) -> Entry:
    """An entry of one section whose context is 12 words."""
    made = practice("GENSEC01-BP01", "Keys are kept apart", RiskLevel.LOW, Section("Steps", role, items))
    return replace(made, question="Who holds the keys of the gateway?")


def sentence(number: int, length: int = 30) -> str:
    """A sentence of `length` words that no other number gives."""
    return " ".join([f"S{number}", *[f"w{i}" for i in range(length - 2)], "end."])


def assert_whole(made: Entry, chunks: Sequence[Chunk]) -> None:
    """Every chunk is a slice of its section; none overlap, and only white space lies between them."""
    for index, section in enumerate(made.sections):
        at = 0
        for chunk in (chunk for chunk in chunks if chunk.section == index):
            assert chunk.text == section.text[chunk.start : chunk.end]
            assert at <= chunk.start < chunk.end
            assert section.text[at : chunk.start].strip() == ""
            at = chunk.end
        assert section.text[at:].strip() == ""


def test_a_small_section_is_one_chunk_with_its_titles_in_front() -> None:
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


def test_chunk_ids_tell_entry_language_section_and_place() -> None:
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


def test_an_entry_without_a_question_has_two_titles_in_front() -> None:
    made = replace(entry(Item("One.")), question=None)
    assert [chunk.context for chunk in cut([made], words)] == ["Keys are kept apart\nSteps"]


@pytest.mark.parametrize("items", [(), (Item(""),), (Item(""), Item(" "))])
def test_nothing_to_read_gives_no_chunk(items: tuple[Item, ...]) -> None:
    assert list(cut([entry(*items)], words)) == []


def grouped(made: Entry) -> list[list[str]]:
    """The first words of the items of each chunk, with one item a line or sentence."""
    chunks = list(cut([made], words))
    assert_whole(made, chunks)
    return [[word for word in chunk.text.split() if word.startswith("S")] for chunk in chunks]


def test_paragraphs_fill_a_chunk_up_to_160_pieces() -> None:
    made = entry(*(Item(sentence(i, 40)) for i in range(9)))
    assert grouped(made) == [["S0", "S1", "S2", "S3"], ["S4", "S5", "S6", "S7"], ["S8"]]


def test_a_new_step_opens_a_chunk_once_half_of_160_pieces_are_passed() -> None:
    made = entry(*(Item(sentence(i), Marker.NUMBER) for i in range(7)))
    assert grouped(made) == [["S0", "S1", "S2"], ["S3", "S4", "S5"], ["S6"]]


def test_what_is_under_a_step_stays_with_it() -> None:
    made = entry(
        Item(sentence(0), Marker.NUMBER),
        *(Item(sentence(i), Marker.NUMBER, 1) for i in (1, 2, 3)),
        Item(sentence(4), Marker.NUMBER),
        *(Item(sentence(i), Marker.BULLET, 1) for i in (5, 6, 7)),
    )
    assert grouped(made) == [["S0", "S1", "S2", "S3"], ["S4", "S5", "S6", "S7"]]


def test_a_heading_opens_a_chunk_too() -> None:
    made = entry(*(Item(sentence(i, 45)) for i in range(2)), Item("S2", Marker.HEADING), Item(sentence(3)))
    assert grouped(made) == [["S0", "S1"], ["S2", "S3"]]


def test_a_step_that_the_model_can_read_is_never_cut() -> None:
    # 254 pieces less the 12 of the titles.
    made = entry(*(Item(f"{sentence(i, 120)} {sentence(i, 122)}", Marker.NUMBER) for i in range(3)))
    assert grouped(made) == [["S0", "S0"], ["S1", "S1"], ["S2", "S2"]]


def test_an_item_that_the_model_cannot_read_is_cut_between_its_sentences() -> None:
    made = entry(Item(" ".join(sentence(i) for i in range(11))), Item(sentence(11)))
    assert grouped(made) == [
        ["S0", "S1", "S2", "S3", "S4"],
        ["S5", "S6", "S7", "S8", "S9"],
        ["S10", "S11"],
    ]


GIANTS = {
    "words without a full stop": "role " * 900,
    "a word without blanks": "a-b" * 400,
    "kanji without a full stop": "権限最小化" * 300,
    "kana without blanks": "ガードレール" * 300,
    "faces": "🙂" * 900,
    "a long sentence between short ones": f"Short one. {'very ' * 700}long one. Last one.",
}


@pytest.mark.parametrize("count", [words, letters, pieces])
@pytest.mark.parametrize("text", GIANTS.values(), ids=GIANTS)
def test_a_giant_sentence_is_cut_until_the_model_can_read_it(text: str, count: type[len]) -> None:
    made = entry(Item("Before."), Item(text), Item("After."))
    chunks = list(cut([made], count))
    assert_whole(made, chunks)
    assert all(count(chunk.embedded) <= READ_BY_THE_MODEL for chunk in chunks)


TEXTS = st.text(st.sampled_from("ab .\nC。鍵ガ🙂é-") | st.characters(codec="utf-8"), max_size=60).map(
    lambda text: text * 12
)
ITEMS = st.builds(Item, TEXTS, st.sampled_from(list(Marker)), st.integers(0, 2))


@settings(deadline=None, database=None, derandomize=True, max_examples=120)
@given(st.lists(ITEMS, max_size=8), st.sampled_from([letters, pieces]))
def test_no_text_is_lost_doubled_or_too_long_for_the_model(items: list[Item], count: type[len]) -> None:
    made = entry(*(item for item in items if count(item.text)))
    chunks = list(cut([made], count))
    assert_whole(made, chunks)
    assert all(count(chunk.embedded) <= READ_BY_THE_MODEL for chunk in chunks)


def test_a_digest_names_what_the_model_reads_and_nothing_else() -> None:
    (chunk,) = cut([entry(Item("Make one role."))], words)
    # printf 'Keys are kept apart\nWho holds the keys of the gateway?\nSteps\nMake one role.' | sha256sum
    assert chunk.digest == "d0df18dc976563beb79bfbc7db6e639f"
    assert replace(chunk, id="x", entry_id="y", section=4, start=9, end=10).digest == chunk.digest
    assert replace(chunk, text="Make two roles.").digest != chunk.digest
    assert replace(chunk, context="Other titles").digest != chunk.digest
