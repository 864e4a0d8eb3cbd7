"""Rows of `score_variances`: what the variance of the scores of an axis by an embedder comes from."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from mcas_assets.declare.audit import Targets
from mcas_assets.scoring.mcas.variance_parts import Part, of_embedders, of_guidance, variance_parts
from mcas_assets.scoring.mcas.vectors import AuditVectors


def variance_rows(about: Mapping[str, str], targets: Targets, vectors: AuditVectors, level: float) -> list[dict]:
    """A row for each source but the embedder, with intervals at `level`. Neutral prompts are not asked."""
    asked = [i for i, (category, _, _) in enumerate(targets) if category != "neutral"]
    return [_row(about, part) for part in (*variance_parts(vectors, asked, level), of_guidance())]


def embedder_rows(about: Mapping[str, str], scores: pl.DataFrame, embedders: Sequence[str], level: float) -> list[dict]:
    """For each axis and embedder the row of how the others of the panel differ from it.

    Args:
        about: What all rows share: system, version, audit.
        scores: Rows of `scores`.
        embedders: The panel.
        level: Of the intervals.
    """
    rows = []
    asked = scores.filter(pl.col("category") != "neutral")
    for axis in asked["axis"].unique(maintain_order=True):
        of = {
            name: asked.filter(axis=axis, embedder=name)["mcas"].cast(pl.Float64).fill_null(np.nan).to_numpy()
            for name in embedders
        }
        for name in embedders:
            part = of_embedders(of[name], [values for other, values in of.items() if other != name], level)
            rows.append(_row({**about, "axis": axis, "embedder": name}, part))
    return rows


def _row(about: Mapping[str, str], part: Part) -> dict:
    return {
        **about, "source": part.source, "variance": part.variance, "variance_low": part.low, "variance_high": part.high,
        "n": part.n, "error": part.error,
        "freedom": part.freedom, "common": part.common, "reason": part.reason,
    }  # fmt: skip
