"""Answers of a language model over a real connection, as far as they go right or end early."""

from collections.abc import Iterator

import pytest
from support.model_server import Behaviour, ModelServer, serving_model

from assistant.answer import Answer, Part, Statement, ask
from assistant.worded import respond, responding
from assistant.writer import Writer, open_writer
from kb.base import KnowledgeBase
from kb.settings import load_settings

AGENT = "How do I keep an agent from deleting records?"
NARROW = "A narrow role keeps an agent from deleting records. [GENSEC05-BP01] "
HARM = "An agent with too many permissions can do harm by deleting records. [LLM03:2026] "


@pytest.fixture(scope="module")
def running_model() -> Iterator[ModelServer]:
    with serving_model() as one:
        yield one


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
