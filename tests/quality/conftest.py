"""For each table a small frame that passes every rule, and the facts it needs."""

import hashlib
import io
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from mcas_assets.quality import frames
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
    )
    refused = pl.int_range(pl.len()) == 5  # one request without an image is no fault
    return rows.with_columns(
        outcome=pl.when(refused).then(pl.lit("refused_prompt")).otherwise("outcome"),
        reason=pl.when(refused).then(pl.lit("policy")).otherwise("reason"),
        sha256=pl.when(~refused).then("sha256"),
        path=pl.when(~refused).then("path"),
    )


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
        }
    )


@pytest.fixture(scope="session")
def good(
    plan_rows: pl.DataFrame, image_rows: pl.DataFrame, score_rows: pl.DataFrame, home: Path
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
            "text_id": [hex16("he"), hex16("a nurse")],
            "text": ["This is he", "This is a nurse"],
            "kind": ["word", "prompt"],
            "axis": ["gender", None],
            "pole": ["a", None],
            "concept": [None, "nurse"],
        }
    )
    components = score_rows.select("system_version", "audit", "axis", "embedder", "concept", "p_value").with_columns(
        component=pl.lit("iias"),
        value=pl.Series([0.1, -0.1, None]),
        low=pl.Series([0.0, -0.2, None]),
        high=pl.Series([0.2, 0.0, None]),
        reason=pl.Series([None, None, "no image"]),
    )
    return {
        "plan": frames.plan(plan_rows),
        "texts": frames.texts(texts),
        "images": frames.images(plan_rows, image_rows, home),
        "embeddings": embeddings,
        "scores": frames.scores(score_rows),
        "components": frames.components(components),
    }


@pytest.fixture(scope="session")
def facts(good: dict[str, pl.DataFrame]) -> dict[str, dict[str, int]]:
    return {table: {EXPECTED_ROWS: len(frame)} for table, frame in good.items()}
