"""The statements of a text, checked against the entries they name."""

import pytest

from assistant.faithfulness.claims import MAX_TEXT, Claim, ClaimCheck, claims_in
from assistant.faithfulness.findings import DoubtKind, Finding
from kb.errors import InputError
from kb.knowledge_base import KnowledgeBase

NARROW = "Write one narrow role for each agent."


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        (f"{NARROW[:-1]} [GENSEC05-BP01].", [(NARROW, "GENSEC05-BP01")]),
        (f"{NARROW[:-1]} (gensec5 bp1).", [(NARROW, "GENSEC05-BP01")]),
        ("GENSEC05-BP01: Write one narrow role.", [("Write one narrow role.", "GENSEC05-BP01")]),
        (
            "Rotate keys. Log calls [GENSEC05-BP02].",
            [("Rotate keys.", "GENSEC05-BP02"), ("Log calls.", "GENSEC05-BP02")],
        ),
        (
            "Rotate keys [GENSEC05-BP01]. Log calls.",
            [("Rotate keys.", "GENSEC05-BP01"), ("Log calls.", "GENSEC05-BP01")],
        ),
        (
            "Rotate keys.\n\nLog calls [GENSEC05-BP02].",
            [("Rotate keys.", ""), ("Log calls.", "GENSEC05-BP02")],
        ),
        ("- Cap tokens [LLM06:2026].", [("Cap tokens.", "LLM06:2026")]),
        ("鍵を替える [GENSEC05-BP01]。", [("鍵を替える。", "GENSEC05-BP01")]),
    ],
)
def test_statements_have_the_ids_they_name(text: str, claims: list[tuple[str, str]]) -> None:
    found = [(claim.text, " ".join(claim.ids)) for claim in claims_in(text, "2026")]
    assert found == claims


def test_supported_statement_rests_on_the_words_of_its_entry(base: KnowledgeBase) -> None:
    (checked,) = ClaimCheck(base).text(f"{NARROW} [GENSEC05-BP01]")
    assert checked.supported
    assert [(p.entry.id, p.text) for p in checked.rests_on] == [("GENSEC05-BP01", NARROW)]


def test_question_of_the_lens_stands_for_its_practices(base: KnowledgeBase) -> None:
    (checked,) = ClaimCheck(base).text(f"{NARROW} [GENSEC05]")
    assert (checked.supported, checked.rests_on[0].entry.id) == (True, "GENSEC05-BP01")


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("Write one narrow role for each agent.", Finding(DoubtKind.UNCITED, "no id")),
        ("Write one narrow role [GENSEC99-BP99].", Finding(DoubtKind.UNKNOWN_ID, "GENSEC99-BP99")),
        (
            "Never write a narrow role for each agent [GENSEC05-BP01].",
            Finding(DoubtKind.NEGATION, "never write"),
        ),
    ],
)
def test_doubts_of_a_statement_are_told(base: KnowledgeBase, text: str, finding: Finding) -> None:
    (checked,) = ClaimCheck(base).text(text)
    assert (checked.supported, finding in checked.doubts) == (False, True)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (" \n ", "no statement, expected sentences"),
        ("a. " * MAX_TEXT, "expected at most 100,000; check it in parts"),
    ],
)
def test_text_that_cannot_be_checked_is_refused(base: KnowledgeBase, text: str, line: str) -> None:
    with pytest.raises(InputError, match=line):
        ClaimCheck(base).text(text)


def test_claim_is_checked_against_any_number_of_entries(base: KnowledgeBase) -> None:
    both = Claim(NARROW, ("GENSEC05-BP02", "GENSEC05-BP01"))
    assert ClaimCheck(base).claim(both).supported
    assert not ClaimCheck(base).claim(Claim(NARROW, ("GENSEC05-BP02",))).supported
