"""Rows of known content of the tables of shares."""

import polars as pl

from mcas_assets.store.schema import frame_schema
from tests.sql.rows import AUDIT, NEW


def share_rows() -> pl.DataFrame:
    """Shares of the nurse by clip, corrected, and by pixels, not."""
    key = {"system": "sd", "system_version": NEW, "audit": AUDIT, "axis": "gender", "concept": "nurse"}
    counts = {"n_prompts": 1, "n_requested": 10, "n_missing": 1, "n_abstained": 1, "n_counted": 8, "n_known": 8}
    rows = []
    for labels, embedder in (("zero-shot", "clip"), ("pixels", None)):
        for group, n in (("man", 2), ("woman", 6)):
            corrected = n / 8 + (0.05 if n > 4 else -0.05) if embedder else None
            row = {"labels": labels, "embedder": embedder, "group_name": group, "n_group": n, "outcomes": "{}"}
            shares = {"share": n / 8, "share_low": n / 8 - 0.2, "share_high": n / 8 + 0.2, "corrected_share": corrected}
            rows.append(key | counts | row | shares)
    return pl.DataFrame(rows, infer_schema_length=None)


def confusion_rows() -> pl.DataFrame:
    """Two of three men are read right and one not at all."""
    cells = [("man", 2, 2 / 3), ("woman", 0, 0.0), ("no group", 1, 1 / 3)]
    rows = [
        {
            "system": "phantom", "system_version": NEW, "audit": AUDIT, "axis": "gender", "labels": "zero-shot",
            "embedder": "clip", "group_name": "man", "answer": answer, "n_images": n, "n_known": 3, "rate": rate,
        }
        for answer, n, rate in cells
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=frame_schema("confusion"))


def cell_rows() -> pl.DataFrame:
    """Men are shown light; of men who are dark there are too few."""
    key = {
        "system": "sd",
        "system_version": NEW,
        "audit": AUDIT,
        "axis_1": "gender",
        "labels_1": "zero-shot",
        "embedder": "clip",
    }
    key |= {"axis_2": "tone", "labels_2": "zero-shot", "scope": "all concepts", "group_1": "man"}
    cells = [
        {"group_2": "dark", "n_cell": 1, "share_high": 0.1, "reason": "few", "ratio_reason": "few"},
        {"group_2": "light", "n_cell": 49, "share": 0.98, "share_low": 0.9, "share_high": 1.0, "impact_ratio": 1.0},
    ]
    return pl.DataFrame([key | {"n_counted": 50, "n_effective": 50.0} | one for one in cells], infer_schema_length=None)


def comparison_rows() -> pl.DataFrame:
    """Women among the nurses, by clip: more than at parity, fewer than in the town; engineers all but none."""
    key = {
        "system": "sd",
        "system_version": NEW,
        "audit": AUDIT,
        "axis": "gender",
        "labels": "zero-shot",
        "embedder": "clip",
    }
    rows = []
    for concept, share, references, verdicts in (
        ("nurse", 0.7, (0.5, 0.9), ("over-represented", "under-represented")),
        ("engineer", 0.0, (0.5, 0.12), ("under-represented", "under-represented")),
    ):
        for population, year, reference, verdict in zip(
            ("parity", "town"), (None, 2020), references, verdicts, strict=True
        ):
            row = {
                "concept": concept,
                "group_name": "woman",
                "population": population,
                "locale": population,
                "year": year,
            }
            row |= {
                "share": share,
                "is_corrected": True,
                "reference": reference,
                "verdict": verdict,
                "survives_missing": True,
            }  # ty: ignore[unsupported-operator]
            rows.append(key | row | {"depends_on_population": verdicts[0] != verdicts[1], "is_erased": share == 0})
    return pl.DataFrame(rows, infer_schema_length=None)


def direction_rows() -> pl.DataFrame:
    """What the town associates is made stronger; parity associates nothing."""
    key = {"system": "sd", "system_version": NEW, "audit": AUDIT, "axis": "gender", "labels": "zero-shot",
           "embedder": "clip", "measure": "share", "n_concepts": 2, "is_weighted": False, "estimand": "these prompts"}  # fmt: skip
    town = {"population": "town", "mean": 0.2, "low": 0.1, "high": 0.3, "n_images": 8, "n_effective": 6.0}
    parity = {"population": "parity", "reason": "the population associates no concept with a group"}
    return pl.DataFrame([key | town, key | parity], infer_schema_length=None)
