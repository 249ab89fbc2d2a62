"""The intent of a question, and the passages that fit it."""

import pytest
from support.corpus import risk
from support.hits import entry

from assistant.answers.intent import PREVENTION, REASON_SECTION, Intent, fitness, fits, intent_of
from kb.entries import Entry, Item, Role, Section
from kb.index.passages import Passage


@pytest.mark.parametrize(
    ("question", "intent"),
    [
        ("How long should a session last?", Intent.TIME),
        ("How often do we rotate keys?", Intent.TIME),
        ("since when?", Intent.TIME),
        ("キャッシュの有効時間は？", Intent.TIME),
        ("見直しの頻度は？", Intent.TIME),
        ("How many samples does an evaluation need?", Intent.AMOUNT),
        ("What is the maximum length of a prompt?", Intent.AMOUNT),
        ("サンプルはいくつ必要？", Intent.AMOUNT),
        ("何件のテストが必要か", Intent.AMOUNT),
        ("Why do agents loop?", Intent.REASON),
        ("What is the danger of broad roles?", Intent.REASON),
        ("なぜ権限を絞るのですか", Intent.REASON),
        ("How do we test the guardrails?", Intent.TEST),
        ("How do I notice that answers get worse?", Intent.TEST),
        ("ガードレールはどう検証する？", Intent.TEST),
        ("Which model is cheaper?", Intent.CHOICE),
        ("Should we take RAG or tuning for this?", Intent.CHOICE),
        ("どちらを選ぶ？", Intent.CHOICE),
        ("How do I keep an agent from deleting records?", Intent.ACTION),
        ("prompt caching", Intent.ACTION),
        ("エージェントの権限を絞るには", Intent.ACTION),
        ("", Intent.ACTION),
    ],
)
def test_intent_of_a_question(question: str, intent: Intent) -> None:
    assert intent_of(question) is intent


def test_first_intent_counts() -> None:
    assert intent_of("Why test, and how often?") is Intent.TIME
    assert intent_of("Why test?") is Intent.REASON


def passage(text: str, role: Role = Role.GUIDANCE) -> Passage:
    return Passage(entry(Section("Section", role, (Item(text),))), 0, 0, len(text))


PLAIN = "Agents act within bounds."


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Review roles every quarter.", Intent.TIME),
        ("Review roles regularly.", Intent.TIME),
        ("ロールを毎月見直す。", Intent.TIME),
        ("Take at least a dozen samples.", Intent.AMOUNT),
        ("Take 50 of them.", Intent.AMOUNT),
        ("上限を決める。", Intent.AMOUNT),
        ("A narrow role prevents harm.", Intent.REASON),
        ("事故を防ぐ。", Intent.REASON),
        ("Monitoring shows bursts.", Intent.TEST),
        ("結果を比較する。", Intent.TEST),
        ("Prefer tuning if data is stable.", Intent.CHOICE),
        ("小さい場合に向く。", Intent.CHOICE),
    ],
)
def test_passage_with_the_words_of_an_intent_fits_it(text: str, intent: Intent) -> None:
    assert fits(passage(text), intent)
    assert not fits(passage(PLAIN), intent)
    assert fitness(passage(text, Role.GUIDANCE), intent) > fitness(passage(PLAIN, Role.GUIDANCE), intent)


def test_every_passage_fits_an_action() -> None:
    assert fits(passage(PLAIN), Intent.ACTION)
    assert fitness(passage(PLAIN), Intent.ACTION) == 0
    assert fitness(passage("Review 50 roles every quarter."), Intent.ACTION) == 0


def test_reason_prefers_sections_that_give_reasons() -> None:
    bonus = {role: fitness(passage(PLAIN, role), Intent.REASON) for role in Role}
    reasons = {Role.OUTCOME, Role.BENEFITS, Role.ANTI_PATTERNS, Role.INTRODUCTION, Role.EXAMPLES}
    assert bonus == {role: REASON_SECTION if role in reasons else 0 for role in Role}


def test_prevention_of_a_risk_comes_before_the_risk_except_for_a_reason() -> None:
    steps = Section("Prevention", Role.STEPS, (Item(PLAIN),))
    harm = Section("Description", Role.INTRODUCTION, (Item(PLAIN),))
    excessive: Entry = risk(3, "2026", "Excessive Agency", harm, steps)
    described, prevented = (Passage(excessive, number, 0, len(PLAIN)) for number in range(2))
    assert fitness(prevented, Intent.ACTION) == PREVENTION
    assert fitness(described, Intent.ACTION) == 0
    assert fitness(prevented, Intent.REASON) == 0
    assert fitness(described, Intent.REASON) == REASON_SECTION
    assert fitness(passage(PLAIN, Role.STEPS), Intent.ACTION) == 0
