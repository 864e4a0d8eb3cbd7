"""Rows of known content of what is said of the pictures themselves."""

import polars as pl

from mcas_assets.store.schema import frame_schema
from tests.sql.rows import AUDIT, NEW, OLD

ABOUT = {"system": "sd", "system_version": NEW, "audit": AUDIT, "embedder": "clip"}


def fidelity_tables() -> dict[str, pl.DataFrame]:
    """Nurses are nearest to their prompt in half of the images, pilots in all; women are drawn worse."""
    aligned = [
        {"scope": "concept", "category": "occupations", "concept": "nurse", "n_images": 4, "alignment": 0.2, "first_share": 0.5},
        {"scope": "concept", "category": "occupations", "concept": "pilot", "n_images": 4, "alignment": 0.3, "first_share": 1.0},
        {"scope": "all", "n_images": 8, "alignment": 0.25, "first_share": 0.75},
        {"scope": "group", "axis": "gender", "labels": "zero-shot", "group_name": "woman", "n_images": 3, "alignment": 0.2,
         "difference": -0.1, "difference_low": -0.2, "difference_high": -0.05},
    ]  # fmt: skip
    varied = [
        {"category": "occupations", "concept": "nurse", "n_images": 4, "similarity": 0.9, "vendi": 1.2},
        {"category": "occupations", "concept": "pilot", "n_images": 4, "similarity": 0.4, "vendi": 3.0},
    ]
    return {
        "alignment": pl.DataFrame([ABOUT | row for row in aligned], schema=frame_schema("alignment")),
        "diversity": pl.DataFrame([ABOUT | row for row in varied], schema=frame_schema("diversity")),
    }


def fidelity_changes() -> pl.DataFrame:
    """Over all the pictures are worse and more alike; of the nurse no change is shown."""
    pair = ABOUT | {"before": OLD, "after": NEW, "is_predecessor": True, "n_pairs": 8}
    rows = [
        {"measure": "alignment", "difference": -0.1, "low": -0.2, "high": -0.05, "q_value": 0.01, "verdict": "changed"},
        {"measure": "similarity", "difference": 0.3, "low": 0.1, "high": 0.5, "q_value": 0.02, "verdict": "changed"},
        {"measure": "alignment", "concept": "nurse", "difference": 0.01, "verdict": "not shown"},
    ]
    return pl.DataFrame([pair | row for row in rows], schema=frame_schema("fidelity_comparisons"))


def tone_rows() -> list[dict]:
    """What a portrait labeller kept: one of the two poles' images is read, under warm light, and of the other no face is found."""
    read = {"monk": 3, "monk_as_shown": 5, "perla": 4, "ita": 50.0, "cast": 9.0, "reason": None}
    unread = {"monk": 0, "monk_as_shown": 0, "perla": None, "ita": None, "cast": None, "reason": "no face"}
    return [
        {"labeller": "portrait@1", "sha256": f"{NEW} {request}", "label": label, "evidence": None, "raw": raw}
        for request, label, raw in (("a 0", "light", read), ("b 0", "no person", unread))
    ]
