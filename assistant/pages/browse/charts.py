"""Charts with links: pillars by level of risk, pillars by risk, and the best practices by risk.

The browser draws them from a specification without any address; a click comes back to the view as a
selection. The view has the same content as text.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from assistant.views.crosswalk import Crossing
from kb.entries import Entry, RiskLevel

CHOSEN = "chosen"
"""The selection that a click on a mark makes; it has the fields of the mark."""

# The lightness differs as well, for readers who cannot tell the hues apart.
FILLS = {RiskLevel.HIGH: "#b42318", RiskLevel.MEDIUM: "#f79009", RiskLevel.LOW: "#a6f4c5"}
# Pixels; _AROUND is the height of the axis and the legend.
_BAR, _CELL, _AROUND, _LABEL = 30, 24, 190, 360
_TITLE = 34  # characters of a risk above its column

Row = dict[str, Any]
Labels = Mapping[str, str]
"""The labels of pillars, levels and axes."""


def level_chart(practices: Sequence[Entry], labels: Labels) -> alt.Chart:
    """A bar per pillar with its number of best practices by level of risk."""
    counts = Counter((one.pillar or "", one.risk_level or RiskLevel.LOW) for one in practices)
    pillars = list(dict.fromkeys(pillar for pillar, _ in counts))
    rows: list[Row] = [
        {
            "pillar": pillar,
            "name": labels[pillar],
            "level": level,
            "label": labels[level],
            "count": counts[pillar, level],
            "rank": rank,
            "description": f"{labels[pillar]}, {labels[level]}: {counts[pillar, level]}",
        }
        for pillar in pillars
        for rank, level in enumerate(FILLS)
        if counts[pillar, level]
    ]
    chart = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X("count:Q", stack=True, title=labels["practices"], axis=alt.Axis(tickMinStep=2, grid=False)),
        y=alt.Y("name:N", title=None, sort=[labels[pillar] for pillar in pillars], axis=_plain_axis()),
        color=_level_colour("label:N", labels),
        order=alt.Order("rank:Q"),
        tooltip=[
            alt.Tooltip("name:N", title=" "),
            alt.Tooltip("label:N", title=labels["level"]),
            alt.Tooltip("count:Q", title=labels["practices"]),
        ],
        description="description:N",
    )
    bars: alt.Chart = chart.mark_bar(cornerRadius=2, cursor="pointer").add_params(_click("pillar", "level"))
    return bars.properties(height=len(pillars) * _BAR + 90)


def knit_chart(
    crossings: Sequence[Crossing], risks: Sequence[Entry], labels: Labels
) -> alt.LayerChart | alt.FacetChart:
    """Pillars by the risks of one edition; each cell has its number of best practices."""
    counts = Counter((crossing.practice.pillar or "", crossing.risk.id) for crossing in crossings)
    pillars = [pillar for pillar in labels if any(pillar == known for known, _ in counts)]
    titles = {risk.id: risk.title for risk in risks}
    rows: list[Row] = [
        {
            "name": labels[pillar],
            "id": risk,
            "risk_title": titles[risk],
            "count": count,
            "description": f"{labels[pillar]}, {risk} {titles[risk]}: {count}",
        }
        for (pillar, risk), count in counts.items()
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "id:N",
            title=None,
            scale=alt.Scale(domain=[risk.id for risk in risks], paddingInner=0.08),
            axis=alt.Axis(orient="top", labelAngle=0, labelExpr="split(datum.label, ':')[0]", grid=False),
        ),
        y=alt.Y("name:N", title=None, sort=[labels[pillar] for pillar in pillars], axis=_plain_axis()),
        tooltip=[
            alt.Tooltip("name:N", title=" "),
            alt.Tooltip("id:N", title=labels["risk"]),
            alt.Tooltip("risk_title:N", title=" "),
            alt.Tooltip("count:Q", title=labels["practices"]),
        ],
        description="description:N",
    )
    colour = alt.Color("count:Q", scale=alt.Scale(range=["#ccfbf1", "#0f766e"]), legend=None)
    cells = base.mark_rect(cornerRadius=3, cursor="pointer").encode(color=colour).add_params(_click("id"))
    dark = alt.value("#06102a")
    pale = alt.condition("datum.count > 3", alt.value("#ffffff"), dark)
    numbers = base.mark_text(fontSize=11, cursor="pointer", aria=False).encode(text="count:Q", color=pale)
    return alt.layer(cells, numbers).properties(height=len(pillars) * _BAR + 90)


def crosswalk_chart(crossings: Sequence[Crossing], risks: Sequence[Entry], labels: Labels) -> alt.Chart:
    """Best practices by the risks of one edition; each pair is a cell in the colour of the level of risk."""
    rows = [_row(crossing, labels) for crossing in crossings]
    practices = list(dict.fromkeys(row["practice"] for row in rows))
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "risk:N",
            title=None,
            sort=None,
            scale=alt.Scale(domain=[_named(risk) for risk in risks], paddingInner=0.12),
            axis=alt.Axis(orient="top", labelAngle=-35, labelLimit=_LABEL, labelOverlap=False, grid=False),
        ),
        y=alt.Y(
            "practice:N",
            title=None,
            sort=practices,
            axis=alt.Axis(labelOverlap=False, labelBound=False, labelLimit=_LABEL, ticks=False, domain=False),
            scale=alt.Scale(paddingInner=0.12),
        ),
        tooltip=[
            alt.Tooltip("practice:N", title=" "),
            alt.Tooltip("risk:N", title=labels["risk"]),
            alt.Tooltip("level:N", title=labels["level"]),
        ],
        description="description:N",
        color=_level_colour("level:N", labels),
    )
    cells: alt.Chart = base.mark_rect(cornerRadius=3, cursor="pointer").add_params(_click("id"))
    return cells.properties(
        height=len(practices) * _CELL + _AROUND, padding={"right": 130, "left": 5, "top": 5, "bottom": 5}
    )


def chosen_fields(state: Any) -> dict[str, str]:  # noqa: ANN401 - Streamlit's state is an untyped mapping
    """The fields of the clicked mark; none without a click."""
    marks = state.get("selection", {}).get(CHOSEN, [])
    return {str(name): str(value) for name, value in marks[0].items()} if marks else {}


def _row(crossing: Crossing, labels: Labels) -> Row:
    """The data of a cell of the crosswalk."""
    practice = crossing.practice
    level = labels[practice.risk_level or RiskLevel.LOW]
    return {
        "id": practice.id,
        "practice": f"{practice.id} {practice.title}",
        "risk": _named(crossing.risk),
        "level": level,
        "description": f"{practice.id} {practice.title}, {crossing.risk.id}, {level}",
    }


def _named(risk: Entry) -> str:
    """A risk as the head of a column: its number and title."""
    title = risk.title if len(risk.title) <= _TITLE else f"{risk.title[:_TITLE]}…"
    return f"{risk.id.partition(':')[0]} {title}"


def _level_colour(field: str, labels: Labels) -> alt.Color:
    scale = alt.Scale(domain=[labels[level] for level in FILLS], range=list(FILLS.values()))
    return alt.Color(field, title=labels["level"], scale=scale, legend=alt.Legend(orient="bottom"))


def _plain_axis() -> alt.Axis:
    return alt.Axis(labelLimit=160, ticks=False, domain=False)


def _click(*fields: str) -> alt.Parameter:
    return alt.selection_point(name=CHOSEN, fields=list(fields), on="click", toggle=False)
