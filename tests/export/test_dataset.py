"""The images as a data set: opened by `datasets`, validated by `mlcroissant`, and joined with what is known of each image."""

import json
import shlex

import mlcroissant
import numpy as np
import polars as pl
import pytest
from huggingface_hub import DatasetCard
from PIL import Image

from mcas_assets.core.errors import BadInput
from mcas_assets.export import croissant
from mcas_assets.export.dataset import explorers, write_dataset
from mcas_assets.pages.pictures import kept_of


@pytest.fixture(scope="module")
def handed(given, tmp_path_factory):
    return write_dataset(
        given.reader, given.measured, tmp_path_factory.mktemp("set") / "images", licence="https://example.org/licence"
    )


@pytest.fixture(scope="module")
def opened(handed, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        from datasets import load_dataset

        return load_dataset(str(handed.folder), cache_dir=str(tmp_path_factory.mktemp("cache")))["train"]


def test_datasets_opens_it_with_a_row_an_image_and_its_labels_and_vectors(handed, opened, given):
    assert len(opened) == handed.images == 42
    by_digest = {row["sha256"]: row for row in opened}
    labels = given.measured.tables["image_labels"].filter(axis="gender", embedder="phantom-biased")
    for sha256, label in labels.select("sha256", "label").iter_rows():
        assert by_digest[sha256]["label_gender_phantom-biased"] == label
    for sha256, path in given.measured.images.head(3).iter_rows():
        with Image.open(given.home / path) as image:
            assert np.array_equal(np.asarray(by_digest[sha256]["image"]), np.asarray(image))
        assert len(by_digest[sha256]["vector_phantom-balanced"]) == 64


def test_its_vectors_are_those_that_the_scores_rest_on(handed, given):
    table = pl.read_parquet(handed.folder / "metadata.parquet")
    (embedder,) = [one for one in given.measured.embedders if one["name"] == "phantom-biased"]
    stored = given.reader.published.vectors(
        64, embedder=embedder["embedder"], kind="image", contents=table["sha256"].to_list()
    )
    both = table.join(stored, left_on="sha256", right_on="content")
    assert len(both) == len(table)
    assert np.array_equal(both["vector_phantom-biased"].to_numpy(), np.stack(both["vector"].to_list()))


def test_an_image_that_stands_in_several_roles_is_one_row_with_all_of_them(handed, given):
    table = pl.read_parquet(handed.folder / "metadata.parquet")
    images = given.measured.tables["images"]
    assert table["uses"].list.len().sum() == len(images.unique(["sha256", "role", "axis", "pole", "concept"]))
    assert set(table["file_name"]) == {
        f"images/{sha}{kept_of(sha, path)[1]}" for sha, path in given.measured.images.iter_rows()
    }


def test_croissant_describes_it_as_its_own_validator_wants_and_gives_its_records(handed):
    found = mlcroissant.Dataset(str(handed.folder / croissant.FILE))
    issues = found.metadata.ctx.issues
    assert (set(issues.errors), set(issues.warnings)) == (set(), set())
    assert found.metadata.ctx.is_v1_1()
    records = list(found.records("images"))
    assert len(records) == handed.images
    assert records[0]["images/prompt"] == b"an image of a man"
    assert len(records[0]["images/vector_phantom-biased"]) == 64
    said = json.loads((handed.folder / croissant.FILE).read_text())
    assert said["conformsTo"][0] == "http://mlcommons.org/croissant/1.1"
    assert said["prov:wasGeneratedBy"]["prov:wasAssociatedWith"][0]["@id"].startswith(
        "urn:mcas-assets:system:phantom-stereotyped@"
    )
    assert said["license"] == "https://example.org/licence"


def test_it_says_how_other_programs_open_it(handed):
    found = dict(explorers(handed))
    assert set(found) == {"datasets", "Embedding Atlas", "LightlyStudio", "FiftyOne"}
    for line in found.values():
        words = shlex.split(line)
        assert words[0] in ("python", "uvx")
        if "-c" in words:
            compile(words[words.index("-c") + 1], "explorer", "exec")
    assert "--vector vector_phantom-balanced" in found["Embedding Atlas"]


def test_its_card_says_what_it_is(handed):
    card = DatasetCard.load(handed.folder / "README.md")
    assert card.data.to_dict()["task_categories"] == ["text-to-image"]
    assert "42 images" in card.text


def test_a_folder_that_is_there_is_not_written_into(given, tmp_path):
    with pytest.raises(BadInput, match="is there already"):
        write_dataset(given.reader, given.measured, tmp_path)


def test_the_command_prints_where_it_is(mcas, tmp_path):
    assert "42 images, vectors of 2 embedders" in mcas("export", "dataset", "--out", str(tmp_path / "set"))
