"""The aspects of a question: its clauses, if it has several."""

import pytest

from kb.entries import Language
from kb.ranking.aspects import MAX_ASPECTS, asks, aspects_of


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
            ("Our bot leaks prompts.", "How do we stop leaks?", "And should we log prompts of users?"),
        ),
        (
            "which chunk size suits tables but how do we test retrieval",
            ("which chunk size suits tables", "how do we test retrieval"),
        ),
        (
            "What limits tokens per tenant; where do we set quotas?",
            ("What limits tokens per tenant;", "where do we set quotas?"),
        ),
        (
            "shorter prompts, smaller embeddings, cached answers",
            ("shorter prompts", "smaller embeddings", "cached answers"),
        ),
        (
            "How do I rotate keys and log calls of agents?",
            ("How do I rotate keys", "log calls of agents?"),
        ),
    ],
)
def test_clauses_are_aspects(question: str, aspects: tuple[str, ...]) -> None:
    assert aspects_of(question, Language.ENGLISH) == aspects


@pytest.mark.parametrize(
    "question",
    [
        "How do I keep an agent from deleting records?",
        "prompt caching",
        "How do we cache prompts, and how is that set up?",  # "set" alone is no aspect
        "Our token bill doubled. Why?",
        "",
    ],
)
def test_question_with_one_clause_has_none(question: str) -> None:
    assert aspects_of(question, Language.ENGLISH) == ()


def test_aspects_are_at_most_a_few() -> None:
    nouns = ("prompts", "models", "agents", "tools", "logs", "quotas", "regions")
    clauses = [f"How do we guard {noun}?" for noun in nouns]
    assert aspects_of(" ".join(clauses), Language.ENGLISH) == tuple(clauses[:MAX_ASPECTS])
    assert MAX_ASPECTS == 6


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
        (
            "トークン料金が倍になりました。どこから費用を見直すべきですか？",
            ("トークン料金が倍になりました。", "どこから費用を見直すべきですか？"),
        ),
        ("エージェントの権限を絞るには？", ()),
    ],
)
def test_aspects_of_a_japanese_question(question: str, aspects: tuple[str, ...]) -> None:
    assert aspects_of(question, Language.JAPANESE) == aspects


@pytest.mark.parametrize(
    ("clause", "language", "expected"),
    [
        ("how do we test retrieval", Language.ENGLISH, True),
        ("and who approves it", Language.ENGLISH, True),
        ("from spending too much", Language.ENGLISH, True),
        ("the agent, really?", Language.ENGLISH, True),
        ("Our bot leaks prompts.", Language.ENGLISH, False),
        ("the agent deletes records", Language.ENGLISH, False),
        ("誰が変更を承認しますか", Language.JAPANESE, True),
        ("権限を絞るには？", Language.JAPANESE, True),
        ("トークン料金が倍になりました。", Language.JAPANESE, False),
    ],
)
def test_clause_asks_or_tells(clause: str, language: Language, expected: bool) -> None:
    assert asks(clause, language) is expected
