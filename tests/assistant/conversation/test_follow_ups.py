"""Follow-ups are understood by their form; what stands on its own is never changed."""

import json

import pytest
from support.homes import ROOT

from assistant.conversation.follow_ups import Turn, reply, understood
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import Filters
from kb.ranking.query import MAX_QUESTION

EVAL = ROOT.parent / "shared" / "eval"
ROOT_QUESTION = "How do I test my prompts?"


def after(base: KnowledgeBase, *asked: str) -> Turn:
    turns: list[Turn] = []
    for question in asked:
        turns.append(reply(base, question, turns))
    return turns[-1]


@pytest.mark.parametrize(
    "asked",
    [
        "and for agents?", "And with RAG?", "what about cost?", "How about latency?", "And the cost?",
        "also for embeddings", "without Bedrock?", "in Japan?", "what if it's a chatbot?",
        "How do I test that?", "is it expensive?", "who should approve them?", "Can I automate it?",
        "エージェントの場合は？", "コストは？", "では、RAGだと？", "エージェントについては？",
        "それはどう監視しますか？",
    ],
)  # fmt: skip
def test_a_fragment_takes_up_the_question_that_stood_alone(base: KnowledgeBase, asked: str) -> None:
    turn = after(base, ROOT_QUESTION, "and for chatbots?", asked)
    assert (turn.root, turn.question) == (ROOT_QUESTION, f"How do I test my prompts — {asked}")
    assert turn.rewritten


@pytest.mark.parametrize(
    "asked", ["why?", "how?", "Tell me more", "for example?", "なぜ？", "理由は？", "もっと詳しく"]
)
def test_a_bare_word_takes_up_the_question_before_whole(base: KnowledgeBase, asked: str) -> None:
    turn = after(base, ROOT_QUESTION, "and for agents?", asked)
    assert turn.question == f"How do I test my prompts — and for agents — {asked}"


@pytest.mark.parametrize(
    "asked",
    [
        "What is prompt injection?", "And how do I rotate the credentials of an agent?",
        "For RAG, how large should chunks be?", "Is it safe to log prompts?", "This week our bill doubled",
        "How do I keep an agent from doing that kind of damage to production?", "prompt caching",
        "and GENSEC02?", "RAGとは？", "コスト最適化の方法は？", "エージェントの権限はどこまで絞るべき？",
    ],
)  # fmt: skip
def test_what_stands_on_its_own_is_not_changed(base: KnowledgeBase, asked: str) -> None:
    turn = after(base, ROOT_QUESTION, asked)
    assert (turn.root, turn.question, turn.rewritten) == (asked, asked, False)


def test_the_first_question_is_taken_as_it_is(base: KnowledgeBase) -> None:
    assert not reply(base, "and for agents?").rewritten


def test_a_follow_up_that_would_be_too_long_is_taken_as_it_is(base: KnowledgeBase) -> None:
    long = after(base, "cache " * (MAX_QUESTION // 6))
    assert understood("and for agents?", long) == ("and for agents?", "and for agents?")


def test_filters_hold_for_the_turn(base: KnowledgeBase) -> None:
    turn = reply(base, "prompt caching", filters=Filters(kinds=frozenset({"risk"})))
    assert {base.entry(found.id).kind for found in turn.answer.hits} <= {"risk"}
    assert "GENCOST03-BP01" in [found.id for found in reply(base, "prompt caching").answer.hits]


def test_none_of_the_labelled_questions_is_changed_after_another(base: KnowledgeBase) -> None:
    if not EVAL.is_dir():
        pytest.skip("no labelled questions at ../shared/eval")
    before = after(base, ROOT_QUESTION)
    asked = [
        json.loads(line)["question"]
        for file in sorted(EVAL.glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    assert len(asked) > 200
    assert [question for question in asked if understood(question, before) != (question, question)] == []
