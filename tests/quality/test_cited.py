"""Extractive answers to our own labelled questions, with a real build: statements and citations."""

from pathlib import Path

import pytest
from support.homes import ROOT

from assistant.answers.records import Answer
from assistant.generate import ask
from kb.evaluation import OUT_OF_SCOPE, LabelledQuestion, read_questions
from kb.knowledge_base import KnowledgeBase
from kb.storage.builds import current_build

# Minimum share of covered questions with a gold id in the first two citations.
MIN_SHARE = 0.95

Answered = list[tuple[LabelledQuestion, Answer]]


@pytest.fixture(scope="module")
def catalogue_base(catalogue_home: Path) -> KnowledgeBase:
    return KnowledgeBase(current_build(catalogue_home))


@pytest.fixture(scope="module")
def covered(catalogue_base: KnowledgeBase) -> Answered:
    questions = read_questions(ROOT / "data" / "eval" / "questions.jsonl")
    answers = [(q, ask(catalogue_base, q.question)) for q in questions if q.kind != OUT_OF_SCOPE]
    answered = [(question, answer) for question, answer in answers if answer.covered]
    assert len(answered) > 200
    return answered


def test_every_statement_is_verbatim_in_its_cited_section(
    catalogue_base: KnowledgeBase, covered: Answered
) -> None:
    shifted = [
        (statement.id, statement.text)
        for _, answer in covered
        for statement in answer.statements
        if not any(
            statement.text in section.text and version.section_url(section) == statement.url
            for version in catalogue_base.versions(statement.id)
            for section in version.sections
        )
    ]
    assert shifted == []


def test_first_two_citations_have_a_gold_id(covered: Answered) -> None:
    right = [
        question.id
        for question, answer in covered
        if {passage.entry.id for passage in answer.citations[:2]} & set(question.gold)
    ]
    assert len(right) / len(covered) >= MIN_SHARE
