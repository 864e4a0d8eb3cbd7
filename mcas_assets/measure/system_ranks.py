"""How the system versions that were audited alike rank on each axis, by their mean adjusted scores."""

import polars as pl
from scipy.special import ndtri

from mcas_assets.scoring.stats.rank_sets import normal_ranks
from mcas_assets.store.schema import frame_schema


def rank_systems(system_version: str, means: pl.DataFrame, level: float) -> pl.DataFrame:
    """Rows of `system_ranks`, for each axis and embedder one for each system version.

    Systems count as independent. That errs to wide: versions that are drawn from the same seeds err alike.

    Args:
        system_version: Whose audit the ranking follows.
        means: Rows of `mean_scores` of one audit, of every version.
        level: Of the intervals of the means, and of all sets of an axis and embedder together.
    """
    rows = []
    about = {"system": system_version.rpartition("@")[0], "system_version": system_version}
    for (axis, embedder), part in means.sort("system_version").group_by("axis", "embedder", maintain_order=True):
        known = part.drop_nulls(["mean_adjusted", "adjusted_low", "adjusted_high"])
        width = (known["adjusted_high"] - known["adjusted_low"]).to_numpy()
        ranks = normal_ranks(known["mean_adjusted"].to_numpy(), width / (2 * float(ndtri((1 + level) / 2))), level)
        places = dict(zip(known["system_version"], zip(ranks.rank, ranks.low, ranks.high, strict=True), strict=True))
        for row in part.iter_rows(named=True):
            place = places.get(row["system_version"])
            numbers = dict(zip(("rank", "rank_low", "rank_high"), map(int, place), strict=True)) if place else {}
            rows.append({
                **about, "audit": row["audit"], "axis": axis, "embedder": embedder, "ranked": row["system_version"],
                "mean_adjusted": row["mean_adjusted"], "n_ranked": len(known), **numbers,
                "reason": None if place else row["reason"] or "the mean has no interval",
            })  # fmt: skip
    return pl.DataFrame(rows, schema=frame_schema("system_ranks"))
