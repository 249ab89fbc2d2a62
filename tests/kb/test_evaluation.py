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
    # no hits: 0 for every metric
    Outcome(question("q3", "ja", "plain", "A", "C"), (), False),
    # hit 0, recall 0 of 3, rank 6, nDCG 2 * 0.35621 / (2 + 2 * 0.63093 + 2 * 0.5) = 0.16716
    Outcome(question("q4", "en", "multi", "ABC"), tuple("DEFGHA"), True),
    # out of scope: counts only for abstention
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


def test_metrics_are_computed_per_group() -> None:
    metrics = grouped(RUN)
    assert list(metrics) == list(EXPECTED)
    for name, expected in EXPECTED.items():
        assert astuple(metrics[name]) == pytest.approx(expected, abs=1e-5), name


def test_run_without_questions_in_scope_has_no_overall_metrics() -> None:
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
        ("BA", "A", "AB", 0.85972),  # an id in both lists counts as gold
        ("KLMNOPQRSTA", "A", "", 0.0),  # rank 11 does not count
        ("ABCDEFGHIJ", "ABCDEFGHIJKL", "", 1.0),  # the ideal order also stops at rank 10
    ],
)
def test_ndcg_of_one_ranking_matches_the_formula(ranked: str, gold: str, also: str, expected: float) -> None:
    (scores,) = score([Outcome(question("q", "en", "design", gold, also), tuple(ranked), True)])
    assert scores.ndcg_at_10 == pytest.approx(expected, abs=1e-5)


def test_recall_counts_five_ranks_and_mrr_counts_ten() -> None:
    at_ten = grouped([Outcome(question("q", "en", "design", "A"), tuple("KLMNOPQRSA"), True)])["all"]
    assert (at_ten.recall_at_5, at_ten.mrr_at_10) == (0, pytest.approx(0.1))
    at_five = grouped([Outcome(question("q", "en", "design", "A"), tuple("KLMNA"), True)])["all"]
    assert (at_five.recall_at_5, at_five.mrr_at_10) == (1, pytest.approx(0.2))


def test_run_asks_each_question_and_keeps_ten_unique_ids() -> None:
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
    ("previous", "read"),
    [(None, ()), ("A?", ("A?",)), (["A?", "B?"], ("A?", "B?")), ([], ())],
)
def test_questions_before_a_question_are_a_list_or_one(
    tmp_path: Path, previous: object, read: tuple[str, ...]
) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(json.dumps(LINE | {"previous": previous}), encoding="utf-8")
    (question,) = read_questions(path)
    assert question.previous == read


def test_file_of_answers_has_no_gold_ids(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(json.dumps({k: v for k, v in LINE.items() if k != "gold"}), encoding="utf-8")
    (question,) = read_questions(path)
    assert (question.gold, question.also, question.previous) == ((), (), ())


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        (json.dumps({k: v for k, v in LINE.items() if k != "kind"}), "kind", "Field required"),
        (json.dumps(LINE | {"gold": "A"}), "gold", "valid array"),
        (json.dumps(LINE | {"gold": ["A", 2]}), "gold.1", "valid string"),
        (json.dumps(LINE | {"question": None}), "question", "valid string"),
        (json.dumps(LINE | {"previous": 3}), "previous", "valid array"),
        (json.dumps(LINE | {"previous": ["A?", 3]}), "previous.1", "valid string"),
        ("{", "line", "Invalid JSON"),
        ("[]", "line", "object"),
    ],
)
def test_invalid_line_is_reported_with_file_line_and_field(
    tmp_path: Path, line: str, field: str, reason: str
) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(f"{json.dumps(LINE)}\n\n{line}\n")
    with pytest.raises(RecordError) as caught:
        read_questions(path)
    assert str(caught.value).startswith(f"{path}, line 3, {field}: ")
    assert reason in str(caught.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"], ids=["missing", "not UTF-8"])
def test_unreadable_file_is_reported(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "questions.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecordError, match=r"questions.jsonl(, line 1, line: Invalid JSON| cannot be read: )"):
        read_questions(path)
