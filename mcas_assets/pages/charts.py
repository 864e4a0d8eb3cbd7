"""Charts as Vega-Lite documents. Beside every chart its page has a table, for a reader on paper or without sight.

Colours are told apart with any colour vision, and what a colour says is said by side or shape too.
"""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import altair as alt

A_COLOUR, B_COLOUR, MUTED = "#2f7fb8", "#c8642b", "#8a8f98"
"""Of pole a, of pole b (blue and orange of one lightness), and of what leans to neither."""

Row = dict[str, Any]


@cache
def bundle() -> str:
    """The script that draws all charts, Vega and all: one text of some 900 kB, which no page holds more than once."""
    import vl_convert

    return vl_convert.javascript_bundle()


def _document(chart: Any) -> str:
    """A chart as JSON that may stand within a script element."""
    text = json.dumps(chart.to_dict(), separators=(",", ":"), default=str)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _data(rows: Sequence[Row]) -> alt.Data:
    return alt.Data(values=list(rows))


def _zero() -> alt.Chart:
    return alt.Chart(_data([{"zero": 0}])).mark_rule(strokeDash=[2, 2], color=MUTED).encode(x="zero:Q")


def leanings(rows: Sequence[Row], title: str) -> str:
    """A concept a line: a point with its interval, to the right towards pole a, filled where it is flagged.

    Args:
        rows: name, value, low, high, pole (a or b), mark (flagged, not flagged), text, and url or None.
        title: Of the horizontal axis: quantity and which pole is on which side.
    """
    order = [row["name"] for row in rows]
    base = alt.Chart(_data(rows)).encode(
        y=alt.Y("name:N", sort=order, title=None, axis=alt.Axis(labelLimit=220)),
        color=alt.Color("pole:N", scale=alt.Scale(domain=["a", "b"], range=[A_COLOUR, B_COLOUR]), legend=None),
        tooltip=alt.Tooltip("text:N", title=" "),
        **_linked(rows),
    )
    ends = base.mark_rule(strokeWidth=2, opacity=0.55).encode(x=alt.X("low:Q", title=title), x2="high:Q")
    points = base.mark_point(size=64, strokeWidth=2).encode(
        x="value:Q",
        fillOpacity=alt.condition("datum.mark == 'flagged'", alt.value(1), alt.value(0)),
        fill=alt.Fill("pole:N", scale=alt.Scale(domain=["a", "b"], range=[A_COLOUR, B_COLOUR]), legend=None),
    )
    return _document((_zero() + ends + points).properties(width="container", height=alt.Step(19)))


def shares(rows: Sequence[Row], title: str) -> str:
    """A concept a line: the share of one group with its interval, and a tick at each reference population.

    Args:
        rows: name, value, low, high, references ([(population, share), ...]), text, and url or None.
        title: Of the horizontal axis.
    """
    order = [row["name"] for row in rows]
    ticks = [
        {"name": row["name"], "population": population, "reference": reference}
        for row in rows for population, reference in row["references"]
    ]  # fmt: skip
    plain = [{key: value for key, value in row.items() if key != "references"} for row in rows]
    y = alt.Y("name:N", sort=order, title=None, axis=alt.Axis(labelLimit=220))
    x = alt.X("value:Q", title=title, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%"))
    base = alt.Chart(_data(plain)).encode(y=y, tooltip=alt.Tooltip("text:N", title=" "), **_linked(rows))
    ends = base.mark_rule(strokeWidth=2, opacity=0.55, color=B_COLOUR).encode(x="low:Q", x2="high:Q")
    points = base.mark_point(filled=True, size=64, color=B_COLOUR, opacity=1).encode(x=x)
    reference = (
        alt.Chart(_data(ticks))
        .mark_tick(thickness=2, size=15)
        .encode(
            y=y, x="reference:Q", tooltip=["population:N", alt.Tooltip("reference:Q", format=".0%")],
            color=alt.Color("population:N", scale=alt.Scale(range=["#5c6773", A_COLOUR, "#9a6fb0"]),
                            legend=alt.Legend(title="reference", orient="top")),
        )
    )  # fmt: skip
    return _document((ends + points + reference).properties(width="container", height=alt.Step(19)))


def changes(rows: Sequence[Row], title: str) -> str:
    """A concept a line: from a ring where it was to a point where it is; strong where it changed.

    Args:
        rows: name, before, after, pole (towards which it moved), verdict, text, and url or None.
        title: Of the horizontal axis.
    """
    order = [row["name"] for row in rows]
    base = alt.Chart(_data(rows)).encode(
        y=alt.Y("name:N", sort=order, title=None, axis=alt.Axis(labelLimit=220)),
        color=alt.Color("pole:N", scale=alt.Scale(domain=["a", "b"], range=[A_COLOUR, B_COLOUR]), legend=None),
        opacity=alt.condition("datum.verdict == 'changed'", alt.value(1), alt.value(0.4)),
        tooltip=alt.Tooltip("text:N", title=" "),
        **_linked(rows),
    )
    ways = base.mark_rule(strokeWidth=2).encode(x=alt.X("before:Q", title=title), x2="after:Q")
    starts = base.mark_point(size=48, strokeWidth=2, filled=False).encode(x="before:Q")
    goals = base.mark_point(size=64, filled=True).encode(x="after:Q")
    return _document((_zero() + ways + starts + goals).properties(width="container", height=alt.Step(19)))


def course(rows: Sequence[Row], events: Sequence[Row], title: str) -> str:
    """A line an embedder over the versions of a system, with intervals, and a mark at each version where something moved.

    Args:
        rows: name (of the version, in order), series, value, low, high, text, and url or None.
        events: name, text.
        title: Of the vertical axis.
    """
    order = list(dict.fromkeys(row["name"] for row in rows))
    x = alt.X("name:N", sort=order, title=None, axis=alt.Axis(labelAngle=-25, labelLimit=220))
    colours = alt.Scale(range=[A_COLOUR, B_COLOUR, "#9a6fb0", "#5c6773"])
    base = alt.Chart(_data(rows)).encode(
        x=x, color=alt.Color("series:N", scale=colours, legend=alt.Legend(title="embedder", orient="top")),
        shape=alt.Shape("series:N", legend=None), xOffset=alt.XOffset("series:N", scale=alt.Scale(paddingOuter=3)),
        tooltip=alt.Tooltip("text:N", title=" "), **_linked(rows),
    )  # fmt: skip
    ends = base.mark_rule(strokeWidth=2, opacity=0.55).encode(y=alt.Y("low:Q", title=title), y2="high:Q")
    points = base.mark_point(filled=True, size=70, opacity=1).encode(y="value:Q")
    zero = alt.Chart(_data([{"zero": 0}])).mark_rule(strokeDash=[2, 2], color=MUTED).encode(y="zero:Q")
    marks = (
        alt.Chart(_data(events)).mark_text(text="▼", fontSize=13, color=MUTED)
        .encode(x=x, y=alt.value(6), tooltip=alt.Tooltip("text:N", title=" "))
    )  # fmt: skip
    return _document((zero + ends + points + marks).properties(width="container", height=260))




def cloud(rows: Sequence[Row], kinds: Sequence[str]) -> str:
    """Images as points of a plane, so that those whose vectors are alike lie near each other.

    Args:
        rows: x, y, kind (one of `kinds`), text, picture, url.
        kinds: What colours and shapes stand for, in order.
    """
    colours = alt.Scale(domain=list(kinds), range=[A_COLOUR, B_COLOUR, "#9a6fb0", "#5c6773", "#4d9a6a", "#b9912f"])
    chart = (
        alt.Chart(_data(rows))
        .mark_point(size=46, filled=True, opacity=0.75)
        .encode(
            x=alt.X("x:Q", axis=None), y=alt.Y("y:Q", axis=None),
            color=alt.Color("kind:N", scale=colours, legend=alt.Legend(title="label", orient="top")),
            shape=alt.Shape("kind:N", scale=alt.Scale(domain=list(kinds)), legend=None),
            tooltip=[alt.Tooltip("picture:N", title="image"), alt.Tooltip("text:N", title=" ")], href="url:N",
        )
        .properties(width="container", height=560)
    )  # fmt: skip
    return _document(chart)


def _linked(rows: Sequence[Row]) -> dict[str, Any]:
    return {"href": "url:N"} if any(row.get("url") for row in rows) else {}
