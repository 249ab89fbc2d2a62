from dataclasses import replace

import pytest

from assistant.answers.citations import CitationError, check, cite
from assistant.answers.composition import Part, ask
from assistant.answers.passages import Passage
from kb.entries import Language, Role
from kb.errors import InputError
from kb.knowledge_base import KnowledgeBase

AGENT = "How do I keep an agent from deleting records?"


def said(base: KnowledgeBase, question: str, part: Part) -> list[tuple[str, str]]:
    return [(s.id, s.text) for s in ask(base, question).statements if s.part is part]


def test_the_lead_is_the_sentence_that_matches_best(base: KnowledgeBase) -> None:
    lead = ("GENSEC05-BP01", "A narrow role keeps an agent from deleting records.")
    assert said(base, AGENT, Part.LEAD) == [lead]


def test_actions_are_the_steps_in_the_order_of_the_page(base: KnowledgeBase) -> None:
    assert said(base, AGENT, Part.DO) == [
        ("GENSEC05-BP01", "Write one narrow role for each agent."),
        ("GENSEC05-BP01", "Ask a person to approve refunds before the agent makes them."),
        ("GENSEC05-BP01", "Review roles every quarter."),
    ]


def test_the_reason_comes_from_the_desired_outcome(base: KnowledgeBase) -> None:
    outcome = ("GENSEC05-BP01", "Every agent runs under a role that fits its one task.")
    assert said(base, AGENT, Part.WHY) == [outcome]


def test_a_risk_is_related_to_a_practice(base: KnowledgeBase) -> None:
    related = said(base, AGENT, Part.RELATED)
    assert ("LLM03:2026", "An agent with too many permissions can do harm by deleting records.") in related
    assert "LLM06:2025" not in {entry_id for entry_id, _ in related}


def test_each_cited_entry_is_named_once_in_order_of_first_use(base: KnowledgeBase) -> None:
    answer = ask(base, AGENT)
    ids = [citation.id for citation in answer.citations]
    assert ids == list(dict.fromkeys(statement.id for statement in answer.statements))
    assert answer.citations[0].quote == answer.statements[0].text
    assert answer.citations[0].title == "Give agents only the permissions they need"


def test_a_statement_links_to_its_section(base: KnowledgeBase) -> None:
    step = next(s for s in ask(base, AGENT).statements if s.part is Part.DO)
    assert step.url.endswith("/gensec05-bp01.html#implementation-steps")


def test_every_id_that_a_question_names_is_answered(base: KnowledgeBase) -> None:
    answer = ask(base, "gensec5")
    assert {s.id for s in answer.statements if s.part is Part.LEAD} == {"GENSEC05-BP01", "GENSEC05-BP02"}
    assert [found.id for found in answer.hits][:2] == ["GENSEC05-BP01", "GENSEC05-BP02"]


def test_a_japanese_question_is_answered_from_the_japanese_text(base: KnowledgeBase) -> None:
    answer = ask(base, "権限を絞ると、エージェントが勝手に記録を消すことを防げますか")
    assert answer.language is Language.JAPANESE
    assert answer.statements[0].id == "GENSEC05-BP01"
    assert answer.statements[0].text == "権限を絞ると、エージェントが勝手に記録を消すことを防げます。"
    assert answer.statements[0].url.endswith("/gensec05-bp01.html")


def test_what_is_not_covered_has_topics_but_no_statements(base: KnowledgeBase) -> None:
    answer = ask(base, "Which cheese goes with red wine?")
    assert (answer.covered, answer.statements, answer.citations) == (False, (), ())


def test_a_blank_question_is_refused(base: KnowledgeBase) -> None:
    with pytest.raises(InputError, match="the question is empty"):
        ask(base, " \u200b ")


def test_a_citation_holds_against_its_build(base: KnowledgeBase) -> None:
    check(base, ask(base, AGENT).citations)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"id": "GENSEC05-BP03"}, "GENSEC05-BP03 is not in build"),
        ({"id": "GENSEC05-BP02"}, "is not in its section"),
        ({"quote": "A narrow role keeps an agent from deleting record"}, None),
        (
            {"quote": "A narrow role keeps an agent from reading records."},
            "is not in its section 'Introduction'",
        ),
        ({"section": "Desired outcome"}, "is not in its section 'Desired outcome'"),
    ],
    ids=["unknown id", "another entry's words", "a part of a sentence", "an altered word", "another section"],
)
def test_a_citation_that_does_not_hold_withholds_the_answer(
    base: KnowledgeBase, changed: dict[str, str], message: str | None
) -> None:
    citation = replace(ask(base, AGENT).citations[0], **changed)  # type: ignore[arg-type]
    if message is None:
        check(base, (citation,))
    else:
        with pytest.raises(CitationError, match=message):
            check(base, (citation,))


def test_every_statement_is_held_against_the_build_and_not_the_first_of_an_entry_alone(
    base: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[str] = []
    monkeypatch.setattr(
        "assistant.answers.composition.check", lambda _, cited: held.extend(c.quote for c in cited)
    )
    answer = ask(base, AGENT)
    assert held == [statement.text for statement in answer.statements]
    assert len(held) > len(answer.citations)


def test_a_citation_carries_what_a_reader_checks(base: KnowledgeBase) -> None:
    entry = base.entry("GENSEC05-BP01")
    section = entry.first(Role.STEPS)
    assert section is not None
    citation = cite(Passage(entry, section, 0, 37))
    assert citation.quote == "Write one narrow role for each agent."
    assert citation.url == f"{entry.url}#implementation-steps"
    assert (citation.section, citation.question, citation.pillar, citation.risk_level) == (
        "Implementation steps",
        "How do you keep agents within bounds?",
        "Security",
        "High",
    )
