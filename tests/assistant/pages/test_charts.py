"""The charts of the Browse view: their cells, and no outside addresses."""

import json
from collections.abc import Mapping
from typing import Any

from support.corpus import corpus

from assistant.pages.browse.charts import CHOSEN, chosen_id, crosswalk_chart, lens_chart
from assistant.views.crosswalk import Crossing
from assistant.views.tree import Branch
from kb.entries import RiskLevel

ENTRIES = {(entry.id, entry.language.value): entry for entry in corpus()}
FIRST, SECOND = ENTRIES["GENSEC05-BP01", "en"], ENTRIES["GENSEC05-BP02", "en"]
NAMES = {level.value: level.value.upper() for level in RiskLevel} | {
    "Security": "セキュリティ", "question": "Question", "level": "Level", "risk": "Answers",
}  # fmt: skip


def cells(chart: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(next(iter(chart["datasets"].values())))


def test_lens_chart_has_a_cell_for_each_practice_with_its_level() -> None:
    branch = Branch("GENSEC05", "How?", None, (FIRST, SECOND))
    chart = lens_chart({"Security": (branch,)}, NAMES).to_dict()
    assert [(c["id"], c["pillar"], c["column"], c["place"], c["level"]) for c in cells(chart)] == [
        ("GENSEC05-BP01", "セキュリティ", "1", 0, "HIGH"),
        ("GENSEC05-BP02", "セキュリティ", "1", 1, "MEDIUM"),
    ]
    assert cells(chart)[0]["description"] == f"GENSEC05-BP01 {FIRST.title}, HIGH"


def test_crosswalk_chart_has_a_cell_for_each_crossing_and_a_column_for_each_risk() -> None:
    risks = [ENTRIES["LLM03:2026", "en"], ENTRIES["LLM06:2026", "en"]]
    chart = crosswalk_chart([Crossing(FIRST, risks[0], "why")], risks, NAMES).to_dict()
    assert [(c["id"], c["risk"], c["level"]) for c in cells(chart)] == [
        ("GENSEC05-BP01", "LLM03:2026", "HIGH")
    ]
    assert chart["encoding"]["x"]["scale"]["domain"] == ["LLM03:2026", "LLM06:2026"]


def test_chart_has_no_address_except_its_schema() -> None:
    branch = Branch("GENSEC05", "How?", None, (FIRST,))
    for chart in (
        lens_chart({"Security": (branch,)}, NAMES),
        crosswalk_chart([Crossing(FIRST, ENTRIES["LLM03:2026", "en"], "")], [], NAMES),
    ):
        written = {key: value for key, value in chart.to_dict().items() if key != "$schema"}
        assert "http" not in json.dumps(written)
        assert '"url"' not in json.dumps(written)
        assert '"href"' not in json.dumps(written)


def test_clicked_cell_is_its_id() -> None:
    assert chosen_id({"selection": {CHOSEN: [{"id": "GENSEC05-BP01"}]}}) == "GENSEC05-BP01"
    assert chosen_id({"selection": {CHOSEN: []}}) is None
    assert chosen_id({"selection": {}}) is None
