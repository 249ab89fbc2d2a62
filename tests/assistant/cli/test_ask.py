"""The options of ask and eval, with the small corpus and the fake model."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.corpus import MADE_AT, SOURCES, corpus
from support.encoder import WordEncoder
from support.rankers import simple_rankers
from support.restated import LOG, ROTATE, ROTATE_LINE, restated

from assistant.answers.records import Answer
from assistant.cli import main
from assistant.conversation.turns import converse
from assistant.render.json import answer_json
from kb.knowledge_base import KnowledgeBase
from kb.make import make_build
from kb.storage.builds import Build

Run = Callable[..., Result]
AGENT = "How do I keep an agent from deleting records?"
KEYS = "How do I rotate the secret keys of agents?"


@pytest.fixture
def served(home: Path, monkeypatch: pytest.MonkeyPatch) -> KnowledgeBase:
    """The base that every command opens; answers have two statements at most."""
    manifest = make_build(home, WordEncoder(), (*corpus(), restated()), SOURCES, MADE_AT)
    base = KnowledgeBase(Build(home, manifest.id), WordEncoder(), simple_rankers())
    monkeypatch.setattr("kb.knowledge_base.open_served", lambda _settings: base)
    monkeypatch.setattr("assistant.answers.selection.MOST", 2)
    return base


@pytest.fixture
def run(served: KnowledgeBase) -> Run:
    """Runs the command line in this process and checks the exit code."""
    assert served

    def run(*arguments: str, code: int = 0) -> Result:
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == code, done.output
        assert done.exception is None or isinstance(done.exception, SystemExit)
        return done

    return run


def dumped(answer: Answer) -> dict[str, Any]:
    return answer_json(answer).dump()


def texts(record: dict[str, Any]) -> list[str]:
    return [statement["text"] for statement in record["statements"]]


def test_follow_up_is_understood_with_the_questions_before_it(run: Run, served: KnowledgeBase) -> None:
    done = run("ask", "why?", "--after", AGENT)
    assert done.stderr.splitlines() == [f"genlens: understood as: {AGENT.rstrip('?')} — why?"]
    first, second = (dumped(turn.answer) for turn in converse(served, [AGENT, "why?"]))
    assert json.loads(run("ask", "why?", "--after", AGENT, "--json").stdout) == second
    assert len(texts(second)) == 2
    assert not set(texts(first)) & set(texts(second))
    assert texts(second)[0] in done.stdout


def test_questions_before_are_asked_in_order(run: Run) -> None:
    done = run("ask", "go on", "--after", AGENT, "--after", "what else?", "--json")
    assert json.loads(done.stdout)["question"] == f"{AGENT.rstrip('?')} — go on"
    assert done.stderr == ""
    assert len(texts(json.loads(done.stdout))) == 1


def test_follow_up_without_anything_new_is_told_as_such(run: Run) -> None:
    before = (option for asked in (AGENT, "what else?", "tell me more") for option in ("--after", asked))
    done = run("ask", "go on", *before, code=1)
    assert done.stdout == "The sources say nothing on this beyond the answers above.\n"


def test_question_that_stands_alone_is_not_called_understood(run: Run) -> None:
    done = run("ask", "prompt caching", "--after", AGENT)
    assert done.stderr == ""
    assert done.stdout.startswith("Prompt caching makes repeated tokens cheap for every tenant. [GENCOST03-")


def test_blank_question_before_is_refused(run: Run) -> None:
    done = run("ask", "why?", "--after", " ", code=2)
    assert "the question is empty" in done.stderr
    assert done.stdout == ""


def test_verbatim_answer_quotes_the_sources_alone(run: Run) -> None:
    assert ROTATE_LINE in run("ask", KEYS).stdout
    plain = run("ask", KEYS, "--verbatim").stdout
    assert ROTATE_LINE not in plain
    assert "*" not in plain
    assert texts(json.loads(run("ask", KEYS, "--verbatim", "--json").stdout)) == [ROTATE, LOG]


def test_verbatim_applies_to_follow_ups(run: Run) -> None:
    done = run("ask", "what else?", "--after", KEYS, "--verbatim", code=1)
    assert done.stdout.startswith("The sources say nothing on this")


QUESTIONS = [
    {"id": "a", "lang": "en", "kind": "follow", "question": "why?", "previous": AGENT},
    {"id": "b", "lang": "en", "kind": "follow", "question": "go on", "previous": [AGENT, "what else?"]},
    {"id": "c", "lang": "en", "kind": "how", "question": "prompt caching", "gold": ["GENCOST03-BP01"]},
]


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    file = tmp_path / "questions.jsonl"
    file.write_text("".join(json.dumps(question) + "\n" for question in QUESTIONS), encoding="utf-8")
    return file


def test_eval_writes_the_answers_and_those_before(
    run: Run, served: KnowledgeBase, questions: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run.jsonl"
    metrics = json.loads(run("eval", str(questions), "--answers", "--out", str(out), "--json").stdout)
    why, more, caching = (json.loads(line) for line in out.read_text(encoding="utf-8").splitlines())
    first, second, third = (turn.answer for turn in converse(served, [AGENT, "what else?", "go on"]))
    asked_why = converse(served, [AGENT, "why?"])[-1].answer
    assert (why["answer"], why["before"]) == (dumped(asked_why), [dumped(first)])
    assert (more["answer"], more["before"]) == (dumped(third), [dumped(first), dumped(second)])
    assert caching["before"] == []
    assert caching["answer"]["citations"][0]["id"] == "GENCOST03-BP01"
    assert [record["id"] for record in (why, more, caching)] == ["a", "b", "c"]
    assert why["ranked"] == [hit.id for hit in asked_why.hits]
    assert metrics["how"]["hit_at_1"] == 1.0


def test_eval_without_answers_asks_the_questions_before_too(
    run: Run, questions: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run.jsonl"
    run("eval", str(questions), "--out", str(out))
    records = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [record.keys() for record in records] == [{"id", "ranked", "answered"}] * 3
    assert [record["answered"] for record in records] == [True, True, True]
    assert records[0]["ranked"][0] == "GENSEC05-BP01"


def test_answers_need_a_file_to_be_written_to(run: Run, questions: Path) -> None:
    done = run("eval", str(questions), "--answers", code=2)
    assert "--answers writes into the run, expected --out FILE with it" in done.stderr
