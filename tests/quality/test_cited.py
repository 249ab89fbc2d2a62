"""Extractive answers to our own labelled questions, with a real build: statements and citations."""

from pathlib import Path

import pytest
from support.homes import ROOT

from assistant.answers.records import Answer, Origin, Part, Statement
from assistant.generate import ask
from kb.entries import Origin as Author
from kb.evaluation import OUT_OF_SCOPE, LabelledQuestion, read_questions
from kb.index.support import numbers
from kb.knowledge_base import KnowledgeBase
from kb.storage.builds import current_build

# Minimum share of covered questions with a gold id in the first two citations.
MIN_SHARE = 0.95

# A build of the pages embeds thousands of texts.
pytestmark = pytest.mark.timeout(900)

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
        if statement.part is not Part.RELATED
        if not any(
            statement.text in section.text and version.section_url(section) == statement.url
            for version in catalogue_base.versions(statement.id)
            for section in version.sections
        )
    ]
    assert shifted == []


def test_every_related_entry_has_the_reason_of_the_catalogue(
    catalogue_base: KnowledgeBase, covered: Answered
) -> None:
    related = 0
    for _, answer in covered:
        told = [(s.id, s.text) for s in answer.statements if s.part is Part.RELATED]
        cited = {statement.passages[0].entry for statement in answer.statements}
        reasons = {(other.id, why) for entry in cited for other, why in catalogue_base.related(entry)}
        assert set(told) <= reasons
        assert len(told) <= 2
        related += len(told)
    assert related > 100


def test_answers_without_the_pages_are_in_our_own_words(covered: Answered) -> None:
    statements = [statement for _, answer in covered for statement in answer.statements]
    assert {(statement.origin, statement.quote) for statement in statements} == {(Origin.GENLENS, "")}


@pytest.fixture(scope="module")
def mirror_base(mirror_home: Path) -> KnowledgeBase:
    return KnowledgeBase(current_build(mirror_home))


@pytest.fixture(scope="module")
def quoted(mirror_base: KnowledgeBase) -> list[Statement]:
    """The statements of answers from the pages, in English."""
    questions = read_questions(ROOT / "data" / "eval" / "questions.jsonl")
    asked = [q.question for q in questions if q.kind != OUT_OF_SCOPE and q.lang == "en"][::3]
    return [s for text in asked for s in ask(mirror_base, text).statements if s.part is not Part.RELATED]


def test_statement_of_the_source_is_on_its_page_word_for_word(quoted: list[Statement]) -> None:
    sources = [statement for statement in quoted if statement.origin is Origin.SOURCE]
    assert len(sources) > 30
    for statement in sources:
        (passage,) = statement.passages
        assert passage.section.origin is Author.SITE
        assert statement.text == statement.quote == passage.text


def test_statement_of_genlens_has_the_words_of_the_page_it_restates(quoted: list[Statement]) -> None:
    restated = [statement for statement in quoted if statement.origin is Origin.GENLENS]
    assert len(restated) > 50
    for statement in restated:
        own = [s.text for s in statement.passages[0].entry.sections if s.origin is Author.CATALOGUE]
        assert any(statement.text in text for text in own)
        assert statement.quote
        assert all(passage.section.origin is Author.SITE for passage in statement.passages)
        assert numbers(statement.text) <= numbers(statement.quote)


def test_first_two_citations_have_a_gold_id(covered: Answered) -> None:
    right = [
        question.id
        for question, answer in covered
        if {passage.entry.id for passage in answer.citations[:2]} & set(question.gold)
    ]
    assert len(right) / len(covered) >= MIN_SHARE
