"""Two pictures that lead to entries: the lens by level of risk, and the best practices against the risks.

A picture is a specification that the browser draws by itself: it names no address, and its only links are
the selections, which come back to the page. What it shows also stands beside it as text.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from assistant.views.crosswalk import Crossing
from assistant.views.tree import Branch
from kb.entries import Entry, RiskLevel

CHOSEN = "chosen"
"""The name of the selection that a click on a cell makes; it holds the cell's id."""

# Told apart by how dark they are as well: from High to Low they become lighter.
FILLS = {RiskLevel.HIGH: "#b42318", RiskLevel.MEDIUM: "#f79009", RiskLevel.LOW: "#a6f4c5"}
_LETTERS = {RiskLevel.HIGH: "#ffffff", RiskLevel.MEDIUM: "#111827", RiskLevel.LOW: "#111827"}
_ROW, _CELL, _GAP = 22, 22, 18  # pixels
_AROUND = 150  # pixels that axis and legend take

Row = dict[str, Any]


def lens_picture(
    pillars: Mapping[str, Sequence[Branch]], names: Mapping[str, str]
) -> alt.LayerChart | alt.FacetChart:
    """Pillars by questions, each best practice a cell in the colour of its level of risk.

    `names` are what pillars and levels are called, and the titles "question" and "level".
    """
    rows = [
        _row(practice, names) | {"pillar": names[pillar], "column": str(column), "place": place}
        for pillar, branches in pillars.items()
        for column, branch in enumerate(branches, start=1)
        for place, practice in enumerate(branch.practices)
    ]
    deepest = max((row["place"] for row in rows), default=0) + 1
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "column:O",
            title=names["question"],
            axis=alt.Axis(labelAngle=0, orient="top", ticks=False, domain=False),
            scale=alt.Scale(paddingInner=0.05),
        ),
        y=alt.Y(
            "pillar:N",
            title=None,
            sort=[names[pillar] for pillar in pillars],
            axis=alt.Axis(labelExpr="split(datum.label, ' ')", labelLimit=110, ticks=False, domain=False),
            scale=alt.Scale(paddingInner=0.22),
        ),
        yOffset=alt.YOffset("place:O", scale=alt.Scale(domain=list(range(deepest)), paddingInner=0.1)),
        tooltip=_tooltip(names),
        description="said:N",
    )
    cells = (
        base.mark_rect(cornerRadius=3, cursor="pointer").encode(color=_colour(names)).add_params(_choice())
    )
    letters = base.mark_text(
        fontSize=11, cursor="pointer", color=alt.ExprRef("datum.letters"), aria=False
    ).encode(text="short:N")
    return alt.layer(cells, letters).properties(height=len(pillars) * (deepest * _ROW + _GAP) + _AROUND)


def crosswalk_picture(
    crossings: Sequence[Crossing], risks: Sequence[Entry], names: Mapping[str, str]
) -> alt.Chart:
    """Best practices by risks of one edition, a cell in the colour of the level of risk where they meet."""
    rows = [
        _row(crossing.practice, names) | {"risk": crossing.risk.id, "answers": crossing.risk.title}
        for crossing in crossings
    ]
    practices = list(dict.fromkeys(row["id"] for row in rows))
    picture: alt.Chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_rect(cornerRadius=3, cursor="pointer")
        .encode(
            x=alt.X(
                "risk:N",
                title=None,
                sort=None,
                scale=alt.Scale(domain=[risk.id for risk in risks], paddingInner=0.12),
                axis=alt.Axis(
                    orient="top", labelAngle=-90, labelExpr="split(datum.label, ':')[0]", grid=False
                ),
            ),
            y=alt.Y(
                "id:N",
                title=None,
                sort=practices,
                axis=alt.Axis(labelOverlap=False, labelBound=False, ticks=False, domain=False),
                scale=alt.Scale(paddingInner=0.12),
            ),
            color=_colour(names),
            description="said:N",
            tooltip=[
                *_tooltip(names),
                alt.Tooltip("risk:N", title=names["risk"]),
                alt.Tooltip("answers:N", title=" "),
            ],
        )
        .add_params(_choice())
        .properties(height=len(practices) * _CELL + _AROUND)
    )
    return picture


def chosen_id(state: Any) -> str | None:  # noqa: ANN401 - a state of Streamlit, like a dictionary
    """The id of the cell that was clicked; None where none was."""
    cells = state.get("selection", {}).get(CHOSEN, [])
    return str(cells[0]["id"]) if cells else None


def _row(practice: Entry, names: Mapping[str, str]) -> Row:
    level = practice.risk_level or RiskLevel.LOW
    return {
        "id": practice.id,
        "title": practice.title,
        "short": practice.id.rpartition("-")[2],
        "level": names[level],
        "letters": _LETTERS[level],
        "said": f"{practice.id} {practice.title}, {names[level]}",
    }


def _choice() -> alt.Parameter:
    return alt.selection_point(name=CHOSEN, fields=["id"], on="click", toggle=False)


def _colour(names: Mapping[str, str]) -> alt.Color:
    scale = alt.Scale(domain=[names[level] for level in FILLS], range=list(FILLS.values()))
    return alt.Color("level:N", title=names["level"], scale=scale, legend=alt.Legend(orient="bottom"))


def _tooltip(names: Mapping[str, str]) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("id:N", title="ID"),
        alt.Tooltip("title:N", title=" "),
        alt.Tooltip("level:N", title=names["level"]),
    ]
