"""Question files, runs over them, and the metrics of a run.

A question file is JSON Lines: `id`, `lang`, `kind`, `question`, `gold` and `also` (entry ids). The metrics
come from `ir-measures` (https://ir-measur.es): hit@1, recall@5 and MRR@10 count `gold`; nDCG@10 has gain 2
for `gold` and 1 for `also` (Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques",
2002). A question without hits scores 0. Questions of kind `oos` (out of scope) only count for abstention.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from ir_measures import RR, R, Success, iter_calc, nDCG
from pydantic import BaseModel, ConfigDict, TypeAdapter, field_validator

from kb.errors import RecordError
from kb.files import read_records

OUT_OF_SCOPE = "oos"
DEPTH = 10
# Gold has relevance 2, also 1; rel=2 counts gold only.
_MEASURES = (Success(rel=2) @ 1, R(rel=2) @ 5, RR(rel=2) @ 10, nDCG @ 10)


class LabelledQuestion(BaseModel):
    """A question with the ids that answer it best (`gold`), and other clearly relevant ids (`also`).

    `previous` are the questions asked before it in a conversation. A file of answers has no `gold`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    lang: str
    kind: str
    question: str
    gold: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    previous: tuple[str, ...] = ()

    @field_validator("previous", mode="before")
    @classmethod
    def _as_list(cls, value: object) -> object:
        """One previous question may stand without a list."""
        return (value,) if isinstance(value, str) else value or ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for one question: at most DEPTH ids, best first, and True if it was answered."""

    question: LabelledQuestion
    ranked: tuple[str, ...]
    answered: bool


@dataclass(frozen=True, slots=True)
class Scores:
    """The metrics of one question, each in [0, 1]."""

    hit_at_1: float
    recall_at_5: float
    mrr_at_10: float
    ndcg_at_10: float


@dataclass(frozen=True, slots=True)
class Metrics:
    """Means over a group of questions, each in [0, 1]; `abstained` is the share not answered."""

    count: int
    hit_at_1: float
    recall_at_5: float
    mrr_at_10: float
    ndcg_at_10: float
    abstained: float


def read_questions(path: Path) -> tuple[LabelledQuestion, ...]:
    """The questions of a file in file order.

    :raises RecordError: the file cannot be read or is empty, or a line is not a question; the message names
        the field.
    """
    try:
        questions = tuple(read_records(path, TypeAdapter(LabelledQuestion), skip_blank=True))
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error}") from error
    if not questions:
        raise RecordError(f"{path} has no questions, expected one in each line, as JSON")
    return questions


def outcome(question: LabelledQuestion, ranked: Sequence[str], *, answered: bool) -> Outcome:
    """The outcome of a question; of the ranked ids, each counts once."""
    return Outcome(question, tuple(dict.fromkeys(ranked))[:DEPTH], answered)


def run(
    questions: Iterable[LabelledQuestion], ask: Callable[[str], tuple[Sequence[str], bool]]
) -> tuple[Outcome, ...]:
    """The outcome of each question; `ask` returns ranked ids, and True if the question was answered."""
    outcomes = []
    for question in questions:
        ranked, answered = ask(question.question)
        outcomes.append(outcome(question, ranked, answered=answered))
    return tuple(outcomes)


def score(outcomes: Sequence[Outcome]) -> tuple[Scores, ...]:
    """The metrics of each question, in order; all 0 for questions without hits or relevant ids."""
    relevant = {
        str(number): dict.fromkeys(outcome.question.also, 1) | dict.fromkeys(outcome.question.gold, 2)
        for number, outcome in enumerate(outcomes)
    }
    ranked = {
        str(number): {entry_id: -float(rank) for rank, entry_id in enumerate(outcome.ranked)}
        for number, outcome in enumerate(outcomes)
        if outcome.ranked
    }
    values = {(m.query_id, m.measure): float(m.value) for m in iter_calc(_MEASURES, relevant, ranked)}
    return tuple(
        Scores(*(values.get((str(number), measure), 0.0) for measure in _MEASURES))
        for number in range(len(outcomes))
    )


def grouped(outcomes: Sequence[Outcome]) -> dict[str, Metrics]:
    """Metrics of all questions in scope, then per language, then per kind."""
    in_scope = [n for n, outcome in enumerate(outcomes) if outcome.question.kind != OUT_OF_SCOPE]
    members = {"all": in_scope}
    for number in in_scope:
        members.setdefault(f"lang {outcomes[number].question.lang}", []).append(number)
    for number, outcome in enumerate(outcomes):
        members.setdefault(outcome.question.kind, []).append(number)
    scores = score(outcomes)
    return {
        name: _metrics([outcomes[n] for n in numbers], [scores[n] for n in numbers])
        for name, numbers in members.items()
        if numbers
    }


def _metrics(outcomes: Sequence[Outcome], scores: Sequence[Scores]) -> Metrics:
    return Metrics(
        count=len(outcomes),
        hit_at_1=fmean(one.hit_at_1 for one in scores),
        recall_at_5=fmean(one.recall_at_5 for one in scores),
        mrr_at_10=fmean(one.mrr_at_10 for one in scores),
        ndcg_at_10=fmean(one.ndcg_at_10 for one in scores),
        abstained=fmean(float(not outcome.answered) for outcome in outcomes),
    )
