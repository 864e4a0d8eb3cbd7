"""Holding rows against the rules of their table."""

from typing import Any

from mcas_assets.quality.adapter import RuleResult, result_rows, validate
from mcas_assets.quality.expectations import EXPECTED_ROWS
from mcas_assets.stages.contract import Checked, Table
from mcas_assets.store import quality
from mcas_assets.store.database import Store


def check(table: Table, checked: Checked) -> list[RuleResult]:
    """What each rule of a table comes to. No results where there is nothing to tell, and no row."""
    expected, frame = table.expected_rows(checked), table.checkable(checked)
    if table.may_be_empty and frame.is_empty() and not expected:
        return []
    return validate(frame, table.name, table.suite, table.key, {EXPECTED_ROWS: expected})


def check_and_record(store: Store, table: Table, checked: Checked, **about: Any) -> list[RuleResult]:
    """The same, with a row of quality_results for each rule; `about` is what `result_rows` takes."""
    results = check(table, checked)
    if results:
        with store.open() as con:
            quality.append(con, result_rows(results, table.name, version=checked.version, **about))
    return results
