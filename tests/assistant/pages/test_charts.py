"""The charts of the Browse view: their cells, and no outside addresses."""

import json
from collections.abc import Mapping
from typing import Any

from support.corpus import corpus

from assistant.pages.browse.charts import (
    CHOSEN,
    chosen_fields,
    crosswalk_chart,
    knit_chart,
    level_chart,
)
from assistant.views.crosswalk import Crossing
from kb.entries import RiskLevel

ENTRIES = {(entry.id, entry.language.value): entry for entry in corpus()}
FIRST, SECOND = ENTRIES["GENSEC05-BP01", "en"], ENTRIES["GENSEC05-BP02", "en"]
NAMES = {level.value: level.value.upper() for level in RiskLevel} | {
    "Security": "セキュリティ", "level": "Level", "risk": "Answers", "practices": "Practices",
}  # fmt: skip


def cells(chart: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(next(iter(chart["datasets"].values())))


def test_level_chart_has_a_bar_for_each_pillar_and_level() -> None:
    chart = level_chart([FIRST, SECOND, FIRST], NAMES).to_dict()
    assert [(c["pillar"], c["name"], c["level"], c["count"]) for c in cells(chart)] == [
        ("Security", "セキュリティ", "High", 2),
        ("Security", "セキュリティ", "Medium", 1),
    ]
    assert cells(chart)[0]["description"] == "セキュリティ, HIGH: 2"


def test_knit_chart_counts_the_practices_of_a_pillar_that_answer_a_risk() -> None:
    risks = [ENTRIES["LLM03:2026", "en"], ENTRIES["LLM06:2026", "en"]]
    pairs = [Crossing(FIRST, risks[0], "why"), Crossing(SECOND, risks[0], "why")]
    chart = knit_chart(pairs, risks, NAMES).to_dict()
    assert [(c["name"], c["id"], c["count"]) for c in cells(chart)] == [("セキュリティ", "LLM03:2026", 2)]
    assert chart["layer"][0]["encoding"]["x"]["scale"]["domain"] == ["LLM03:2026", "LLM06:2026"]


def test_crosswalk_chart_has_a_cell_for_each_crossing_and_a_column_for_each_risk() -> None:
    risks = [ENTRIES["LLM03:2026", "en"], ENTRIES["LLM06:2026", "en"]]
    chart = crosswalk_chart([Crossing(FIRST, risks[0], "why")], risks, NAMES).to_dict()
    assert [(c["id"], c["practice"], c["risk"], c["level"]) for c in cells(chart)] == [
        ("GENSEC05-BP01", f"GENSEC05-BP01 {FIRST.title}", "LLM03 Excessive Agency", "HIGH")
    ]
    assert [name.partition(" ")[0] for name in chart["encoding"]["x"]["scale"]["domain"]] == [
        "LLM03", "LLM06",
    ]  # fmt: skip


def test_chart_has_no_address_except_its_schema() -> None:
    risk = ENTRIES["LLM03:2026", "en"]
    pairs = [Crossing(FIRST, risk, "")]
    for chart in (
        level_chart([FIRST], NAMES),
        knit_chart(pairs, [risk], NAMES),
        crosswalk_chart(pairs, [risk], NAMES),
    ):
        written = {key: value for key, value in chart.to_dict().items() if key != "$schema"}
        assert "http" not in json.dumps(written)
        assert '"url"' not in json.dumps(written)
        assert '"href"' not in json.dumps(written)


def test_clicked_mark_has_its_fields() -> None:
    assert chosen_fields({"selection": {CHOSEN: [{"id": "GENSEC05-BP01"}]}}) == {"id": "GENSEC05-BP01"}
    assert chosen_fields({"selection": {CHOSEN: []}}) == {}
    assert chosen_fields({"selection": {}}) == {}
