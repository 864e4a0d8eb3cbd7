"""How a panel of embedders agrees, from hand-made vectors: one that turns a concept round is found out."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from mcas_assets.declare.audit import Audit
from mcas_assets.measure.scores import Measured, measure
from mcas_assets.plan.requests import build_plan, build_texts
from mcas_assets.scoring.mcas.variance_parts import SOURCES
from mcas_assets.store import facts
from mcas_assets.store.database import Store

CONCEPTS = ("nurse", "pilot", "judge", "chef")


@dataclass
class Stored:
    """An embedder whose vectors are in the store already."""

    name: str
    dim: int = 2
    logit_scale: float | None = None

    @property
    def id(self) -> str:
        return f"{self.name}@1"


def audit(images: int = 6) -> Audit:
    document = {
        "audit": "small",
        "title": "A small audit",
        "description": "For tests",
        "run_seed": 7,
        "images_per_prompt": {"concept": images, "attribute": 6, "neutral": 6},
        "axes": {
            "gender": {
                "a": {"name": "man", "words": ["he"], "prompts": ["a man"]},
                "b": {"name": "woman", "words": ["she"], "prompts": ["a woman"]},
            }
        },
        "concepts": [{"concept": name, "category": "things", "prompts": [f"a {name}"]} for name in CONCEPTS],
        "neutral": [{"name": "person", "prompt": "a person"}],
        "embedders": ["one"],
        "inference": {"resamples": 20, "permutations": 20},
    }
    return Audit.model_validate(document)


def scored(home: Path, images_each: int = 6, **leanings: tuple[float, ...]) -> Measured:
    """Scores of four concepts, given for each embedder the angle of each concept, in [0, pi / 2] from man to woman.

    Images lie about the angle of their prompt, by .02.
    """
    declared = audit(images_each)
    texts, images = (
        build_texts(declared),
        build_plan(declared).with_columns(system_version=pl.lit("s@1"), outcome=pl.lit("ok")),
    )
    images = images.with_columns(sha256=pl.concat_str("prompt", pl.lit(" "), "replicate"))
    panel: list[Any] = [Stored(name) for name in leanings]
    with Store(home).open() as con:
        for embedder, angles in zip(panel, leanings.values(), strict=True):
            known = {"he": 0.0, "a man": 0.0, "she": np.pi / 2, "a woman": np.pi / 2, "a person": np.pi / 4}
            known |= {f"a {name}": angle for name, angle in zip(CONCEPTS, angles, strict=True)}

            def vectors(said: pl.Series, by: float = 0.0, known: dict[str, float] = known) -> np.ndarray:
                turned = np.array([known[text] for text in said])
                turned = turned + np.random.default_rng(3).normal(0.0, by, len(turned))
                return np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)

            facts.register_embedder(con, embedder.id, embedder.name, 2, {})
            facts.append_vectors(
                con, embedder.id, "image", images["sha256"].to_list(), None, vectors(images["prompt"], 0.02), "r"
            )
            said = texts.unique("text_id", maintain_order=True)
            facts.append_vectors(con, embedder.id, "text", said["text_id"].to_list(), None, vectors(said["raw"]), "r")
    return measure(Store(home), declared, images, texts, panel)


def of(found: Measured, column: str, embedder: str = "one") -> dict[str, Any]:
    rows = found.scores.filter(pl.col("embedder") == embedder, pl.col("category") != "neutral")
    return dict(rows.select("concept", column).iter_rows())


def test_a_concept_that_one_embedder_turns_round_is_not_stable(tmp_path):
    found = scored(tmp_path, one=(1.5, 0.2, 0.5, 1.0), two=(1.4, 1.2, 0.4, 1.1))
    assert of(found, "stable") == {"nurse": True, "pilot": False, "judge": True, "chef": True}
    assert of(found, "sign_agreement") == {"nurse": 1.0, "pilot": 0.5, "judge": 1.0, "chef": 1.0}
    panel = found.panel.row(0, named=True)
    assert (panel["n_embedders"], panel["n_concepts"], panel["n_stable"]) == (2, 4, 3)
    assert panel["lowest_correlation"] == pytest.approx(0.4)
    assert panel["rank_agreement"] == pytest.approx((1 + 0.4) / 2)


def test_a_concept_beside_the_neutral_prompts_is_not_stable_though_both_signs_agree(tmp_path):
    found = scored(tmp_path, one=(1.5, 0.2, 0.5, np.pi / 4), two=(1.4, 0.2, 0.4, np.pi / 4))
    assert of(found, "stable") == {"nurse": True, "pilot": True, "judge": True, "chef": False}
    assert of(found, "sign_agreement")["chef"] == 1.0
    assert found.panel["n_stable"].item() == 3


def test_where_so_few_images_have_no_interval_stability_is_not_known(tmp_path):
    found = scored(tmp_path, images_each=4, one=(1.5, 0.2, 0.5, 1.0), two=(1.4, 1.2, 0.4, 1.1))
    assert set(of(found, "stable").values()) == {None}
    assert of(found, "sign_agreement") == {"nurse": 1.0, "pilot": 0.5, "judge": 1.0, "chef": 1.0}
    assert found.panel["n_stable"].item() is None


def test_embedders_that_order_concepts_alike_agree_fully(tmp_path):
    panel = scored(tmp_path, one=(0.1, 0.3, 0.9, 1.4), two=(0.2, 0.4, 1.2, 1.3)).panel.row(0, named=True)
    assert (panel["rank_agreement"], panel["lowest_correlation"]) == pytest.approx((1.0, 1.0))
    assert panel["reason"] is None


def test_a_panel_of_one_agrees_with_nobody_and_says_so(tmp_path):
    found = scored(tmp_path, one=(0.1, 0.3, 0.9, 1.4))
    panel = found.panel.row(0, named=True)
    assert (panel["n_stable"], panel["rank_agreement"], panel["lowest_correlation"]) == (None, None, None)
    assert panel["reason"] == "fewer than 2 embedders"
    assert set(of(found, "stable").values()) == set(of(found, "sign_agreement").values()) == {None}


def test_the_digest_knows_the_panel(tmp_path):
    found = scored(tmp_path, one=(0.1, 0.3, 0.9, 1.4))
    other = replace(found, panel=found.panel.with_columns(n_stable=pl.lit(0)))
    assert other.digest() != found.digest()


def test_every_axis_and_embedder_has_a_row_for_each_source_of_variance(audited, tiny):
    rows = audited.rows("select axis, embedder, list(source order by source) from score_variances group by all")
    assert len(rows) == len(tiny.axes) * len(tiny.embedders)
    assert {tuple(sources) for *_, sources in rows} == {tuple(sorted(SOURCES))}
    assert audited.rows("select distinct reason from score_variances where source = 'wording'") == [
        ("one wording a concept",)
    ]


def test_the_declared_universe_is_the_score_that_is_reported_and_one_share_is(audited, tiny):
    scores = audited.rows(
        "select axis, concept, adjusted, lean_rank from scores where embedder = 'phantom-balanced' and category <> 'neutral'"
        " order by all"
    )
    declared = audited.rows(
        "select axis, concept, value, rank from multiverse where is_declared and measure = 'score' order by all"
    )
    assert [row[:2] for row in declared] == [row[:2] for row in scores]
    assert [row[2] for row in declared] == pytest.approx([row[2] for row in scores])
    assert [row[3] for row in declared] == [row[3] for row in scores]
    shares = audited.rows(
        "select m.value - (r.share - 0.5) from multiverse m join representation r using (axis, concept, embedder) "
        "where m.is_declared and m.measure = 'share' and r.labels = 'zero-shot' and r.group_name in ('man', 'light')"
    )
    assert [one for (one,) in shares] == pytest.approx([0.0] * len(declared))
