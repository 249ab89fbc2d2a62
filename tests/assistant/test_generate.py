"""Answers of a language model over a real connection: complete, broken off, rejected."""

import pytest
from support.model_server import Behaviour, ModelServer

from assistant.answers.records import Part, Statement
from assistant.generate import ask
from assistant.llm.budget import BudgetedModel, open_budgeted_model
from kb.knowledge_base import KnowledgeBase
from kb.settings import load_settings

AGENT = "How do I keep an agent from deleting records?"
NARROW = "A narrow role keeps an agent from deleting records. [GENSEC05-BP01] "
HARM = "An agent with too many permissions can do harm by deleting records. [LLM03:2026] "


@pytest.fixture
def server(running_model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> ModelServer:
    monkeypatch.setenv("GENLENS_LLM", running_model.setting)
    monkeypatch.setenv("GENLENS_LLM_TIMEOUT", "20")
    running_model.does(Behaviour(NARROW + HARM))
    return running_model


@pytest.fixture
def model(server: ModelServer) -> BudgetedModel:
    assert server
    return open_budgeted_model(load_settings())


def test_supported_sentences_have_their_ids(base: KnowledgeBase, model: BudgetedModel) -> None:
    answer = ask(base, AGENT, model=model)
    assert [(s.part, s.text, s.id, s.doubt) for s in answer.statements] == [
        (Part.SAID, "A narrow role keeps an agent from deleting records.", "GENSEC05-BP01", None),
        (
            Part.SAID,
            "An agent with too many permissions can do harm by deleting records.",
            "LLM03:2026",
            None,
        ),
    ]
    assert [(passage.entry.id, passage.text) for passage in answer.citations] == [
        ("GENSEC05-BP01", "A narrow role keeps an agent from deleting records."),
        ("LLM03:2026", "An agent with too many permissions can do harm by deleting records."),
    ]
    assert (answer.covered, answer.note, answer.hits) == (True, "", ask(base, AGENT).hits)


def test_statements_come_in_order_as_they_are_checked(base: KnowledgeBase, model: BudgetedModel) -> None:
    shown: list[Statement] = []
    answer = ask(base, AGENT, model=model, on_statement=shown.append)
    assert len(shown) == 2
    assert tuple(shown) == answer.statements


def test_statement_comes_before_the_next_one_is_complete(
    base: KnowledgeBase, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENLENS_LLM_TIMEOUT", "0.6")
    server.does(Behaviour(NARROW + "An agent", then="hang"))
    shown: list[Statement] = []
    answer = ask(base, AGENT, model=open_budgeted_model(load_settings()), on_statement=shown.append)
    assert [statement.text for statement in shown] == ["A narrow role keeps an agent from deleting records."]
    assert answer.note.endswith("it did not finish within 0.6 seconds")


def test_answer_is_extractive_without_a_model(base: KnowledgeBase) -> None:
    shown: list[Statement] = []
    answer = ask(base, AGENT, on_statement=shown.append)
    assert [statement.part for statement in answer.statements][:2] == [Part.LEAD, Part.DO]
    assert shown == []


def test_uncovered_question_does_not_reach_the_model(
    base: KnowledgeBase, server: ModelServer, model: BudgetedModel
) -> None:
    assert not ask(base, "Which cheese goes with red wine?", model=model).covered
    assert server.requests == []


def test_model_may_say_that_the_question_is_not_covered(
    base: KnowledgeBase, server: ModelServer, model: BudgetedModel
) -> None:
    server.does(Behaviour("NOT COVERED."))
    shown: list[Statement] = []
    answer = ask(base, AGENT, model=model, on_statement=shown.append)
    assert shown == []
    assert (answer.covered, answer.statements, answer.citations) == (False, (), ())
    assert answer.note == "the language model found no answer in the retrieved passages"
    assert answer.usage is not None


def test_failing_model_leaves_the_extractive_answer(
    base: KnowledgeBase, server: ModelServer, model: BudgetedModel
) -> None:
    server.does(Behaviour(status=401))
    answer = ask(base, AGENT, model=model)
    assert answer.statements == ask(base, AGENT).statements
    assert answer.note == (
        "answered from the sources alone, because the language model failed: "
        "its server refused with status 401 (its key is missing or wrong)"
    )


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (Behaviour(NARROW, stop="length"), "its answer was cut off at the limit of tokens"),
        (Behaviour(NARROW, stop="filter"), "a content filter stopped its answer"),
        (Behaviour(NARROW, then="cut"), "the connection ended in the middle of its answer"),
    ],
    ids=["length", "filter", "cut"],
)
def test_answer_that_broke_off_is_replaced_and_not_kept(
    base: KnowledgeBase, server: ModelServer, model: BudgetedModel, behaviour: Behaviour, reason: str
) -> None:
    server.does(behaviour, Behaviour(NARROW))
    answer = ask(base, AGENT, model=model)
    assert answer.statements == ask(base, AGENT).statements
    assert answer.note == f"answered from the sources alone, because the language model failed: {reason}"
    again = ask(base, AGENT, model=open_budgeted_model(load_settings()))
    assert (again.note, len(server.requests)) == ("", 2)


def test_answer_with_mostly_unsupported_sentences_is_rejected(
    base: KnowledgeBase, server: ModelServer, model: BudgetedModel
) -> None:
    server.does(Behaviour(NARROW + "Llamas eat grass. [GENSEC05-BP01] Cats sleep. [GENSEC05-BP01] "))
    answer = ask(base, AGENT, model=model)
    assert answer.statements == ask(base, AGENT).statements
    assert answer.note.endswith("1 of its 3 sentences are supported by the passages they cite")


def test_model_gets_every_quoted_passage(
    base: KnowledgeBase, server: ModelServer, model: BudgetedModel
) -> None:
    ask(base, AGENT, model=model)
    material = server.requests[0]["messages"][1]["content"]
    assert all(statement.text in material for statement in ask(base, AGENT).statements)
    assert material.endswith(f"⟦question⟧\n{AGENT}\n⟦end of question⟧")


def test_same_question_is_paid_once(base: KnowledgeBase, server: ModelServer, model: BudgetedModel) -> None:
    first = ask(base, AGENT, model=model)
    again = ask(base, AGENT, model=open_budgeted_model(load_settings()))
    assert len(server.requests) == 1
    assert again.statements == first.statements
    assert again.usage is not None
    assert again.usage.cached
