"""Tables that no stage of an audit makes, and that are checked all the same: the canary's windows, the parts of factors."""

import polars as pl

from mcas_assets.quality.changes import EXPLAINED, TESTED, lacks
from mcas_assets.quality.expectations import among, between, equal
from mcas_assets.quality.frames import inside, unexplained
from mcas_assets.stages.contract import Checked, Table
from mcas_assets.watch.canary import CHANGED, FIRST, NOT_SHOWN, VERDICTS

_TOLERANCE = 1e-6


def _canary(checked: Checked) -> pl.DataFrame:
    """`expected_verdict` follows from the p-values and the level; windows of older homes had alpha for each."""
    answered = pl.col("n_images") + pl.col("n_refused")
    expected = (
        pl.when(pl.col("previous").is_null())
        .then(pl.lit(FIRST))
        .when(pl.min_horizontal("p_value", "reference_p_value") <= pl.coalesce("level", "alpha"))
        .then(pl.lit(CHANGED))
        .otherwise(pl.lit(NOT_SHOWN))
    )
    return checked.rows.with_columns(
        expected_verdict=expected,
        n_accounted=answered + pl.col("n_lost"),
        share_answered=answered / pl.col("n_requested"),
        is_unexplained_null=unexplained("energy_distance", "reason"),
    )


def _attributions(checked: Checked) -> pl.DataFrame:
    """`n_of_factor` is how many rows a factor has, `n_of_each` how many that has which has most.

    `share_sum_error` is what the factors' shares miss of 1 (null where there are none, and for single concepts).
    """
    one = ["before", "after", "audit", "axis", "embedder"]
    is_whole = pl.col("concept").is_null()
    share_sum = pl.col("share").filter(is_whole).sum().over(one)
    is_lacking = pl.when(is_whole).then(pl.col("share").is_null()).otherwise(lacks("effect"))
    counted = checked.rows.with_columns(n_of_factor=pl.len().over([*one, "factor"]))
    return counted.with_columns(
        concept_or_all=pl.col("concept").fill_null("all"),
        n_of_each=pl.col("n_of_factor").max().over(one),
        share_sum_error=pl.when(pl.col("share").is_not_null()).then((share_sum - 1).abs()),
        is_effect_in_interval=inside("effect", "low", "high") | pl.col("low").is_null(),
        is_share_in_interval=inside("share", "share_low", "share_high") | pl.col("share_low").is_null(),
        is_unexplained_null=is_lacking & pl.col("reason").is_null(),
    )


CANARY = Table(
    "canary",
    key=("system_version", "window_number"),
    frame=_canary,
    expected_rows=lambda checked: checked.rows["window_number"].n_unique(),
    rules={
        "windows count from 1": between("window_number", 1, None),
        "every answer is accounted for": equal("n_accounted", "n_requested"),
        "verdict is known": among("verdict", VERDICTS),
        "verdict follows from the p-value": equal("verdict", "expected_verdict"),
        "distance within [0, 2 sqrt 2]": between("energy_distance", 0, 2 * 2**0.5),
        "p_value in (0, 1]": between("p_value", 0, 1, above_low=True),
        "reference_p_value in (0, 1]": between("reference_p_value", 0, 1, above_low=True),
        "level in (0, 1]": between("level", 0, 1, above_low=True),
        "null distance has a reason": among("is_unexplained_null", (False,)),
    },
    hints={"half of what was asked was answered": between("share_answered", 0.5, 1)},
)
ATTRIBUTIONS = Table(
    "attributions",
    key=("before", "after", "audit", "axis", "embedder", "factor", "concept_or_all"),
    frame=_attributions,
    rules={
        "after is this version": equal("after", "system_version"),
        "every factor has an effect on the same concepts": equal("n_of_factor", "n_of_each"),
        "effect lies in its interval": among("is_effect_in_interval", (True,)),
        "share lies in its interval": among("is_share_in_interval", (True,)),
        "shares sum to 1": between("share_sum_error", 0, _TOLERANCE),
        **TESTED,
        **EXPLAINED,
    },
)
BESIDE = (CANARY, ATTRIBUTIONS)
