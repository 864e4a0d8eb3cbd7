"""open_clip's own table of models and tags, read from its source: importing open_clip imports torch."""

import ast
import copy
import importlib.util
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from mcas_assets.declare.mistakes import Mistake, did_you_mean


@cache
def tags() -> dict[str, dict[str, dict[str, Any]]]:
    """Model name -> tag -> its configuration: hf_hub, mean, std, interpolation, resize_mode, quick_gelu."""
    names: dict[str, Any] = {"copy": copy}
    exec(compile((_package() / "constants.py").read_text(), "constants.py", "exec"), names)
    source = ast.parse((_package() / "pretrained.py").read_text())
    # The table is made by assignments, a loop and small functions named ...cfg; what follows uses it and needs imports.
    statements = (ast.Assign, ast.For, ast.Expr)
    body = [node for node in source.body if isinstance(node, statements) or _is_config_function(node)]
    exec(compile(ast.Module(body, []), "pretrained.py", "exec"), names)
    return names["_PRETRAINED"]


def tag_config(model: str, tag: str) -> dict[str, Any]:
    """The configuration of a tag that exists."""
    return tags()[model][_clean(tag)]


@cache
def model_config(model: str) -> dict[str, Any]:
    """The architecture of one of open_clip's own models."""
    return json.loads((_package() / "model_configs" / f"{model}.json").read_text())


def tag_mistakes(model: object, tag: object) -> Iterator[Mistake]:
    """What is wrong with a declared model and tag."""
    if not isinstance(model, str) or not isinstance(tag, str):
        yield Mistake(("tag" if model else "model",), "is missing", "Give both model and tag")
    elif model not in tags():
        yield Mistake(("model",), f"is {model!r}, which open_clip has no weights for", _nearest(model, tags()))
    elif _clean(tag) not in tags()[model]:
        problem = f"is {tag!r}, which {model} does not have"
        yield Mistake(("tag",), problem, did_you_mean(tag, tags()[model]))
    elif tag_config(model, tag).get("quick_gelu") and not model_config(model).get("quick_gelu"):
        problem = f"is {model!r}, but the weights of {tag!r} were trained with QuickGELU: their vectors would be wrong"
        yield Mistake(("model",), problem, f"Write model: {model}-quickgelu")
    elif not tag_config(model, tag).get("hf_hub", "").endswith("/"):
        problem = f"is {tag!r}, whose weights are no safetensors repository of the hub"
        yield Mistake(("tag",), problem, "Convert them, and declare the folder with folder")


def _nearest(model: str, known: dict[str, Any]) -> str:
    """Short, since there are some 130 models."""
    remedy = did_you_mean(model, known)
    return remedy.partition("Known:")[0].strip() or "See open_clip.list_pretrained()"


def _is_config_function(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name.startswith("_") and node.name.endswith("cfg")


def _clean(tag: str) -> str:
    return tag.lower().replace("-", "_")


def _package() -> Path:
    spec = importlib.util.find_spec("open_clip")
    if spec is None or spec.origin is None:
        raise ImportError("open_clip is not installed")
    return Path(spec.origin).parent
