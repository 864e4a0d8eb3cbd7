"""Embedders of kind `open_clip`: a folder, a hub repository at a commit, or one of open_clip's own models by tag.

All three come down to a folder with `open_clip_config.json`, the weights and, for some, the tokenizer: open_clip takes
no revision, and loading weights by their path loses the preprocessing that belongs to them.
"""

import importlib.metadata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mcas_assets.core.errors import BadInput
from mcas_assets.core.texts import Ids
from mcas_assets.declare.mistakes import Mistake
from mcas_assets.embedders.model import Encoders, FolderEmbedder, FolderEntry
from mcas_assets.embedders.open_clip_tags import model_config, tag_config, tag_mistakes
from mcas_assets.systems.pipelines import devices
from mcas_assets.systems.pipelines.hub import revision_mistakes, snapshot
from mcas_assets.systems.pipelines.tokenizers import tokenizer_ids
from mcas_assets.systems.pipelines.weights import PICKLES, check_safetensors, read_json

_CONFIG = "open_clip_config.json"
# The order in which open_clip 3.3 looks for weights (factory._find_checkpoint_in_dir); others after these, by name.
_PREFERRED = (
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
    "open_clip_pytorch_model.pth",
    "model.safetensors",
    "pytorch_model.bin",
    "pytorch_model.pth",
    "model.pth",
)
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
_TOKENIZER += (
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "spiece.model",
    "tokenizer.model",
    "sentencepiece.bpe.model",
)
_PREPROCESS = {
    "mode": "RGB",
    "mean": [0.48145466, 0.4578275, 0.40821073],
    "std": [0.26862954, 0.26130258, 0.27577711],
    "interpolation": "bicubic",
    "resize_mode": "shortest",
    "fill_color": 0,
}
"""open_clip's defaults (transform.PreprocessCfg)."""


class Declaration(FolderEntry):
    """One entry of kind `open_clip`: that of `FolderEntry`, or a model and a tag.

    Attributes:
        model, tag: A model of open_clip and the tag of its weights; `revision` may pin the repository behind the tag.
    """

    kind: Literal["open_clip"]
    model: str | None = None
    tag: str | None = None

    @classmethod
    def contradictions(cls, raw: dict[str, Any]) -> Iterable[Mistake]:
        """Exactly one of the three ways; a model and a tag that open_clip has and that fit each other."""
        if raw.get("model") is None and raw.get("tag") is None:
            yield from super().contradictions(raw)
            return
        for key in ("folder", "repo"):
            if raw.get(key) is not None:
                yield Mistake((key,), "is given with a model and tag", "Give one of folder, repo, or model and tag")
        if raw.get("revision") is not None:
            yield from revision_mistakes(raw["revision"])
        yield from tag_mistakes(raw.get("model"), raw.get("tag"))


def build(name: str, entry: Declaration, base: Path, cache: Path | None = None) -> "OpenClipEmbedder":
    """The embedder of an entry; `base` is what its folder is relative to, `cache` a file that remembers digests."""
    return OpenClipEmbedder(name, entry, base, cache)


class OpenClipEmbedder(FolderEmbedder):
    """A model of open_clip."""

    def folder(self) -> Path:
        """The folder with `open_clip_config.json`."""
        entry = self.entry
        if entry.folder:
            folder = self._base / Path(entry.folder).expanduser()
            if not folder.is_dir():
                raise BadInput(folder, "is not a folder", f"Correct the folder of embedder {self.name!r}")
            return folder
        repo = entry.repo or tag_config(entry.model, entry.tag)["hf_hub"].strip("/")
        allow = [_CONFIG, "*.safetensors", *_TOKENIZER]
        return snapshot(repo, entry.revision or "main", allow, ["*/*"])

    def _describe(self, folder: Path) -> tuple[list[str], dict[str, Any]]:
        config = _read_config(folder)
        model, preprocess = config["model_cfg"], config.get("preprocess_cfg") or {}
        if self.entry.tag:
            self._check_activation(folder, model)
        weights = _find_weights(folder)
        check_safetensors(folder / weights)
        tokenizer = [name for name in _TOKENIZER if (folder / name).is_file()]
        needs_tokenizer = bool(model["text_cfg"].get("hf_tokenizer_name"))
        if needs_tokenizer and not tokenizer:
            raise BadInput(folder, "has no tokenizer, though its configuration names one", "Add tokenizer.json")
        size = model["vision_cfg"].get("image_size", 224)
        facts = {
            "dim": model["embed_dim"],
            "preprocess": _PREPROCESS | {"size": size} | {k: v for k, v in preprocess.items() if v is not None},
            "quick_gelu": bool(model.get("quick_gelu", False)),
            "open_clip": importlib.metadata.version("open_clip_torch"),
        }
        return [_CONFIG, weights, *(tokenizer if needs_tokenizer else [])], facts

    def _check_activation(self, folder: Path, model: dict[str, Any]) -> None:
        expected = bool(model_config(self.entry.model).get("quick_gelu", False))
        if bool(model.get("quick_gelu", False)) != expected:
            problem = f"says quick_gelu {not expected}, where {self.entry.model} with {self.entry.tag} needs {expected}"
            raise BadInput(folder / _CONFIG, problem, "Declare the embedder with repo and revision instead")

    def _text_limit(self, folder: Path) -> tuple[int, Ids]:
        config = _read_config(folder)["model_cfg"]["text_cfg"]
        most = int(config.get("context_length", 77))
        if config.get("hf_tokenizer_name"):
            return most, tokenizer_ids(folder)
        from open_clip.tokenizer import SimpleTokenizer

        own = SimpleTokenizer()
        return most, lambda text: [own.sot_token_id, *own.encode(text), own.eot_token_id]

    def _load(self, folder: Path) -> Encoders:
        import open_clip
        import torch
        from open_clip.transform import PreprocessCfg, image_transform_v2

        device = devices.best_device()
        where = f"local-dir:{folder}"
        model: Any = open_clip.create_model(where, precision="fp32", device=device, require_pretrained=True)
        model = model.eval().requires_grad_(False)
        tokenizer = open_clip.get_tokenizer(where)
        preprocess = PreprocessCfg(**model.visual.preprocess_cfg)
        self._check_preprocess(folder, vars(preprocess))
        transform = image_transform_v2(preprocess, is_train=False)

        def prepare(batch: Iterator) -> Any:
            return torch.stack([transform(image) for image in batch])

        def images(pixels: Any) -> np.ndarray:
            with torch.inference_mode(), devices.full_precision():
                return model.encode_image(pixels.to(device)).float().cpu().numpy()

        def texts(batch: list[str]) -> np.ndarray:
            with torch.inference_mode(), devices.full_precision():
                return model.encode_text(tokenizer(batch).to(device)).float().cpu().numpy()

        return Encoders(images, texts, prepare, model)

    def _check_preprocess(self, folder: Path, loaded: dict[str, Any]) -> None:
        """The preprocessing is part of the identity, so it must be what was read from the files."""
        expected = self.identity()["preprocess"]
        for key, value in loaded.items():
            value = list(value) if isinstance(value, tuple) else value
            known = [expected.get(key), [expected.get(key)] * 2]
            if value not in known:
                problem = f"is {value!r} once loaded, where the file says {expected.get(key)!r}"
                raise BadInput(folder / _CONFIG, problem, "Write it out in the file", f"preprocess_cfg.{key}")


def _read_config(folder: Path) -> dict[str, Any]:
    config = read_json(folder / _CONFIG)
    model = config.get("model_cfg")
    for key in ("embed_dim", "vision_cfg", "text_cfg"):
        if not isinstance(model, dict) or key not in model:
            problem = "is missing, so this is no open_clip model"
            raise BadInput(folder / _CONFIG, problem, "Write the folder anew with open_clip", f"model_cfg.{key}")
    return config


def _find_weights(folder: Path) -> str:
    """The weights file that open_clip will load from a folder, which must be safetensors."""
    names = sorted(file.name for file in folder.iterdir() if file.suffix in (".safetensors", ".bin", ".pth"))
    names.sort(key=lambda name: not name.endswith(".safetensors"))
    chosen = next((name for name in _PREFERRED if name in names), names[0] if names else None)
    if chosen is None:
        raise BadInput(folder, "has no weights", "Add open_clip_model.safetensors")
    if chosen.endswith(PICKLES):
        problem = "is a pickle, which can run any code when it is loaded, and it is what open_clip would load"
        raise BadInput(folder / chosen, problem, "Convert it to open_clip_model.safetensors")
    return chosen
