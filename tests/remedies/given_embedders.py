"""Embedders: folders that are broken, of another kind, or not what they say."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mcas_assets.core.paths import DATA
from mcas_assets.embedders.find import find_embedder
from tests.remedies.given_models import Spoil, all_of, content, edit, removed, renamed
from tests.remedies.situations import Situation, Step, situation


def embedder(words: str, spoil: Spoil, mend: Spoil | None = None, act: str = "identity") -> Situation:
    """The phantom's balanced instrument, spoiled, then mended as the remedy says: by default copied again."""

    def of_an_embedder(place: Path) -> Iterator[Step]:
        folder = Path(shutil.copytree(DATA / "phantom" / "clip-balanced", place / "clip"))
        (place / "embedders.yaml").write_text(
            json.dumps({"embedders": {"mine": {"kind": "open_clip", "folder": "clip"}}})
        )
        spoil(folder)

        def use() -> object:
            found = find_embedder("mine", path=place / "embedders.yaml")
            return found.identity() if act == "identity" else found.embed_texts(["a nurse"])

        yield use, words
        if mend is not None:
            mend(folder)
            return
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(DATA / "phantom" / "clip-balanced", folder)

    of_an_embedder.__name__ = f"embedder: {words}"
    return of_an_embedder


CLIP = "open_clip_model.safetensors"
TOKENIZER = (DATA / "phantom" / "clip-balanced" / "tokenizer.json").read_bytes()
CONFIG = json.loads((DATA / "phantom" / "clip-balanced" / "open_clip_config.json").read_text())

EMBEDDERS_TABLE = [
    embedder("Correct the folder of embedder 'mine'", lambda folder: shutil.rmtree(folder)),
    embedder("Add tokenizer.json", all_of(removed("tokenizer.json"), removed("tokenizer_config.json")),
             content("tokenizer.json", TOKENIZER)),
    embedder("Write the folder anew with open_clip", edit("open_clip_config.json", model_cfg=None)),
    embedder("Add open_clip_model.safetensors", renamed(CLIP, "x.safetensor"), renamed("x.safetensor", CLIP)),
    embedder("Convert it to open_clip_model.safetensors", renamed(CLIP, "open_clip_pytorch_model.bin"),
             all_of(renamed("open_clip_pytorch_model.bin", CLIP))),
    embedder("See that the folder is whole and made for this version of the library",
             edit("open_clip_config.json", model_cfg=CONFIG["model_cfg"] | {"embed_dim": 9}), act="texts"),
]  # fmt: skip


def transformers_folder(place: Path, **files: object) -> Path:
    """What of a folder of transformers is looked at before anything is loaded."""
    folder = place / "other"
    folder.mkdir()
    config = {"model_type": "clip", "projection_dim": 8, "vision_config": {}, "text_config": {}}
    for name, value in ({"config": config, "preprocessor_config": {}, "tokenizer": {}} | files).items():
        if value is not None:
            (folder / f"{name}.json").write_text(json.dumps(value))
    shutil.copy(DATA / "phantom" / "clip-balanced" / CLIP, folder / "model.safetensors")
    (place / "embedders.yaml").write_text(
        json.dumps({"embedders": {"mine": {"kind": "transformers", "folder": "other"}}})
    )
    return folder


@situation
def a_model_of_transformers_without_texts(place: Path) -> Iterator[Step]:
    folder = transformers_folder(place, config={"model_type": "vit"})
    yield lambda: find_embedder("mine", path=place / "embedders.yaml").identity(), "Give a CLIP or SigLIP model"
    shutil.rmtree(folder)
    transformers_folder(place)


@situation
def a_folder_of_open_clip_as_transformers(place: Path) -> Iterator[Step]:
    shutil.copytree(DATA / "phantom" / "clip-balanced", place / "other")
    (place / "other" / "config.json").write_text(json.dumps({"vision_config": {}, "text_config": {}}))
    entry = {"kind": "transformers", "folder": "other"}
    (place / "embedders.yaml").write_text(json.dumps({"embedders": {"mine": entry}}))
    yield lambda: find_embedder("mine", path=place / "embedders.yaml").identity(), "Declare it with kind: open_clip"
    (place / "embedders.yaml").write_text(json.dumps({"embedders": {"mine": entry | {"kind": "open_clip"}}}))


@situation
def a_folder_of_transformers_without_a_tokenizer(place: Path) -> Iterator[Step]:
    folder = transformers_folder(place, tokenizer=None)
    yield lambda: find_embedder("mine", path=place / "embedders.yaml").identity(), "Copy or download the folder again"
    shutil.rmtree(folder)
    transformers_folder(place)


@situation
def a_folder_of_transformers_that_is_gone(place: Path) -> Iterator[Step]:
    shutil.rmtree(transformers_folder(place))
    yield (
        lambda: find_embedder("mine", path=place / "embedders.yaml").identity(),
        "Correct the folder of embedder 'mine'",
    )
    entry = {"kind": "transformers", "folder": "found"}
    transformers_folder(place).rename(place / "found")
    (place / "embedders.yaml").write_text(json.dumps({"embedders": {"mine": entry}}))


@situation
def vectors_of_another_length_than_the_files_say() -> Iterator[Step]:
    found: Any = find_embedder("phantom-balanced")
    vectors = [np.ones((1, found.dim + 1))]
    yield lambda: found._unit(vectors[0], 1, "texts"), "Correct its configuration"
    vectors[0] = np.ones((1, found.dim))


@situation
def an_image_that_no_embedder_can_read(sets) -> Iterator[Step]:
    found = find_embedder("phantom-balanced")
    images = [b"no picture"]
    yield lambda: found.embed_images(images), "Check the image files of the stage before"
    images[0] = sets.picture(0)


@situation
def a_preprocessing_that_the_file_does_not_say(place: Path, monkeypatch) -> Iterator[Step]:
    from mcas_assets.embedders import open_clip

    folder = Path(shutil.copytree(DATA / "phantom" / "clip-balanced", place / "clip"))
    (place / "embedders.yaml").write_text(json.dumps({"embedders": {"mine": {"kind": "open_clip", "folder": "clip"}}}))
    # A release of the library with another default than the one that the identity was told of.
    monkeypatch.setitem(open_clip._PREPROCESS, "fill_color", 7)
    yield (
        lambda: find_embedder("mine", path=place / "embedders.yaml").embed_texts(["a nurse"]),
        "Write it out in the file",
    )
    edit("open_clip_config.json", preprocess_cfg=CONFIG["preprocess_cfg"] | {"fill_color": 0})(folder)
