"""What a rule is, and the kinds of rule that the suites are made of.

A rule is known without importing Great Expectations (which takes seconds): its expectation is built when it
is evaluated. Nulls and NaN count as missing, and every kind but `present` passes over what is missing, so a
range is always paired with a rule on presence.

Each kind also says by an expression of polars which rows break it (see screen.py).
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

if TYPE_CHECKING:
    from great_expectations.expectations import Expectation

Severity = Literal["critical", "warning"]
Facts = Mapping[str, Any]
Where = Callable[[Any], Any]
"""Says which rows a rule is about: given what makes a column of a name, Great Expectations' class or `pl.col`, a condition."""

EXPECTED_ROWS = "expected_rows"
"""The key in the facts of a frame under which the exact number of its rows is given."""


@dataclass(frozen=True)
class Condition:
    """What must hold of a frame, of one of the kinds below.

    Attributes:
        expectation: Its class in Great Expectations.
        options: Makes what that class is given, of the facts of the frame.
        columns: Those that it looks at; none where it counts rows.
        breaks: Whether a row breaks it; None where it counts rows.
        where: Which rows it is about; None for all.
        finds_missing: Whether a missing value is what breaks it; else rows in which one of its columns is missing are passed over.
        is_together: Whether only rows in which all of its columns are missing are passed over.
    """

    expectation: str
    options: Callable[[Facts], dict[str, Any]]
    columns: tuple[str, ...] = ()
    breaks: pl.Expr | None = None
    where: Where | None = None
    finds_missing: bool = False
    is_together: bool = False

    def build(self, facts: Facts) -> Expectation:
        """Its expectation, for a frame of these facts.

        Raises:
            KeyError: A fact is missing.
        """
        import_quietly()
        import great_expectations.expectations as gxe

        return getattr(gxe, self.expectation)(**self.options(facts), **_rows(self.where))


@dataclass(frozen=True)
class Rule:
    """One thing that must hold of one table.

    Attributes:
        name: Unique within the table, in words: what holds when it passes.
        table: The table whose frame it looks at (see frames.py).
        condition: What must hold.
        severity: `critical` where a failure means wrong numbers, else `warning`.
        blocking: Whether the stages after it must not run when it fails.
    """

    name: str
    table: str
    condition: Condition
    severity: Severity = "critical"
    blocking: bool = True


def suite(table: str, rules: Mapping[str, Condition], severity: Severity = "critical") -> tuple[Rule, ...]:
    """The rules of a table by name; critical ones block."""
    return tuple(
        Rule(name, table, condition, severity, blocking=severity == "critical") for name, condition in rules.items()
    )


def exact_rows() -> Condition:
    """As many rows as the facts say under EXPECTED_ROWS, and never none."""

    def options(facts: Facts) -> dict[str, Any]:
        expected = max(1, int(facts[EXPECTED_ROWS]))
        return {"min_value": expected, "max_value": expected}

    return Condition("ExpectTableRowCountToBeBetween", options)


def present(column: str, where: Where | None = None) -> Condition:
    """No null and no NaN in `column`, over the rows for which `where` holds."""
    return Condition(
        "ExpectColumnValuesToNotBeNull", lambda _: {"column": column}, (column,), pl.col(column).is_null(), where,
        finds_missing=True,
    )  # fmt: skip


def among(column: str, values: Sequence[Any], where: Where | None = None, mostly: float = 1.0) -> Condition:
    """Each value is one of `values`, or at least the share `mostly` of them is."""
    return Condition(
        "ExpectColumnValuesToBeInSet", lambda _: {"column": column, "value_set": list(values), "mostly": mostly},
        (column,), ~pl.col(column).is_in(list(values)), where,
    )  # fmt: skip


def between(column: str, low: float | None, high: float | None, *, above_low: bool = False) -> Condition:
    """Each value lies from `low` to `high`, both included, or above `low` where `above_low`."""
    value, options = pl.col(column), {"column": column, "min_value": low, "max_value": high, "strict_min": above_low}
    outside = [value <= low if above_low else value < low] if low is not None else []
    outside += [value > high] if high is not None else []
    return Condition("ExpectColumnValuesToBeBetween", lambda _: options, (column,), pl.any_horizontal(outside))


def matching(column: str, pattern: str) -> Condition:
    """Each value matches the regular expression `pattern`."""
    options = {"column": column, "regex": pattern}
    return Condition(
        "ExpectColumnValuesToMatchRegex", lambda _: options, (column,), ~pl.col(column).str.contains(pattern)
    )


def equal(column: str, other: str) -> Condition:
    """Both columns hold the same, wherever both hold something."""
    options = {"column_A": column, "column_B": other, "ignore_row_if": "either_value_is_missing"}
    return Condition(
        "ExpectColumnPairValuesToBeEqual", lambda _: options, (column, other), pl.col(column) != pl.col(other)
    )


def ordered(low: str, high: str) -> Condition:
    """The value of `low` is at most that of `high`, wherever both hold something."""
    options = {"column_A": high, "column_B": low, "or_equal": True, "ignore_row_if": "either_value_is_missing"}
    return Condition(
        "ExpectColumnPairValuesAToBeGreaterThanB", lambda _: options, (high, low), pl.col(high) < pl.col(low)
    )


def unique(*columns: str) -> Condition:
    """No two rows agree in all of `columns`; nulls count as equal."""
    if len(columns) == 1:
        options = {"column": columns[0]}
        return Condition("ExpectColumnValuesToBeUnique", lambda _: options, columns, pl.col(columns[0]).is_duplicated())
    options = {"column_list": list(columns)}
    twice = pl.struct(*columns).is_duplicated()
    return Condition("ExpectCompoundColumnsToBeUnique", lambda _: options, columns, twice, is_together=True)


def _rows(where: Where | None) -> dict[str, Any]:
    if where is None:
        return {}
    from great_expectations.expectations.row_conditions import Column

    return {"row_condition": where(Column)}


def import_quietly() -> None:
    """Import Great Expectations without telemetry, and without the deprecations of Python that its import meets."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import great_expectations.expectations  # noqa: F401
