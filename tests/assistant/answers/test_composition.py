import pytest

from assistant.answers.records import Part
from assistant.generate import ask
from kb.entries import Language
from kb.errors import InputError
from kb.knowledge_base import KnowledgeBase

AGENT = "How do I keep an agent from deleting records?"


def stated(base: KnowledgeBase, question: str, part: Part) -> list[tuple[str, str]]:
    return [(s.id, s.text) for s in ask(base, question).statements if s.part is part]


def test_lead_is_best_matching_sentence(base: KnowledgeBase) -> None:
    lead = ("GENSEC05-BP01", "A narrow role keeps an agent from deleting records.")
    assert stated(base, AGENT, Part.LEAD) == [lead]


def test_actions_are_steps_in_page_order(base: KnowledgeBase) -> None:
    assert stated(base, AGENT, Part.DO) == [
        ("GENSEC05-BP01", "Write one narrow role for each agent."),
        ("GENSEC05-BP01", "Ask a person to approve refunds before the agent makes them."),
        ("GENSEC05-BP01", "Review roles every quarter."),
    ]


def test_reason_comes_from_desired_outcome(base: KnowledgeBase) -> None:
    outcome = ("GENSEC05-BP01", "Every agent runs under a role that fits its one task.")
    assert stated(base, AGENT, Part.WHY) == [outcome]


def test_practice_has_related_risk(base: KnowledgeBase) -> None:
    related = stated(base, AGENT, Part.RELATED)
    assert ("LLM03:2026", "An agent with too many permissions can do harm by deleting records.") in related
    assert "LLM06:2025" not in {entry_id for entry_id, _ in related}


def test_citations_follow_statements(base: KnowledgeBase) -> None:
    answer = ask(base, AGENT)
    ids = [passage.entry.id for passage in answer.citations]
    assert ids == list(dict.fromkeys(statement.id for statement in answer.statements))
    assert answer.citations[0].text == answer.statements[0].text
    assert answer.citations[0].entry.title == "Give agents only the permissions they need"


def test_extractive_statement_is_text_of_its_passage(base: KnowledgeBase) -> None:
    for statement in ask(base, AGENT).statements:
        assert [passage.text for passage in statement.passages] == [statement.text]


def test_statement_links_to_its_section(base: KnowledgeBase) -> None:
    step = next(s for s in ask(base, AGENT).statements if s.part is Part.DO)
    assert step.url.endswith("/gensec05-bp01.html#implementation-steps")
    assert step.passages[0].section.title == "Implementation steps"


def test_every_named_id_is_answered(base: KnowledgeBase) -> None:
    answer = ask(base, "gensec5")
    assert {s.id for s in answer.statements if s.part is Part.LEAD} == {"GENSEC05-BP01", "GENSEC05-BP02"}
    assert [hit.id for hit in answer.hits][:2] == ["GENSEC05-BP01", "GENSEC05-BP02"]


def test_japanese_question_is_answered_from_japanese_text(base: KnowledgeBase) -> None:
    answer = ask(base, "権限を絞ると、エージェントが勝手に記録を消すことを防げますか")
    assert answer.language is Language.JAPANESE
    assert answer.statements[0].id == "GENSEC05-BP01"
    assert answer.statements[0].text == "権限を絞ると、エージェントが勝手に記録を消すことを防げます。"
    assert answer.statements[0].url.endswith("/gensec05-bp01.html")


def test_uncovered_question_has_topics_but_no_statements(base: KnowledgeBase) -> None:
    answer = ask(base, "Which cheese goes with red wine?")
    assert (answer.covered, answer.statements, answer.citations) == (False, (), ())


def test_blank_question_is_refused(base: KnowledgeBase) -> None:
    with pytest.raises(InputError, match="the question is empty"):
        ask(base, " \u200b ")
