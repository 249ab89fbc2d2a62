"""The aspects of a question: its asking clauses, if it has several."""

import pytest

from assistant.answers.aspects import MAX_ASPECTS, aspects_of
from kb.entries import Language


@pytest.mark.parametrize(
    ("question", "aspects"),
    [
        (
            "How do we raise throughput of the model, and who approves the cost?",
            ("How do we raise throughput of the model", "who approves the cost?"),
        ),
        (
            "How do I stop an agent from deleting records, from spending too much?",
            ("How do I stop an agent from deleting records", "from spending too much?"),
        ),
        (
            "Our bot leaks prompts. How do we stop leaks? And should we log prompts of users?",
            ("How do we stop leaks?", "And should we log prompts of users?"),
        ),
        (
            "which chunk size suits tables but also how do we test retrieval",
            ("which chunk size suits tables", "also how do we test retrieval"),
        ),
        (
            "What limits tokens per tenant; where do we set quotas?",
            ("What limits tokens per tenant;", "where do we set quotas?"),
        ),
    ],
)
def test_asking_clauses_are_aspects(question: str, aspects: tuple[str, ...]) -> None:
    assert aspects_of(question, Language.ENGLISH) == aspects


@pytest.mark.parametrize(
    "question",
    [
        "How do I keep an agent from deleting records?",
        "prompt caching",
        "Our token bill doubled in May. Nobody knows the reason. Where do we start with costs?",
        "How do I rotate keys and log calls of agents?",  # one clause asks for both
        "How do we cache prompts, and how is that set up?",  # "set" alone is no aspect
        "The agent deletes records, which nobody saw",
        "",
    ],
)
def test_question_with_one_asking_clause_has_none(question: str) -> None:
    assert aspects_of(question, Language.ENGLISH) == ()


def test_aspects_are_at_most_a_few() -> None:
    nouns = ("prompts", "models", "agents", "tools", "logs")
    clauses = [f"How do we guard {noun}?" for noun in nouns]
    assert aspects_of(" ".join(clauses), Language.ENGLISH) == tuple(clauses[:MAX_ASPECTS])
    assert MAX_ASPECTS == 4


@pytest.mark.parametrize(
    ("question", "aspects"),
    [
        (
            "権限はどこまで絞るべき？監査ログには何を残す？",
            ("権限はどこまで絞るべき？", "監査ログには何を残す？"),
        ),
        (
            "プロンプトはどう版管理し、誰が変更を承認しますか",
            ("プロンプトはどう版管理し", "誰が変更を承認しますか"),
        ),
        ("権限を絞ると、エージェントが記録を消すことを防げますか", ()),
        ("エージェントの権限を絞るには？", ()),
        ("トークン料金が倍になりました。どこから見直すべきですか？", ()),
    ],
)
def test_aspects_of_a_japanese_question(question: str, aspects: tuple[str, ...]) -> None:
    assert aspects_of(question, Language.JAPANESE) == aspects
