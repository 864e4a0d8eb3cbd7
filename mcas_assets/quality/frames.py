"""The frames that the rules see: rows as stored, with what can only be seen by looking at files and vectors.

Great Expectations looks at scalars only, and passes over nulls. So vectors are reduced to length and norm by
DuckDB, image files to digest and size, and where a null would be a fault the value is spelled out in a column
of its own.
"""

import polars as pl
from duckdb import DuckDBPyConnection

from mcas_assets.quality.columns import has_nan, inside, or_missing, unexplained
from mcas_assets.quality.rules import COMPONENTS
from mcas_assets.store.database import framed


def plan(rows: pl.DataFrame) -> pl.DataFrame:
    """The plan's rows, and `pole_or_missing`."""
    return rows.with_columns(pole_or_missing=or_missing("pole"))


def texts(rows: pl.DataFrame) -> pl.DataFrame:
    """The texts' rows, with `text_or_missing` (empty where there is none) and `kind_or_missing`."""
    return rows.with_columns(
        text_or_missing=pl.col("text").fill_null("").cast(pl.String), kind_or_missing=or_missing("kind")
    )


def embeddings(con: DuckDBPyConnection, expected: pl.DataFrame) -> pl.DataFrame:
    """The vectors that are expected, and what is stored of them.

    Args:
        con: A connection to the store.
        expected: embedder, kind, content of every vector that should be there.

    Returns:
        The rows of `expected`, with `expected_dim` (of the registered embedder), `dim`, `norm` and
        `is_finite` of the stored vector; those three null where none is stored, `norm` also where the vector
        is not finite.
    """
    rows = expected.select("embedder", "kind", "content").with_row_index("place")
    with framed(con, rows) as asked:
        dims = con.execute(
            f"select distinct dim from embedders where embedder in (select embedder from {asked})"
        ).fetchall()
        parts = " union all ".join(
            f"select embedder, kind, content, array_length(vector) as dim,"
            f" sqrt(array_inner_product(vector, vector)) as norm from embedding_facts_{dim} semi join {asked}"
            " using (embedder, kind, content)"
            for (dim,) in dims
        )
        parts = parts or "select '' as embedder, '' as kind, '' as content, 0 as dim, 0.0 as norm limit 0"
        found = con.sql(f"""
            select a.embedder, a.kind, a.content, e.dim as expected_dim, f.dim, isfinite(f.norm) as is_finite,
                   case when isfinite(f.norm) then f.norm::double end as norm
            from {asked} a left join embedders e using (embedder)
            left join ({parts}) f using (embedder, kind, content)
            order by a.place
        """)
        return found.pl()


def scores(rows: pl.DataFrame) -> pl.DataFrame:
    """The scores' rows, with what the rules compare.

    `component_sum_error` and `differing_error` are absolute differences; `is_unexplained_null` says that mcas
    or a component is null while `reason` is, `has_nan` that a number is NaN, `is_count` that n_images is at
    least 0.
    """
    values = [*COMPONENTS, "mcas"]
    total = sum((pl.col(name) for name in COMPONENTS), pl.lit(0.0))
    return rows.with_columns(
        component_sum_error=(pl.col("mcas") - total).abs(),
        differing_error=(pl.col("differing") - (total - pl.col("ttas"))).abs(),
        is_count=(pl.col("n_images") >= 0).fill_null(value=False),
        is_unexplained_null=pl.any_horizontal(pl.col(values).is_null()) & pl.col("reason").is_null(),
        has_nan=has_nan(rows),
    )


def components(rows: pl.DataFrame) -> pl.DataFrame:
    """The components' rows, and `component_or_missing`, `is_unexplained_null`, `has_nan` as for scores."""
    return rows.with_columns(
        component_or_missing=or_missing("component"),
        is_unexplained_null=pl.col("value").is_null() & pl.col("reason").is_null(),
        has_nan=has_nan(rows),
    )


def panel(rows: pl.DataFrame) -> pl.DataFrame:
    """The panels' rows, and `is_unexplained_null`, `has_nan` as for scores, of rank_agreement."""
    return rows.with_columns(is_unexplained_null=unexplained("rank_agreement", "reason"), has_nan=has_nan(rows))


def representation(rows: pl.DataFrame) -> pl.DataFrame:
    """The shares' rows, with what the rules compare.

    `labels_or_missing`; `n_accounted` is counted, abstained and missing images together; `n_in_groups`,
    `sum_of_shares` and `sum_of_corrected` are sums over the groups of a concept; `best_counted` is the largest part
    of a concept's delivered images that one labeller counts; `is_share_in_interval` and
    `is_corrected_in_interval` say that the estimates lie between their ends; nulls and NaN as for scores.
    """
    concept = ["system_version", "audit", "axis", "labels", "embedder", "concept"]
    delivered = pl.col("n_counted") + pl.col("n_abstained")
    return rows.with_columns(
        labels_or_missing=or_missing("labels"),
        n_accounted=pl.col("n_counted") + pl.col("n_abstained") + pl.col("n_missing"),
        best_counted=pl.when(delivered > 0).then(pl.col("n_counted") / delivered).max().over("axis", "concept"),
        n_in_groups=pl.col("n_group").sum().over(concept),
        sum_of_shares=_sum("share").over(concept),
        sum_of_corrected=_sum("corrected_share").over(concept),
        is_share_in_interval=inside("share", "share_low", "share_high"),
        is_corrected_in_interval=inside("corrected_share", "corrected_low", "corrected_high"),
        is_unexplained_null=unexplained("share", "reason"),
        is_unexplained_uncorrected=unexplained("corrected_share", "corrected_reason"),
        has_nan=has_nan(rows),
    )


def amplification(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows against populations, with what the rules compare.

    `expected_verdict` follows from share_low, share_high and reference, 'none' where one lacks, as `verdict_or_none`;
    `difference_error` is |difference - (share - reference)|; nulls and NaN as for scores.
    """
    low, high, fair = pl.col("share_low"), pl.col("share_high"), pl.col("reference")
    expected = pl.when(low > fair).then(pl.lit("over-represented")).when(high < fair).then(pl.lit("under-represented"))
    known = low.is_not_null() & high.is_not_null() & fair.is_not_null()
    return rows.with_columns(
        verdict_or_none=pl.col("verdict").fill_null("none"),
        expected_verdict=pl.when(known).then(expected.otherwise(pl.lit("not shown"))).otherwise(pl.lit("none")),
        difference_error=(pl.col("difference") - (pl.col("share") - fair)).abs(),
        is_unexplained_null=unexplained("difference", "reason") | unexplained("log_odds", "reason"),
        is_unexplained_direction=unexplained("directional", "directional_reason"),
        has_nan=has_nan(rows),
    )


def divergence(rows: pl.DataFrame) -> pl.DataFrame:
    """The divergences' rows, `kind_or_missing`, `excess_error` (from value - floor), nulls and NaN as for scores."""
    return rows.with_columns(
        kind_or_missing=or_missing("kind"),
        excess_error=(pl.col("excess") - (pl.col("value") - pl.col("floor"))).abs(),
        is_unexplained_null=unexplained("value", "reason"),
        has_nan=has_nan(rows),
    )


def refusals(rows: pl.DataFrame) -> pl.DataFrame:
    """The rates' rows, with what the rules compare.

    `n_accounted` is given, refused and lost images together; `rate_error` is |rate - refused / decided|;
    `n_beyond_decided` is by how much n_effective exceeds the decided; `share_lost` is of the requested, over the rows
    of all requests; nulls, NaN and the interval as for shares.
    """
    decided = pl.col("n_given") + pl.col("n_refused")
    return rows.with_columns(
        scope_or_missing=or_missing("scope"),
        n_accounted=decided + pl.col("n_lost"),
        rate_error=(pl.col("rate") - pl.col("n_refused") / decided).abs(),
        n_beyond_decided=pl.col("n_effective") - decided,
        share_lost=pl.when(pl.col("scope") == "all").then(pl.col("n_lost") / pl.col("n_requested")),
        is_rate_in_interval=inside("rate", "rate_low", "rate_high"),
        is_unexplained_null=unexplained("rate", "reason"),
        has_nan=has_nan(rows),
    )


def refusal_disparities(rows: pl.DataFrame) -> pl.DataFrame:
    """The disparities' rows, `difference_error` and `ratio_error` as for rates, nulls, NaN and the interval as for shares."""
    rate, other = pl.col("rate"), pl.col("against_rate")
    return rows.with_columns(
        against_or_missing=or_missing("against"),
        unit_or_missing=or_missing("unit"),
        difference_error=(pl.col("difference") - (rate - other)).abs(),
        ratio_error=(pl.col("ratio") * other - rate).abs(),
        is_difference_in_interval=inside("difference", "difference_low", "difference_high"),
        is_unexplained_null=unexplained("difference", "reason"),
        is_unexplained_ratio=unexplained("ratio", "ratio_reason"),
        has_nan=has_nan(rows),
    )


def canary(rows: pl.DataFrame) -> pl.DataFrame:
    """The windows' rows, with `n_accounted`, `share_answered`, and the verdict that follows from p-value and alpha."""
    answered = pl.col("n_images") + pl.col("n_refused")
    expected = (
        pl.when(pl.col("previous").is_null())
        .then(pl.lit("first window"))
        .when(pl.col("p_value") <= pl.col("alpha"))
        .then(pl.lit("behaviour changed"))
        .otherwise(pl.lit("not shown"))
    )
    return rows.with_columns(
        verdict_or_missing=or_missing("verdict"),
        expected_verdict=expected,
        n_accounted=answered + pl.col("n_lost"),
        share_answered=answered / pl.col("n_requested"),
        is_unexplained_null=unexplained("energy_distance", "reason"),
        has_nan=has_nan(rows),
    )


def _sum(column: str) -> pl.Expr:
    """The sum, or null where a part is."""
    return pl.when(pl.col(column).is_null().any()).then(None).otherwise(pl.col(column).sum())
