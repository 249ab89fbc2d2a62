"""Two charts with links to entries: the lens by level of risk, and the best practices by risk.

The browser draws them from a specification without any address; a click comes back to the view as a
selection. The view has the same content as text.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from assistant.views.crosswalk import Crossing
from assistant.views.tree import Branch
from kb.entries import Entry, RiskLevel

CHOSEN = "chosen"
"""The selection that a click on a cell makes; it has the id of the cell."""

# The lightness differs as well, for readers who cannot tell the hues apart.
FILLS = {RiskLevel.HIGH: "#b42318", RiskLevel.MEDIUM: "#f79009", RiskLevel.LOW: "#a6f4c5"}
_LETTERS = {RiskLevel.HIGH: "#ffffff", RiskLevel.MEDIUM: "#111827", RiskLevel.LOW: "#111827"}
# Pixels; _AROUND is the height of the axis and the legend.
_ROW, _CELL, _GAP, _AROUND = 22, 22, 18, 150

Row = dict[str, Any]
Labels = Mapping[str, str]
"""The labels of pillars, levels and axes."""


def lens_chart(pillars: Mapping[str, Sequence[Branch]], labels: Labels) -> alt.LayerChart | alt.FacetChart:
    """Pillars by questions; each best practice is a cell in the colour of its level of risk."""
    rows = [
        _row(practice, labels) | {"pillar": labels[pillar], "column": str(column), "place": place}
        for pillar, branches in pillars.items()
        for column, branch in enumerate(branches, start=1)
        for place, practice in enumerate(branch.practices)
    ]
    depth = max((row["place"] for row in rows), default=0) + 1
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "column:O",
            title=labels["question"],
            axis=alt.Axis(labelAngle=0, orient="top", ticks=False, domain=False),
            scale=alt.Scale(paddingInner=0.05),
        ),
        y=alt.Y(
            "pillar:N",
            title=None,
            sort=[labels[pillar] for pillar in pillars],
            axis=alt.Axis(labelExpr="split(datum.label, ' ')", labelLimit=110, ticks=False, domain=False),
            scale=alt.Scale(paddingInner=0.22),
        ),
        yOffset=alt.YOffset("place:O", scale=alt.Scale(domain=list(range(depth)), paddingInner=0.1)),
        tooltip=_tooltip(labels),
        description="description:N",
    )
    letters = alt.ExprRef("datum.letters")
    cells = _cells(base, labels)
    texts = base.mark_text(fontSize=11, cursor="pointer", color=letters, aria=False).encode(text="short:N")
    return alt.layer(cells, texts).properties(height=len(pillars) * (depth * _ROW + _GAP) + _AROUND)


def crosswalk_chart(crossings: Sequence[Crossing], risks: Sequence[Entry], labels: Labels) -> alt.Chart:
    """Best practices by the risks of one edition; each pair is a cell in the colour of the level of risk."""
    rows = [
        _row(crossing.practice, labels) | {"risk": crossing.risk.id, "risk_title": crossing.risk.title}
        for crossing in crossings
    ]
    practices = list(dict.fromkeys(row["id"] for row in rows))
    risk_of_cell = [alt.Tooltip("risk:N", title=labels["risk"]), alt.Tooltip("risk_title:N", title=" ")]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=_risk_axis(risks),
        y=_practice_axis(practices),
        tooltip=[*_tooltip(labels), *risk_of_cell],
        description="description:N",
    )
    chart: alt.Chart = _cells(base, labels).properties(height=len(practices) * _CELL + _AROUND)
    return chart


def chosen_id(state: Any) -> str | None:  # noqa: ANN401 - Streamlit's state is an untyped mapping
    """The id of the clicked cell, or None."""
    cells = state.get("selection", {}).get(CHOSEN, [])
    return str(cells[0]["id"]) if cells else None


def _row(practice: Entry, labels: Labels) -> Row:
    """The data of a cell."""
    level = practice.risk_level or RiskLevel.LOW
    return {
        "id": practice.id,
        "title": practice.title,
        "short": practice.id.rpartition("-")[2],
        "level": labels[level],
        "letters": _LETTERS[level],
        "description": f"{practice.id} {practice.title}, {labels[level]}",
    }


def _cells(base: alt.Chart, labels: Labels) -> alt.Chart:
    """Clickable cells in the colours of the levels of risk."""
    scale = alt.Scale(domain=[labels[level] for level in FILLS], range=list(FILLS.values()))
    colour = alt.Color("level:N", title=labels["level"], scale=scale, legend=alt.Legend(orient="bottom"))
    click = alt.selection_point(name=CHOSEN, fields=["id"], on="click", toggle=False)
    cells: alt.Chart = base.mark_rect(cornerRadius=3, cursor="pointer").encode(color=colour)
    return cells.add_params(click)


def _risk_axis(risks: Sequence[Entry]) -> alt.X:
    return alt.X(
        "risk:N",
        title=None,
        sort=None,
        scale=alt.Scale(domain=[risk.id for risk in risks], paddingInner=0.12),
        axis=alt.Axis(orient="top", labelAngle=-90, labelExpr="split(datum.label, ':')[0]", grid=False),
    )


def _practice_axis(practices: Sequence[str]) -> alt.Y:
    return alt.Y(
        "id:N",
        title=None,
        sort=practices,
        axis=alt.Axis(labelOverlap=False, labelBound=False, ticks=False, domain=False),
        scale=alt.Scale(paddingInner=0.12),
    )


def _tooltip(labels: Labels) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("id:N", title="ID"),
        alt.Tooltip("title:N", title=" "),
        alt.Tooltip("level:N", title=labels["level"]),
    ]
