"""The phantom as it ships in `data/phantom`: it loads like any model, is small, and is what its card says."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from mcas_assets.core.paths import DATA
from mcas_assets.declare.audit import load_audit
from mcas_assets.phantom.world import ALL, CONCEPTS, WORLDS
from tools.phantom.assemble import (
    GENERATORS,
    INSTRUMENTS,
    MOST_BYTES,
    PICKLES,
    check_folder,
    load_generator,
    load_instrument,
    weight_bytes,
)
from tools.phantom.card import SETTING, card_text, truth_csv
from tools.phantom.measure import load, planted_shares, sample
from tools.phantom.measure_instruments import Clip, accuracy, drawn_pictures

PHANTOM = DATA / "phantom"
# What training leaves lying about, ignored by git; it can be made again by the commands of the card.
SHIPPED = [path for path in PHANTOM.iterdir() if path.name != "training"]
FEW = ("nurse", "pilot", "florist", "golfer", "farmer", "boxer", "kitchen", "office")


@pytest.fixture(scope="module")
def measured() -> dict:
    return json.loads((PHANTOM / "measured.json").read_text())


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_loads_as_a_plain_pipeline_of_standard_classes(name):
    pipeline = load_generator(PHANTOM / name)
    assert type(pipeline).__name__ == "StableDiffusionPipeline"
    for component in pipeline.components.values():
        assert component is None or type(component).__module__.split(".")[0] in ("diffusers", "transformers")


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_an_instrument_loads_by_open_clip_from_its_folder(name):
    model, preprocess, tokenizer = load_instrument(PHANTOM / name)
    assert model.visual.image_size in (64, (64, 64))
    assert callable(preprocess)
    assert tokenizer(["a nurse"]).shape == (1, 20)


@pytest.mark.parametrize("name", [*GENERATORS, *INSTRUMENTS])
def test_a_folder_holds_safetensors_in_float16_only_and_names_no_place(name):
    check_folder(PHANTOM / name)
    assert list((PHANTOM / name).rglob("*.safetensors"))


def test_all_weights_are_small_enough_and_nothing_is_pickled():
    assert weight_bytes(SHIPPED) <= MOST_BYTES
    assert not [path for folder in SHIPPED for path in folder.rglob("*") if path.suffix in PICKLES]


def test_no_text_of_the_phantom_names_the_training_machine():
    for path in (path for top in SHIPPED for path in (top, *top.rglob("*"))):
        if path.suffix in (".json", ".md", ".csv", ".txt"):
            text = path.read_text()
            assert str(Path.home()) + "/" not in text, path
            assert str(DATA.parent) not in text, path
            assert '"_name_or_path"' not in text, path


def test_the_generators_share_one_decoder():
    decoders = {(PHANTOM / n / "vae" / "diffusion_pytorch_model.safetensors").read_bytes() for n in GENERATORS}
    assert len(decoders) == 1


def test_what_is_drawn_follows_what_was_planted():
    drawn = sample(load(PHANTOM / "stereotyped"), FEW, 16, SETTING)
    planted = planted_shares(WORLDS["stereotyped"], FEW)
    assert drawn.reading.person_read.mean() > 0.95
    assert drawn.reading.concept_read.mean() > 0.9
    for axis in range(2):
        assert np.corrcoef(planted[:, axis], drawn.shares()[:, axis])[0, 1] > 0.8


def test_the_balanced_instrument_reads_drawn_pictures():
    audit = load_audit("phantom")
    clip = Clip(PHANTOM / "clip-balanced", audit.profile.text_prefix)
    found = accuracy(clip, audit, drawn_pictures(200)[0])
    assert found["figure"] > 0.98
    assert found["half"] > 0.98
    assert found["concept"] > 0.95


def test_the_card_covers_every_concept_at_enough_pictures_and_states_what_was_planted(measured):
    for name in GENERATORS:
        rows = {row["concept"]: row for row in measured["worlds"][name]["concepts"]}
        assert set(rows) == {concept.slug for concept in ALL}
        for slug, planted in WORLDS[name].planted.items():
            assert (rows[slug]["planted_woman"], rows[slug]["planted_dark"]) == tuple(planted)
            assert rows[slug]["n"] >= 64


def test_the_card_was_measured_with_the_settings_of_the_declared_systems(measured):
    systems = yaml.safe_load((DATA / "systems.yaml").read_text())["systems"]
    for name in GENERATORS:
        declared = systems[f"phantom-{name}"]
        assert (declared["steps"], declared["guidance"]) == (measured["steps"], measured["guidance_scale"])
        assert declared["path"] == f"phantom/{name}"


@pytest.mark.parametrize("name", GENERATORS)
def test_the_truth_file_holds_the_figures_of_the_card(name, measured):
    path = PHANTOM / f"truth-{name}.csv"
    assert path.read_text() == truth_csv(name, measured["worlds"][name]["concepts"])
    rows = list(csv.DictReader(line for line in path.read_text().splitlines() if not line.startswith("#")))
    assert len(rows) == 4 * len(ALL)
    assert {(row["axis"], row["group"]) for row in rows} == {
        ("gender", "man"), ("gender", "woman"), ("skin_tone", "light"), ("skin_tone", "dark"),
    }  # fmt: skip


def test_the_measured_bytes_are_those_of_the_weights_that_ship(measured):
    assert measured["bytes"] == weight_bytes([PHANTOM / name for name in (*GENERATORS, *INSTRUMENTS)])


def test_the_model_card_states_the_measured_figures_of_every_model_and_concept(measured):
    card = (PHANTOM / "README.md").read_text()
    assert card == card_text(measured)
    for name in (*GENERATORS, *INSTRUMENTS, *(concept.slug for concept in CONCEPTS)):
        assert name in card
    assert "reached" in card
