"""The reasons why a question has no answer."""

import pytest
from support.homes import ROOT

from assistant.answers.gaps import NEAREST
from assistant.answers.languages import unread_language
from assistant.answers.records import Answer, Gap
from assistant.generate import ask
from assistant.render.text import answer_text
from kb.entries import Language
from kb.evaluation import read_questions
from kb.knowledge_base import KnowledgeBase
from kb.ranking.filters import Filters

AGENT = "How do I keep an agent from deleting records?"
RISKS = Filters(kinds=frozenset({"risk"}))


def ids(answer: Answer) -> list[str]:
    return [hit.id for hit in answer.hits]


def assert_unanswered(answer: Answer, gap: Gap) -> None:
    assert (answer.covered, answer.statements, answer.citations, answer.gap) == (False, (), (), gap)


def test_answer_has_no_gap(base: KnowledgeBase) -> None:
    answer = ask(base, AGENT)
    assert (answer.covered, answer.gap, answer.unknown) == (True, None, ())


def test_question_that_the_sources_do_not_answer_is_not_covered(base: KnowledgeBase) -> None:
    answer = ask(base, "Which cheese costs less per token at the market of Paris?")
    assert_unanswered(answer, Gap.NOT_COVERED)
    assert "GENCOST03-BP01" in ids(answer)
    assert answer_text(answer).startswith("Not covered: ")


def test_filter_that_hides_the_answer_is_named_with_what_would_answer(base: KnowledgeBase) -> None:
    answer = ask(base, "prompt caching", RISKS)
    assert_unanswered(answer, Gap.HIDDEN)
    assert ids(answer) == ids(ask(base, "prompt caching"))
    assert answer_text(answer).splitlines() == [
        "The filters hide the answer. Without them, these would answer:",
        "- Cache repeated prompts [GENCOST03-BP01]",
    ]


def test_filter_does_not_hide_what_nothing_answers(base: KnowledgeBase) -> None:
    assert_unanswered(ask(base, "Which cheese goes with red wine?", RISKS), Gap.NOT_COVERED)


def test_unknown_id_is_named_with_the_nearest_ids(base: KnowledgeBase) -> None:
    answer = ask(base, "gensec5 bp7")
    assert_unanswered(answer, Gap.UNKNOWN_ID)
    assert answer.unknown == ("GENSEC05-BP07",)
    assert ids(answer) == ["GENSEC05-BP01", "GENSEC05-BP02", "GENSEC05", "GENCOST03-BP01"]
    assert answer_text(answer).splitlines()[:2] == [
        "GENSEC05-BP07: not in this build. The nearest ids:",
        "- Give agents only the permissions they need [GENSEC05-BP01]",
    ]


def test_unknown_risk_has_the_nearest_risks(base: KnowledgeBase) -> None:
    answer = ask(base, "llm8")
    assert_unanswered(answer, Gap.UNKNOWN_ID)
    assert answer.unknown == ("LLM08:2026",)
    assert ids(answer) == ["LLM03:2026", "LLM06:2026", "LLM06:2025"]
    assert len(ids(answer)) <= NEAREST


def test_unknown_id_in_japanese_is_told_in_japanese(base: KnowledgeBase) -> None:
    answer = ask(base, "GENSEC05-BP07 とは？")
    assert_unanswered(answer, Gap.UNKNOWN_ID)
    assert answer_text(answer).splitlines()[:2] == [
        "GENSEC05-BP07 はこのビルドにありません。近い ID:",
        "- エージェントには必要な権限だけを与える [GENSEC05-BP01]",
    ]


def test_unknown_id_beside_a_known_one_is_told_with_the_answer(base: KnowledgeBase) -> None:
    answer = ask(base, "What do GENSEC05-BP01 and GENSEC05-BP07 say?")
    assert (answer.covered, answer.gap, answer.unknown) == (True, None, ("GENSEC05-BP07",))
    assert answer_text(answer).splitlines()[0] == "(GENSEC05-BP07: not in this build.)"


@pytest.mark.parametrize(
    "question",
    [
        "에이전트의 권한을 어떻게 제한하나요?",
        "agent 권한",
        "如何限制代理的权限？",
        "怎样限制AI代理的权限",
        "Comment limiter les droits de mes agents en production ?",
        "¿Cómo limito los permisos de mis agentes en producción?",
        "Wie schränke ich die Rechte meiner Agenten im Betrieb ein?",
    ],
)
def test_language_that_is_not_read_is_told_in_english(base: KnowledgeBase, question: str) -> None:
    answer = ask(base, question)
    assert_unanswered(answer, Gap.LANGUAGE)
    assert answer.language is Language.ENGLISH
    assert answer_text(answer).splitlines()[0] == (
        "genlens reads English and Japanese; please ask in one of them. Nearest topics:"
    )


def test_language_that_is_not_read_has_no_answer_even_with_known_words(base: KnowledgeBase) -> None:
    assert ask(base, "agent records deleting role").covered
    answer = ask(base, "에이전트 agent records deleting role")
    assert_unanswered(answer, Gap.LANGUAGE)
    assert "GENSEC05-BP01" in ids(answer)
    assert {hit.title for hit in answer.hits} <= {e.title for e in base.listed(Language.ENGLISH)}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("권한", "ko"),
        ("权限", "zh"),
        ("如何設定", "zh"),
        ("怎样限制AI代理的权限", "zh"),
        ("Comment limiter les droits de mes agents ?", "fr"),
        ("¿Cómo limito los permisos de mis agentes?", "es"),
        ("Wie schränke ich die Rechte meiner Agenten ein?", "de"),
    ],
)
@pytest.mark.parametrize("doubtful", [True, False])
def test_language_that_is_not_read_is_recognised(text: str, language: str, doubtful: bool) -> None:
    assert unread_language(text, doubtful=doubtful) == language


@pytest.mark.parametrize(
    "text",
    [
        "権限管理",
        "監査記録",
        "機密情報漏洩対策",
        "推論費用最適化",
        "生成AI基盤",
        "権限をどこまで絞る？",
        "ガードレール",
        "RAG構成",
    ],
)
def test_japanese_is_read_even_without_kana(text: str) -> None:
    assert unread_language(text, doubtful=True) is None


@pytest.mark.parametrize(
    "text",
    [
        "How do I keep an agent from deleting records?",
        "prompt caching",
        "least privilege IAM role agents",
        "Our résumé parser hallucinates names, what do we do?",
        "Claude Sonnet vs Nova Micro throughput",
        "SageMaker endpoint latency p99",
        "is our naïve RAG good enough?",
        "wat do we do if the bot lies",
        "kubernetes gpu autoscaling karpenter",
        "GENSEC05-BP01",
        "",
        "42",
    ],
)
@pytest.mark.parametrize("doubtful", [True, False])
def test_english_is_never_taken_for_another_language(text: str, doubtful: bool) -> None:
    assert unread_language(text, doubtful=doubtful) is None


def test_no_labelled_question_is_taken_for_another_language() -> None:
    asked = [labelled.question for labelled in read_questions(ROOT / "data" / "eval" / "questions.jsonl")]
    assert len(asked) > 200
    assert [text for text in asked if unread_language(text, doubtful=True)] == []
