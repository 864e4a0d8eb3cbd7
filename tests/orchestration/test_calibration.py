"""The calibration as an asset: images and vectors as facts, rows in the ledger, checks that warn and block nothing.

The system draws the phantom's world itself, with shares known to the letter, so that no diffusion model is loaded.
"""

import io
import re
from dataclasses import replace

import dagster as dg
import numpy as np
import polars as pl
import pytest
from PIL import Image

from mcas_assets.calibrate.gather import MIXED
from mcas_assets.calibrate.rows import KINDS
from mcas_assets.calibrate.run import Scale
from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import load_audit
from mcas_assets.orchestration.calibration import ASSET, build_calibration, run_calibration
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store.database import Store
from mcas_assets.systems.protocol import Capabilities, Outcome, SystemIdentity

SMALL = Scale(images=12, mixed=56, dose=10, splits=6, audits=4, harder=8, resamples=20, workers=1)
WOMEN = {"nurse": 0.9, "engineer": 0.1, "judge": 0.4, "person": 0.5}


class Drawn:
    """Draws what the prompt says, and by the seed what it leaves open."""

    name = "drawn"

    def __init__(self, size: int = 64) -> None:
        self.asked, self.pixels = 0, size

    def identity(self):
        return SystemIdentity(self.name, {"drawn": True})

    def capabilities(self):
        return Capabilities(seed="exact")

    def size(self):
        return (64, 64)

    def environment(self):
        return {}

    def close(self):
        pass

    def generate(self, requests):
        self.asked += len(requests)
        return [Outcome("ok", image=self._draw(one.prompt, one.seed), latency_ms=1.0) for one in requests]

    def _draw(self, prompt: str, seed: int) -> bytes:
        from mcas_assets.phantom.draw import POSES, draw

        g = np.random.default_rng(seed)
        woman, dark, tone, pose = g.random(), g.random(), int(g.integers(5)), POSES[g.integers(len(POSES))]
        words = set(re.findall(r"[a-z]+", prompt))
        concept = next((slug for slug in WOMEN if slug in words), "person")
        is_woman = woman < WOMEN[concept]
        if words & {"man", "male", "woman", "female"}:
            is_woman = bool(words & {"woman", "female"})
        is_dark = "dark" in words or (not words & {"light", "dark"} and dark < 0.5)
        picture = draw(concept, "woman" if is_woman else "man", tone + 5 * is_dark, pose)
        kept = io.BytesIO()
        Image.fromarray(picture).resize((self.pixels, self.pixels)).save(kept, "PNG")
        return kept.getvalue()


@pytest.fixture(scope="module")
def audit():
    whole = load_audit("phantom")
    concepts = tuple(concept for concept in whole.concepts if concept.concept in MIXED)
    few = whole.images_per_prompt.model_copy(update={"concept": 6, "attribute": 6, "neutral": 6})
    return whole.model_copy(update={"concepts": concepts, "embedders": ("phantom-balanced",), "images_per_prompt": few})


class Calibrated:
    def __init__(self, home, instance, system, table):
        self.home, self.instance, self.system, self.table = home, instance, system, table

    def rows(self, sql):
        with Store(self.home).open() as con:
            return con.execute(sql).fetchall()


@pytest.fixture(scope="module")
def calibrated(audit, tmp_path_factory):
    home, system = tmp_path_factory.mktemp("calibrated"), Drawn()
    with dg.DagsterInstance.ephemeral() as instance:
        table = run_calibration(audit, system, Workplace(home=home), instance, SMALL)
        yield Calibrated(home, instance, system, table)


@pytest.mark.timeout(300)
def test_every_kind_of_figure_is_there_for_every_axis(calibrated):
    assert set(calibrated.table["kind"]) == set(KINDS)
    assert set(calibrated.table["axis"]) == {"gender", "skin_tone"}
    assert not calibrated.table.select("kind", "axis", "embedder", "name").is_duplicated().any()


def test_the_harder_phantom_is_another_version_among_the_rows(calibrated):
    of_harder = calibrated.table.filter(kind="harder")
    assert of_harder["system_version"].str.starts_with("phantom-harder@").all()
    assert (
        not calibrated.table.filter(pl.col("kind") != "harder")["system_version"]
        .str.starts_with("phantom-harder")
        .any()
    )
    assert calibrated.rows("select count(*) from systems where system = 'phantom-harder'") == [(1,)]


def test_a_world_that_is_drawn_as_it_is_said_is_recovered(calibrated):
    of_gender = calibrated.table.filter(axis="gender")
    value = dict(of_gender.select("name", "value").iter_rows())
    assert value["corrected share: mean error"] < 0.05
    assert value["mcas: r2"] > 0.95
    assert value["iias: r with the truth"] is None  # three concepts are too few for a correlation


def test_the_tones_that_are_read_from_pixels_are_held_against_the_truth_too(calibrated):
    by_pixels = calibrated.table.filter(embedder="pixels")
    assert set(by_pixels["axis"]) == {"skin_tone"}
    assert set(by_pixels["kind"]) == {"recovery"}
    assert by_pixels.filter(name="corrected share: mean error")["value"][0] is not None


def test_the_rows_are_versioned_and_published(calibrated):
    (ledger_row,) = calibrated.rows(f"select version, partition, n_rows from materialisations where asset = '{ASSET}'")
    assert ledger_row[1:] == ("", len(calibrated.table))
    assert calibrated.rows("select count(*) from calibration") == [(len(calibrated.table),)]
    assert (calibrated.home / "published.duckdb").exists()


def test_each_kind_is_a_check_that_only_warns(calibrated):
    rows = calibrated.rows("select expectation, severity, success from quality_results where asset = 'calibration'")
    assert {row[0] for row in rows} == set(KINDS)
    assert {row[1] for row in rows} == {"warning"}
    # No embedder that was made biased was asked.
    assert {name: success for name, _, success in rows}["positive_control"] is False
    specs = list(build_calibration().check_specs)
    assert {spec.name for spec in specs} == set(KINDS)
    assert not any(spec.blocking for spec in specs)


def test_a_second_calibration_draws_and_records_nothing_new(calibrated, audit):
    before = calibrated.system.asked
    again = run_calibration(audit, calibrated.system, Workplace(home=calibrated.home), calibrated.instance, SMALL)
    assert calibrated.system.asked == before
    assert again.equals(calibrated.table)
    assert calibrated.rows(f"select count(*) from materialisations where asset = '{ASSET}'") == [(1,)]


def test_pictures_of_another_world_are_refused(audit, tmp_path):
    tiny = replace(SMALL, images=2, mixed=2, harder=0)
    with dg.DagsterInstance.ephemeral() as instance, pytest.raises(Exception) as raised:
        run_calibration(audit, Drawn(32), Workplace(home=tmp_path), instance, tiny)
    assert "not of the phantom's size" in str(raised.value)
    assert isinstance(raised.value, BadInput) or isinstance(raised.value.__cause__, BadInput)
