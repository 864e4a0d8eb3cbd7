"""Pipelines that cannot be read, change before they are loaded, or do not draw what was asked."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mcas_assets.core.paths import DATA
from mcas_assets.systems import identity as identities
from mcas_assets.systems.find import find_system
from mcas_assets.systems.pipelines.pipeline_folder import require_scheduler
from mcas_assets.systems.pipelines.weights import read_json
from mcas_assets.systems.protocol import Request
from mcas_assets.systems.recombine import recombine, with_scheduler
from tests.remedies.declared import refusing
from tests.remedies.given_models import UNET, content, drawn, identified
from tests.remedies.situations import Situation, Step, situation


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
    from mcas_assets.systems.pipelines import outputs

    size: dict[str, Any] = {"width": 72, "height": 64}
    make = outputs._floats
    monkeypatch.setattr(outputs, "_floats", lambda image: make(image)[:64, :64])

    def draw() -> object:
        system = find_system("phantom-fair", steps=1, **size)
        return system.generate([Request("a nurse", 1, size["width"], size["height"])])

    yield draw, "Declare it with width: 64 and height: 64"
    size |= {"width": 64}


@situation
def a_device_that_is_lost(place: Path, monkeypatch) -> Iterator[Step]:
    import torch
    from diffusers import StableDiffusionPipeline

    def lost(*given: object, **more: object) -> object:
        raise torch.AcceleratorError("an illegal memory access was encountered")

    with monkeypatch.context() as patch:
        patch.setattr(StableDiffusionPipeline, "__call__", lost)
        yield lambda: drawn(DATA / "phantom" / "fair"), "Run again: what came before is kept"


@situation
def a_device_that_a_pipeline_cannot_be_put_on(place: Path, monkeypatch) -> Iterator[Step]:
    from diffusers import DiffusionPipeline

    def odd(*given: object) -> object:
        raise TypeError("no float64 here")

    with monkeypatch.context() as patch:
        patch.setattr(DiffusionPipeline, "to", odd)
        yield lambda: drawn(DATA / "phantom" / "fair"), "Hide the device (CUDA_VISIBLE_DEVICES=) to run on the CPU"


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
