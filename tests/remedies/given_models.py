"""Pipelines and embedders: folders that are broken, of another kind, or changed meanwhile."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mcas_assets.core.paths import DATA
from mcas_assets.embedders.find import find_embedder
from mcas_assets.systems import identity as identities
from mcas_assets.systems.find import find_system
from mcas_assets.systems.pipelines.pipeline_folder import require_scheduler
from mcas_assets.systems.pipelines.weights import read_json
from mcas_assets.systems.protocol import Limited, Request
from mcas_assets.systems.recombine import recombine, with_scheduler
from tests.remedies.declared import refusing
from tests.remedies.situations import Situation, Step, situation

UNET = "unet/diffusion_pytorch_model.safetensors"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n"
Spoil = Callable[[Path], object]


def edit(name: str, **values: object) -> Spoil:
    """Values of a JSON file; None takes a key out."""

    def change(folder: Path) -> None:
        kept = {
            key: value for key, value in (json.loads((folder / name).read_text()) | values).items() if value is not None
        }
        (folder / name).write_text(json.dumps(kept))

    return change


def content(name: str, data: bytes | Callable[[bytes], bytes]) -> Spoil:
    return lambda folder: (folder / name).write_bytes(
        data if isinstance(data, bytes) else data((folder / name).read_bytes())
    )


def renamed(name: str, other: str) -> Spoil:
    return lambda folder: (folder / name).rename(folder / other)


def removed(name: str) -> Spoil:
    def remove(folder: Path) -> None:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return remove


def all_of(*spoils: Spoil) -> Spoil:
    return lambda folder: [spoil(folder) for spoil in spoils]


def identified(folder: Path) -> object:
    return find_system(folder, width=64, height=64).identity()


def drawn(folder: Path) -> object:
    return find_system(folder, steps=1, width=64, height=64).generate([Request("a nurse", 1, 64, 64)])


def limits(folder: Path) -> object:
    system = find_system(folder)
    assert isinstance(system, Limited)
    return [limit.ids("a nurse") for limit in system.text_limits()]


def broken(
    words: str, spoil: Spoil, mend: Spoil | None = None, act: Callable[[Path], object] = identified
) -> Situation:
    """A folder of the phantom that is spoiled, then mended as the remedy says: by default copied again."""

    def of_a_folder(place: Path) -> Iterator[Step]:
        folder = Path(shutil.copytree(DATA / "phantom" / "stereotyped", place / "model"))
        spoil(folder)
        yield lambda: act(folder), words
        if mend is not None:
            mend(folder)
            return
        shutil.rmtree(folder)
        shutil.copytree(DATA / "phantom" / "stereotyped", folder)

    of_a_folder.__name__ = f"model: {words}"
    return of_a_folder


INDEX = json.dumps({"weight_map": {"a": "x.safetensors"}})
OUTSIDE = INDEX.replace("x.", "../x.").encode()
SHARDED = all_of(removed(UNET), content(f"{UNET}.index.json", INDEX.encode()))


MODELS_TABLE = [
    broken("Copy or download it again; the folder is not complete without it", removed("unet/config.json")),
    broken("Copy or download it again", content("unet/config.json", b"{")),
    broken("Copy or download it again", content("unet/config.json", b"[]")),
    broken("Copy or download it again", SHARDED),
    broken("Copy or download it again", all_of(removed(UNET), content(f"{UNET}.index.json", b"{}"))),
    broken("Copy or download it again", all_of(removed(UNET), content(f"{UNET}.index.json", OUTSIDE))),
    broken("Run `git lfs pull` in its repository", content(UNET, LFS)),
    broken("Copy or download it again", content(UNET, lambda data: data[:200])),
    broken("Copy or download it again", content(UNET, lambda data: data[:-100])),
    broken("or convert the weights to safetensors", content(UNET, b"\x10\0\0\0\0\0\0\0not json at all ")),
    broken("Copy or download it again: the folder is not complete", removed(UNET)),
    broken("for example DPMSolverMultistepScheduler",
           edit("model_index.json", scheduler=["diffusers", "DPMSolverSDEScheduler"]),
           edit("model_index.json", scheduler=["diffusers", "DPMSolverMultistepScheduler"])),
    broken("Give a folder that DiffusionPipeline.save_pretrained wrote",
           removed("model_index.json")),
    broken("Pipelines with code of their own are not run", edit("model_index.json", _class_name=["mine", "Mine"])),
    broken("Correct it, or upgrade diffusers", edit("model_index.json", _class_name="StableDiffusionPipelin")),
    broken("Give a text-to-image pipeline", edit("model_index.json", _class_name="StableDiffusionImg2ImgPipeline")),
    broken("Copy or download the folder again: it is not complete", removed("vae")),
    broken("Merge it into the weights, and save them anew", content("unet/adapter_config.json", b"{}"),
           removed("unet/adapter_config.json")),
    broken("Copy or download the folder again", all_of(removed("tokenizer/tokenizer.json"),
                                                      removed("tokenizer/tokenizer_config.json"))),
    broken("Copy or download it again", content("tokenizer/tokenizer.json", b'{"version": "1.0"}'), act=limits),
    broken("See that the folder is whole and of this version of diffusers",
           edit("unet/config.json", down_block_types=["NoSuchBlock"] * 3), act=drawn),
]  # fmt: skip


@situation
def a_pipeline_whose_size_no_file_tells(place: Path) -> Iterator[Step]:
    folder = Path(shutil.copytree(DATA / "phantom" / "stereotyped", place / "model"))
    edit("unet/config.json", sample_size=None)(folder)
    size: dict[str, Any] = {}
    yield lambda: find_system(folder, **size).identity(), "Declare it with width and height"
    size |= {"width": 64, "height": 64}


@situation
def weights_of_a_variant_alone(place: Path) -> Iterator[Step]:
    folder = Path(shutil.copytree(DATA / "phantom" / "stereotyped", place / "model"))
    renamed(UNET, UNET.replace(".safe", ".fp16.safe"))(folder)
    systems, entry = place / "systems.yaml", {"kind": "diffusers", "path": "model", "width": 64, "height": 64}
    systems.write_text(json.dumps({"systems": {"mine": entry}}))
    yield lambda: find_system("mine", systems).identity(), "variant: fp16"
    systems.write_text(json.dumps({"systems": {"mine": entry | {"variant": "fp16"}}}))


@situation
def weights_as_a_pickle_alone(place: Path) -> Iterator[Step]:
    folder = Path(shutil.copytree(DATA / "phantom" / "stereotyped", place / "model"))
    renamed(UNET, UNET.replace(".safetensors", ".bin"))(folder)
    systems, entry = place / "systems.yaml", {"kind": "diffusers", "path": "model", "width": 64, "height": 64}
    systems.write_text(json.dumps({"systems": {"mine": entry}}))
    yield lambda: find_system("mine", systems).identity(), "declare it with allow_pickle: true"
    systems.write_text(json.dumps({"systems": {"mine": entry | {"allow_pickle": True}}}))


@situation
def an_argument_that_the_pipeline_does_not_take(place: Path) -> Iterator[Step]:
    shutil.copytree(DATA / "phantom" / "stereotyped", place / "model")
    systems, entry = place / "systems.yaml", {"kind": "diffusers", "path": "model", "width": 64, "height": 64}
    systems.write_text(json.dumps({"systems": {"mine": entry | {"arguments": {"max_sequence_length": 9}}}}))
    yield lambda: find_system("mine", systems).identity(), "Leave it out of the declaration"
    systems.write_text(json.dumps({"systems": {"mine": entry}}))


@situation
def a_folder_that_is_declared_and_gone(place: Path) -> Iterator[Step]:
    systems, entry = place / "systems.yaml", {"kind": "diffusers", "path": "model", "width": 64, "height": 64}
    systems.write_text(json.dumps({"systems": {"mine": entry}}))
    yield lambda: find_system("mine", systems).identity(), "or correct the path"
    shutil.copytree(DATA / "phantom" / "stereotyped", place / "model")


@situation
def a_folder_above_the_pipeline(place: Path) -> Iterator[Step]:
    shutil.copytree(DATA / "phantom" / "stereotyped", place / "models" / "mine")
    given = [place / "models"]
    yield lambda: identified(given[0]), "Give a folder that holds one: mine"
    given[0] = place / "models" / "mine"


@situation
def a_folder_of_one_part(place: Path) -> Iterator[Step]:
    given = [Path(shutil.copytree(DATA / "phantom" / "stereotyped", place / "model")) / "unet"]
    yield lambda: identified(given[0]), "It is one part (UNet2DConditionModel) of a pipeline: give the folder above it"
    given[0] = given[0].parent


@situation
def a_file_of_a_pipeline(place: Path) -> Iterator[Step]:
    given = [Path(shutil.copytree(DATA / "phantom" / "stereotyped", place / "model")) / "model_index.json"]
    yield lambda: identified(given[0]), "Give the folder that holds model_index.json"
    given[0] = given[0].parent


@situation
def the_weights_of_one_part(place: Path) -> Iterator[Step]:
    given = [Path(shutil.copytree(DATA / "phantom" / "stereotyped", place / "model")) / UNET]
    yield lambda: identified(given[0]), "Give the folder of the whole pipeline"
    given[0] = given[0].parents[1]


@situation
def a_folder_misspelt(place: Path) -> Iterator[Step]:
    shutil.copytree(DATA / "phantom" / "stereotyped", place / "model")
    given = [place / "modle"]
    yield lambda: identified(given[0]), "A hub repository is declared in systems.yaml"
    given[0] = place / "model"


def unreadable(name: str, words: str, patched: str, act: Callable[[Path], object]) -> Situation:
    """A file of a model without the right to read it."""

    def of_a_file(place: Path, monkeypatch) -> Iterator[Step]:
        folder = Path(shutil.copytree(DATA / "phantom" / "stereotyped", place / "model"))
        with monkeypatch.context() as patch:
            patch.setattr(Path, patched, refusing(getattr(Path, patched), Path(name).suffix))
            yield lambda: act(folder), words

    of_a_file.__name__ = f"unreadable: {name} by {patched}"
    return of_a_file


UNREADABLE_TABLE = [
    unreadable("config.json", "Check the path and its permissions", "read_bytes",
               lambda folder: read_json(folder / "unet/config.json")),
    unreadable(UNET, "Check the path and its permissions", "open", identified),
    unreadable("digests.txt", "Check the file and its permissions", "stat",
               lambda folder: identities.DigestCache().sha256(text_in(folder))),
]  # fmt: skip


def text_in(folder: Path) -> Path:
    file = folder / "digests.txt"
    with open(file, "w") as stream:  # noqa: PTH123 - the methods of paths are without rights here
        stream.write("x")
    return file


@situation
def weights_that_change_before_they_are_loaded(place: Path) -> Iterator[Step]:
    folder = Path(shutil.copytree(DATA / "phantom" / "stereotyped", place / "model"))
    system = [find_system(folder, steps=1, width=64, height=64)]
    system[0].identity()
    content(UNET, lambda data: data)(folder)
    yield lambda: system[0].generate([Request("a nurse", 1, 64, 64)]), "Run again: it will count as another version"
    system[0] = find_system(folder, steps=1, width=64, height=64)


@situation
def weights_that_a_file_lacks(place: Path) -> Iterator[Step]:
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(DATA / "phantom" / "stereotyped", place / "model"))
    whole = (folder / UNET).read_bytes()
    tensors = load_file(folder / UNET)
    lost = next(key for key in tensors if key.endswith("weight"))
    save_file({key: value.clone() for key, value in tensors.items() if key != lost}, folder / UNET, {"format": "pt"})
    yield lambda: drawn(folder), "Copy or download the folder again"
    (folder / UNET).write_bytes(whole)


@situation
def a_size_that_the_pipeline_does_not_draw_at(place: Path) -> Iterator[Step]:
    size: dict[str, Any] = {"width": 20, "height": 16}

    def draw() -> object:
        system = find_system(DATA / "phantom" / "stereotyped", steps=1, **size)
        return system.generate([Request("a nurse", 1, size["width"], size["height"])])

    yield draw, "Change what does not suit the pipeline: size 20 x 16"
    size |= {"width": 16}


@situation
def a_pipeline_that_draws_another_size(place: Path, monkeypatch) -> Iterator[Step]:
    from mcas_assets.systems.pipelines import pipeline_runner

    size: dict[str, Any] = {"width": 72, "height": 64}
    make = pipeline_runner._pixels
    monkeypatch.setattr(pipeline_runner, "_pixels", lambda images: make(images)[:, :64, :64])

    def draw() -> object:
        system = find_system("phantom-fair", steps=1, **size)
        return system.generate([Request("a nurse", 1, size["width"], size["height"])])

    yield draw, "Declare it with width: 64 and height: 64"
    size |= {"width": 64}


@situation
def a_pipeline_that_draws_one_at_a_time(place: Path, monkeypatch) -> Iterator[Step]:
    from mcas_assets.systems.pipelines import pipeline_runner

    entry = {"kind": "diffusers", "path": str(DATA / "phantom" / "fair"), "steps": 1, "width": 64, "height": 64}
    (place / "systems.yaml").write_text(json.dumps({"systems": {"mine": entry}}))
    make = pipeline_runner._pixels
    monkeypatch.setattr(pipeline_runner, "_pixels", lambda images: make(images)[:1])
    asked = [Request("a nurse", seed, 64, 64) for seed in (1, 2)]
    yield lambda: find_system("mine", place / "systems.yaml").generate(asked), "Declare it with max_batch: 1"
    (place / "systems.yaml").write_text(json.dumps({"systems": {"mine": entry | {"max_batch": 1}}}))


@situation
def a_device_without_room(place: Path, monkeypatch) -> Iterator[Step]:
    import torch
    from diffusers import DiffusionPipeline

    def full(*given: object) -> object:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(DiffusionPipeline, "to", full)
        yield lambda: drawn(DATA / "phantom" / "fair"), "free the device"


@situation
def a_scheduler_that_is_another_once_loaded(place: Path) -> Iterator[Step]:
    stated = {"class": "DDIMScheduler", "config": {"clip_sample": True}}
    loaded = {"class": "DDIMScheduler", "config": {"clip_sample": False}}
    yield lambda: require_scheduler(place, stated, loaded), "Save the pipeline anew with this version of diffusers"
    stated["config"] = dict(loaded["config"])  # what save_pretrained writes is what was loaded


@situation
def parts_of_what_has_none(place: Path, sets) -> Iterator[Step]:
    (place / "set").mkdir()
    (place / "set" / "metadata.csv").write_text("file_name,prompt\n")
    sets.declared(place / "set")
    asked: list[Any] = ["mine", place / "set.yaml"]
    yield lambda: recombine(asked[0], {}, "new", path=asked[1]), "Nothing can be recombined of it"
    asked[:] = [DATA / "phantom" / "fair", place / "set.yaml"]


@situation
def a_scheduler_of_what_has_none(place: Path, sets) -> Iterator[Step]:
    (place / "set").mkdir()
    asked: list[Any] = [sets.declared(place / "set"), find_system("phantom-fair")]
    yield lambda: with_scheduler(asked[0], asked[1], place), "Only diffusers pipelines have"
    asked[0] = find_system("phantom-updated")


# Embedders ------------------------------------------------------------------------------------------------------------


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
