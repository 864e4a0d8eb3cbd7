"""The frames that the rules of images and of imports see: what was asked for, what is there, and what the files hold."""

import json

import polars as pl

from mcas_assets.images.match_given import MATCHED
from mcas_assets.quality.frames import or_missing


def image_frame(planned: pl.DataFrame, images: pl.DataFrame, looks: pl.DataFrame) -> pl.DataFrame:
    """Every planned request with its image row and what its file holds.

    Args:
        planned: Rows of the plan: prompt_id, role, axis, pole, concept, replicate.
        images: The same columns, and image_id, outcome, reason, sha256, path, width and height (pixels, as
            requested); `stated_size` where the system itself said another ("1376x768"), else null or no column.
        looks: What the files hold, by path: rows of `looks.SCHEMA`. A file without a row is not there.

    Returns:
        One row for each pair of a planned request and an image row of it, a planned request without any (its
        image_id null), and an image row that was not planned. The columns of both, `size` ("64x64", as stated, else as
        requested), `is_alike` (every image of the prompt shows the same as this one; null where there is one alone), and for rows
        that state a path: `file_exists`, `has_file` (1 for an image that has one), `file_sha256`,
        `digest_agrees`, `decodable`, `decoded_width`, `decoded_height` (pixels), `decoded_size`. Null where there is
        nothing to look at.
    """
    key = ["prompt_id", "role", "axis", "pole", "concept", "replicate"]
    joined = planned.select(key).join(images, on=key, how="full", nulls_equal=True, coalesce=True)
    stated = ["stated_size"] if "stated_size" in images.columns else []
    return joined.join(looks, on="path", how="left", maintain_order="left").with_columns(
        file_exists=pl.col("file_exists").fill_null(value=False),
        has_file=((pl.col("outcome") == "ok") & pl.col("file_exists").fill_null(value=False)).cast(pl.Int8),
        digest_agrees=pl.col("file_sha256").eq_missing(pl.col("sha256")),
        is_alike=_is_alike(),
        size=pl.coalesce(*stated, pl.format("{}x{}", "width", "height")),
        decoded_size=pl.format("{}x{}", "decoded_width", "decoded_height"),
        is_mixed=pl.when(pl.col("image_id").is_not_null()).then(
            pl.col("record").is_null().filter(pl.col("image_id").is_not_null()).n_unique() > 1
        ),
    )


def import_frame(account: pl.DataFrame, images: pl.DataFrame, planned: pl.DataFrame) -> pl.DataFrame:
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
        match_or_missing=or_missing("match"),
        prompt_id_or_missing=pl.when(is_matched | (pl.col("match") == "lacking")).then(or_missing("prompt_id")),
        n_images=pl.when(is_matched).then(pl.col("n_images").fill_null(0)),
        n_use=pl.when(is_matched).then(pl.col("n_records").sum().over(*use)),
        n_outcomes=pl.when(is_matched).then(pl.Series(told, dtype=pl.Int64)),
        n_lacking=pl.when(pl.col("match") == "lacking").then("n_records"),
        is_lacking=pl.col("match") == "lacking",
    )


def _is_alike() -> pl.Expr:
    """Images of one prompt are of several seeds: where all show the same, pixel by pixel, seeds change nothing."""
    is_one_of_several = pl.col("shows").is_not_null() & (
        pl.col("image_id").filter(pl.col("shows").is_not_null()).n_unique() > 1
    )
    return pl.when(is_one_of_several.over("prompt_id")).then(
        pl.col("shows").drop_nulls().n_unique().over("prompt_id") == 1
    )
