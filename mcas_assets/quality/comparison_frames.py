"""The frames that the rules of comparisons see. See frames.py."""

import polars as pl

from mcas_assets.quality.columns import has_nan, inside, or_missing, unexplained


def comparisons(rows: pl.DataFrame) -> pl.DataFrame:
    """The comparisons' rows, with what the rules compare.

    `verdict_or_missing`, `component_or_missing`; `difference_error` is |difference - (value_after - value_before)|;
    `fewer_images` is the smaller count of the two versions; `is_difference_in_interval` (true where there is none);
    `is_changed_unshown` says that a change is claimed without a q-value or an interval; nulls and NaN as for scores.
    """
    return _compared(rows).with_columns(
        component_or_missing=or_missing("component"),
        difference_error=_change_error(),
        fewer_images=pl.min_horizontal("n_before", "n_after"),
    )


def share_comparisons(rows: pl.DataFrame) -> pl.DataFrame:
    """The same for shares: `measure_or_missing`, `n_apart` (pairs that differ), `difference_error`."""
    return _compared(rows).with_columns(
        measure_or_missing=or_missing("measure"),
        n_apart=pl.col("n_only_before") + pl.col("n_only_after"),
        difference_error=_change_error(),
    )


def refusal_comparisons(rows: pl.DataFrame) -> pl.DataFrame:
    """The same for refusals: `refused_balance` is what the counts of refusals differ by beyond those of one version alone."""
    gained = pl.col("n_refused_after") - pl.col("n_refused_before")
    return _compared(rows).with_columns(
        role_or_missing=or_missing("role"), refused_balance=gained - (pl.col("n_only_after") - pl.col("n_only_before"))
    )


def comparison_summary(rows: pl.DataFrame) -> pl.DataFrame:
    """The summary's rows: `n_by_direction` (changed towards either pole), `is_unexplained_null` of any_p_value, `has_nan`."""
    return rows.with_columns(
        verdict_or_missing=or_missing("verdict"),
        n_by_direction=pl.col("n_towards_a") + pl.col("n_towards_b"),
        is_unexplained_null=unexplained("any_p_value", "reason"),
        has_nan=has_nan(rows),
    )


def comparison_factors(rows: pl.DataFrame) -> pl.DataFrame:
    """The factors' rows: `kind_or_missing`, `is_same` (both versions have one value), `is_unexplained`."""
    return rows.with_columns(
        kind_or_missing=or_missing("kind"),
        is_same=pl.col("value_before").eq_missing(pl.col("value_after")),
        is_unexplained=~pl.col("is_replayable") & pl.col("reason").is_null(),
    )


def attributions(rows: pl.DataFrame) -> pl.DataFrame:
    """The attributions' rows: each factor's effect on each concept, and its share of the change over all.

    `n_of_factor` is how many rows a factor has, `n_of_each` how many that has which has most; `share_sum_error` is what the
    factors' shares miss of 1 (null where there are none, and for single concepts); `is_effect_in_interval` and
    `is_share_in_interval` are no false where there is no interval; nulls and NaN as for comparisons.
    """
    one = ["before", "after", "audit", "axis", "embedder"]
    is_whole = pl.col("concept").is_null()
    share_sum = pl.col("share").filter(is_whole).sum().over(one)
    lacks = pl.when(is_whole).then(pl.col("share").is_null()).otherwise(_lacks("effect"))
    counted = rows.with_columns(n_of_factor=pl.len().over([*one, "factor"]))
    return counted.with_columns(
        concept_or_all=pl.col("concept").fill_null("all"),
        n_of_each=pl.col("n_of_factor").max().over(one),
        share_sum_error=pl.when(pl.col("share").is_not_null()).then((share_sum - 1).abs()),
        is_effect_in_interval=inside("effect", "low", "high") | pl.col("low").is_null(),
        is_share_in_interval=inside("share", "share_low", "share_high"),
        is_unexplained_null=lacks & pl.col("reason").is_null(),
        has_nan=has_nan(rows),
    )


def _lacks(value: str) -> pl.Expr:
    """Whether a value, its interval or its q-value is missing."""
    return pl.any_horizontal(pl.col(value, "q_value", "low").is_null())


def _compared(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        verdict_or_missing=or_missing("verdict"),
        is_difference_in_interval=inside("difference", "low", "high") | pl.col("low").is_null(),
        is_unexplained_null=_lacks("difference") & pl.col("reason").is_null(),
        is_changed_unshown=(pl.col("verdict") == "changed") & (pl.col("q_value").is_null() | pl.col("low").is_null()),
        has_nan=has_nan(rows),
    )


def _change_error() -> pl.Expr:
    return (pl.col("difference") - (pl.col("value_after") - pl.col("value_before"))).abs()
