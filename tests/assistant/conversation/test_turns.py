"""Turns of a conversation: by the form of a question, or condensed by a language model."""

from typing import Any

import pytest
from support.model_server import Behaviour, ModelServer

from assistant import generate
from assistant.answers.records import Answer, Gap, Statement
from assistant.conversation.follow_ups import Subject
from assistant.conversation.turns import Turn, condense, converse, reply
from assistant.llm.budget import BudgetedModel, open_budgeted_model
from assistant.llm.client import LanguageModelError
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import Filters
from kb.ranking.query import MAX_QUESTION
from kb.settings import load_settings

AGENT = "How do I keep an agent from deleting records?"
CHEESE = "Which cheese goes best beside red wine, olives, bread, grapes, honey, butter and walnuts?"
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


def test_fragment_completes_the_question_that_stood_alone(base: KnowledgeBase) -> None:
    turn = after(base, AGENT, "and for refunds?", "コストは？")
    assert turn.asked == "コストは？"
    assert turn.subject == Subject(AGENT, turn.question)
    assert turn.question == "How do I keep an agent from deleting records — コストは？"
    assert turn.rewritten


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers of two statements at most, so that follow-ups find something new."""
    monkeypatch.setattr("assistant.answers.selection.MOST", 2)


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize("asked", ["why?", "How do I test that?"])
def test_bare_word_and_pointing_question_complete_the_topic(base: KnowledgeBase, asked: str) -> None:
    turn = after(base, AGENT, "and for refunds?", asked)
    topic = "How do I keep an agent from deleting records — and for refunds?"
    assert turn.subject == Subject(AGENT, topic)
    assert turn.question == f"{topic.rstrip('?')} — {asked}"


def test_question_that_stands_alone_is_its_own_subject(base: KnowledgeBase) -> None:
    turn = after(base, AGENT, "prompt caching")
    assert (turn.subject, turn.question, turn.rewritten) == (
        Subject("prompt caching", "prompt caching"),
        "prompt caching",
        False,
    )


@pytest.mark.parametrize(
    "asked", ["gensec5 bp2", "and llm6 2025?", "and for " + "agents " * (MAX_QUESTION // 7)]
)
def test_id_or_a_long_text_stands_alone(base: KnowledgeBase, asked: str) -> None:
    first = reply(base, AGENT)
    turn = reply(base, asked, [first])
    assert (turn.subject, turn.question) == (Subject(asked, asked), asked)


@pytest.mark.usefixtures("brief")
def test_follow_up_belongs_to_the_last_turn_that_was_covered(base: KnowledgeBase) -> None:
    turns: list[Turn] = []
    for asked in (AGENT, CHEESE, "why?"):
        turns.append(reply(base, asked, turns))
    assert [turn.answer.covered for turn in turns] == [True, False, True]
    assert turns[1].subject == Subject(CHEESE, CHEESE)
    assert turns[2].question == f"{AGENT.rstrip('?')} — why?"


def test_follow_up_of_no_covered_turn_belongs_to_the_one_most_nearly_covered(base: KnowledgeBase) -> None:
    near = "How does caching help cheese, wine, olives, bread, grapes, honey, butter and walnuts?"
    for first, second in ((near, CHEESE), (CHEESE, near)):
        turn = after(base, first, second, "why?")
        assert not reply(base, near).answer.covered
        assert turn.question == f"{near.rstrip('?')} — why?"


@pytest.mark.usefixtures("brief")
def test_follow_up_says_nothing_twice(base: KnowledgeBase) -> None:
    turns: list[Turn] = []
    for asked in (AGENT, "what else?", "tell me more", "go on"):
        turns.append(reply(base, asked, turns))
    said = [[statement.text for statement in turn.answer.statements] for turn in turns]
    assert [len(texts) for texts in said] == [2, 2, 1, 0]
    assert len(set().union(*said)) == 5
    last = turns[-1].answer
    assert (last.covered, last.statements, last.gap) == (False, (), Gap.NOTHING_NEW)
    assert last.confidence > 0.5


def test_question_that_stands_alone_is_answered_in_full_again(base: KnowledgeBase) -> None:
    first, more, again = converse(base, ["prompt caching", "what else?", "prompt caching"])
    assert first.answer.covered
    assert more.rewritten
    assert again.answer == first.answer


def test_first_question_is_not_changed(base: KnowledgeBase) -> None:
    assert not reply(base, "and for agents?").rewritten


def test_conversation_has_a_turn_for_each_question(base: KnowledgeBase) -> None:
    turns = converse(base, [AGENT, "what else?", "prompt caching"])
    assert [turn.asked for turn in turns] == [AGENT, "what else?", "prompt caching"]
    assert turns[1] == reply(base, "what else?", turns[:1])
    assert converse(base, []) == []


def test_only_the_last_question_of_a_conversation_goes_to_the_model(
    base: KnowledgeBase, server: ModelServer, model: BudgetedModel
) -> None:
    first, last = converse(base, ["prompt caching", AGENT.replace("How do I", "how to")], model=model)
    assert first.answer.usage is None
    assert last.answer.usage is not None
    material = [request["messages"][1]["content"] for request in server.requests]
    assert [text.count("⟦question 1⟧") for text in material] == [1, 0]  # condensed, then answered


def test_filters_and_verbatim_apply_to_every_turn(
    base: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    risks = Filters(kinds=frozenset({"risk"}))
    turns = converse(base, [AGENT, "why?"], risks)
    assert {base.entry(p.entry.id).kind for turn in turns for p in turn.answer.citations} == {"risk"}
    options: list[bool] = []

    def ask(*arguments: Any, verbatim: bool, **rest: Any) -> Answer:  # noqa: ANN401 - passed on
        options.append(verbatim)
        return generate.ask(*arguments, verbatim=verbatim, **rest)

    monkeypatch.setattr("assistant.conversation.turns.ask", ask)
    converse(base, [AGENT, "why?"], verbatim=True)
    converse(base, [AGENT])
    assert options == [True, True, False]


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
    assert turn.question == "How do I keep an agent from deleting records in a test?"
    assert turn.subject == Subject(turn.question, turn.question)
    assert turn.rewritten
    assert tuple(shown) == turn.answer.statements


def test_follow_up_that_the_model_cannot_condense_is_understood_by_form(
    base: KnowledgeBase, server: ModelServer, model: BudgetedModel
) -> None:
    first = reply(base, AGENT, model=model)
    server.does(Behaviour("What does GENSEC09-BP09 ask for?"), Behaviour(NARROW))
    turn = reply(base, "And in a test?", [first], model=model)
    assert turn.question == f"{AGENT.rstrip('?')} — And in a test?"
