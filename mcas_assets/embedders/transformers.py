"""Embedders of kind `transformers`: CLIP, SigLIP and their like, as `AutoModel` loads them."""

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mcas_assets.core.errors import BadInput
from mcas_assets.core.texts import Ids
from mcas_assets.embedders.model import Encoders, FolderEmbedder, FolderEntry
from mcas_assets.systems.pipelines import devices
from mcas_assets.systems.pipelines.hub import snapshot
from mcas_assets.systems.pipelines.tokenizers import tokenizer_ids
from mcas_assets.systems.pipelines.weights import find_weights, read_json

_IMAGE_PROCESSORS = ("preprocessor_config.json", "processor_config.json")
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
_TOKENIZER += ("vocab.json", "vocab.txt", "merges.txt", "spiece.model", "tokenizer.model")
# Text length in tokens where the configuration leaves it to the library's default (transformers 5: 64 for SigLIP).
_LENGTHS = {"clip": 77, "siglip": 64, "siglip2": 64}


class Declaration(FolderEntry):
    """One entry of kind `transformers`: see `FolderEntry`."""

    kind: Literal["transformers"]


def build(name: str, entry: Declaration, base: Path, cache: Path | None = None) -> "TransformersEmbedder":
    """The embedder of an entry; `base` is what its folder is relative to, `cache` a file that remembers digests."""
    return TransformersEmbedder(name, entry, base, cache)


class TransformersEmbedder(FolderEmbedder):
    """A model of transformers with `get_image_features` and `get_text_features`."""

    def folder(self) -> Path:
        """The folder with `config.json`."""
        entry = self.entry
        if entry.repo:
            return snapshot(entry.repo, entry.revision, ["*.json", "*.safetensors", "*.txt", "*.model"], ["*/*"])
        folder = self._base / Path(entry.folder).expanduser()
        if not folder.is_dir():
            raise BadInput(folder, "is not a folder", f"Correct the folder of embedder {self.name!r}")
        return folder

    def _describe(self, folder: Path) -> tuple[list[str], dict[str, Any]]:
        config = read_json(folder / "config.json")
        for key in ("vision_config", "text_config"):
            if not isinstance(config.get(key), dict):
                problem = "is missing, so this is no model of images and texts"
                raise BadInput(folder / "config.json", problem, "Give a CLIP or SigLIP model", key)
        if (folder / "open_clip_config.json").exists() and "model_type" not in config:
            raise BadInput(folder, "is a folder of open_clip", "Declare it with kind: open_clip")
        processors = [name for name in _IMAGE_PROCESSORS if (folder / name).is_file()]
        tokenizer = [name for name in _TOKENIZER if (folder / name).is_file()]
        if not processors or not tokenizer:
            missing = "image processor" if not processors else "tokenizer"
            raise BadInput(folder, f"has no {missing}", "Copy or download the folder again: it is not complete")
        facts = {
            "dim": _dim(config),
            "preprocess": read_json(folder / processors[0]),
            "text_length": _text_length(config),
            "transformers": importlib.metadata.version("transformers"),
        }
        return ["config.json", *processors, *tokenizer, *find_weights(folder, None, False)], facts

    def _text_limit(self, folder: Path) -> tuple[int, Ids]:
        return self.identity()["text_length"], tokenizer_ids(folder)

    def _load(self, folder: Path) -> Encoders:
        import torch
        from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

        from mcas_assets.systems.pipelines.quiet import quiet_loading

        device, length = devices.best_device(), self.identity()["text_length"]
        local = {"local_files_only": True}
        with quiet_loading() as complaints:
            model = AutoModel.from_pretrained(folder, dtype=torch.float32, use_safetensors=True, **local)
            processor = AutoImageProcessor.from_pretrained(folder, **local)
            tokenizer: Any = AutoTokenizer.from_pretrained(folder, **local)
        if complaints:
            raise ValueError(f"weights are missing: {complaints[0]}")
        model = model.eval().requires_grad_(False).to(device)

        def prepare(batch: Iterator) -> Any:
            return processor(images=list(batch), return_tensors="pt")

        def images(pixels: Any) -> np.ndarray:
            with torch.inference_mode(), devices.full_precision():
                return _array(model.get_image_features(**pixels.to(device)))

        def texts(batch: list[str]) -> np.ndarray:
            # All to one length: SigLIP was trained so, and a vector must not depend on the longest text of its batch.
            tokens = tokenizer(batch, padding="max_length", max_length=length, truncation=True, return_tensors="pt")
            with torch.inference_mode(), devices.full_precision():
                return _array(model.get_text_features(**tokens.to(device)))

        return Encoders(images, texts, prepare, model)


def _array(features: Any) -> np.ndarray:
    """The tensor as an array; since version 5 it comes in an output object."""
    return getattr(features, "pooler_output", features).float().cpu().numpy()


def _dim(config: dict[str, Any]) -> int:
    if "projection_dim" in config:
        return int(config["projection_dim"])
    if config.get("model_type", "clip").startswith("siglip"):
        return int(config["vision_config"].get("hidden_size", 768))
    return 512


def _text_length(config: dict[str, Any]) -> int:
    stated = config["text_config"].get("max_position_embeddings")
    return int(stated or _LENGTHS.get(config.get("model_type", "clip"), 77))
