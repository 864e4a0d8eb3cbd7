"""Rows of what people say: two raters, who agree on one nurse and differ on another."""

import polars as pl

from tests.sql.rows import AUDIT, MOMENTS, NEW

AGREE: list[dict] = [
    {"labels_1": "zero-shot", "embedder_1": "clip", "labels_2": "pixels", "n_labellers": 2, "n_images": 9, "n_told": 8, "n_same": 6,
     "alpha": 0.4, "alpha_low": 0.1, "alpha_high": 0.7, "told_alpha": 0.5, "told_low": 0.2, "told_high": 0.8},
    {"labels_1": None, "n_labellers": 3, "n_images": 9, "n_told": 0, "n_same": 0, "reason": "too few", "told_reason": "too few"},
]  # fmt: skip


def people_tables() -> dict[str, pl.DataFrame]:
    """Two raters agree on one nurse and differ on another."""
    key = {"system": "sd", "system_version": NEW, "audit": AUDIT, "axis": "gender"}
    by = key | {"labels": "zero-shot", "embedder": "clip", "group_name": "woman"}
    agreement = {"n_drawn": 2, "n_raters": 2, "n_rated": 2, "n_single": 0, "n_agreed": 1, "n_settled": 0, "n_open": 1,
                 "n_no_group": 0, "alpha": 0.0, "alpha_low": -0.5, "alpha_high": 1.0, "told_reason": "too few"}  # fmt: skip
    share = {
        "concept": "nurse",
        "n_images": 2,
        "n_rated": 1,
        "n_group": 1,
        "n_open": 1,
        "method": "rogan-gladen",
        "share": 0.75,
    }
    return {
        "rater_agreement": pl.DataFrame([key | agreement]),
        "labeller_agreement": pl.DataFrame([key | one for one in AGREE]),
        "people_confusion": pl.DataFrame([by | {"answer": "woman", "n_images": 1, "n_known": 1, "rate": 1.0}]),
        "people_shares": pl.DataFrame([by | share]),
    }


def draw_rows() -> pl.DataFrame:
    about = {
        "draw": "d",
        "audit": AUDIT,
        "system_version": NEW,
        "seed": 1,
        "scheme": "all",
        "concept": "nurse",
        "n_concept": 2,
    }
    return pl.DataFrame([about | {"place": n, "image_id": f"image{n}", "sha256": "s", "path": "p"} for n in (1, 2)])


def vote_rows() -> pl.DataFrame:
    about = {"draw": "d", "axis": "gender", "is_adjudication": False, "source": "page", "voted_at": MOMENTS[0]}
    given = [("image1", "ada", "man"), ("image1", "ada", "woman"), ("image1", "ben", "woman"), ("image2", "ada", "man"),
             ("image2", "ben", "woman")]  # fmt: skip
    return pl.DataFrame(
        [about | {"image_id": image, "rater": rater, "answer": answer} for image, rater, answer in given]
    )
