"""Floors of the ranking on our own labelled questions."""

import json
from pathlib import Path

import pytest
from support.homes import ROOT, genlens

EVAL = ROOT / "data" / "eval"
FLOORS = json.loads((EVAL / "floors.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def metrics(catalogue_home: Path) -> dict[str, dict[str, float]]:
    done = genlens("eval", str(EVAL / "questions.jsonl"), "--json", home=catalogue_home)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("group", FLOORS["at least"])
def test_ranking_stays_above_its_floors(metrics: dict[str, dict[str, float]], group: str) -> None:
    for metric, floor in FLOORS["at least"][group].items():
        assert metrics[group][metric] >= floor, f"{metric} of {group}"


@pytest.mark.parametrize("group", FLOORS["at most"])
def test_few_questions_in_scope_are_not_covered(metrics: dict[str, dict[str, float]], group: str) -> None:
    for metric, ceiling in FLOORS["at most"][group].items():
        assert metrics[group][metric] <= ceiling, f"{metric} of {group}"


def test_every_kind_of_question_has_a_floor(metrics: dict[str, dict[str, float]]) -> None:
    assert FLOORS["at least"].keys() == {group for group in metrics if not group.startswith("lang ")}
