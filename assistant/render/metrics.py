"""The metrics of a run over labelled questions, as text and JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from assistant.answers.records import Answer
from assistant.render.json import answer_json
from kb.evaluation import Metrics, Outcome


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """One line of a run, as JSON values."""
    return {"id": outcome.question.id, "ranked": list(outcome.ranked), "answered": outcome.answered}


def answers_json(conversation: Sequence[Answer]) -> dict[str, Any]:
    """The last answer of a conversation, and those before it, as JSON values."""
    *before, last = (answer_json(answer).dump() for answer in conversation)
    return {"answer": last, "before": before}


def metrics_json(metrics: Mapping[str, Metrics]) -> dict[str, Any]:
    """Metrics per group, as JSON values."""
    return {name: asdict(group) for name, group in metrics.items()}


def metrics_text(metrics: Mapping[str, Metrics]) -> str:
    """Metrics per group, as a table."""
    head = (
        f"{'group':12} {'n':>4} {'hit@1':>7} {'recall@5':>9} {'MRR@10':>7} {'nDCG@10':>8} {'abstained':>10}"
    )
    rows = [
        f"{name:12} {m.count:4} {m.hit_at_1:7.3f} {m.recall_at_5:9.3f} {m.mrr_at_10:7.3f} "
        f"{m.ndcg_at_10:8.3f} {m.abstained:10.3f}"
        for name, m in metrics.items()
    ]
    return "\n".join([head, *rows])
