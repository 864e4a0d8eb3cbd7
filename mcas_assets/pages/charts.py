"""Charts as Vega-Lite documents. Beside every chart its page has a table, for a reader on paper or without sight.

Colours are told apart with any colour vision, and what a colour says is said by side or shape too.
"""

import json
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

import altair as alt

A_COLOUR, B_COLOUR, MUTED = "#2f7fb8", "#c8642b", "#8a8f98"
"""Of pole a, of pole b (blue and orange of one lightness), and of what leans to neither."""

KINDS = (A_COLOUR, B_COLOUR, "#9a6fb0", "#5c6773", "#4d9a6a", "#b9912f")
"""Of kinds without an order, each with a shape of its own."""

Row = dict[str, Any]


@cache
def bundle() -> str:
    """The script that draws all charts, Vega and all: one text of some 900 kB, which no page holds more than once."""
    import vl_convert

    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")


ORDER = "@order"
"""Stands for the names in their order in a chart that is kept for other rows."""


def _document(chart: str, order: Sequence[str], **datasets: Sequence[Row]) -> str:
    """A chart with its rows as JSON that may stand within a script element."""
    document = json.loads(chart.replace(f'["{ORDER}"]', json.dumps(list(order)))) | {"datasets": datasets}
    text = json.dumps(document, separators=(",", ":"), default=str)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _kept(chart: Any) -> str:
    return json.dumps(chart.to_dict(validate=False))


def _data(name: str = "rows") -> alt.NamedData:
    return alt.NamedData(name=name)


def _zero(way: str) -> alt.Chart:
    at = alt.X("zero:Q") if way == "x" else alt.Y("zero:Q")
    return alt.Chart(_data("zeros")).mark_rule(strokeDash=[2, 2], color=MUTED).encode(at)


def _names() -> alt.Y:
    return alt.Y("name:N", sort=[ORDER], title=None, axis=alt.Axis(labelLimit=220))


def _text() -> alt.Tooltip:
    return alt.Tooltip("text:N", title=" ")


def _poles(channel: Any) -> Any:
    return channel("pole:N", scale=alt.Scale(domain=["a", "b"], range=[A_COLOUR, B_COLOUR]), legend=None)


_ZEROS = [{"zero": 0}]
_FEW = alt.Axis(tickCount=8, titleAnchor="end")
"""As many lines as have a number beneath them; the title keeps within a narrow chart."""


def _order(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row["name"] for row in rows))


def leanings(rows: Sequence[Row], title: str) -> str:
    """A concept a line: a point with its interval, to the right towards pole a, filled where it is flagged.

    Args:
        rows: name, value, low, high, pole (a or b), mark (flagged or not flagged), text, and url or None.
        title: Of the horizontal axis: quantity and which pole is on which side.
    """
    return _document(_leanings(title), _order(rows), rows=rows, zeros=_ZEROS)


@lru_cache
def _leanings(title: str) -> str:
    base = alt.Chart(_data()).encode(_names(), _poles(alt.Color), _text(), alt.Href("url:N"))
    x = alt.X("low:Q", title=title, axis=_FEW)
    ends = base.mark_rule(strokeWidth=2, opacity=0.7).encode(x, alt.X2("high:Q"))
    is_flagged = alt.condition("datum.mark == 'flagged'", alt.value(1), alt.value(0))
    points = base.mark_point(size=64, strokeWidth=2).encode(alt.X("value:Q"), _poles(alt.Fill), fillOpacity=is_flagged)
    return _kept((_zero("x") + ends + points).properties(width="container", height=alt.Step(19)))


def shares(rows: Sequence[Row], title: str) -> str:
    """A concept a line: the share of one group with its interval, and a tick at each reference population.

    Args:
        rows: name, value, low, high, references ([(population, share), ...]), text, and url or None.
        title: Of the horizontal axis.
    """
    ticks = [
        {"name": row["name"], "population": population, "reference": reference}
        for row in rows for population, reference in row["references"]
    ]  # fmt: skip
    plain = [{key: value for key, value in row.items() if key != "references"} for row in rows]
    return _document(_shares(title), _order(rows), rows=plain, references=ticks)


@lru_cache
def _shares(title: str) -> str:
    x = alt.X("value:Q", title=title, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", titleAnchor="end"))
    base = alt.Chart(_data()).encode(_names(), _text(), alt.Href("url:N"))
    ends = base.mark_rule(strokeWidth=2, opacity=0.7, color=B_COLOUR).encode(alt.X("low:Q"), alt.X2("high:Q"))
    points = base.mark_point(filled=True, size=64, color=B_COLOUR, opacity=1).encode(x)
    legend = alt.Legend(title="reference", orient="top")
    colours = alt.Color("population:N", scale=alt.Scale(range=["#5c6773", A_COLOUR, "#9a6fb0"]), legend=legend)
    about = [alt.Tooltip("population:N"), alt.Tooltip("reference:Q", format=".0%")]
    ticks = alt.Chart(_data("references")).mark_tick(thickness=2, size=15)
    marks = ticks.encode(_names(), alt.X("reference:Q"), colours, tooltip=about)
    return _kept((ends + points + marks).properties(width="container", height=alt.Step(19)))


def changes(rows: Sequence[Row], title: str) -> str:
    """A concept a line: from a ring where it was to a point where it is; strong where it changed.

    Args:
        rows: name, before, after, pole (towards which it moved), verdict, text, and url or None.
        title: Of the horizontal axis.
    """
    return _document(_changes(title), _order(rows), rows=rows, zeros=_ZEROS)


@lru_cache
def _changes(title: str) -> str:
    has_changed = alt.condition("datum.verdict == 'changed'", alt.value(1), alt.value(0.4))
    base = alt.Chart(_data()).encode(_names(), _poles(alt.Color), _text(), alt.Href("url:N"), opacity=has_changed)
    ways = base.mark_rule(strokeWidth=2).encode(alt.X("before:Q", title=title, axis=_FEW), alt.X2("after:Q"))
    starts = base.mark_point(size=48, strokeWidth=2, filled=False).encode(alt.X("before:Q"))
    goals = base.mark_point(size=64, filled=True).encode(alt.X("after:Q"))
    return _kept((_zero("x") + ways + starts + goals).properties(width="container", height=alt.Step(19)))


def course(rows: Sequence[Row], events: Sequence[Row], title: str) -> str:
    """A point an embedder and version of a system, with intervals, and a mark at each version where something moved.

    Args:
        rows: name (of the version, in order), series, value, low, high, text, and url or None.
        events: name, text.
        title: Of the vertical axis.
    """
    series = tuple(dict.fromkeys(row["series"] for row in rows))
    return _document(_course(title, series), _order(rows), rows=rows, events=events, zeros=_ZEROS)


@lru_cache
def _course(title: str, series: tuple[str, ...]) -> str:
    x = alt.X("name:N", sort=[ORDER], title=None, axis=alt.Axis(labelAngle=0, labelOverlap="greedy"))
    legend = alt.Legend(title="embedder", orient="top", symbolOpacity=1)
    colours = alt.Color("series:N", scale=alt.Scale(domain=list(series), range=list(KINDS)), legend=legend)
    apart = alt.XOffset("series:N", scale=alt.Scale(paddingOuter=1))
    base = alt.Chart(_data()).encode(x, colours, apart, _text(), alt.Href("url:N"))
    ends = base.mark_rule(strokeWidth=2, opacity=0.7).encode(alt.Y("low:Q", title=title), alt.Y2("high:Q"))
    shapes = alt.Shape("series:N", scale=alt.Scale(domain=list(series)), legend=None)
    points = base.mark_point(filled=True, size=70, opacity=1).encode(alt.Y("value:Q"), shapes)
    marks = alt.Chart(_data("events")).mark_text(text="▼", fontSize=13, color=MUTED).encode(x, _text(), y=alt.value(6))
    return _kept((_zero("y") + ends + points + marks).properties(width="container", height=260))


def cloud(rows: Sequence[Row], kinds: Sequence[str]) -> str:
    """Images as points of a plane, so that those whose vectors are alike lie near each other.

    Args:
        rows: x, y, kind (one of `kinds`), text, picture, url.
        kinds: What colours and shapes stand for, in order; as many as `KINDS` at most.
    """
    colours = alt.Scale(domain=list(kinds), range=list(KINDS))
    chart = alt.Chart(_data()).mark_point(size=46, filled=True, opacity=0.75)
    shown = chart.encode(
        alt.X("x:Q", axis=None), alt.Y("y:Q", axis=None), alt.Href("url:N"),
        alt.Color("kind:N", scale=colours, legend=alt.Legend(title="asked for", orient="top", columns=3)),
        alt.Shape("kind:N", scale=alt.Scale(domain=list(kinds)), legend=None),
        tooltip=[alt.Tooltip("picture:N", title="image"), _text()],
    ).properties(width="container", height=560)  # fmt: skip
    return _document(_kept(shown), [], rows=rows)
