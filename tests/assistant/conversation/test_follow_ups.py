"""Follow-ups are recognised by their form; a question that stands alone is never changed."""

import json

import pytest
from support.homes import ROOT

from assistant.conversation.follow_ups import resolve
from kb.ranking.query import MAX_QUESTION

EVAL = ROOT.parent / "shared" / "eval"
ROOT_QUESTION = "How do I test my prompts?"
LAST = "How do I test my prompts — and for agents?"


def kind(asked: str) -> str:
    """The kind of a text after ROOT_QUESTION and LAST: bare, fragment (or pointing) or alone."""
    return {
        (ROOT_QUESTION, f"{LAST.rstrip('?')} — {asked}"): "bare",
        (ROOT_QUESTION, f"{ROOT_QUESTION.rstrip('?')} — {asked}"): "fragment",
        (asked, asked): "alone",
    }[resolve(asked, ROOT_QUESTION, LAST)]


@pytest.mark.parametrize(
    "asked",
    [
        "why?", "Why not?", "why so", "why is that?", "why is that so?", "why does it matter?",
        "why does that matter?", "how?", "how so?", "how exactly?", "how come?", "since when?",
        "Tell me more", "tell me more about it", "show me more", "say more", "know more about this",
        "more", "more details", "more detail please", "more please", "go on", "continue",
        "what else?", "anything else?", "else?", "for example?", "give me an example",
        "can you give me an example?", "such as?", "like what?", "explain", "please explain",
        "can you elaborate?", "explain it please", "what does it mean?", "what does this mean?",
        "what do you mean?", "what do you mean by that?", "what next?", "and then?",
        "and why?", "ok, how?", "but why not?", "so, what else?", "yes, go on", "hmm, why?",
    ],
)  # fmt: skip
def test_bare_word(asked: str) -> None:
    assert kind(asked) == "bare"


@pytest.mark.parametrize(
    "asked",
    [
        "なぜ？", "なぜですか？", "どうしてでしょうか", "何故？", "なんで？", "では、なぜ？",
        "それはなぜですか？",
        "理由は？", "その理由は何ですか？", "もっと詳しく", "もう少し詳しく教えてください", "詳しく説明して",
        "くわしくお願いします", "例えば？", "たとえばどんな", "具体例は？", "具体的には？", "他には？",
        "ほかにはありますか？", "続けて", "続けてください", "それから？", "どういうこと？",
        "それはどういう意味ですか",
    ],
)  # fmt: skip
def test_bare_word_in_japanese(asked: str) -> None:
    assert kind(asked) == "bare"


@pytest.mark.parametrize(
    "asked",
    [
        "and for agents?", "And with RAG?", "what about cost?", "How about latency?", "And the cost?",
        "also for embeddings", "without Bedrock?", "in Japan?", "what if it's a chatbot?",
        "what if it is slow?",
        "same for RAG?", "the same with tools?", "on EKS?", "during training?", "across Regions?",
        "under load?", "inside a VPC?", "outside AWS?", "between accounts?", "as for cost?",
        "regarding privacy?", "concerning latency?", "about cost?", "ok, and for agents?", "then for RAG?",
        "plus the logs?",
    ],
)  # fmt: skip
def test_fragment(asked: str) -> None:
    assert kind(asked) == "fragment"


@pytest.mark.parametrize(
    "asked",
    [
        "エージェントの場合は？", "コストは？", "では、RAGだと？", "エージェントについては？",
        "本番のときは？",
        "RAGの方は？", "小さいモデルなら？", "ログに関しては？", "チャットボットでは？",
        "東京リージョンにも？",
        "一方、コストはどうですか？", "監視はどうすればいいですか", "RAGの場合も同じですか",
        "RAGだとどうなりますか",
    ],
)  # fmt: skip
def test_fragment_in_japanese(asked: str) -> None:
    assert kind(asked) == "fragment"


@pytest.mark.parametrize(
    "asked",
    [
        "How do I test that?", "is it expensive?", "who should approve them?", "Can I automate it?",
        "does this work for RAG?", "which of these is cheaper?", "how do I do the first one?",
        "what do they cost?", "is it safe enough?", "when is it needed?", "can it be automated",
        "それはどう監視しますか？", "これを自動化するには？", "その場合のコストは？", "それらの違いは？",
        "では、それを誰が承認しますか？",
    ],
)  # fmt: skip
def test_pointing_question(asked: str) -> None:
    assert kind(asked) == "fragment"


@pytest.mark.parametrize(
    "asked",
    [
        "What is prompt injection?", "And how do I rotate the credentials of an agent?",
        "For RAG, how large should chunks be?", "Is it safe to log prompts?", "This week our bill doubled",
        "How do I keep an agent from doing that kind of damage to production?", "prompt caching",
        "and GENSEC02?", "why LLM03?", "Why do agents loop?", "explain prompt injection", "more logs",
        "How is that model evaluated for bias?", "and for agents who act for many different people today?",
        "RAGとは？", "コスト最適化の方法は？", "エージェントの権限はどこまで絞るべき？", "ログには何を残す？",
        "プロンプトインジェクションへの対策は？", "モデルの選定の基準は？", "エージェントのリスクは？",
    ],
)  # fmt: skip
def test_question_that_stands_alone_is_not_changed(asked: str) -> None:
    assert kind(asked) == "alone"


@pytest.mark.parametrize("asked", ["", " ?", "\u200b"])
def test_blank_text_is_not_changed(asked: str) -> None:
    assert resolve(asked, ROOT_QUESTION, LAST) == (asked, asked)


def test_follow_up_that_would_be_too_long_is_not_changed() -> None:
    long = "cache " * (MAX_QUESTION // 6)
    assert resolve("and for agents?", long, long) == ("and for agents?", "and for agents?")


def test_no_labelled_question_is_changed() -> None:
    if not EVAL.is_dir():
        pytest.skip("no labelled questions at ../shared/eval")
    asked = [
        json.loads(line)["question"]
        for file in sorted(EVAL.glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if "previous" not in line
    ]
    assert len(asked) > 200
    changed = [question for question in asked if kind_of(question) != (question, question)]
    assert changed == []


def kind_of(question: str) -> tuple[str, str]:
    return resolve(question, ROOT_QUESTION, ROOT_QUESTION)
