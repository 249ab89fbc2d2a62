"""Edits that keep or change the meaning of a sentence. With the fake model only equal words are near."""

import pytest

from assistant.faithfulness.edits import EditCheck
from assistant.faithfulness.words import NOT, words
from kb.knowledge_base import KnowledgeBase

SOURCE = "Before an agent may delete records, check that a person has approved the request."
NEXT = "Keep every approval in a log that agents cannot change."
AROUND = ["Give each agent a narrow role."]


@pytest.fixture
def edits(base: KnowledgeBase) -> EditCheck:
    return EditCheck(base)


@pytest.mark.parametrize(
    "sentence",
    [
        SOURCE,
        "Check that a person has approved the request before an agent may delete records.",
        "Verify that a human has approved the request before an agent deletes records.",
        "It is important to check that a person has approved the request.",
        "Before an agent may delete records, check that a person has approved the request, and keep every "
        "approval in a log.",
        "Keep approvals in a log.",
        "Give an agent a narrow role before it may delete records.",
    ],
)
def test_faithful_edit_keeps_the_meaning(edits: EditCheck, sentence: str) -> None:
    assert edits.keeps_meaning(sentence, [SOURCE, NEXT], AROUND)


@pytest.mark.parametrize(
    "sentence",
    [
        "After an agent may delete records, check that a person has approved the request.",
        "Before an agent may delete records, check that a person has denied the request.",
        "Before an agent may delete laptops, check that a person has approved the request.",
        "Before an agent may read records, check that a person has approved the request.",
        "Before an agent may not delete records, check that a person has approved the request.",
        "Before an agent may delete all banking records, check that a person has approved the request.",
        "Before a person may delete records, check that an agent has approved the request.",
        "Keep every approval in a log that agents can change.",
        "Keep every approval in a log that people cannot change.",
    ],
)
def test_unfaithful_edit_changes_the_meaning(edits: EditCheck, sentence: str) -> None:
    assert not edits.keeps_meaning(sentence, [SOURCE, NEXT], AROUND)


def test_negated_condition_may_not_be_dropped(edits: EditCheck) -> None:
    source = "Without a firm limit on tokens, an agent can run up a bill."
    assert not edits.keeps_meaning("An agent can run up a bill.", [source])
    assert not edits.keeps_meaning("A firm limit on tokens, an agent can run up a bill.", [source])


def test_clause_of_purpose_may_be_dropped(edits: EditCheck) -> None:
    source = "Set a firm limit on tokens, so that an agent that loops for hours cannot run up a bill."
    assert edits.keeps_meaning("Set a firm limit on tokens.", [source])


def test_clause_after_a_semicolon_stands_alone(edits: EditCheck) -> None:
    source = "Controls at the model do not solve this; combine narrow roles with metadata filters."
    assert edits.keeps_meaning("Combine narrow roles with metadata filters.", [source])
    assert not edits.keeps_meaning("Controls at the model solve this; combine narrow roles.", [source])


def test_rather_than_negates_and_not_only_does_not(edits: EditCheck) -> None:
    source = "Check the scope in the query, not in the browser."
    assert edits.keeps_meaning("Check the scope in the query rather than in the browser.", [source])
    assert not edits.keeps_meaning("Check the scope in the query and in the browser.", [source])
    source = "Poisoning is not limited to training data, and it reaches memory."
    assert edits.keeps_meaning("Poisoning also reaches training data and memory.", [source])
    assert not edits.keeps_meaning("Poisoning is only in training data and reaches memory.", [source])


def test_stops_counts_as_a_negation(edits: EditCheck) -> None:
    source = "A narrow role stops an agent that wants to delete records."
    assert edits.keeps_meaning("With a narrow role an agent cannot delete records.", [source])


JAPANESE = "エージェントには必要な権限だけを与え、操作を記録する。"


@pytest.mark.parametrize(
    ("sentence", "faithful"),
    [
        ("エージェントに必要な権限だけを与えます。", True),
        ("エージェントには必要な権限だけを付与し、操作を記録してください。", True),
        ("エージェントには必要な権限だけを与え、操作を記録しない。", False),
        ("エージェントには必要な予算だけを与え、操作を記録する。", False),
        ("エージェントには必要な権限だけを与え、操作を削除する。", False),
    ],
)
def test_japanese_is_compared_through_the_glossary(edits: EditCheck, sentence: str, faithful: bool) -> None:
    assert edits.keeps_meaning(sentence, [JAPANESE]) is faithful


def test_words_without_meaning_are_left_out() -> None:
    assert [word.term for word in words("Do not delete the records before a review.")] == [
        NOT,
        "delet",
        "record",
        "before",
        "review",
    ]
    assert [word.text for word in words("鳥籠のデータを暗号化しない")] == [
        "鳥籠",
        "data",
        "encryption",
        "ない",
    ]
