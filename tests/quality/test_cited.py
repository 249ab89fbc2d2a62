"""Extractive answers to the product's own questions, with a real build: every statement, every citation."""

from pathlib import Path

import pytest
from support.homes import ROOT

from assistant.answers.records import Answer
from assistant.generate import ask
from kb.evaluation import OUT_OF_SCOPE, LabelledQuestion, read_questions
from kb.knowledge_base import KnowledgeBase
from kb.storage.builds import current_build

# Of the covered questions, how many cite a gold id in their first two citations.
LEAST_IN_TWO = 0.95

Answered = list[tuple[LabelledQuestion, Answer]]


@pytest.fixture(scope="module")
def opened(catalogue_home: Path) -> KnowledgeBase:
    return KnowledgeBase(current_build(catalogue_home))


@pytest.fixture(scope="module")
def covered(opened: KnowledgeBase) -> Answered:
    questions = read_questions(ROOT / "data" / "eval" / "questions.jsonl")
    answers = [(q, ask(opened, q.question)) for q in questions if q.kind != OUT_OF_SCOPE]
    found = [(question, answer) for question, answer in answers if answer.covered]
    assert len(found) > 200
    return found


def test_every_statement_stands_word_for_word_in_the_section_it_cites(
    opened: KnowledgeBase, covered: Answered
) -> None:
    shifted = [
        (statement.id, statement.text)
        for _, answer in covered
        for statement in answer.statements
        if not any(
            statement.text in section.text and version.section_url(section) == statement.url
            for version in opened.versions(statement.id)
            for section in version.sections
        )
    ]
    assert shifted == []


def test_the_first_two_citations_hold_what_answers_the_question(covered: Answered) -> None:
    right = [
        question.id
        for question, answer in covered
        if {passage.entry.id for passage in answer.citations[:2]} & set(question.gold)
    ]
    assert len(right) / len(covered) >= LEAST_IN_TWO
