import json
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest

from kb.errors import RecordError
from kb.evaluation import LabelledQuestion, Outcome, grouped, read_questions, run, score


def question(name: str, lang: str, kind: str, gold: str, also: str = "") -> LabelledQuestion:
    return LabelledQuestion(
        id=name, lang=lang, kind=kind, question=f"{name}?", gold=tuple(gold), also=tuple(also)
    )


# Discounts 1 / log2(rank + 1): 1, 0.63093, 0.5, 0.43068, 0.38685, 0.35621 (rank 6).
RUN = (
    # hit 1, recall 1, rank 1, nDCG 1
    Outcome(question("q1", "en", "design", "A", "B"), tuple("ABC"), True),
    # hit 0, recall 1, rank 2, nDCG (2 * 0.63093 + 2 * 0.43068) / (2 + 2 * 0.63093) = 0.65092
    Outcome(question("q2", "en", "design", "AB"), tuple("CBDA"), True),
    # nothing came back: 0 in everything
    Outcome(question("q3", "ja", "plain", "A", "C"), (), False),
    # hit 0, recall 0 of 3, rank 6, nDCG 2 * 0.35621 / (2 + 2 * 0.63093 + 2 * 0.5) = 0.16716
    Outcome(question("q4", "en", "multi", "ABC"), tuple("DEFGHA"), True),
    # out of scope: counts for abstention alone
    Outcome(question("q5", "en", "oos", ""), tuple("AB"), False),
)
EXPECTED = {
    # count, hit@1, recall@5, MRR@10, nDCG@10, abstained
    "all": (4, 0.25, 0.5, 0.41667, 0.45452, 0.25),
    "lang en": (3, 0.33333, 0.66667, 0.55556, 0.60603, 0.0),
    "lang ja": (1, 0.0, 0.0, 0.0, 0.0, 1.0),
    "design": (2, 0.5, 1.0, 0.75, 0.82546, 0.0),
    "plain": (1, 0.0, 0.0, 0.0, 0.0, 1.0),
    "multi": (1, 0.0, 0.0, 0.16667, 0.16716, 0.0),
    "oos": (1, 0.0, 0.0, 0.0, 0.0, 1.0),
}


def test_every_metric_of_a_run_per_group() -> None:
    found = grouped(RUN)
    assert list(found) == list(EXPECTED)
    for name, expected in EXPECTED.items():
        assert astuple(found[name]) == pytest.approx(expected, abs=1e-5), name


def test_a_run_of_nothing_in_scope_has_no_means() -> None:
    assert grouped([]) == {}
    assert list(grouped(RUN[4:])) == ["oos"]


@pytest.mark.parametrize(
    ("ranked", "gold", "also", "expected"),
    [
        ("ABC", "A", "BC", 1.0),
        ("BA", "A", "B", 0.85972),  # (1 + 2 * 0.63093) / (2 + 0.63093)
        ("B", "A", "B", 0.38009),  # 1 / (2 + 0.63093)
        ("XYZ", "A", "B", 0.0),
        ("", "A", "", 0.0),
        ("A", "", "", 0.0),
        ("BA", "A", "AB", 0.85972),  # gold and also at once is gold
        ("KLMNOPQRSTA", "A", "", 0.0),  # rank 11 is too deep
        ("ABCDEFGHIJ", "ABCDEFGHIJKL", "", 1.0),  # the best order is cut at 10 too
    ],
)
def test_ndcg_of_one_ranking(ranked: str, gold: str, also: str, expected: float) -> None:
    (scores,) = score([Outcome(question("q", "en", "design", gold, also), tuple(ranked), True)])
    assert scores.ndcg_at_10 == pytest.approx(expected, abs=1e-5)


def test_only_the_first_five_count_for_recall_and_the_first_ten_for_the_rest() -> None:
    at_ten = grouped([Outcome(question("q", "en", "design", "A"), tuple("KLMNOPQRSA"), True)])["all"]
    assert (at_ten.recall_at_5, at_ten.mrr_at_10) == (0, pytest.approx(0.1))
    at_five = grouped([Outcome(question("q", "en", "design", "A"), tuple("KLMNA"), True)])["all"]
    assert (at_five.recall_at_5, at_five.mrr_at_10) == (1, pytest.approx(0.2))


def test_a_run_keeps_ten_ids_each_once_and_asks_the_question_itself() -> None:
    asked: list[str] = []

    def ask(text: str) -> tuple[Sequence[str], bool]:
        asked.append(text)
        return list("AABACDEFGHIJKL"), text == "q1?"

    outcomes = run([question("q1", "en", "design", "A"), question("q2", "en", "design", "B")], ask)
    assert asked == ["q1?", "q2?"]
    assert [outcome.ranked for outcome in outcomes] == [tuple("ABCDEFGHIJ")] * 2
    assert [(outcome.question.id, outcome.answered) for outcome in outcomes] == [("q1", True), ("q2", False)]


LINE: dict[str, Any] = {"id": "q1", "lang": "ja", "kind": "plain", "question": "鍵\u2028は？", "gold": ["A"]}


def test_questions_are_read_in_file_order(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    more = LINE | {"id": "q2", "also": ["B", "C"], "source": "somewhere"}
    path.write_bytes(
        f"{json.dumps(LINE, ensure_ascii=False)}\r\n\n{json.dumps(more, ensure_ascii=False)}".encode()
    )
    first, second = read_questions(path)
    assert (first.id, first.question, first.gold, first.also) == ("q1", "鍵\u2028は？", ("A",), ())
    assert (second.id, second.also) == ("q2", ("B", "C"))


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        (json.dumps({k: v for k, v in LINE.items() if k != "gold"}), "gold", "Field required"),
        (json.dumps(LINE | {"gold": "A"}), "gold", "valid array"),
        (json.dumps(LINE | {"gold": ["A", 2]}), "gold.1", "valid string"),
        (json.dumps(LINE | {"question": None}), "question", "valid string"),
        ("{", "line", "Invalid JSON"),
        ("[]", "line", "object"),
    ],
)
def test_a_bad_line_is_named_with_file_line_and_field(
    tmp_path: Path, line: str, field: str, reason: str
) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(f"{json.dumps(LINE)}\n\n{line}\n")
    with pytest.raises(RecordError) as caught:
        read_questions(path)
    assert str(caught.value).startswith(f"{path}, line 3, {field}: ")
    assert reason in str(caught.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"], ids=["missing", "not UTF-8"])
def test_a_file_that_is_no_text_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "questions.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecordError, match=r"questions.jsonl(, line 1, line: Invalid JSON| cannot be read: )"):
        read_questions(path)
