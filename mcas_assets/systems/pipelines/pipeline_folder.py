"""A diffusers pipeline folder, understood and found whole without importing torch or diffusers.

Layout: that of `DiffusionPipeline.save_pretrained` (diffusers 0.42): `model_index.json` names a library and a class for
each component, and the component's files lie in the folder of its name.
"""

import logging
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcas_assets.core.errors import BadInput
from mcas_assets.systems.pipelines import modular, signatures, sizes
from mcas_assets.systems.pipelines.components import kind_in, kind_of
from mcas_assets.systems.pipelines.loose_weights import adapters_in, put_on_it, refusal
from mcas_assets.systems.pipelines.quantised import require_dequantisable
from mcas_assets.systems.pipelines.single_file import parts_in
from mcas_assets.systems.pipelines.weights import find_weights, read_json

log = logging.getLogger(__name__)

# They draw their noise from a stream of their own, so that the seed of an image would mean nothing.
SEEDLESS_SCHEDULERS = ("DPMSolverSDEScheduler", "CosineDPMSolverMultistepScheduler")
_NOT_TEXT_TO_IMAGE = re.compile("Img2Img|Inpaint|ControlNet|Upscale|InstructPix2Pix|Depth2Img|AdapterPipeline")
_LOADED = re.compile(r".*\.(json|model|jinja|tiktoken)|merges\.txt|vocab\.txt")
_CONFIGS = ("config.json", "generation_config.json")
_FETCH_AGAIN = "Copy or download the folder again"


@dataclass(frozen=True)
class PipelineFolder:
    """What a pipeline folder holds.

    Attributes:
        path: The folder.
        pipeline: The pipeline's class name.
        components: Component name -> class name, those that are loaded.
        files: What they are loaded from: paths relative to the folder with forward slashes, sorted.
        single_file: A checkpoint that the weights of some are loaded from in their place, or None.
        from_file: Which.
        index: The name of the file that names the components.
    """

    path: Path
    pipeline: str
    components: dict[str, str]
    files: tuple[str, ...]
    single_file: Path | None = None
    from_file: tuple[str, ...] = ()
    index: str = "model_index.json"

    def config(self, *components: str) -> dict[str, Any]:
        """The `config.json` of the first of these components that there is, or nothing."""
        for name in components:
            if name in self.components and (self.path / name / "config.json").is_file():
                return read_json(self.path / name / "config.json")
        return {}

    def scheduler(self) -> dict[str, Any]:
        """Class and configuration of the scheduler as it will be once loaded: {'class': ..., 'config': {...}}.

        What is saved, the installed diffusers' defaults for what is not, and what the pipeline itself then sets. Defaults
        change between releases, and with them the images.
        """
        if "scheduler" not in self.components:
            return {}
        saved, name = read_json(self.path / "scheduler" / "scheduler_config.json"), self.components["scheduler"]
        unset = saved.get("_use_default_values") or ()
        stated = {key: value for key, value in saved.items() if not key.startswith("_") and key not in unset}
        unknown = (signatures.REQUIRED, signatures.COMPUTED)
        taken = signatures.parameters(name, "__init__") or {}
        config = {key: value for key, value in taken.items() if value not in unknown} | stated
        config |= {key: v for key, v in signatures.scheduler_overrides(self.pipeline).items() if key in config}
        return {"class": name, "config": config}

    def default_size(self) -> tuple[int, int] | None:
        """Width and height in pixels that the pipeline draws at when told nothing; None if files do not tell."""
        configs = {name: self.config(name) for name in self.components}
        if stated := sizes.default_size(self.pipeline, self.stated(), configs):
            return stated
        sample = self.config("unet", "transformer", "prior").get("sample_size")
        if isinstance(sample, list) and len(sample) == 2:
            return sample[1] * self._scale(), sample[0] * self._scale()
        if isinstance(sample, int):
            return sample * self._scale(), sample * self._scale()
        return None

    def stated(self) -> dict[str, Any]:
        """What `model_index.json` says besides the components: what the pipeline itself is made with."""
        index = read_json(self.path / self.index)
        return {key: value for key, value in index.items() if not (key.startswith("_") or isinstance(value, list))}

    def _scale(self) -> int:
        """Pixels of the image to one of the latent, along a side, as the pipelines derive it."""
        names = ("vae", "vqvae", "movq", "vqgan")
        if not any(name in self.components for name in names):
            return 1
        config = self.config(*names)
        for key, steps in (
            ("block_out_channels", -1),
            ("encoder_block_out_channels", -1),
            ("temperal_downsample", 0),
        ):
            if isinstance(config.get(key), list):
                return 2 ** (len(config[key]) + steps)
        return 8


def inspect(
    folder: Path,
    *,
    variant: str | None = None,
    allow_pickle: bool = False,
    without: Collection[str] = (),
    whole: bool = True,
    single_file: Path | None = None,
    used: Collection[Path] = (),
) -> PipelineFolder:
    """Understand a pipeline folder, and see that all that will be loaded from it is there and whole.

    Args:
        folder: The folder with `model_index.json`.
        variant: Weights variant to prefer ('fp16').
        allow_pickle: Accept pickled weights where there are no others.
        without: Components that will not be loaded.
        whole: See that weights and tokenizers are whole; not for a listing, where they stand empty.
        single_file: A checkpoint that is loaded in place of the weights that it holds.
        used: Adapters that are put on, wherever they lie.

    Raises:
        BadInput: It is no pipeline folder, draws no images from text, or something in it is missing or broken.
    """
    name = index_name(folder)
    index = _read_index(folder, name)
    pipeline = _check_class(folder / name, index["_class_name"])
    parts = {name: entry for name, entry in index.items() if _is_component(entry) and name not in without}
    components = {name: class_name for name, (_, class_name) in parts.items()}
    files = [name]
    from_file = parts_in(single_file, components) if single_file else ()
    for adapter in adapters_in(folder) if whole else ():
        if adapter.resolve() not in used:
            told = "%s lies beside the pipeline and is left unused: what is audited is the model without it. %s"
            log.warning(told, adapter, put_on_it(adapter))
    for part, (library, class_name) in parts.items():
        if part in from_file:
            read_json(folder / part / "config.json")
            files.append(f"{part}/config.json")
            continue
        names = _component(folder / part, library, class_name, variant, allow_pickle, whole)
        if name == modular.INDEX:
            modular.require_named_folder(folder, part)
        files += [f"{part}/{file}" for file in names]
    if components.get("scheduler") in SEEDLESS_SCHEDULERS:
        problem = f"is a {components['scheduler']}, which ignores the seed of an image"
        remedy = "Save the pipeline with another scheduler, for example DPMSolverMultistepScheduler"
        raise BadInput(folder / "scheduler", problem, remedy)
    return PipelineFolder(folder, pipeline, components, tuple(sorted(files)), single_file, from_file, name)


def require_scheduler(folder: Path, stated: dict[str, Any], loaded: dict[str, Any]) -> None:
    """The scheduler that draws must be the one of the identity, which was told without loading it.

    Args:
        folder: The pipeline's folder.
        stated: What `PipelineFolder.scheduler` gives.
        loaded: Class and configuration of the one in memory, in the same form.

    Raises:
        BadInput: It is of another class or configuration.
    """
    if not stated:
        return
    known, is_ = {"class": stated["class"], **stated["config"]}, {"class": loaded["class"], **loaded["config"]}
    taken = signatures.parameters(stated["class"], "__init__") or {}
    wrong = {key for key in known if key not in is_ or is_[key] != known[key]}
    wrong |= {key for key in is_.keys() - known.keys() if taken.get(key) != signatures.COMPUTED}
    if wrong:
        listed = "; ".join(f"{key} is {is_.get(key)!r}, not {known.get(key)!r}" for key in sorted(wrong))
        problem = f"is another once loaded than its files say: {listed}"
        remedy = "Save the pipeline anew with this version of diffusers (save_pretrained)"
        raise BadInput(folder / "scheduler", problem, remedy)


def _is_component(entry: object) -> bool:
    return isinstance(entry, list) and len(entry) == 2 and all(isinstance(part, str) for part in entry)


def index_name(folder: Path) -> str:
    """The file of a folder that names a pipeline's components: that of a modular one, where there is only this."""
    names = ("model_index.json", modular.INDEX)
    return next((name for name in names if (folder / name).is_file()), names[0])


def _read_index(folder: Path, name: str) -> dict[str, Any]:
    if not folder.is_dir():
        raise BadInput(folder, "is not a folder", "Give the folder of a diffusers pipeline, or correct the path")
    path = folder / name
    if not path.exists():
        inner = sorted(child.name for child in folder.iterdir() if (child / index_name(child)).is_file())
        weights = sorted(file for file in folder.iterdir() if file.suffix in (".safetensors", ".ckpt"))
        problem = "is no diffusers pipeline: it has no model_index.json"
        if (folder / "config.json").is_file() and (part := read_json(folder / "config.json").get("_class_name")):
            remedy = f"It is one part ({part}) of a pipeline: give the folder above it"
        elif weights:
            what, remedy = refusal(weights[0])
            problem = f"{problem}; {weights[0].name} {what}"
        elif inner:
            remedy = f"Give a folder that holds one: {', '.join(inner[:5])}"
        else:
            remedy = "Give a folder that DiffusionPipeline.save_pretrained wrote"
        raise BadInput(folder, problem, remedy)
    index = read_json(path) if name == "model_index.json" else modular.read_index(path)
    if not isinstance(index.get("_class_name"), str):
        problem = "names no pipeline class of diffusers"
        raise BadInput(path, problem, "Pipelines with code of their own are not run", "_class_name")
    return index


def _check_class(index: Path, class_name: str) -> str:
    if signatures.parameters(class_name) is None:
        problem = f"is {class_name!r}, which the installed diffusers does not have"
        raise BadInput(index, problem, "Correct it, or upgrade diffusers", "_class_name")
    if why := refusal_of(class_name):
        raise BadInput(index, f"is {class_name}, which {why}", "Give a text-to-image pipeline", "_class_name")
    return class_name


def refusal_of(class_name: str) -> str | None:
    """Why a pipeline of diffusers cannot be audited, as a clause; None if its call has what an audit needs."""
    taken = signatures.parameters(class_name) or {}
    if taken.keys() & {"num_frames", "video_length"}:
        return "draws video"
    if "prompt" not in taken or "generator" not in taken:
        return "does not draw from a prompt and a seed"
    if "Onnx" in class_name:
        return "runs on onnxruntime, which takes no seed of torch"
    needed = [key for key, value in taken.items() if value == signatures.REQUIRED]
    if any("image_embed" in key for key in needed):
        return "needs what another pipeline made"
    needs_image = any("image" in key for key in needed) or _NOT_TEXT_TO_IMAGE.search(class_name)
    return "needs an image to start from" if needs_image else None


def _component(
    folder: Path, library: str, class_name: str, variant: str | None, allow_pickle: bool, whole: bool
) -> list[str]:
    if not folder.is_dir():
        problem = f"is missing, though {index_name(folder.parent)} names it ({class_name})"
        if (lies := modular.elsewhere(folder.parent, folder.name)) is not None:
            repo, part = lies
            said = "" if part == folder.name else f", and say subfolder: {folder.name} of it in {modular.INDEX}"
            remedy = f"Download {f'the folder {part} of {repo}' if part else repo} to there{said}"
            raise BadInput(folder, f"{problem} as a part of {repo}", remedy)
        raise BadInput(folder, problem, f"{_FETCH_AGAIN}: it is not complete")
    kind = kind_of(library, class_name) or kind_in(folder)
    if kind.has_weights:
        require_dequantisable(folder, read_json(folder / "config.json"))
        if (folder / "adapter_config.json").exists():
            problem = "is an adapter, which is loaded or left out depending on whether peft is installed"
            raise BadInput(folder / "adapter_config.json", problem, "Merge it into the weights, and save them anew")
        configs = [name for name in _CONFIGS if (folder / name).is_file()]
        return configs + find_weights(folder, variant, allow_pickle, whole=whole)
    if kind.config:
        read_json(folder / kind.config)
        return [kind.config]
    names = sorted(file.name for file in folder.iterdir() if file.is_file() and _LOADED.fullmatch(file.name))
    if not names:
        raise BadInput(folder, f"holds none of the files that a {class_name} is loaded from", _FETCH_AGAIN)
    for name in names if whole else ():
        if name.endswith(".json"):
            read_json(folder / name)
    return names
