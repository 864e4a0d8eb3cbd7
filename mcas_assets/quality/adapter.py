"""Rules against frames by Great Expectations, with results as plain values.

Great Expectations 1.24 takes pandas frames only, and returns results regrouped by column: each is matched to
its rule by the name in its `meta`. It is imported on first use, and one context without files serves the
whole process.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import polars as pl

from mcas_assets.quality.expectations import Facts, Rule, Severity, import_quietly

Status = Literal["pass", "fail", "error"]
SAMPLE_ROWS = 20


@dataclass(frozen=True)
class RuleResult:
    """What came of one rule.

    Attributes:
        rule: Name of the rule.
        success: Whether it held.
        status: `pass`, `fail`, or `error` where it could not be evaluated (a column is missing, say).
        checked: How many rows it looked at.
        unexpected: How many of them broke it; None for a rule on the table as a whole.
        observed: What was seen: the count of rows, the share that broke it, or the error's message.
        sample: Up to SAMPLE_ROWS of the rows that broke it, by key and offending value; JSON-safe.
        severity: Of the rule.
        blocking: Of the rule.
        expectation: Name of the Great Expectations expectation.
    """

    rule: str
    success: bool
    status: Status
    checked: int
    unexpected: int | None
    observed: dict[str, Any]
    sample: list[dict[str, Any]]
    severity: Severity
    blocking: bool
    expectation: str


def validate(
    frame: pl.DataFrame, table: str, rules: Sequence[Rule], key: Sequence[str], facts: Facts | None = None
) -> list[RuleResult]:
    """Hold rules against a frame.

    Args:
        frame: Scalar columns only.
        table: Its name.
        rules: Each of another name.
        key: The columns that name a row in the sample of those that broke a rule.
        facts: What the rules need to know: EXPECTED_ROWS.

    Returns:
        One result for each rule, passed or not, in their order.

    Raises:
        KeyError: A fact is missing.
    """
    frames, suite_of, severity_of = _great_expectations()
    expectations = []
    for rule in rules:
        expectation = rule.build(facts or {})
        expectation.meta = {"rule": rule.name}
        expectation.severity = severity_of(rule.severity)
        expectations.append(expectation)
    batch = frames.get_batch({"dataframe": frame.to_pandas()})
    sample = {
        "partial_unexpected_count": SAMPLE_ROWS,
        "unexpected_index_column_names": [name for name in key if name in frame.columns],
    }

    def answers(asked: list[Any], **result_format: Any) -> dict[str, Any]:
        results = batch.validate(suite_of(name=table, expectations=asked), result_format=result_format).results
        return {one.expectation_config.meta["rule"]: one for one in results}

    found = answers(expectations, result_format="BASIC")
    broken = [one for rule, one in zip(rules, expectations, strict=True) if not found[rule.name].success]
    if broken:  # which rows broke it is only asked then: it takes as long again
        found |= answers(broken, result_format="SUMMARY", **sample)
    return [_result(rule, found[rule.name], len(frame)) for rule in rules]


def result_rows(
    results: Sequence[RuleResult],
    table: str,
    *,
    run_id: str,
    version: int | None,
    asset: str,
    partition: str,
    audit: str,
) -> pl.DataFrame:
    """Results of a table's rules as rows for `quality.append`; `version` is the materialisation that was checked."""
    rows = [
        {
            "run_id": run_id,
            "version": version,
            "asset": asset,
            "partition": partition,
            "audit": audit,
            "table_name": table,
            "rule": result.rule,
            "expectation": result.expectation,
            "success": result.success,
            "status": result.status,
            "severity": result.severity,
            "checked": result.checked,
            "unexpected": result.unexpected,
            "observed": json.dumps(result.observed),
            "sample": json.dumps(result.sample),
        }
        for result in results
    ]
    return pl.DataFrame(rows, schema_overrides={"version": pl.Int64, "checked": pl.Int64, "unexpected": pl.Int64})


@lru_cache(maxsize=1)
def _great_expectations() -> tuple[Any, Any, Any]:
    """What takes frames, of the one context without files of the process; and the classes of suites and of severities."""
    import_quietly()
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.expectations.metadata_types import FailureSeverity

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    frames = context.data_sources.pandas_default.add_dataframe_asset("frames")
    return frames.add_batch_definition_whole_dataframe("whole"), gx.ExpectationSuite, FailureSeverity


def _result(rule: Rule, answer: Any, rows: int) -> RuleResult:
    detail = dict(answer.result)
    broken = _error_message(answer.exception_info)
    if broken is not None:
        observed, status = {"error": broken}, "error"
    else:
        names = ("observed_value", "unexpected_percent", "missing_count")
        observed = {name: detail[name] for name in names if detail.get(name) is not None}
        status = "pass" if answer.success else "fail"
    return RuleResult(
        rule=rule.name,
        success=status == "pass",
        status=status,
        checked=int(detail.get("element_count", 0 if status == "error" else rows)),
        unexpected=detail.get("unexpected_count"),
        observed=_json_safe(observed),
        sample=_json_safe(detail.get("partial_unexpected_index_list") or [])[:SAMPLE_ROWS],
        severity=rule.severity,
        blocking=rule.blocking,
        expectation=answer.expectation_config.type,
    )


def _error_message(info: dict[str, Any]) -> str | None:
    """The message of the exception that an expectation met, or None; there may be one for each metric."""
    if "raised_exception" in info:
        return str(info["exception_message"]) if info["raised_exception"] else None
    messages = [str(one["exception_message"]) for one in info.values() if one.get("raised_exception")]
    return messages[0] if messages else None


def _json_safe(value: Any) -> Any:
    """`value` with numpy scalars as Python's, and what JSON cannot say (NaN, infinity) as text."""
    if isinstance(value, dict):
        return {str(key): _json_safe(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json_safe(one) for one in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
