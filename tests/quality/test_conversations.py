"""Floors of conversations: our own labelled follow-ups, with a real build and the real model."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.homes import ROOT

from assistant.answers.records import Gap
from assistant.conversation.follow_ups import Subject, resolve
from assistant.conversation.turns import Turn, converse
from kb.evaluation import OUT_OF_SCOPE, read_questions
from kb.knowledge_base import KnowledgeBase
from kb.storage.builds import current_build

EVAL = ROOT / "data" / "eval"
# Share of follow-ups and of new questions that are read as such.
MIN_FOLLOW_UPS, MIN_NEW = 0.9, 0.9
# Share of the statements of a follow-up that an earlier answer of the conversation has shown.
MAX_REPEATED = 0.15
# Share of follow-ups in scope with an answer, and of those with one or told that all was said before.
MIN_ANSWERED, MIN_COVERED = 0.6, 0.9
# Share of answered follow-ups with a gold id, or another relevant one, among their citations.
MIN_CITED = 0.8


@dataclass(frozen=True)
class Labelled:
    """A turn of a labelled conversation, after the turns before it."""

    follows: bool
    relevant: frozenset[str]
    turn: Turn
    before: tuple[Turn, ...]


@pytest.fixture(scope="module")
def catalogue_base(catalogue_home: Path) -> KnowledgeBase:
    return KnowledgeBase(current_build(catalogue_home))


@pytest.fixture(scope="module")
def later(catalogue_base: KnowledgeBase) -> list[Labelled]:
    """The turns after the first one of every labelled conversation."""
    found = []
    for line in (EVAL / "conversations.jsonl").read_text(encoding="utf-8").splitlines():
        labels = json.loads(line)["turns"]
        turns = converse(catalogue_base, [label["question"] for label in labels])
        found += [
            Labelled(
                label["follows"], frozenset(label["gold"] + label["also"]), turns[place], tuple(turns[:place])
            )
            for place, label in enumerate(labels)
            if place
        ]
    assert len(found) > 100
    return found


def test_follow_ups_are_read_as_such(later: list[Labelled]) -> None:
    read = [one.turn.rewritten for one in later if one.follows]
    assert sum(read) / len(read) >= MIN_FOLLOW_UPS


def test_new_questions_are_read_as_such(later: list[Labelled]) -> None:
    read = [not one.turn.rewritten for one in later if not one.follows]
    assert len(read) > 10
    assert sum(read) / len(read) >= MIN_NEW


def test_few_statements_are_repeated(later: list[Labelled]) -> None:
    repeated = [
        statement.text in {other.text for turn in one.before for other in turn.answer.statements}
        for one in later
        if one.follows
        for statement in one.turn.answer.statements
    ]
    assert len(repeated) > 200
    assert sum(repeated) / len(repeated) <= MAX_REPEATED


def test_follow_ups_are_answered_from_relevant_entries(later: list[Labelled]) -> None:
    follow_ups = [one for one in later if one.follows and one.relevant]
    answered = [one for one in follow_ups if one.turn.answer.covered]
    told = [one for one in follow_ups if one.turn.answer.gap is Gap.NOTHING_NEW]
    assert len(answered) / len(follow_ups) >= MIN_ANSWERED
    assert (len(answered) + len(told)) / len(follow_ups) >= MIN_COVERED
    cited = [bool({p.entry.id for p in one.turn.answer.citations} & one.relevant) for one in answered]
    assert sum(cited) / len(cited) >= MIN_CITED


@pytest.mark.parametrize("folder", [EVAL, ROOT.parent / "shared" / "eval"], ids=["own", "shared"])
def test_no_question_that_stands_alone_is_changed(catalogue_base: KnowledgeBase, folder: Path) -> None:
    if not folder.is_dir():
        pytest.skip("no labelled questions at ../shared/eval")
    files = ("questions.jsonl", "answers.jsonl", "dev.jsonl", "wild-dev.jsonl")
    questions = [q for name in files if (folder / name).is_file() for q in read_questions(folder / name)]
    asked = [question.question for question in questions if question.kind != OUT_OF_SCOPE]
    subject = Subject("How do I test my prompts?", "How do I test my prompts?")
    assert len(asked) > 200
    assert [text for text in asked if resolve(text, subject, catalogue_base.idf)[1] != text] == []
