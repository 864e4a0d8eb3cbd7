"""Ranks of system versions: among those that were audited alike, with a reason where there is no mean."""

import polars as pl

from mcas_assets.measure.system_ranks import rank_systems
from mcas_assets.store.schema import frame_schema


def means(*rows: tuple[str, float | None]) -> pl.DataFrame:
    about = {"audit": "gender", "axis": "gender", "embedder": "clip", "estimand": "these prompts"}
    told = [
        about | {"system": "s", "system_version": version, "mean_adjusted": mean}
        | ({"adjusted_low": mean - 0.1, "adjusted_high": mean + 0.1} if mean is not None else {"reason": "no image"})
        for version, mean in rows
    ]  # fmt: skip
    return pl.DataFrame(told, schema=frame_schema("mean_scores"))


def test_systems_rank_by_their_mean_and_may_change_places_where_means_are_unsure():
    table = rank_systems("s@1", means(("s@1", 0.0), ("s@2", 0.05), ("s@3", 1.0)), 0.95)
    columns = ("ranked", "rank", "rank_low", "rank_high", "n_ranked")
    assert table.select(columns).rows() == [("s@1", 3, 2, 3, 3), ("s@2", 2, 2, 3, 3), ("s@3", 1, 1, 1, 3)]
    assert set(table["system_version"]) == {"s@1"}


def test_a_version_without_a_mean_is_named_with_the_reason_and_not_ranked():
    table = rank_systems("s@1", means(("s@1", 0.0), ("s@2", None)), 0.95)
    assert table.select("ranked", "rank", "n_ranked", "reason").rows() == [
        ("s@1", 1, 1, None),
        ("s@2", None, 1, "no image"),
    ]
