"""How much of what one small change has made false is taken for supported, with a real build and model."""

from pathlib import Path
from statistics import fmean

import pytest
from bench.lies import LIES, Claims, changed, given, stated
from support.homes import ROOT

from assistant.faithfulness.judge import Judge
from assistant.faithfulness.stream import Sentence
from kb.evaluation import read_questions
from kb.knowledge_base import KnowledgeBase
from kb.storage.builds import current_build

MOST = {
    "a denial put in or taken out": 0.02,
    "a word exchanged for one of the same entry": 0.12,
    "a word exchanged for one of another entry": 0.12,
    "a word of another entry put in": 0.20,
    "two words that changed places": 0.30,
}
# Answers such as a model gives: near the words of the catalogue, and never the same.
WRITTEN = {
    "Latency of our inference endpoint is too high, what can we do?": (
        (
            "GENPERF02-BP01",
            "Load test the endpoint with realistic and extreme numbers of prompts before your users do.",
        ),
        (
            "GENPERF02-BP01",
            "Find the bottleneck in the load test results, and if the model itself is too slow, try a"
            " bigger endpoint, quantization or LoRA.",
        ),
        (
            "GENPERF02-BP01",
            "If Bedrock throughput is the limit, consider provisioned throughput or cross-Region inference.",
        ),
        (
            "GENPERF02-BP01",
            "Test different instance types, serving stacks and inference parameters on Amazon SageMaker AI.",
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
            "Measure the whole flow through the application, not just the model, because that is "
            "where slow spots become visible.",
        ),
        (
            "GENCOST02-BP01",
            "Choose between on-demand calls, provisioned throughput and self-hosting by comparing "
            "what each costs and delivers.",
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
    """Of each kind of sentence, the share that is taken for supported."""
    questions = read_questions(ROOT / "data" / "eval" / "questions.jsonl")[::12]
    found = [base.retrieve(question.question) for question in questions]
    kinds: dict[str, Claims] = {}
    for retrieval in found:
        judge = Judge(base, given(base, retrieval), retrieval.query.language)
        own = [(judge, Sentence(text, (entry_id,))) for text, entry_id in stated(base, retrieval)]
        kinds.setdefault("their own", []).extend(own)
    for (_, kind), claims in changed(base, found).items():
        kinds.setdefault(kind, []).extend(claims)
    return {
        kind: fmean(bool(judge.judge(sentence).support) for judge, sentence in claims)
        for kind, claims in kinds.items()
    }


def test_what_the_sources_say_is_supported(shares: dict[str, float]) -> None:
    assert shares["their own"] == 1.0
    assert shares["their end left out"] == 1.0
    assert shares["a common synonym"] > 0.85


@pytest.mark.parametrize("lie", LIES)
def test_what_one_change_has_made_false_is_seldom_taken_for_supported(
    shares: dict[str, float], lie: str
) -> None:
    assert shares[lie] <= MOST[lie]


@pytest.mark.parametrize("question", WRITTEN)
def test_most_of_what_a_model_writes_near_the_sources_is_supported(
    base: KnowledgeBase, question: str
) -> None:
    found = base.retrieve(question)
    judge = Judge(base, given(base, found), found.query.language)
    judged = [judge.judge(Sentence(text, (entry_id,))) for entry_id, text in WRITTEN[question]]
    assert fmean(bool(one.support) for one in judged) >= 0.85, [j.text for j in judged if not j.support]
