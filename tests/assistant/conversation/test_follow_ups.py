"""Follow-ups are recognised by their form, and by how little they say on their own."""

import pytest

from assistant.conversation.follow_ups import EARLY_WORDS, LEANING_WORDS, OWN_WEIGHT, Subject, join, resolve
from kb.entries import Language
from kb.ranking.query import MAX_QUESTION
from kb.text import terms

ROOT_QUESTION = "How do I test my prompts?"
LAST = "How do I test my prompts — and for agents?"
SUBJECT = Subject(ROOT_QUESTION, LAST)


def rare(_term: str) -> float:
    """An idf so high that every text says enough on its own."""
    return 100.0


def kind(asked: str) -> str:
    """The kind of a text after ROOT_QUESTION and LAST: it adds to the topic, changes it, or stands alone."""
    fragment = f"{ROOT_QUESTION.rstrip('?')} — {asked}"
    return {
        (SUBJECT, f"{LAST.rstrip('?')} — {asked}"): "topic",
        (Subject(ROOT_QUESTION, fragment), fragment): "fragment",
        (Subject(asked, asked), asked): "alone",
    }[resolve(asked, SUBJECT, rare)]


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
    assert kind(asked) == "topic"


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
    assert kind(asked) == "topic"


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
        "RAGだとどうなりますか", "その場合のコストは？",
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
        "それはどう監視しますか？", "これを自動化するには？", "それらの違いは？",
        "では、それを誰が承認しますか？",
    ],
)  # fmt: skip
def test_pointing_question(asked: str) -> None:
    assert kind(asked) == "topic"


@pytest.mark.parametrize(
    "asked",
    [
        "What is prompt injection?",
        "For RAG, how large should chunks be?", "Is it safe to log prompts?", "This week our bill doubled",
        "How do I keep an agent from doing that kind of damage to production?", "prompt caching",
        "and GENSEC02?", "why LLM03?", "Why do agents loop?", "explain prompt injection", "more logs",
        "RAGとは？", "コスト最適化の方法は？", "エージェントの権限はどこまで絞るべき？", "ログには何を残す？",
        "プロンプトインジェクションへの対策は？", "モデルの選定の基準は？", "エージェントのリスクは？",
    ],
)  # fmt: skip
def test_question_that_stands_alone_is_not_changed(asked: str) -> None:
    assert kind(asked) == "alone"


@pytest.mark.parametrize(
    "asked",
    [
        "we already do that with a nightly job over forty fixed cases", "so the first one",
        "ok use the cheaper",
        "say we go ahead anyway", "anyway, who signs that off?", "then the team decides, fine",
        "does that also hold for a model tuned on records of customers",
        "how do these behave under heavy load from many tenants", "who owns this", "what is their limit then",
        "nightly runs over forty fixed cases, good enough?", "a fixed budget per key too",
        "And how do I rotate the credentials of an agent?", "How is that model evaluated for bias?",
        "and for agents who act for many different people today?",
        "自動更新の場合は？", "監査の記録も必要ですか",
        "月一回の確認で十分ですか？", "もし予算が足りなければ",
    ],
)  # fmt: skip
def test_text_that_takes_up_the_answer_adds_to_the_topic(asked: str) -> None:
    assert kind(asked) in ("topic", "fragment")


def test_long_text_does_not_take_up_the_answer() -> None:
    short = f"So {' '.join(['latency'] * (LEANING_WORDS - 1))}"
    assert kind(short) == "topic"
    assert kind(f"{short} latency") == "alone"


def test_text_asks_back_only_at_its_beginning() -> None:
    assert kind("does this rise with latency of the larger models") == "topic"
    assert kind("latency of the larger models doubled: does this rise") == "alone"


def test_text_points_back_only_in_its_first_words() -> None:
    before = " ".join(["latency"] * (EARLY_WORDS - 2))
    assert kind(f"{before} they are high") == "topic"
    assert kind(f"{before} latency latency they are high") == "alone"


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("who pays for hosted vector stores", Language.ENGLISH),
        ("保存期間は決めておくべきか", Language.JAPANESE),
    ],
)
def test_text_that_says_little_adds_to_the_topic(asked: str, language: Language) -> None:
    own = len(set(terms(asked)))
    alone = (Subject(asked, asked), asked)
    assert resolve(asked, SUBJECT, lambda _: OWN_WEIGHT[language] / own + 0.01) == alone
    little = resolve(asked, SUBJECT, lambda _: OWN_WEIGHT[language] / own - 0.01)
    assert little == (SUBJECT, join(LAST, asked))


@pytest.mark.parametrize(
    "asked",
    [
        "prompt caching", "GENSEC02", "コスト最適化", "the cost of hosted vector stores",
        "Our token bill doubled. Where do we start?", "We pay for two models.", "Which model is cheaper?",
    ],
)  # fmt: skip
def test_text_that_names_its_subject_first_stands_alone_however_little_it_says(asked: str) -> None:
    assert resolve(asked, SUBJECT, lambda _: 0.1) == (Subject(asked, asked), asked)


@pytest.mark.parametrize("asked", ["", " ?", "\u200b"])
def test_blank_text_is_not_changed(asked: str) -> None:
    assert resolve(asked, SUBJECT, rare) == (Subject(asked, asked), asked)


@pytest.mark.parametrize("asked", ["and for agents?", "why?", "is that enough?"])
def test_follow_up_that_would_be_too_long_is_not_changed(asked: str) -> None:
    long = "cache " * (MAX_QUESTION // 6)
    assert resolve(asked, Subject(long, long), rare) == (Subject(asked, asked), asked)


def test_text_that_is_too_long_is_not_changed() -> None:
    asked = f"So {'cache ' * (MAX_QUESTION // 5)}"
    assert resolve(asked, SUBJECT, rare) == (Subject(asked, asked), asked)


def test_next_follow_up_adds_to_the_topic_of_the_last_fragment() -> None:
    subject = Subject(ROOT_QUESTION, ROOT_QUESTION)
    for asked in ("and for agents?", "why?", "and for chatbots?", "why?"):
        subject, question = resolve(asked, subject, rare)
    assert subject == Subject(ROOT_QUESTION, "How do I test my prompts — and for chatbots?")
    assert question == "How do I test my prompts — and for chatbots — why?"
