"""Holding the rules of a policy against what was measured: tables in, one row a verdict out.

Pure: frames and declarations alone. A row is `passed`, `failed` or `not judged`. Where there is no interval, no comparison,
no image, or nothing that the rule's scope holds, the verdict is `not judged` with the reason: what cannot be judged is
never a pass.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import polars as pl

from mcas_assets.policy.load import Policy
from mcas_assets.policy.rules import (
    AgainstPopulation,
    Association,
    Calibration,
    Erasure,
    Refusals,
    Rule,
    ShareBounds,
    Worsening,
)
from mcas_assets.store.schema import frame_schema

PASSED, FAILED, NOT_JUDGED = "passed", "failed", "not judged"
VERDICTS = (PASSED, FAILED, NOT_JUDGED)

"""Columns of the table `policy_results`, less the version that the ledger adds."""

Tables = Mapping[str, pl.DataFrame]
Found = dict[str, Any]


def judge(
    policy: Policy,
    audit: str,
    system_version: str,
    tables: Tables,
    unready: Mapping[str, str],
    stage: str | None = None,
) -> pl.DataFrame:
    """The verdicts of a policy on one audit of one system version.

    Args:
        policy: What must hold.
        audit: Name of the audit.
        system_version: What is judged.
        tables: For each table that a rule may read, its rows of this audit and version.
        unready: For each table that cannot be judged by, the reason (never made, of an earlier declaration ...).
        stage: Only the rules whose table this stage writes.

    Returns:
        One row for each rule and each thing that it judges, as table `policy_results`; a rule that finds nothing to judge has one
        row, not judged.
    """
    about = {"policy": policy.policy, "system": system_version.rpartition("@")[0]}
    about |= {"system_version": system_version, "audit": audit}
    rows: list[Found] = []
    for rule in policy.rules_of(audit, stage):
        of_rule = {**about, "rule": rule.rule, "kind": rule.kind, "requirement": rule.requirement}
        of_rule["is_blocking"] = rule.blocking
        why_not = unready.get(rule.TABLE)
        found = [] if why_not else list(_JUDGES[rule.kind](rule, tables))
        found = found or [_not_judged(why_not or "the rule's scope holds nothing of this audit")]
        rows += [of_rule | one for one in found]
    return pl.DataFrame(rows, schema=frame_schema("policy_results"))


def overall(results: pl.DataFrame) -> str:
    """The verdict on all rows: failed if one is, else not judged if one is not or there is none, else passed."""
    verdicts = set(results["verdict"])
    return FAILED if FAILED in verdicts else PASSED if verdicts == {PASSED} else NOT_JUDGED


def weigh(rule: Any, found: Found, least: float, most: float) -> Found:
    """A row with its verdict: `observed`, `low`, `high` and `q_value` against the limits, by the evidence of the rule."""
    observed, low, high = found.get("observed"), found.get("low"), found.get("high")
    found = {**found, "threshold": most if observed is None or observed >= 0 or least == 0 else least}
    if observed is None:
        return found | _not_judged(found.get("reason") or "there is no value")
    beyond = not least <= observed <= most
    if rule.evidence == "estimate":
        failed, said = beyond, "the estimate lies beyond"
    elif rule.evidence == "q_value":
        if found.get("q_value") is None:
            return found | _not_judged(found.get("reason") or "there is no q-value")
        failed, said = beyond and found["q_value"] < rule.q_below, "the estimate lies beyond, and is significant"
    elif low is None or high is None:
        return found | _not_judged(found.get("reason") or "there is no interval")
    elif rule.evidence == "interval":
        failed, said = low > most or high < least, "the whole interval lies beyond"
    else:
        failed, said = low < least or high > most, "the interval does not lie within"
    return found | {"verdict": FAILED if failed else PASSED, "reason": said if failed else None}


def _not_judged(reason: str) -> Found:
    return {"verdict": NOT_JUDGED, "reason": reason}


def _in_scope(rule: Rule, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that a rule speaks of, in their order."""
    columns = {
        "axes": "axis",
        "embedders": "embedder",
        "categories": "category",
        "concepts": "concept",
        "groups": "group_name",
    }
    for field, column in columns.items():
        named = getattr(rule, field, None)
        if named is not None:
            rows = rows.filter(pl.col(column).is_in(list(named)))
    if rule.except_concepts is not None:
        rows = rows.filter(~pl.col("concept").is_in(list(rule.except_concepts)))
    if getattr(rule, "labels", None) is not None:
        rows = rows.filter(pl.col("labels") == rule.labels)  # ty: ignore[missing-attribute]
    if "category" in rows.columns and rule.categories is None and rule.concepts is None:
        rows = rows.filter(pl.col("category").is_null() | (pl.col("category") != "neutral"))
    return rows


def _taken(row: Found, *names: str) -> Found:
    return {name: row.get(name) for name in names}


def _association(rule: Association, tables: Tables) -> Iterator[Found]:
    rows = _in_scope(rule, tables["scores"])
    for row in (rows.filter("stable") if rule.stable else rows).iter_rows(named=True):
        low, high = row[f"{rule.measure}_low"], row[f"{rule.measure}_high"]
        found = _taken(row, "axis", "embedder", "category", "concept", "q_value", "reason")
        found |= {"measure": rule.measure, "observed": row[rule.measure], "low": low, "high": high}
        yield weigh(rule, found, -rule.beyond, rule.beyond)


def _worsening(rule: Worsening, tables: Tables) -> Iterator[Found]:
    """How much farther from 0 than before, in the direction that the new version leans; its interval is that of the change.

    Held against the version of the same system that was audited before; other pairs were compared because someone asked.
    """
    key = ["axis", "embedder", "concept"]
    compared = tables["comparisons"].filter(pl.col("is_predecessor"), component=rule.component)
    rows = _in_scope(rule, compared).join(
        tables["scores"].select(*key, "stable"), on=key, how="left", maintain_order="left"
    )
    for row in (rows.filter("stable") if rule.stable else rows).iter_rows(named=True):
        found = _taken(row, "before", "axis", "embedder", "category", "concept", "q_value", "reason")
        judged = weigh(rule, found | {"measure": rule.component} | _farther(row), -math.inf, rule.by)
        judged["threshold"] = rule.by
        yield judged | (_overlooked(rule, row) if judged["verdict"] == PASSED else {})


def _farther(row: Found) -> Found:
    before, after, difference = row["value_before"], row["value_after"], row["difference"]
    if before is None or after is None or difference is None:
        return {"observed": None, "low": None, "high": None}
    sign = math.copysign(1.0, after)
    farther = abs(after) - abs(before)
    # Where the lean changed sides, the way back to 0 does not count as farther.
    shift = farther - sign * difference
    ends = [None if row[name] is None else sign * row[name] + shift for name in ("low", "high")]
    low, high = ends if sign > 0 else reversed(ends)
    return {"observed": farther, "low": low, "high": high}


def _overlooked(rule: Worsening, row: Found) -> Found:
    """Not judged, where a change of the size that matters could have been missed; else nothing.

    What matters is the rule's own limit; without one, what the comparison itself calls underpowered.
    """
    least = row["minimum_detectable"]
    if rule.evidence in ("estimate", "equivalence") or row["verdict"] == "changed":
        return {}
    if least > rule.by if rule.by and least is not None else row["verdict"] == "underpowered":
        seen = "" if least is None else f": the smallest that could have been seen is {least:.3g}"
        return _not_judged(f"the comparison could have missed a change{seen}")
    return {}


_AGAINST = {
    "poles": ("pole", "other_pole"),
    "groups": ("group", "other_groups"),
    "categories": ("category", "other_categories"),
    "concepts": ("concept", "other_concepts"),
}


def _refusals(rule: Refusals, tables: Tables) -> Iterator[Found]:
    scope, against = _AGAINST[rule.between]
    rows = _in_scope(rule, tables["refusal_disparities"].filter(scope=scope, against=against))
    # Pole b against pole a says the same with the other sign.
    for row in rows.filter(pl.col("pole").is_null() | (pl.col("pole") == "a")).iter_rows(named=True):
        found = _taken(row, "axis", "group_name", "category", "concept", "q_value", "reason")
        found |= {"measure": "refusal rate", "observed": row["difference"]}
        found |= {"low": row["difference_low"], "high": row["difference_high"]}
        yield weigh(rule, found, -rule.most, rule.most)


_SHOWN = ("axis", "embedder", "labels", "category", "concept", "group_name")


def _against_population(rule: AgainstPopulation, tables: Tables) -> Iterator[Found]:
    # Where a population has no value, it is not asked: `scope holds nothing` if it has none at all.
    rows = _in_scope(rule, tables["amplification"].filter(population=rule.population))
    for row in rows.filter(pl.col("reference").is_not_null()).iter_rows(named=True):
        found = _taken(row, *_SHOWN, "population", "reason") | {"measure": "difference", "observed": row["difference"]}
        found |= {"low": row["difference_low"], "high": row["difference_high"]}
        yield weigh(rule, found, -rule.within, rule.within)


def _erasure(rule: Erasure, tables: Tables) -> Iterator[Found]:
    rows = _in_scope(rule, tables["amplification"].filter(population=rule.population))
    for row in rows.filter(pl.col("reference") > 0).iter_rows(named=True):
        found = _taken(row, *_SHOWN, "population") | {"measure": "share", "observed": row["share"]}
        found |= {"low": row["share_low"], "high": row["share_high"], "threshold": row["reference"]}
        if row["is_erased"] is None:
            yield found | _not_judged(row["reason"] or "there is no interval")
        else:
            said = "the share is shown to be below a fifth of the population's" if row["is_erased"] else None
            yield found | {"verdict": FAILED if row["is_erased"] else PASSED, "reason": said}


def _share(rule: ShareBounds, tables: Tables) -> Iterator[Found]:
    names = ("corrected_share", "corrected_low", "corrected_high", "corrected_reason")
    names = names if rule.corrected else ("share", "share_low", "share_high", "reason")
    for row in _in_scope(rule, tables["representation"]).iter_rows(named=True):
        observed, low, high, reason = (row[name] for name in names)
        found = _taken(row, *_SHOWN) | {"measure": names[0], "observed": observed, "low": low, "high": high}
        judged = weigh(rule, found | {"reason": reason}, rule.least, rule.most)
        is_low = observed is not None and observed < rule.least
        yield judged | {"threshold": rule.least if is_low else rule.most}


def _calibration(rule: Calibration, tables: Tables) -> Iterator[Found]:
    rows = tables["calibration"].filter(pl.col("kind").is_in(list(rule.figures)), pl.col("goal").is_not_null())
    for field, column in (("axes", "axis"), ("embedders", "embedder")):
        if getattr(rule, field) is not None:
            rows = rows.filter(pl.col(column).is_in(list(getattr(rule, field))))
    for row in rows.iter_rows(named=True):
        found = _taken(row, "axis", "embedder", "low", "high") | {"observed": row["value"]}
        found |= {"measure": f"{row['kind']}: {row['name']}"}
        if row["met"] is None or row["value"] is None:
            yield found | _not_judged(f"the figure is missing (goal: {row['goal']})")
        else:
            missed = None if row["met"] else f"misses its goal, {row['goal']}"
            yield found | {"verdict": PASSED if row["met"] else FAILED, "reason": missed}


_JUDGES: dict[str, Callable[..., Iterator[Found]]] = {
    "association": _association,
    "worsening": _worsening,
    "refusals": _refusals,
    "population": _against_population,
    "erasure": _erasure,
    "share": _share,
    "calibration": _calibration,
}
