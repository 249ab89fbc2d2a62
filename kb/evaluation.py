"""Question files, runs over them, and the metrics of a run.

A question file is JSON Lines: `id`, `lang`, `kind`, `question`, `gold` and `also` (entry ids). The
metrics are those of information retrieval: hit@1, recall@5, MRR@10, and nDCG@10 with gains 2 and 1
(Jarvelin and Kekalainen, "Cumulated gain-based evaluation of IR techniques", 2002). A question
without hits counts as 0; questions of kind `oos` count for abstention alone.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from pydantic import BaseModel, ConfigDict, ValidationError

from kb.errors import RecordError

OUT_OF_SCOPE = "oos"
DEPTH = 10


class LabelledQuestion(BaseModel):
    """A question with the ids that answer it best, and those that are clearly relevant too."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    lang: str
    kind: str
    question: str
    gold: tuple[str, ...]
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back for one question: ids best first, at most DEPTH, and whether it was answered."""

    question: LabelledQuestion
    ranked: tuple[str, ...]
    answered: bool


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

    :raises RecordError: a line is not a question; the message names file, line and field.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # splitlines() would cut inside questions
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path} cannot be read: {error}") from error
    return tuple(_question(path, number, line) for number, line in enumerate(lines, start=1) if line.strip())


def run(
    questions: Iterable[LabelledQuestion], ask: Callable[[str], tuple[Sequence[str], bool]]
) -> tuple[Outcome, ...]:
    """The outcome of each question; `ask` gives ranked ids and whether the question was answered."""
    outcomes = []
    for question in questions:
        ranked, answered = ask(question.question)
        outcomes.append(Outcome(question, tuple(dict.fromkeys(ranked))[:DEPTH], answered))
    return tuple(outcomes)


def grouped(outcomes: Sequence[Outcome]) -> dict[str, Metrics]:
    """Metrics of all questions in scope, then per language, then per kind."""
    in_scope = [o for o in outcomes if o.question.kind != OUT_OF_SCOPE]
    groups = {"all": in_scope}
    for outcome in in_scope:
        groups.setdefault(f"lang {outcome.question.lang}", []).append(outcome)
    for outcome in outcomes:
        groups.setdefault(outcome.question.kind, []).append(outcome)
    return {name: _metrics(members) for name, members in groups.items() if members}


def ndcg(ranked: Sequence[str], gold: Sequence[str], also: Sequence[str]) -> float:
    """nDCG@10 of one ranking: gain 2 for gold, 1 for also, in [0, 1]; 0 where nothing is relevant."""
    gains = dict.fromkeys(also, 1) | dict.fromkeys(gold, 2)
    found = [gains.get(entry_id, 0) for entry_id in ranked[:DEPTH]]
    ideal = sorted(gains.values(), reverse=True)[:DEPTH]
    best = _discounted(ideal)
    return _discounted(found) / best if best else 0.0


def _question(path: Path, number: int, line: str) -> LabelledQuestion:
    try:
        return LabelledQuestion.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "line"
        raise RecordError(f"{path}, line {number}, {field}: {first['msg']}") from error


def _metrics(outcomes: Sequence[Outcome]) -> Metrics:
    return Metrics(
        count=len(outcomes),
        hit_at_1=fmean(float(o.ranked[:1] != () and o.ranked[0] in o.question.gold) for o in outcomes),
        recall_at_5=fmean(_recall(o) for o in outcomes),
        mrr_at_10=fmean(_reciprocal_rank(o) for o in outcomes),
        ndcg_at_10=fmean(ndcg(o.ranked, o.question.gold, o.question.also) for o in outcomes),
        abstained=fmean(float(not o.answered) for o in outcomes),
    )


def _recall(outcome: Outcome) -> float:
    gold = set(outcome.question.gold)
    return len(gold & set(outcome.ranked[:5])) / len(gold) if gold else 0.0


def _reciprocal_rank(outcome: Outcome) -> float:
    ranks = (rank for rank, entry_id in enumerate(outcome.ranked, 1) if entry_id in outcome.question.gold)
    return 1 / next(ranks, math.inf)


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))
