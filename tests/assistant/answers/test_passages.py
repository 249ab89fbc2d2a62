import pytest
from support.hits import entry

from assistant.answers.passages import LONGEST, Passage, actions, passage_of, prose
from kb.entries import Item, Language, Marker, Role, Section
from kb.knowledge_base import KnowledgeBase


def texts(*items: Item, language: Language = Language.ENGLISH) -> list[str]:
    one = entry(Section("Introduction", Role.INTRODUCTION, items), language=language)
    return [passage.text for passage in prose(one, 0)]


def test_passage_is_a_span_of_its_section(base: KnowledgeBase) -> None:
    role = base.entry("GENSEC05-BP01")
    passage = Passage(role, 2, 0, 37)
    assert passage.text == "Write one narrow role for each agent."
    assert passage.section is role.sections[2]
    assert passage.url == f"{role.url}#implementation-steps"


def test_part_of_a_passage_has_offsets_of_the_section(base: KnowledgeBase) -> None:
    passage = Passage(base.entry("GENSEC05-BP01"), 0, 52, 100)
    assert passage.part(0, 11) == Passage(passage.entry, 0, 52, 63)
    assert passage.part(0, 11).text == "Broad roles"


def test_passage_contains_what_starts_inside_it(base: KnowledgeBase) -> None:
    one = base.entry("GENSEC05-BP01")
    passage = Passage(one, 0, 10, 20)
    assert passage.contains(Passage(one, 0, 10, 30))
    assert passage.contains(Passage(one, 0, 19, 20))
    assert not passage.contains(Passage(one, 0, 20, 25))
    assert not passage.contains(Passage(one, 0, 9, 15))
    assert not passage.contains(Passage(one, 1, 10, 20))


def test_chunks_are_passages(base: KnowledgeBase) -> None:
    one = base.entry("GENSEC05-BP01")
    (hit,) = [hit for hit in base.retrieve("narrow role").hits if hit.entry.id == one.id]
    assert hit.chunks
    for chunk in hit.chunks:
        assert passage_of(one, chunk).text == one.sections[chunk.section].text[chunk.start : chunk.end]


def test_prose_passages_have_offsets_into_the_section() -> None:
    first, second = "The first sentence is long enough.", "The second sentence is long enough too."
    one = entry(
        Section("Introduction", Role.INTRODUCTION, (Item("Head", Marker.HEADING), Item(f"{first} {second}")))
    )
    assert list(prose(one, 0)) == [Passage(one, 0, 5, 39), Passage(one, 0, 40, 79)]


def test_prose_has_no_headings_code_or_list_openers() -> None:
    assert texts(
        Item("A heading that is long enough to be quoted", Marker.HEADING),
        Item("print('a line of code that is long enough')", Marker.CODE),
        Item("Long enough, but it only opens the list below:"),
        Item("A list item that is long enough to be quoted.", Marker.BULLET),
    ) == ["A list item that is long enough to be quoted."]


def test_prose_has_neither_very_short_nor_very_long_sentences() -> None:
    assert texts(Item("Too short to say a thing."), Item(f"{'word ' * (LONGEST // 5)}more.")) == []
    assert texts(Item("権限を最小限に絞る。短い。"), language=Language.JAPANESE) == []
    assert texts(Item("ロールの権限を最小限に絞る。"), language=Language.JAPANESE) == [
        "ロールの権限を最小限に絞る。"
    ]


@pytest.mark.parametrize(
    "opening",
    [
        "This", "that", "These", "Those", "It", "Its", "They", "Their", "He", "She", "Here", "There", "Such",
        "Also,", "However,", "Additionally,", "Therefore,", "Otherwise", "Instead,", "Moreover,",
        "Furthermore,", "Without it", "Without them", "Without this", "Without these", "For example,",
        "For instance,", "In addition,", "In this", "In that", "In these", "In such", "As a result,",
        "By doing so,", "Note",
    ],
)  # fmt: skip
def test_sentence_that_leans_on_another_is_not_quoted(opening: str) -> None:
    assert texts(Item(f"{opening} case needs a narrow role for each agent.")) == []


@pytest.mark.parametrize(
    "opening", ["Items", "Thesis", "Noted", "Without a limit", "In production", "As a team"]
)
def test_sentence_with_its_own_subject_is_quoted(opening: str) -> None:
    assert len(texts(Item(f"{opening} will need a narrow role for each agent."))) == 1


@pytest.mark.parametrize(
    "opening",
    [
        "これは", "この", "それは", "その", "また、", "さらに、", "ただし、", "しかし、", "そこで",
        "したがって、", "なお、", "ここで", "例えば、", "たとえば、",
    ],
)  # fmt: skip
def test_japanese_sentence_that_leans_on_another_is_not_quoted(opening: str) -> None:
    assert texts(Item(f"{opening}ロールの権限を最小限に絞ります。"), language=Language.JAPANESE) == []


def test_long_step_gives_its_first_sentence() -> None:
    step = f"Write it down. {'And more of it. ' * 40}".strip()
    one = entry(Section("Steps", Role.STEPS, (Item(step, Marker.NUMBER),)))
    assert [passage.text for passage in actions(one, 0)] == ["Write it down."]
