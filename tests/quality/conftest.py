"""For each table a small frame that passes every rule, and the facts it needs."""

import hashlib
import io
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from mcas_assets.quality import comparison_frames, frames, image_frames
from mcas_assets.quality.expectations import EXPECTED_ROWS
from mcas_assets.store.files import write_image

CONCEPTS = ["nurse", "engineer", "pilot"]


def png(seed: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), (seed, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def hex16(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@pytest.fixture(scope="session")
def plan_rows() -> pl.DataFrame:
    rows = []
    prompts = [("a man", "attribute", "gender", "a", None), ("a woman", "attribute", "gender", "b", None)]
    prompts += [(f"a {concept}", "concept", None, None, concept) for concept in CONCEPTS]
    for prompt, role, axis, pole, concept in prompts:
        for replicate in range(4):
            rows.append(
                {
                    "prompt_id": hex16(prompt),
                    "prompt": prompt,
                    "role": role,
                    "axis": axis,
                    "pole": pole,
                    "category": "occupations" if concept else None,
                    "concept": concept,
                    "replicate": replicate,
                    "seed": 1000 + replicate,
                    "batch_id": hex16(prompt + "0"),
                    "position": replicate,
                }
            )
    return pl.DataFrame(rows)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def image_rows(plan_rows: pl.DataFrame, home: Path) -> pl.DataFrame:
    kept = [write_image(home, png(n), ".png") for n in range(len(plan_rows))]
    rows = plan_rows.select("prompt_id", "role", "axis", "pole", "concept", "replicate").with_columns(
        image_id=pl.Series([hashlib.sha256(bytes([n])).hexdigest() for n in range(len(kept))]),
        outcome=pl.lit("ok"),
        reason=pl.lit(None, pl.String),
        sha256=pl.Series([digest for digest, _ in kept]),
        path=pl.Series([path for _, path in kept]),
        width=pl.lit(8),
        height=pl.lit(8),
        record=pl.lit(None, pl.String),
    )
    refused = pl.int_range(pl.len()) == 5  # one request without an image is no fault
    return rows.with_columns(
        outcome=pl.when(refused).then(pl.lit("refused_prompt")).otherwise("outcome"),
        reason=pl.when(refused).then(pl.lit("policy")).otherwise("reason"),
        sha256=pl.when(~refused).then("sha256"),
        path=pl.when(~refused).then("path"),
    )


@pytest.fixture(scope="session")
def imported_rows(image_rows: pl.DataFrame) -> pl.DataFrame:
    """The same images as records of a set."""
    return image_rows.with_columns(record=pl.col("image_id"))


@pytest.fixture(scope="session")
def account_rows(plan_rows: pl.DataFrame) -> pl.DataFrame:
    """What such a set holds: each prompt of the plan four times, one of its images refused, and a prompt of its own."""
    use = ["prompt_id", "prompt", "role", "axis", "pole", "category", "concept"]
    matched = plan_rows.select(use).unique(maintain_order=True).with_columns(
        set_prompt=pl.col("prompt"), match=pl.lit("exact"), n_records=pl.lit(4, pl.Int64), detail=pl.lit(None, pl.String),
        outcomes=pl.Series(['{"ok": 4}', '{"ok": 3, "refused_prompt": 1}', *['{"ok": 4}'] * 3]),
        n_ok=pl.Series([4, 3, 4, 4, 4]),
    )  # fmt: skip
    other = pl.DataFrame({"set_prompt": ["a dog"], "match": ["unmatched"], "n_records": [2], "detail": ["not asked"]})
    return pl.concat([matched, other], how="diagonal")


@pytest.fixture(scope="session")
def score_rows() -> pl.DataFrame:
    n = len(CONCEPTS)
    return pl.DataFrame(
        {
            "system_version": ["s@1"] * n,
            "audit": ["g"] * n,
            "axis": ["gender"] * n,
            "embedder": ["e@1"] * n,
            "concept": CONCEPTS,
            "n_images": [4] * n,
            "iias": [0.1, -0.1, None],
            "itpas": [0.02, 0.01, None],
            "itaas": [0.03, 0.02, 0.01],
            "ttas": [0.0, 0.01, 0.02],
            "mcas": [0.15, -0.06, None],
            "differing": [0.15, -0.07, None],
            "mcas_low": [0.1, -0.1, None],
            "mcas_high": [0.2, 0.0, None],
            "adjusted_low": [0.1, -0.1, None],
            "adjusted_high": [0.2, 0.0, None],
            "p_value": [0.01, 1.0, None],
            "q_value": [0.03, 1.0, None],
            "reason": [None, None, "no image of pole b"],
            "sign_agreement": [1.0, 0.5, None],
        }
    )


@pytest.fixture(scope="session")
def representation_rows() -> pl.DataFrame:
    """Shares of two concepts, one of which has no image."""
    both = {"system_version": "s@1", "audit": "g", "axis": "gender", "labels": "zero-shot", "embedder": "e@1"}
    nurse = both | {
        "concept": "nurse",
        "n_requested": 12,
        "n_missing": 1,
        "n_abstained": 1,
        "n_counted": 10,
        "n_known": 8,
    }
    pilot = both | {
        "concept": "pilot",
        "n_requested": 4,
        "n_missing": 4,
        "n_abstained": 0,
        "n_counted": 0,
        "n_known": 8,
    }
    shares = {"share_low": 0.05, "share_high": 0.95, "share_worst": 0.1, "share_best": 0.9}
    corrected = {"corrected_low": 0.0, "corrected_high": 1.0}
    why = {"reason": "no image", "corrected_reason": "no image was labelled", "n_group": 0}
    return pl.DataFrame(
        [
            nurse | shares | corrected | {"group_name": "man", "n_group": 3, "share": 0.3, "corrected_share": 0.2},
            nurse | shares | corrected | {"group_name": "woman", "n_group": 7, "share": 0.7, "corrected_share": 0.8},
            pilot | why | {"group_name": "man"},
            pilot | why | {"group_name": "woman"},
        ],
        infer_schema_length=None,
    )


@pytest.fixture(scope="session")
def amplification_rows(representation_rows: pl.DataFrame) -> pl.DataFrame:
    key = ["system_version", "audit", "axis", "labels", "embedder", "concept", "group_name"]
    return representation_rows.select(key).with_columns(
        population=pl.lit("parity"),
        locale=pl.lit("any"),
        source=pl.lit("by definition"),
        share=pl.Series([0.2, 0.8, None, None]),
        share_low=pl.Series([0.1, 0.6, None, None]),
        share_high=pl.Series([0.4, 0.9, None, None]),
        reference=pl.lit(0.5),
        difference=pl.Series([-0.3, 0.3, None, None]),
        difference_low=pl.Series([-0.4, 0.1, None, None]),
        difference_high=pl.Series([-0.1, 0.4, None, None]),
        log_odds=pl.Series([-1.4, 1.4, None, None]),
        directional=pl.Series([0.1, 0.1, None, None]),
        verdict=pl.Series(["under-represented", "over-represented", None, None]),
        reason=pl.Series([None, None, "no image", "no image"]),
        directional_reason=pl.Series([None, None, "no share", "no share"]),
    )


@pytest.fixture(scope="session")
def divergence_rows(representation_rows: pl.DataFrame) -> pl.DataFrame:
    key = ["system_version", "audit", "axis", "labels", "embedder", "concept"]
    return (
        representation_rows.filter(group_name="man")
        .select(key)
        .with_columns(
            population=pl.lit("parity"),
            kind=pl.Series(["total_variation", "jensen_shannon"]),
            value=pl.Series([0.2, None]),
            floor=pl.Series([0.1, None]),
            excess=pl.Series([0.1, None]),
            p_value=pl.Series([0.2, None]),
            q_value=pl.Series([0.2, None]),
            reason=pl.Series([None, "no image"]),
        )
    )


def good_comparisons() -> dict[str, pl.DataFrame]:
    """What a comparison writes of two concepts, one of which has no pairs."""
    names = ("difference", "low", "high", "p_value", "q_value", "minimum_detectable", "verdict", "reason")
    pair = {"system_version": "s@2", "before": "s@1", "after": "s@2", "is_predecessor": True, "audit": "g"}
    shown = pair | dict(zip(names, (-0.3, -0.5, -0.1, 0.01, 0.02, 0.2, "changed", None), strict=True))
    nothing = pair | dict.fromkeys(names[:6]) | {"verdict": "underpowered", "reason": "no pair"}
    axis = {"axis": "gender", "embedder": "e@1"}
    nurse = {
        "concept": "nurse",
        "n_pairs": 8,
        "n_only_before": 4,
        "n_only_after": 1,
        "value_before": 0.5,
        "value_after": 0.2,
    }
    pilot = {
        "concept": "pilot",
        "n_pairs": 0,
        "n_only_before": 0,
        "n_only_after": 0,
        "value_before": None,
        "value_after": None,
    }
    score = axis | {"component": "iias", "n_before": 9, "n_after": 8, "noise_band": 0.1}
    share = axis | {"labels": "zero-shot", "group_name": "woman", "measure": "share"}
    counts = ("role", "subject", "n_pairs", "n_refused_before", "n_refused_after", "n_only_before", "n_only_after")
    refused = [
        dict(zip(counts, row, strict=True))
        for row in (("concept", "nurse", 10, 4, 1, 3, 0), ("concept", "pilot", *[0] * 5))
    ]
    head = pair | axis | {"n_concepts": 2, "n_changed": 1, "n_towards_a": 0, "n_towards_b": 1, "any_p_value": 0.01}
    head |= {
        "mean_low": -0.1,
        "mean_high": 0.1,
        "lean_low": -0.1,
        "lean_high": 0.1,
        "verdict": "changed",
        "reason": None,
    }
    told = ("kind", "factor", "stage", "value_before", "value_after", "is_replayable", "reason")
    met = (
        ("weights", "weights", "identity", "a", "b", True, None),
        ("packages", "torch", "images", "1", None, False, "gone"),
    )
    doing = pair | axis | {"concept": None, "factor": "weights", "share": 0.9, "share_low": 0.7, "share_high": 1.2}
    part = (
        pair
        | axis
        | {
            "concept": "nurse",
            "factor": "weights",
            "effect": 0.1,
            "low": 0.0,
            "high": 0.2,
            "p_value": 0.01,
            "q_value": 0.02,
        }
    )
    none = part | {"factor": "interaction", "effect": 0.0, "reason": "the two versions gave the same images"}
    none |= dict.fromkeys(("low", "high", "p_value", "q_value"))
    rest = {"factor": "interaction", "share": 0.1, "share_low": -0.1, "share_high": 0.3}
    rows = {
        "attributions": [doing | {"reason": None}, doing | rest, part, none],
        "comparisons": [shown | score | nurse, nothing | score | pilot],
        "share_comparisons": [shown | share | nurse, nothing | share | pilot],
        "refusal_comparisons": [shown | refused[0], nothing | refused[1]],
        "comparison_summary": [head, head | dict.fromkeys(("axis", "embedder", "n_towards_a", "n_towards_b"))],
        "comparison_factors": [pair | dict(zip(told, row, strict=True)) for row in met],
    }
    made = {table: pl.DataFrame(some, infer_schema_length=None) for table, some in rows.items()}
    return {table: getattr(comparison_frames, table)(frame) for table, frame in made.items()}


@pytest.fixture(scope="session")
def refusal_rows() -> pl.DataFrame:
    """A concept that was refused in part, and one of which nothing was decided."""
    both = {
        "system_version": "s@1", "audit": "g", "scope": "concept", "axis": None, "pole": None, "group_name": None,
        "category": "occupations", "n_prompts": 1,
    }  # fmt: skip
    decided = {"n_given": 6, "n_refused": 2, "n_lost": 2, "rate": 0.25, "n_effective": 8.0, "reason": None}
    bounds = {"rate_low": 0.1, "rate_high": 0.6, "rate_least": 0.2, "rate_most": 0.4}
    lost = {"n_given": 0, "n_refused": 0, "n_lost": 4, "rate": None, "n_effective": 0.0, "reason": "nothing decided"}
    of_all = {"scope": "all", "category": None, "concept": None, "n_requested": 40, "n_given": 38, "n_lost": 0}
    return pl.DataFrame(
        [
            both | decided | bounds | {"concept": "nurse", "n_requested": 10},
            both | lost | {"concept": "pilot", "n_requested": 4, "rate_least": 0.0, "rate_most": 1.0},
            both | decided | bounds | of_all | {"rate": 0.05, "rate_low": 0.01, "rate_least": 0.05},
        ],
        infer_schema_length=None,
    )


@pytest.fixture(scope="session")
def disparity_rows(refusal_rows: pl.DataFrame) -> pl.DataFrame:
    key = ["system_version", "audit", "scope", "axis", "pole", "group_name", "category", "concept"]
    return (
        refusal_rows.head(2)
        .select(key)
        .with_columns(
            against=pl.lit("baseline"),
            rate=pl.Series([0.25, None]),
            against_rate=pl.Series([0.05, 0.05]),
            difference=pl.Series([0.2, None]),
            difference_low=pl.Series([-0.1, None]),
            difference_high=pl.Series([0.5, None]),
            ratio=pl.Series([5.0, None]),
            unit=pl.Series(["image", None]),
            p_value=pl.Series([0.2, None]),
            q_value=pl.Series([0.2, None]),
            reason=pl.Series([None, "nothing decided"]),
            ratio_reason=pl.Series([None, "nothing decided"]),
        )
    )


@pytest.fixture(scope="session")
def canary_rows() -> pl.DataFrame:
    """Three windows of one version: the first, one that shows nothing, and one that does."""
    return pl.DataFrame(
        {
            "system_version": ["s@1"] * 3,
            "window_number": [1, 2, 3],
            "window_name": ["2026-01-05", "2026-01-12", "2026-01-19"],
            "previous": [None, "2026-01-05", "2026-01-12"],
            "n_requested": [16] * 3,
            "n_images": [16, 14, 15],
            "n_refused": [0, 1, 0],
            "n_lost": [0, 1, 1],
            "energy_distance": [None, 0.1, 0.4],
            "p_value": [None, 0.4, 0.001],
            "alpha": [0.01] * 3,
            "verdict": ["first window", "not shown", "behaviour changed"],
            "reason": ["there is none before it", None, None],
        }
    )


@pytest.fixture(scope="session")
def good(
    plan_rows: pl.DataFrame,
    image_rows: pl.DataFrame,
    imported_rows: pl.DataFrame,
    account_rows: pl.DataFrame,
    score_rows: pl.DataFrame,
    representation_rows: pl.DataFrame,
    amplification_rows: pl.DataFrame,
    divergence_rows: pl.DataFrame,
    refusal_rows: pl.DataFrame,
    disparity_rows: pl.DataFrame,
    canary_rows: pl.DataFrame,
    home: Path,
) -> dict[str, pl.DataFrame]:
    embeddings = pl.DataFrame(
        {
            "embedder": ["e@1"] * 3,
            "kind": ["image", "image", "text"],
            "content": ["c1", "c2", "c1"],
            "expected_dim": [512] * 3,
            "dim": [512] * 3,
            "is_finite": [True] * 3,
            "norm": [1.0, 0.9999, 1.0001],
        }
    )
    texts = pl.DataFrame(
        {
            "text_id": [hex16("he"), hex16("a man"), hex16("a nurse")],
            "text": ["This is he", "This is a man", "This is a nurse"],
            "kind": ["word", "group", "prompt"],
            "axis": ["gender", "gender", None],
            "pole": ["a", None, None],
            "concept": [None, "man", "nurse"],
        }
    )
    components = score_rows.select("system_version", "audit", "axis", "embedder", "concept", "p_value").with_columns(
        component=pl.lit("iias"),
        value=pl.Series([0.1, -0.1, None]),
        low=pl.Series([0.0, -0.2, None]),
        high=pl.Series([0.2, 0.0, None]),
        reason=pl.Series([None, None, "no image"]),
    )
    panel = pl.DataFrame(
        {
            "system_version": ["s@1"] * 2,
            "audit": ["g"] * 2,
            "axis": ["gender", "skin_tone"],
            "n_concepts": [3, 0],
            "n_stable": [2, 0],
            "rank_agreement": [0.9, None],
            "lowest_correlation": [0.8, None],
            "reason": [None, "fewer than 3 concepts"],
        }
    )
    return {
        "plan": frames.plan(plan_rows),
        "texts": frames.texts(texts),
        "images": image_frames.images(plan_rows, image_rows, home),
        "import_account": image_frames.import_account(account_rows, imported_rows, plan_rows),
        "embeddings": embeddings,
        "scores": frames.scores(score_rows),
        "components": frames.components(components),
        "panel": frames.panel(panel),
        "representation": frames.representation(representation_rows),
        "amplification": frames.amplification(amplification_rows),
        "divergence": frames.divergence(divergence_rows),
        "refusals": frames.refusals(refusal_rows),
        "refusal_disparities": frames.refusal_disparities(disparity_rows),
        "canary": frames.canary(canary_rows),
        **good_comparisons(),
    }


@pytest.fixture(scope="session")
def facts(good: dict[str, pl.DataFrame]) -> dict[str, dict[str, int]]:
    return {table: {EXPECTED_ROWS: len(frame)} for table, frame in good.items()}
