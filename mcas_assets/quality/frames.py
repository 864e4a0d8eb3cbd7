"""The frames that the rules see: rows as stored, with what can only be seen by looking at files and vectors.

Great Expectations looks at scalars only, and passes over nulls. So vectors are reduced to length and norm by
DuckDB, image files to digest and size, and where a null would be a fault the value is spelled out in a column
of its own.
"""

import hashlib
import io
import json
import warnings
from pathlib import Path

import polars as pl
from duckdb import DuckDBPyConnection
from PIL import Image, UnidentifiedImageError

from mcas_assets.matching import MATCHED
from mcas_assets.quality.rules import COMPONENTS
from mcas_assets.store.database import framed

_MISSING = "missing"


def plan(rows: pl.DataFrame) -> pl.DataFrame:
    """The plan's rows, and `pole_or_missing`."""
    return rows.with_columns(pole_or_missing=_or_missing("pole"))


def texts(rows: pl.DataFrame) -> pl.DataFrame:
    """The texts' rows, with `text_or_missing` (empty where there is none) and `kind_or_missing`."""
    return rows.with_columns(
        text_or_missing=pl.col("text").fill_null("").cast(pl.String), kind_or_missing=_or_missing("kind")
    )


def images(planned: pl.DataFrame, images: pl.DataFrame, home: Path) -> pl.DataFrame:
    """Every planned request with its image row and what its file holds.

    Args:
        planned: Rows of the plan: prompt_id, role, axis, pole, concept, replicate.
        images: The same columns, and image_id, outcome, reason, sha256, path, width and height (pixels, as
            requested); `stated_size` where the system itself said another ("1376x768"), else null or no column.
        home: The folder that paths are relative to.

    Returns:
        One row for each pair of a planned request and an image row of it, a planned request without any (its
        image_id null), and an image row that was not planned. The columns of both, `outcome_or_missing`,
        `size` ("64x64", as stated, else as requested), and for rows that state a path: `file_exists`,
        `file_sha256`, `digest_agrees`, `decodable`, `decoded_width`, `decoded_height` (pixels), `decoded_size`.
        Null where there is nothing to look at.
    """
    key = ["prompt_id", "role", "axis", "pole", "concept", "replicate"]
    joined = planned.select(key).join(images, on=key, how="full", nulls_equal=True, coalesce=True)
    seen = {path: _look_at(home / path) for path in joined["path"].drop_nulls().unique().to_list()}
    files = pl.DataFrame(
        [{"path": path, **look} for path, look in seen.items()],
        schema={
            "path": pl.String,
            "file_exists": pl.Boolean,
            "file_sha256": pl.String,
            "decodable": pl.Boolean,
            "decoded_width": pl.Int64,
            "decoded_height": pl.Int64,
        },
    )
    stated = ["stated_size"] if "stated_size" in images.columns else []
    return joined.join(files, on="path", how="left", maintain_order="left").with_columns(
        outcome_or_missing=_or_missing("outcome"),
        file_exists=pl.col("file_exists").fill_null(value=False),
        digest_agrees=pl.col("file_sha256").eq_missing(pl.col("sha256")),
        size=pl.coalesce(*stated, pl.format("{}x{}", "width", "height")),
        decoded_size=pl.format("{}x{}", "decoded_width", "decoded_height"),
        is_mixed=pl.when(pl.col("image_id").is_not_null()).then(
            pl.col("record").is_null().filter(pl.col("image_id").is_not_null()).n_unique() > 1
        ),
    )


def import_account(account: pl.DataFrame, images: pl.DataFrame, planned: pl.DataFrame) -> pl.DataFrame:
    """The account of an import, held against its images and the plan; empty for a system that draws.

    Args:
        account: Rows of `import_account`.
        images: Rows of `images` of the same version, with the `record` of each fact.
        planned: Rows of the plan.

    Returns:
        The rows of the account, and one with `match_or_missing` 'missing' for each use of a prompt that neither matched nor is
        lacking. `n_images` are the image rows of the use, `n_use` the records that the account gives it, `n_outcomes` the
        outcomes that are told; these and `prompt_id_or_missing` are null for rows that count for no prompt. `n_lacking` are
        the records of a prompt that `is_lacking`.
    """
    if account.is_empty() and images["record"].null_count() == len(images):
        return account.with_columns(
            **dict.fromkeys(("match_or_missing", "prompt_id_or_missing"), pl.lit(None, pl.String)),
            **dict.fromkeys(("n_images", "n_use", "n_outcomes", "n_lacking"), pl.lit(None, pl.Int64)),
            is_lacking=pl.lit(None, pl.Boolean),
        )
    use = ["prompt_id", "role", "axis", "pole", "concept"]
    counts = images.group_by(use).agg(n_images=pl.len().cast(pl.Int64))
    uses = planned.select("prompt_id", "prompt", "role", "axis", "pole", "category", "concept").unique()
    accounted = account.select(*use, "set_prompt", "match", "n_records", "n_ok", "outcomes", "detail")
    both = accounted.join(uses, on=use, how="full", nulls_equal=True, coalesce=True)
    is_matched = pl.col("match").is_in(MATCHED)
    told = [sum(json.loads(text).values()) if text else -1 for text in both["outcomes"]]
    return both.join(counts, on=use, how="left", nulls_equal=True, maintain_order="left").with_columns(
        match_or_missing=_or_missing("match"),
        prompt_id_or_missing=pl.when(is_matched | (pl.col("match") == "lacking")).then(_or_missing("prompt_id")),
        n_images=pl.when(is_matched).then(pl.col("n_images").fill_null(0)),
        n_use=pl.when(is_matched).then(pl.col("n_records").sum().over(*use)),
        n_outcomes=pl.when(is_matched).then(pl.Series(told, dtype=pl.Int64)),
        n_lacking=pl.when(pl.col("match") == "lacking").then("n_records"),
        is_lacking=pl.col("match") == "lacking",
    )


def image_rows(con: DuckDBPyConnection, version: int) -> pl.DataFrame:
    """The images of one materialisation, with `reason`, `record` and `stated_size` of their facts: what `images` above takes."""
    return con.sql(
        "select i.* exclude (version), f.reason, f.record, f.provider ->> '$.size' as stated_size"
        " from images_history i left join image_facts f using (image_id)"
        " where i.version = $version",
        params={"version": version},
    ).pl()


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
        has_nan=_has_nan(rows),
    )


def components(rows: pl.DataFrame) -> pl.DataFrame:
    """The components' rows, and `component_or_missing`, `is_unexplained_null`, `has_nan` as for scores."""
    return rows.with_columns(
        component_or_missing=_or_missing("component"),
        is_unexplained_null=pl.col("value").is_null() & pl.col("reason").is_null(),
        has_nan=_has_nan(rows),
    )


def panel(rows: pl.DataFrame) -> pl.DataFrame:
    """The panels' rows, and `is_unexplained_null`, `has_nan` as for scores, of rank_agreement."""
    return rows.with_columns(is_unexplained_null=_unexplained("rank_agreement", "reason"), has_nan=_has_nan(rows))


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
        labels_or_missing=_or_missing("labels"),
        n_accounted=pl.col("n_counted") + pl.col("n_abstained") + pl.col("n_missing"),
        best_counted=pl.when(delivered > 0).then(pl.col("n_counted") / delivered).max().over("axis", "concept"),
        n_in_groups=pl.col("n_group").sum().over(concept),
        sum_of_shares=_sum("share").over(concept),
        sum_of_corrected=_sum("corrected_share").over(concept),
        is_share_in_interval=_inside("share", "share_low", "share_high"),
        is_corrected_in_interval=_inside("corrected_share", "corrected_low", "corrected_high"),
        is_unexplained_null=_unexplained("share", "reason"),
        is_unexplained_uncorrected=_unexplained("corrected_share", "corrected_reason"),
        has_nan=_has_nan(rows),
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
        is_unexplained_null=_unexplained("difference", "reason") | _unexplained("log_odds", "reason"),
        is_unexplained_direction=_unexplained("directional", "directional_reason"),
        has_nan=_has_nan(rows),
    )


def divergence(rows: pl.DataFrame) -> pl.DataFrame:
    """The divergences' rows, `kind_or_missing`, `excess_error` (from value - floor), nulls and NaN as for scores."""
    return rows.with_columns(
        kind_or_missing=_or_missing("kind"),
        excess_error=(pl.col("excess") - (pl.col("value") - pl.col("floor"))).abs(),
        is_unexplained_null=_unexplained("value", "reason"),
        has_nan=_has_nan(rows),
    )


def refusals(rows: pl.DataFrame) -> pl.DataFrame:
    """The rates' rows, with what the rules compare.

    `n_accounted` is given, refused and lost images together; `rate_error` is |rate - refused / decided|;
    `n_beyond_decided` is by how much n_effective exceeds the decided; `share_lost` is of the requested, over the rows
    of all requests; nulls, NaN and the interval as for shares.
    """
    decided = pl.col("n_given") + pl.col("n_refused")
    return rows.with_columns(
        scope_or_missing=_or_missing("scope"),
        n_accounted=decided + pl.col("n_lost"),
        rate_error=(pl.col("rate") - pl.col("n_refused") / decided).abs(),
        n_beyond_decided=pl.col("n_effective") - decided,
        share_lost=pl.when(pl.col("scope") == "all").then(pl.col("n_lost") / pl.col("n_requested")),
        is_rate_in_interval=_inside("rate", "rate_low", "rate_high"),
        is_unexplained_null=_unexplained("rate", "reason"),
        has_nan=_has_nan(rows),
    )


def refusal_disparities(rows: pl.DataFrame) -> pl.DataFrame:
    """The disparities' rows, `difference_error` and `ratio_error` as for rates, nulls, NaN and the interval as for shares."""
    rate, other = pl.col("rate"), pl.col("against_rate")
    return rows.with_columns(
        against_or_missing=_or_missing("against"),
        unit_or_missing=_or_missing("unit"),
        difference_error=(pl.col("difference") - (rate - other)).abs(),
        ratio_error=(pl.col("ratio") * other - rate).abs(),
        is_difference_in_interval=_inside("difference", "difference_low", "difference_high"),
        is_unexplained_null=_unexplained("difference", "reason"),
        is_unexplained_ratio=_unexplained("ratio", "ratio_reason"),
        has_nan=_has_nan(rows),
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
        verdict_or_missing=_or_missing("verdict"),
        expected_verdict=expected,
        n_accounted=answered + pl.col("n_lost"),
        share_answered=answered / pl.col("n_requested"),
        is_unexplained_null=_unexplained("energy_distance", "reason"),
        has_nan=_has_nan(rows),
    )


def _unexplained(value: str, reason: str) -> pl.Expr:
    return pl.col(value).is_null() & pl.col(reason).is_null()


def _sum(column: str) -> pl.Expr:
    """The sum, or null where a part is."""
    return pl.when(pl.col(column).is_null().any()).then(None).otherwise(pl.col(column).sum())


def _inside(value: str, low: str, high: str) -> pl.Expr:
    """Whether a value lies between its ends, up to rounding: not without them. Null where the value is."""
    inside = pl.col(value).is_between(pl.col(low) - 1e-9, pl.col(high) + 1e-9).fill_null(value=False)
    return pl.when(pl.col(value).is_not_null()).then(inside)


def _or_missing(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).fill_null(_MISSING)


def _has_nan(rows: pl.DataFrame) -> pl.Expr:
    floats = [name for name, dtype in rows.schema.items() if dtype.is_float()]
    return pl.any_horizontal(pl.lit(value=False), *(pl.col(name).is_nan().fill_null(value=False) for name in floats))


def _look_at(file: Path) -> dict[str, bool | str | int | None]:
    """What one file holds. A file that cannot be read or decoded is a finding, not an error."""
    try:
        data = file.read_bytes()
    except OSError:
        return {"file_exists": False}
    found: dict[str, bool | str | int | None] = {
        "file_exists": True,
        "file_sha256": hashlib.sha256(data).hexdigest(),
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as image:
                image.load()
                width, height = image.size
    # Pillow raises these for what is not, or no longer, a whole image; ValueError and SyntaxError come from
    # broken PNGs.
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning):
        return {**found, "decodable": False}
    return {**found, "decodable": True, "decoded_width": width, "decoded_height": height}
