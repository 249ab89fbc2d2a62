"""Answers of a language model over a real connection, as far as they go right or end early."""

import pytest
from support.model_server import Behaviour, ModelServer

from assistant.answers.composition import Answer, Part, Statement, ask
from assistant.conversation.follow_ups import Turn, reply, replying
from assistant.generate import condense, respond, responding
from assistant.llm.budget import Writer, open_writer
from assistant.llm.client import LanguageModelError
from kb.knowledge_base import KnowledgeBase
from kb.settings import load_settings

AGENT = "How do I keep an agent from deleting records?"
NARROW = "A narrow role keeps an agent from deleting records. [GENSEC05-BP01] "
HARM = "An agent with too many permissions can do harm by deleting records. [LLM03:2026] "


@pytest.fixture
def model(running_model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> ModelServer:
    monkeypatch.setenv("GENLENS_LLM", running_model.setting)
    monkeypatch.setenv("GENLENS_LLM_TIMEOUT", "20")
    running_model.does(Behaviour(NARROW + HARM))
    return running_model


@pytest.fixture
def writer(model: ModelServer) -> Writer:
    assert model
    return open_writer(load_settings())


def test_supported_sentences_are_shown_with_their_ids(base: KnowledgeBase, writer: Writer) -> None:
    answer = respond(base, AGENT, writer=writer)
    assert [(s.part, s.text, s.id, s.doubt) for s in answer.statements] == [
        (Part.SAID, "A narrow role keeps an agent from deleting records.", "GENSEC05-BP01", None),
        (
            Part.SAID,
            "An agent with too many permissions can do harm by deleting records.",
            "LLM03:2026",
            None,
        ),
    ]
    assert [(c.id, c.quote) for c in answer.citations] == [
        ("GENSEC05-BP01", "A narrow role keeps an agent from deleting records."),
        ("LLM03:2026", "An agent with too many permissions can do harm by deleting records."),
    ]
    assert (answer.covered, answer.note, answer.hits) == (True, "", ask(base, AGENT).hits)


def test_a_sentence_comes_as_soon_as_the_next_one_begins_and_the_answer_last(
    base: KnowledgeBase, writer: Writer
) -> None:
    came = list(responding(base, AGENT, writer=writer))
    assert [type(one) for one in came] == [Statement, Statement, Answer]
    assert isinstance(came[-1], Answer)
    assert came[-1].statements == tuple(came[:2])


def test_without_a_model_the_answer_is_extractive(base: KnowledgeBase) -> None:
    assert respond(base, AGENT) == ask(base, AGENT)


def test_what_is_not_covered_does_not_reach_the_model(
    base: KnowledgeBase, model: ModelServer, writer: Writer
) -> None:
    assert not respond(base, "Which cheese goes with red wine?", writer=writer).covered
    assert model.requests == []


def test_a_model_may_say_that_it_is_not_covered(
    base: KnowledgeBase, model: ModelServer, writer: Writer
) -> None:
    model.does(Behaviour("NOT COVERED."))
    (answer,) = responding(base, AGENT, writer=writer)
    assert isinstance(answer, Answer)
    assert (answer.covered, answer.statements, answer.citations) == (False, (), ())
    assert answer.note == "the language model found no answer in the passages that were found"
    assert answer.usage is not None


def test_a_model_that_breaks_off_leaves_the_extractive_answer(
    base: KnowledgeBase, model: ModelServer, writer: Writer
) -> None:
    model.does(Behaviour(status=401))
    answer = respond(base, AGENT, writer=writer)
    assert answer.statements == ask(base, AGENT).statements
    assert answer.note == (
        "these are the sources' own words, because the language model cannot be used: "
        "its server refused with status 401 (its key is missing or wrong)"
    )


def test_the_model_is_given_what_the_extractive_answer_quotes(
    base: KnowledgeBase, model: ModelServer, writer: Writer
) -> None:
    respond(base, AGENT, writer=writer)
    material = model.requests[0]["messages"][1]["content"]
    assert all(statement.text in material for statement in ask(base, AGENT).statements)
    assert material.endswith(f"⟦question⟧\n{AGENT}\n⟦end of question⟧")


def test_the_same_question_is_not_paid_twice(base: KnowledgeBase, model: ModelServer, writer: Writer) -> None:
    first = respond(base, AGENT, writer=writer)
    again = respond(base, AGENT, writer=open_writer(load_settings()))
    assert len(model.requests) == 1
    assert again.statements == first.statements
    assert again.usage is not None
    assert again.usage.cached


def test_a_follow_up_is_condensed(model: ModelServer, writer: Writer) -> None:
    model.does(Behaviour("How do I keep an agent\nfrom reading records?\n"))
    history = [(AGENT, "A narrow role keeps an agent from deleting records. [GENSEC05-BP01]")]
    said = condense(history, "And from reading them?", writer)
    assert said == "How do I keep an agent from reading records?"
    material = model.requests[0]["messages"][1]["content"]
    assert material.startswith(f"⟦question 1⟧\n{AGENT}\n⟦end of question 1⟧")
    assert material.endswith("⟦last question⟧\nAnd from reading them?\n⟦end of last question⟧")


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        (" ", "did not turn the question"),
        ("x" * 5000, "did not turn the question"),
        ("What does GENSEC09-BP09 ask for?", "put something else"),
        ("⟦question 1⟧ What is it?", "put something else"),
    ],
)
def test_a_condensed_question_holds_nothing_that_nobody_named(
    model: ModelServer, writer: Writer, says: str, reason: str
) -> None:
    model.does(Behaviour(says, size=500))
    with pytest.raises(LanguageModelError, match=reason):
        condense([(AGENT, "Use GENSEC05-BP01.")], "And then?", writer)


def test_a_follow_up_is_condensed_by_the_model_and_answered_by_it(
    base: KnowledgeBase, model: ModelServer, writer: Writer
) -> None:
    first = reply(base, AGENT, writer=writer)
    model.does(Behaviour("How do I keep an agent from deleting records in a test?"), Behaviour(NARROW))
    *said, turn = replying(base, "And in a test?", [first], writer=writer)
    assert isinstance(turn, Turn)
    assert turn.question == turn.root == "How do I keep an agent from deleting records in a test?"
    assert turn.rewritten
    assert tuple(said) == turn.answer.statements


def test_a_follow_up_that_the_model_cannot_condense_is_understood_by_rule(
    base: KnowledgeBase, model: ModelServer, writer: Writer
) -> None:
    first = reply(base, AGENT, writer=writer)
    model.does(Behaviour("What does GENSEC09-BP09 ask for?"), Behaviour(NARROW))
    turn = reply(base, "And in a test?", [first], writer=writer)
    assert turn.question == f"{AGENT.rstrip('?')} — And in a test?"
