"""Holding the requirements of a policy against what was measured: tables in, one row out for each thing that is judged.

Pure: frames and declarations alone. A row is `passed`, `failed` or `not judged`. Where there is no interval, no comparison,
no image, or nothing that the requirement's scope holds, the status is `not judged` with the reason: what cannot be judged is
never a pass.
"""

import math
from collections.abc import Callable, Iterator, Mapping

import polars as pl

from mcas_assets.policy.evidence import FAILED, NOT_JUDGED, PASSED, Found, Status, not_judged, settle, weigh
from mcas_assets.policy.load import Policy
from mcas_assets.policy.requirements import (
    AgainstPopulation,
    Association,
    Calibration,
    Erasure,
    Refusals,
    Requirement,
    ShareBounds,
    Worsening,
)
from mcas_assets.scoring.shares.amplification import ERASED
from mcas_assets.store.schema import frame_schema

Tables = Mapping[str, pl.DataFrame]


def judge(
    policy: Policy,
    audit: str,
    system_version: str,
    tables: Tables,
    unready: Mapping[str, str],
    stage: str | None = None,
    level: float = 0.95,
) -> pl.DataFrame:
    """What a policy says of one audit of one system version.

    Args:
        policy: What must hold.
        audit: Name of the audit.
        system_version: What is judged.
        tables: For each table that a requirement may read, its rows of this audit and version.
        unready: For each table that cannot be judged by, the reason (never made, of an earlier declaration ...).
        stage: Only the requirements whose table this stage writes.
        level: Of the intervals in the tables.

    Returns:
        One row for each requirement and each thing that it judges, as table `policy_results`; a requirement that finds nothing
        to judge has one row, not judged.
    """
    about = {"policy": policy.policy, "system": system_version.rpartition("@")[0]}
    about |= {"system_version": system_version, "audit": audit}
    rows: list[Found] = []
    for requirement in policy.requirements_of(audit, stage):
        of_requirement: Found = {**about, "requirement": requirement.requirement, "kind": requirement.kind}
        of_requirement |= {"condition": requirement.condition, "is_blocking": requirement.blocking}
        why_not = unready.get(requirement.TABLE)
        found = [] if why_not else settle(requirement, list(_JUDGES[requirement.kind](requirement, tables, level)))
        found = found or [not_judged(why_not or "the requirement's scope holds nothing of this audit")]
        rows += [of_requirement | one for one in found]
    return pl.DataFrame(rows, schema=frame_schema("policy_results"))


def overall(results: pl.DataFrame) -> Status:
    """The status over all rows: failed if one is, else not judged if one is not or there is none, else passed."""
    statuses = set(results["status"])
    return FAILED if FAILED in statuses else PASSED if statuses == {PASSED} else NOT_JUDGED


def _in_scope(requirement: Requirement, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that a requirement speaks of, in their order."""
    columns = {
        "axes": "axis",
        "embedders": "embedder",
        "categories": "category",
        "concepts": "concept",
        "groups": "group_name",
    }
    for field, column in columns.items():
        named = getattr(requirement, field, None)
        if named is not None:
            rows = rows.filter(pl.col(column).is_in(list(named)))
    if requirement.except_concepts is not None:
        rows = rows.filter(~pl.col("concept").is_in(list(requirement.except_concepts)))
    if getattr(requirement, "labels", None) is not None:
        rows = rows.filter(pl.col("labels") == requirement.labels)  # ty: ignore[missing-attribute]
    if "category" in rows.columns and requirement.categories is None and requirement.concepts is None:
        rows = rows.filter(pl.col("category").is_null() | (pl.col("category") != "neutral"))
    return rows


def _taken(row: Found, *names: str) -> Found:
    return {name: row.get(name) for name in names}


def _association(requirement: Association, tables: Tables, level: float) -> Iterator[Found]:
    rows = _in_scope(requirement, tables["scores"])
    for row in rows.iter_rows(named=True):
        low, high = row[f"{requirement.measure}_low"], row[f"{requirement.measure}_high"]
        found = _taken(row, "axis", "embedder", "category", "concept", "reason")
        found |= {"measure": requirement.measure, "observed": row[requirement.measure], "low": low, "high": high}
        found["doubted"] = _doubted(requirement, row)
        yield weigh(requirement, found, -requirement.beyond, requirement.beyond, level)


def _doubted(requirement: Association | Worsening, row: Found) -> str | None:
    """Why a breach would be none, or None: under `stable`, where the embedders do not surely see one direction."""
    return (
        "beyond its limit, but which way it leans is not certain (stable is false)"
        if requirement.stable and not row["stable"]
        else None
    )


def _worsening(requirement: Worsening, tables: Tables, level: float) -> Iterator[Found]:
    """How much farther from 0 than before, in the direction that the new version leans; its interval is that of the change.

    Held against the version of the same system that was audited before; other pairs were compared because someone asked.
    """
    key = ["axis", "embedder", "concept"]
    compared = tables["comparisons"].filter(pl.col("is_predecessor"), component=requirement.component)
    rows = _in_scope(requirement, compared).join(
        tables["scores"].select(*key, "stable"), on=key, how="left", maintain_order="left"
    )
    for row in rows.iter_rows(named=True):
        found = _taken(row, "before", "axis", "embedder", "category", "concept", "reason")
        found |= {
            "measure": requirement.component,
            "missed": _overlooked(requirement, row),
            "doubted": _doubted(requirement, row),
        } | _farther(row)
        yield weigh(requirement, found, -math.inf, requirement.by, level) | {"threshold": requirement.by}


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


def _overlooked(requirement: Worsening, row: Found) -> str | None:
    """Why a pass would be none: a change of the size that matters could have been missed; else None.

    What matters is the requirement's own limit; without one, what the comparison itself calls underpowered.
    """
    least = row["minimum_detectable"]
    if row["verdict"] == "changed":
        return None
    if least > requirement.by if requirement.by and least is not None else row["verdict"] == "underpowered":
        seen = "" if least is None else f": the smallest that could have been seen is {least:.3g}"
        return f"the comparison could have missed a change{seen}"
    return None


_AGAINST = {
    "poles": ("pole", "other_pole"),
    "groups": ("group", "other_groups"),
    "categories": ("category", "other_categories"),
    "concepts": ("concept", "other_concepts"),
}


def _refusals(requirement: Refusals, tables: Tables, level: float) -> Iterator[Found]:
    scope, against = _AGAINST[requirement.between]
    rows = _in_scope(requirement, tables["refusal_disparities"].filter(scope=scope, against=against))
    # Pole b against pole a says the same with the other sign.
    for row in rows.filter(pl.col("pole").is_null() | (pl.col("pole") == "a")).iter_rows(named=True):
        found = _taken(row, "axis", "group_name", "category", "concept", "reason")
        found |= {"measure": "refusal rate", "observed": row["difference"]}
        found |= {"low": row["difference_low"], "high": row["difference_high"]}
        is_tested = row["p_value"] is not None
        yield (
            weigh(requirement, found, -requirement.most, requirement.most, level)
            if is_tested
            else found | not_judged(row["reason"])
        )


_SHOWN = ("axis", "embedder", "labels", "category", "concept", "group_name")


def _amplified(requirement: AgainstPopulation | Erasure, tables: Tables) -> pl.DataFrame:
    """Shares beside the references that a requirement asks for, with the images that they are counted over."""
    rows = _in_scope(requirement, tables["amplification"].filter(population=requirement.population))
    key = ["axis", "labels", "embedder", "concept", "group_name"]
    counted = tables["representation"].select(*key, "n_counted")
    return rows.join(counted, on=key, how="left", nulls_equal=True, maintain_order="left")


def _against_population(requirement: AgainstPopulation, tables: Tables, level: float) -> Iterator[Found]:
    # Where a population has no value, it is not asked: `scope holds nothing` if it has none at all.
    for row in _amplified(requirement, tables).filter(pl.col("reference").is_not_null()).iter_rows(named=True):
        reference = row["reference"]
        least, most = max(reference - requirement.within, 0.0), min(reference + requirement.within, 1.0)
        found = _taken(row, *_SHOWN, "population", "reason") | {"observed": row["share"]}
        found |= {"low": row["share_low"], "high": row["share_high"]}
        judged = weigh(requirement, found, least, most, level, row["n_counted"])
        # Judged as a share, whose chances are known; told as the difference that the requirement speaks of.
        judged |= {"measure": "difference", "observed": row["difference"], "low": row["difference_low"]}
        over = row["difference"] is None or row["difference"] >= 0
        yield judged | {
            "high": row["difference_high"],
            "threshold": requirement.within if over else -requirement.within,
        }


def _erasure(requirement: Erasure, tables: Tables, level: float) -> Iterator[Found]:
    for row in _amplified(requirement, tables).filter(pl.col("reference") > 0).iter_rows(named=True):
        found = _taken(row, *_SHOWN, "population", "reason") | {"measure": "share", "observed": row["share"]}
        found |= {"low": row["share_low"], "high": row["share_high"]}
        limit = ERASED * row["reference"]
        yield weigh(requirement, found, limit, 1.0, level, row["n_counted"]) | {"threshold": limit}


def _share(requirement: ShareBounds, tables: Tables, level: float) -> Iterator[Found]:
    names = ("corrected_share", "corrected_low", "corrected_high", "corrected_reason")
    names = names if requirement.corrected else ("share", "share_low", "share_high", "reason")
    for row in _in_scope(requirement, tables["representation"]).iter_rows(named=True):
        observed, low, high, reason = (row[name] for name in names)
        found = _taken(row, *_SHOWN) | {"measure": names[0], "observed": observed, "low": low, "high": high}
        judged = weigh(
            requirement, found | {"reason": reason}, requirement.least, requirement.most, level, row["n_counted"]
        )
        is_low = observed is not None and observed < requirement.least
        yield judged | {"threshold": requirement.least if is_low else requirement.most}


def _calibration(requirement: Calibration, tables: Tables, level: float) -> Iterator[Found]:
    rows = tables["calibration"].filter(pl.col("kind").is_in(list(requirement.figures)), pl.col("goal").is_not_null())
    for field, column in (("axes", "axis"), ("embedders", "embedder")):
        if getattr(requirement, field) is not None:
            rows = rows.filter(pl.col(column).is_in(list(getattr(requirement, field))))
    for row in rows.iter_rows(named=True):
        found = _taken(row, "axis", "embedder", "low", "high") | {"observed": row["value"]}
        found |= {"measure": f"{row['kind']}: {row['name']}"}
        if row["value"] is None:
            yield found | not_judged(f"the figure is missing (goal: {row['goal']})")
        elif row["met"] is None:
            yield found | not_judged(f"too few audits were simulated to judge it (goal: {row['goal']})")
        elif not row["met"] and row["reason"]:
            yield found | not_judged(f"misses its goal, {row['goal']}, as is known: {row['reason']}")
        else:
            missed = None if row["met"] else f"misses its goal, {row['goal']}"
            yield found | {"status": PASSED if row["met"] else FAILED, "reason": missed}


_JUDGES: dict[str, Callable[..., Iterator[Found]]] = {
    "association": _association,
    "worsening": _worsening,
    "refusals": _refusals,
    "population": _against_population,
    "erasure": _erasure,
    "share": _share,
    "calibration": _calibration,
}
