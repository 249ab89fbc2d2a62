"""Turns of a conversation: by the form of a question, or condensed by a language model."""

import pytest
from support.model_server import Behaviour, ModelServer

from assistant.answers.records import Statement
from assistant.conversation.turns import Turn, condense, reply
from assistant.llm.budget import BudgetedModel, open_budgeted_model
from assistant.llm.client import LanguageModelError
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import Filters
from kb.settings import load_settings

ROOT_QUESTION = "How do I test my prompts?"
AGENT = "How do I keep an agent from deleting records?"
NARROW = "A narrow role keeps an agent from deleting records. [GENSEC05-BP01] "


@pytest.fixture
def server(running_model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> ModelServer:
    monkeypatch.setenv("GENLENS_LLM", running_model.setting)
    monkeypatch.setenv("GENLENS_LLM_TIMEOUT", "20")
    running_model.does(Behaviour(NARROW))
    return running_model


@pytest.fixture
def model(server: ModelServer) -> BudgetedModel:
    assert server
    return open_budgeted_model(load_settings())


def after(base: KnowledgeBase, *asked: str) -> Turn:
    """The last turn of a conversation."""
    turns: list[Turn] = []
    for question in asked:
        turns.append(reply(base, question, turns))
    return turns[-1]


@pytest.mark.parametrize("asked", ["and for agents?", "How do I test that?", "コストは？"])
def test_fragment_completes_the_question_that_stood_alone(base: KnowledgeBase, asked: str) -> None:
    turn = after(base, ROOT_QUESTION, "and for chatbots?", asked)
    assert (turn.asked, turn.root) == (asked, ROOT_QUESTION)
    assert turn.question == f"How do I test my prompts — {asked}"
    assert turn.rewritten


def test_bare_word_completes_the_last_question(base: KnowledgeBase) -> None:
    turn = after(base, ROOT_QUESTION, "and for agents?", "why?")
    assert turn.question == "How do I test my prompts — and for agents — why?"


def test_question_that_stands_alone_is_its_own_root(base: KnowledgeBase) -> None:
    turn = after(base, ROOT_QUESTION, "prompt caching")
    assert (turn.root, turn.question, turn.rewritten) == ("prompt caching", "prompt caching", False)


def test_first_question_is_not_changed(base: KnowledgeBase) -> None:
    assert not reply(base, "and for agents?").rewritten


def test_filters_apply_to_the_turn(base: KnowledgeBase) -> None:
    turn = reply(base, "prompt caching", filters=Filters(kinds=frozenset({"risk"})))
    assert {base.entry(hit.id).kind for hit in turn.answer.hits} <= {"risk"}
    assert "GENCOST03-BP01" in [hit.id for hit in reply(base, "prompt caching").answer.hits]


def test_follow_up_is_condensed(server: ModelServer, model: BudgetedModel) -> None:
    server.does(Behaviour("How do I keep an agent\nfrom reading records?\n"))
    history = [(AGENT, "A narrow role keeps an agent from deleting records. [GENSEC05-BP01]")]
    condensed = condense(history, "And from reading them?", model)
    assert condensed == "How do I keep an agent from reading records?"
    material = server.requests[0]["messages"][1]["content"]
    assert material.startswith(f"⟦question 1⟧\n{AGENT}\n⟦end of question 1⟧")
    assert material.endswith("⟦last question⟧\nAnd from reading them?\n⟦end of last question⟧")


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (" ", "it did not complete the question"),
        ("x" * 5000, "it did not complete the question"),
        ("What does GENSEC09-BP09 ask for?", "it changed the question"),
        ("⟦question 1⟧ What is it?", "it changed the question"),
    ],
)
def test_condensed_question_has_no_id_that_nobody_named(
    server: ModelServer, model: BudgetedModel, written: str, reason: str
) -> None:
    server.does(Behaviour(written, size=500))
    with pytest.raises(LanguageModelError, match=reason):
        condense([(AGENT, "Use GENSEC05-BP01.")], "And then?", model)


def test_model_condenses_a_follow_up_and_answers_it(
    base: KnowledgeBase, server: ModelServer, model: BudgetedModel
) -> None:
    first = reply(base, AGENT, model=model)
    server.does(Behaviour("How do I keep an agent from deleting records in a test?"), Behaviour(NARROW))
    shown: list[Statement] = []
    turn = reply(base, "And in a test?", [first], model=model, on_statement=shown.append)
    assert turn.question == turn.root == "How do I keep an agent from deleting records in a test?"
    assert turn.rewritten
    assert tuple(shown) == turn.answer.statements


def test_follow_up_that_the_model_cannot_condense_is_understood_by_form(
    base: KnowledgeBase, server: ModelServer, model: BudgetedModel
) -> None:
    first = reply(base, AGENT, model=model)
    server.does(Behaviour("What does GENSEC09-BP09 ask for?"), Behaviour(NARROW))
    turn = reply(base, "And in a test?", [first], model=model)
    assert turn.question == f"{AGENT.rstrip('?')} — And in a test?"
