"""Which images and requests of two versions are held against each other, on made-up rows."""

from pathlib import Path

import polars as pl
import pytest

from mcas_assets.compare.pairing import pair
from mcas_assets.compare.shares import compare_refusals
from mcas_assets.declare.audit import load_audit

AUDIT = load_audit(Path(__file__).parents[1] / "data" / "moved.yaml")


def image_rows(outcomes: list[str], seeds: list[int], concept: str = "golfer") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "role": "concept", "axis": None, "pole": None, "concept": concept, "prompt_id": "p", "seed": seeds,
            "outcome": outcomes, "sha256": [f"{seed}" if one == "ok" else None for seed, one in zip(seeds, outcomes, strict=True)],
        },
        schema_overrides={"axis": pl.String, "pole": pl.String, "sha256": pl.String},
    )  # fmt: skip


def test_only_images_of_one_prompt_and_seed_are_paired_and_the_others_are_counted():
    before = image_rows(["ok", "ok", "ok", "refused_prompt"], [1, 2, 3, 4])
    after = image_rows(["ok", "failed", "ok", "ok"], [1, 2, 5, 4])
    found = pair(AUDIT, before, after)
    assert found.before["seed"].to_list() == found.after["seed"].to_list() == [1]
    assert found.images() == (1, 2, 2)
    assert len(found.requests) == 5


def test_a_concept_that_is_no_longer_asked_is_left_out():
    gone = image_rows(["ok"], [1], "plumber")
    assert len(pair(AUDIT, gone, gone).requests) == 0


def test_refusals_are_paired_by_request_and_unsettled_ones_are_counted():
    seeds = list(range(12))
    before = image_rows(["ok"] * 12, seeds)
    after = image_rows(["refused_output"] * 9 + ["timeout"] + ["ok"] * 2, seeds)
    about = {
        "system": "s",
        "system_version": "s@b",
        "before": "s@a",
        "after": "s@b",
        "is_predecessor": True,
        "audit": "moved",
    }
    found = compare_refusals(AUDIT, about, pair(AUDIT, before, after))
    golfer = found.filter(subject="golfer").row(0, named=True)
    assert (golfer["n_pairs"], golfer["n_unsettled"], golfer["n_refused_after"]) == (11, 1, 9)
    assert (golfer["verdict"], golfer["difference"]) == ("changed", pytest.approx(9 / 11))
    assert golfer["p_value"] == pytest.approx(1 / 2**9)
    assert found.filter(subject="secretary")["reason"][0] == "no request settled by both"
