"""What a rule is, and the kinds of rule that the suites are made of.

A rule is known without importing Great Expectations (which takes seconds): its expectation is built when it
is evaluated. Nulls and NaN count as missing, and every kind but `present` passes over what is missing, so a
range is always paired with a rule on presence.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from great_expectations.expectations import Expectation

Severity = Literal["critical", "warning"]
Facts = Mapping[str, Any]
Build = Callable[[Facts], "Expectation"]
Where = Callable[[Any], Any]
"""Says which rows a rule is about: given Great Expectations' class of columns, makes a condition on them."""

EXPECTED_ROWS = "expected_rows"
"""The key in the facts of a frame under which the exact number of its rows is given."""


@dataclass(frozen=True)
class Rule:
    """One thing that must hold of one table.

    Attributes:
        name: Unique within the table, in words: what holds when it passes.
        table: The table whose frame it looks at (see frames.py).
        build: Makes its expectation from the facts of the frame.
        severity: `critical` where a failure means wrong numbers, else `warning`.
        blocking: Whether the stages after it must not run when it fails.
    """

    name: str
    table: str
    build: Build
    severity: Severity = "critical"
    blocking: bool = True


def suite(table: str, rules: Mapping[str, Build], severity: Severity = "critical") -> tuple[Rule, ...]:
    """The rules of a table by name; critical ones block."""
    return tuple(Rule(name, table, build, severity, blocking=severity == "critical") for name, build in rules.items())


def exact_rows() -> Build:
    """As many rows as the facts say under EXPECTED_ROWS, and never none."""

    def build(facts: Facts) -> Expectation:
        expected = max(1, int(facts[EXPECTED_ROWS]))
        return _expectations().ExpectTableRowCountToBeBetween(min_value=expected, max_value=expected)

    return build


def present(column: str, where: Where | None = None) -> Build:
    """No null and no NaN in `column`, over the rows for which `where` holds."""
    return lambda _: _expectations().ExpectColumnValuesToNotBeNull(column=column, **_rows(where))


def among(column: str, values: Sequence[Any], where: Where | None = None, mostly: float = 1.0) -> Build:
    """Each value is one of `values`, or at least the share `mostly` of them is."""
    return lambda _: _expectations().ExpectColumnValuesToBeInSet(
        column=column, value_set=list(values), mostly=mostly, **_rows(where)
    )


def between(column: str, low: float | None, high: float | None, *, above_low: bool = False) -> Build:
    """Each value lies from `low` to `high`, both included, or above `low` where `above_low`."""
    return lambda _: _expectations().ExpectColumnValuesToBeBetween(
        column=column, min_value=low, max_value=high, strict_min=above_low
    )


def matching(column: str, pattern: str) -> Build:
    """Each value matches the regular expression `pattern`."""
    return lambda _: _expectations().ExpectColumnValuesToMatchRegex(column=column, regex=pattern)


def equal(column: str, other: str) -> Build:
    """Both columns hold the same, wherever both hold something."""
    return lambda _: _expectations().ExpectColumnPairValuesToBeEqual(
        column_A=column, column_B=other, ignore_row_if="either_value_is_missing"
    )


def ordered(low: str, high: str) -> Build:
    """The value of `low` is at most that of `high`, wherever both hold something."""
    return lambda _: _expectations().ExpectColumnPairValuesAToBeGreaterThanB(
        column_A=high, column_B=low, or_equal=True, ignore_row_if="either_value_is_missing"
    )


def unique(*columns: str) -> Build:
    """No two rows agree in all of `columns`; nulls count as equal."""
    if len(columns) == 1:
        return lambda _: _expectations().ExpectColumnValuesToBeUnique(column=columns[0])
    return lambda _: _expectations().ExpectCompoundColumnsToBeUnique(column_list=list(columns))


def _rows(where: Where | None) -> dict[str, Any]:
    if where is None:
        return {}
    from great_expectations.expectations.row_conditions import Column

    return {"row_condition": where(Column)}


def _expectations() -> Any:
    import_quietly()
    import great_expectations.expectations as gxe

    return gxe


def import_quietly() -> None:
    """Import Great Expectations without telemetry, and without the deprecations of Python that its import meets."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import great_expectations.expectations  # noqa: F401
