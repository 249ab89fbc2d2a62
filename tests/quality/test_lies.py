"""Support for true sentences and for sentences made false by one small change, with a real model."""

from pathlib import Path
from statistics import fmean

import pytest
from bench.lies import LIES, Claims, changed_sentences, passages_of, sentences_of
from support.homes import ROOT

from assistant.faithfulness.judge import Judge
from assistant.faithfulness.stream import Sentence
from kb.evaluation import read_questions
from kb.knowledge_base import KnowledgeBase
from kb.storage.builds import current_build

MAX_SHARE = {
    "negation added or removed": 0.02,
    "word replaced by one of the same entry": 0.12,
    "word replaced by one of another entry": 0.12,
    "word of another entry inserted": 0.12,
    "two words swapped": 0.12,
}
# Answers as a model would write them: close to the catalogue, but reworded.
WRITTEN = {
    "Latency of our inference endpoint is too high, what can we do?": (
        (
            "GENPERF02-BP01",
            "Load test the endpoint with realistic and extreme numbers of prompts before your users do.",
        ),
        (
            "GENPERF02-BP01",
            "Evaluate where the bottleneck in the load test is, and if it is the model's ability to serve "
            "requests, customize the model or increase the size of the endpoint.",
        ),
        (
            "GENPERF02-BP01",
            "If Bedrock throughput is the limit, consider provisioned throughput or cross-Region inference.",
        ),
        (
            "GENPERF02-BP01",
            "Test different instance types, sizes and inference parameters on Amazon SageMaker AI.",
        ),
        (
            "GENREL05-BP01",
            "Use cross-Region inference profiles so that requests are served by the closest available"
            " endpoint.",
        ),
        (
            "GENREL05-BP01",
            "Enable auto scaling for SageMaker AI endpoints and distribute traffic by health and latency.",
        ),
        ("GENREL05-BP01", "Keep in mind that some requests may see extra network latency."),
        (
            "GENPERF01-BP02",
            "Measure the flow through the whole application, not just the model, which helps to triage "
            "performance concerns faster.",
        ),
        (
            "GENCOST02-BP01",
            "Choose between managed deployment and self-hosting by comparing the cost and the performance "
            "of the hosting options.",
        ),
        (
            "GENPERF01-BP02",
            "Define horizontal scaling as the action when a self-hosted model exceeds the acceptable "
            "latency.",
        ),
    ),
    "RAG の回答の品質が落ちていないか、どう監視すればよいですか?": (
        (
            "GENOPS01-BP01",
            "正解の分かっているプロンプト集を定期的に流し、モデルのドリフトや品質の低下を数値で捉えます。",
        ),
        (
            "GENOPS01-BP01",
            "基盤モデルの出力は非決定的なため、リリース前の一度きりの評価では不十分です。",
        ),
        (
            "GENOPS01-BP01",
            "評価のたびに出力を正解と比較し、スコアの推移からモデルの劣化とデータドリフトを検"
            "出してください。",
        ),
        (
            "GENOPS01-BP02",
            "ユーザーの反応を集めれば、正解データがなくてもモデルやプロンプトの劣化に気づけます。",
        ),
        (
            "GENOPS01-BP02",
            "回答ごとに簡単な評価ボタンを設置し、結果を Amazon DynamoDB などのデータベースに保存します。",
        ),
        (
            "GENPERF01-BP02",
            "ユースケースで優先する性能指標を決め、継続的に収集します。",
        ),
        (
            "GENPERF01-BP02",
            "メトリクスとログは Amazon CloudWatch などに集約し、トレースも取得しましょう。",
        ),
        (
            "GENSEC02-BP01",
            "モデルの回答を自動でチェックし、ハルシネーションなどの問題がある出力を止める仕組"
            "みを導入します。",
        ),
        (
            "GENOPS02-BP01",
            "重要なメトリクスには CloudWatch アラームを用意します。",
        ),
    ),
}


@pytest.fixture(scope="module")
def base(catalogue_home: Path) -> KnowledgeBase:
    return KnowledgeBase(current_build(catalogue_home))


@pytest.fixture(scope="module")
def shares(base: KnowledgeBase) -> dict[str, float]:
    """The share of supported sentences, by kind."""
    questions = read_questions(ROOT / "data" / "eval" / "questions.jsonl")[::6]
    retrievals = [base.retrieve(question.question) for question in questions]
    kinds: dict[str, Claims] = {}
    for retrieval in retrievals:
        judge = Judge(base, passages_of(base, retrieval))
        claims = [(judge, Sentence(text, (entry_id,))) for text, entry_id in sentences_of(base, retrieval)]
        kinds.setdefault("unchanged", []).extend(claims)
    for (_, kind), claims in changed_sentences(base, retrievals).items():
        kinds.setdefault(kind, []).extend(claims)
    return {
        kind: fmean(bool(judge.judge(sentence).support) for judge, sentence in claims)
        for kind, claims in kinds.items()
    }


def test_unchanged_sentences_are_supported(shares: dict[str, float]) -> None:
    assert shares["unchanged"] == 1.0
    assert shares["end removed"] == 1.0
    assert shares["common synonym"] > 0.85


@pytest.mark.parametrize("lie", LIES)
def test_false_sentences_are_rarely_supported(shares: dict[str, float], lie: str) -> None:
    assert shares[lie] <= MAX_SHARE[lie]


@pytest.mark.parametrize("question", WRITTEN)
def test_most_reworded_sentences_are_supported(base: KnowledgeBase, question: str) -> None:
    retrieval = base.retrieve(question)
    judge = Judge(base, passages_of(base, retrieval))
    judged = [judge.judge(Sentence(text, (entry_id,))) for entry_id, text in WRITTEN[question]]
    assert fmean(bool(one.support) for one in judged) >= 0.85, [j.text for j in judged if not j.support]
