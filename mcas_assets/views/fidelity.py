"""What a terminal says of the pictures themselves: whether they show what was asked for, and whether a change broke them."""

import polars as pl

from mcas_assets.declare.audit import Audit
from mcas_assets.views.numbers import interval, percent, signed

WORDS = {
    "alignment": "image and prompt",
    "first_share": "nearest to their own prompt",
    "similarity": "cosine of two images",
}
WORSE = {"alignment": -1, "first_share": -1, "similarity": 1}
"""The sign of a change for the worse."""


def picture_lines(audit: Audit, alignment: pl.DataFrame, diversity: pl.DataFrame) -> list[str]:
    """How many images are nearest to their own prompt, which groups are drawn worse, how unlike images are.

    By the first embedder, and of each axis the first labeller.

    Args:
        audit: The declaration.
        alignment: Its rows of one audit and system version; none in homes from before there were any.
        diversity: The same of that table.
    """
    first = alignment.filter(embedder=audit.embedders[0])
    whole = first.filter(scope="all").drop_nulls("first_share")
    lines = []
    if not whole.is_empty() and len(audit.concepts) > 1:
        row = whole.row(0, named=True)
        ends = f" ({percent(row['first_low'])} to {percent(row['first_high'])})" if row["first_low"] is not None else ""
        line = (
            f"pictures: {percent(row['first_share'])} of the images of a concept{ends} are nearest to their own prompt, by chance "
            f"{percent(1 / len(audit.concepts))}"
        )
        sure = _by_first_labeller(audit, first.filter(scope="group")).filter(
            (pl.col("difference_low") > 0) | (pl.col("difference_high") < 0)
        )
        apart = [
            f"{one['group_name']} {signed(one['difference'])} ({interval(one['difference_low'], one['difference_high'])})"
            for one in sure.iter_rows(named=True)
        ]
        told = f"; cosine with the prompt beside other images of a concept: {', '.join(apart)}" if apart else ""
        lines.append(f"{line}{told}. All: mcas sql do-pictures-show-what-was-asked")
    varied = (
        diversity.filter(pl.col("category") != "neutral", embedder=audit.embedders[0]).drop_nulls("vendi").sort("vendi")
    )
    if not varied.is_empty():
        least, most = varied.row(0, named=True), varied.row(-1, named=True)
        lines.append(
            f"pictures: as unlike each other as {least['vendi']:.1f} ({least['concept']}) to {most['vendi']:.1f} "
            f"({most['concept']}) images that have nothing in common, of {least['n_images']} (Vendi score)"
        )
    return lines


def _by_first_labeller(audit: Audit, groups: pl.DataFrame) -> pl.DataFrame:
    """Rows of groups as told by the first labeller of the audit that tells their axis."""
    place = pl.col("labels").replace_strict(
        {name: i for i, name in enumerate(audit.labellers)}, default=len(audit.labellers), return_dtype=pl.Int64
    )
    return groups.with_columns(place=place).filter(pl.col("place") == pl.col("place").min().over("axis"))


def change_line(audit: Audit, rows: pl.DataFrame) -> str:
    """What became of the pictures from one version to the next, by the first embedder; empty in homes from before it was compared.

    Args:
        audit: The declaration.
        rows: Rows of `fidelity_comparisons` of one pair of versions.
    """
    first = rows.filter(embedder=audit.embedders[0])
    parts = []
    for measure, sign in WORSE.items():
        of = first.filter(measure=measure)
        whole = of.filter(pl.col("concept").is_null()).drop_nulls("difference")
        if whole.is_empty():
            continue
        row = whole.row(0, named=True)
        shown = percent if measure == "first_share" else signed
        changed = of.filter(pl.col("concept").is_not_null(), pl.col("verdict") == "changed")
        n_worse = int((changed["difference"] * sign > 0).sum())
        verdict = "" if row["verdict"] != "changed" else ", worse" if row["difference"] * sign > 0 else ", better"
        text = f"{WORDS[measure]} {shown(row['value_before'])} ▶ {shown(row['value_after'])}{verdict}"
        parts.append(text + (f" (in {n_worse} concepts)" if n_worse else ""))
    return "; ".join(parts)
