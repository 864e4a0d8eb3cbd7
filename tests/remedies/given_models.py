"""Pipelines and embedders: folders that are broken, of another kind, or changed meanwhile."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mcas_assets.core.paths import DATA
from mcas_assets.systems.find import find_system
from mcas_assets.systems.pipelines.modular import require_named_folder
from mcas_assets.systems.protocol import Limited, Request
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
ELSEWHERE = json.dumps({"unet": [None, None, {"repo": "maker/parts", "subfolder": "unet"}]}).encode()
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
    broken("Download the folder unet of maker/parts to there",
           all_of(removed("unet"), content("modular_model_index.json", ELSEWHERE))),
    broken("and say subfolder: unet", content("modular_model_index.json", ELSEWHERE.replace(b'"unet"}', b'"other"}')),
           content("modular_model_index.json", ELSEWHERE), lambda folder: require_named_folder(folder, "unet")),
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
    broken("or give the pipeline with unquantised weights",
           edit("unet/config.json", quantization_config={"quant_method": "quanto"})),
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
