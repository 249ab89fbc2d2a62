"""Each check, with sentences of a small entry. With the fake model only equal words are near."""

from pathlib import Path

import pytest
from support.corpus import MADE_AT, SOURCES, corpus, numbered, practice
from support.encoder import WordEncoder

from assistant.faithfulness.basis import Evidence, rests_on
from assistant.faithfulness.checks import doubts_of
from assistant.faithfulness.findings import DoubtKind
from kb.entries import Language, RiskLevel
from kb.knowledge_base import KnowledgeBase
from kb.make import make_build
from kb.storage.builds import Build

ASK = "Agents should ask a person before they send a payment of more than 50 dollars."
LOGS = "Some teams keep the logs of payments in Amazon S3 for 90 days."
CARDS = "Do not store card numbers in the prompt of an agent."
ROLE = "A narrow role reduces the damage of a stolen token."
QUEUE = "Encrypt the payment queue, and move failed payments to a review table."
RETRY = "Retry unsigned messages with exponential backoff."
LOGS_TWO = "Keep traces of agents in AWS X-Ray."


@pytest.fixture
def evidence(home: Path) -> Evidence:
    entry = practice(
        "GENSEC05-BP09",
        "Payments by agents",
        RiskLevel.HIGH,
        numbered("Steps", ASK, LOGS, CARDS, ROLE, QUEUE, RETRY, LOGS_TWO),
    )
    manifest = make_build(home, WordEncoder(), (*corpus(), entry), SOURCES, MADE_AT)
    return Evidence(KnowledgeBase(Build(home, manifest.id), WordEncoder()), [entry])


def kinds(evidence: Evidence, text: str) -> set[DoubtKind]:
    return {finding.kind for finding in doubts_of(evidence.basis(text, Language.ENGLISH))}


@pytest.mark.parametrize(
    ("text", "rests"),
    [
        (ASK, [ASK]),
        ("Agents should ask a person before they send more than 50 dollars.", [ASK]),
        ("Some teams keep payment logs in Amazon S3.", [LOGS]),
        ("Never store card numbers in the prompt.", [CARDS]),
        ("A narrow role lowers the damage of a stolen token.", [ROLE]),
        ("Encrypt the queue of payments.", [QUEUE]),
        ("Retry unsigned messages with exponential backoff, and encrypt the payment queue.", [RETRY, QUEUE]),
    ],
)
def test_claim_that_the_entry_makes_has_no_doubt(evidence: Evidence, text: str, rests: list[str]) -> None:
    basis = evidence.basis(text, Language.ENGLISH)
    assert doubts_of(basis) == ()
    assert [passage.text for passage in rests_on(basis)] == rests


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Agents should ask a person before they send a payment of more than 80 dollars.", DoubtKind.NUMBER),
        ("Some teams keep the logs of payments in Amazon S3 for 30 days.", DoubtKind.NUMBER),
        ("Some teams keep the logs of payments in Amazon Redshift for 90 days.", DoubtKind.NAME),
        ("Some teams keep the logs of payments in AWS X-Ray for 90 days.", DoubtKind.NAME),
        ('The practice says "a narrow role is enough for everybody".', DoubtKind.QUOTATION),
        ("I encrypt the payment queue.", DoubtKind.SPEAKER),
        ("Store card numbers in the prompt of an agent.", DoubtKind.NEGATION),
        ("A narrow role never reduces the damage of a stolen token.", DoubtKind.NEGATION),
        ("Retry signed messages with exponential backoff.", DoubtKind.NEGATION),
        ("A narrow role increases the damage of a stolen token.", DoubtKind.OPPOSITE),
        ("A broad role reduces the damage of a stolen token.", DoubtKind.OPPOSITE),
        ("Agents must ask a person before they send a payment of more than 50 dollars.", DoubtKind.MODALITY),
        ("Agents may ask a person before they send a payment of more than 50 dollars.", DoubtKind.MODALITY),
        ("It is optional to encrypt the payment queue.", DoubtKind.MODALITY),
        ("If you like, encrypt the payment queue.", DoubtKind.MODALITY),
        ("All teams keep the logs of payments in Amazon S3 for 90 days.", DoubtKind.QUANTITY),
        ("A narrow role alone reduces the damage of a stolen token.", DoubtKind.QUANTITY),
        ("A narrow role eliminates the damage of a stolen token.", DoubtKind.DEGREE),
        ("A narrow role is enough against the damage of a stolen token.", DoubtKind.DEGREE),
        ("Agents should ask a person after they send a payment of more than 50 dollars.", DoubtKind.ORDER),
        ("Encrypt the payment queue unless the review table is full.", DoubtKind.CONDITION),
        ("Encrypt the payment queue except for failed payments.", DoubtKind.CONDITION),
        ("Encrypt the review payments, and move failed queue to a payment table.", DoubtKind.ROLES),
        ("Encrypt the payment review, and move failed payments to a queue table.", DoubtKind.ROLES),
        ("A stolen role reduces the damage of a narrow token.", DoubtKind.ROLES),
        ("Agents should ask a person before they send a review of more than 50 dollars.", DoubtKind.CHANGE),
        ("Retry unsigned messages with linear backoff.", DoubtKind.WORDING),
        ("Rotate the keys of the gateway every quarter.", DoubtKind.WORDING),
    ],
)
def test_false_claim_is_doubted_for_its_reason(evidence: Evidence, text: str, kind: DoubtKind) -> None:
    assert kind in kinds(evidence, text)


def test_doubt_names_the_words_it_is_about(evidence: Evidence) -> None:
    basis = evidence.basis("All teams keep the logs of payments in Amazon S3 for 30 days.", Language.ENGLISH)
    found = {finding.kind: finding.detail for finding in doubts_of(basis)}
    assert (found[DoubtKind.NUMBER], found[DoubtKind.QUANTITY]) == ("30", "all")


@pytest.mark.parametrize("text", ["", "It is so.", "？"])
def test_claim_without_a_word_is_doubted(evidence: Evidence, text: str) -> None:
    assert kinds(evidence, text) == {DoubtKind.WORDING}


def test_entry_without_lines_supports_nothing(base: KnowledgeBase) -> None:
    assert doubts_of(Evidence(base, []).basis("Rotate keys.", Language.ENGLISH))


def test_order_of_a_list_does_not_matter(evidence: Evidence) -> None:
    assert DoubtKind.CHANGE not in kinds(
        evidence, "Move failed payments to a review table, and encrypt the payment queue."
    )


def test_japanese_is_compared_through_the_glossary(base: KnowledgeBase) -> None:
    evidence = Evidence(base, [base.entry("GENSEC05-BP01", Language.JAPANESE)])
    line = evidence.lines[0].passage.text
    assert doubts_of(evidence.basis(line, Language.JAPANESE)) == ()
    assert doubts_of(evidence.basis(line.rstrip("。") + "わけではない。", Language.JAPANESE))
