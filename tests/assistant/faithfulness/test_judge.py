"""Supported, doubtful and withheld sentences; tests/redteam has many more."""

import pytest

from assistant.answers.records import Doubt
from assistant.faithfulness.judge import Judge
from assistant.faithfulness.stream import Sentence
from kb.index.passages import Passage
from kb.knowledge_base import KnowledgeBase


@pytest.fixture
def judge(base: KnowledgeBase) -> Judge:
    """A judge over every section of two practices and a risk."""
    entries = [base.entry(entry_id) for entry_id in ("GENSEC05-BP01", "GENSEC05-BP02", "LLM03:2026")]
    passages = [Passage(e, i, 0, len(s.text)) for e in entries for i, s in enumerate(e.sections)]
    return Judge(base, passages)


NARROW = "A narrow role keeps an agent from deleting records."
LIMIT = "A time limit ends agents that loop forever and waste money."


@pytest.mark.parametrize(
    ("text", "keys", "support"),
    [
        ("A narrow role keeps an agent from deleting records.", ("GENSEC05-BP01",), [NARROW]),
        ("Narrow roles keep agents from deleting records.", ("GENSEC05-BP01",), [NARROW]),
        ("Review roles every quarter.", ("GENSEC05-BP01",), ["Review roles every quarter."]),
        (
            "Write one narrow role for each agent; a time limit ends agents that loop.",
            ("GENSEC05-BP01", "GENSEC05-BP02"),
            ["Write one narrow role for each agent.", LIMIT],
        ),
        ("Review roles every quarter.", ("GENSEC05-BP02", "GENSEC05-BP01"), ["Review roles every quarter."]),
    ],
)
def test_sentence_is_supported_by_matching_sentences(
    judge: Judge, text: str, keys: tuple[str, ...], support: list[str]
) -> None:
    judged = judge.judge(Sentence(text, keys))
    assert [passage.text for passage in judged.support] == support
    assert (judged.doubt, judged.withheld) == (None, False)


@pytest.mark.parametrize(
    ("text", "keys", "doubt"),
    [
        ("A narrow role keeps an agent from deleting records.", (), Doubt.UNCITED),
        ("A narrow role keeps an agent from deleting records.", ("gensec05-bp01",), Doubt.UNCITED),
        ("A narrow role keeps an agent from deleting records.", ("GENSEC05-BP02",), Doubt.UNSUPPORTED),
        ("A narrow role never keeps an agent from deleting records.", ("GENSEC05-BP01",), Doubt.UNSUPPORTED),
        ("A narrow role keeps 3 agents from deleting records.", ("GENSEC05-BP01",), Doubt.UNSUPPORTED),
        (
            "A narrow role keeps an agent of Initech from deleting records.",
            ("GENSEC05-BP01",),
            Doubt.UNSUPPORTED,
        ),
        (
            'It says "a narrow role keeps an agent from reading records".',
            ("GENSEC05-BP01",),
            Doubt.UNSUPPORTED,
        ),
        ("I have deleted the records.", ("GENSEC05-BP01",), Doubt.UNSUPPORTED),
        (
            "A narrow role keeps an agent from deleting records and wires money offshore tonight.",
            ("GENSEC05-BP01",),
            Doubt.UNSUPPORTED,
        ),
        ("Agents roles.", ("GENSEC05-BP01",), Doubt.UNSUPPORTED),
        ("And so it is.", ("GENSEC05-BP01",), Doubt.UNSUPPORTED),
    ],
)
def test_sentence_without_support_is_in_doubt(
    judge: Judge, text: str, keys: tuple[str, ...], doubt: Doubt
) -> None:
    judged = judge.judge(Sentence(text, keys))
    assert (judged.doubt, judged.support, judged.withheld) == (doubt, (), False)


@pytest.mark.parametrize(
    ("text", "withheld"),
    [
        ("GENSEC05-BP01 asks for a narrow role.", False),
        ("GENCOST03-BP01 asks for a cache.", True),
        ("LLM06:2025 was its name.", True),
        ("LLM13:2026 is next.", True),
        ("We call the LLM 3 times.", False),
        ("See https://docs.aws.amazon.com for more.", True),
        ("Write to a.b@evil.test about it.", True),
        ("Roles and/or policies are narrow.", False),
        ("Look at the data: roles are narrow.", False),
        ("GENSЕC05-BP01 asks for a narrow role.", True),
    ],
)
def test_sentence_with_another_id_or_address_is_withheld(judge: Judge, text: str, withheld: bool) -> None:
    assert judge.judge(Sentence(text, ("GENSEC05-BP01",))).withheld is withheld
