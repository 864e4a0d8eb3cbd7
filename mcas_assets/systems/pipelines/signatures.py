"""What the classes of the installed diffusers take, read from its source.

Importing diffusers takes seconds and torch with it; to refuse a folder, or to say at what size, in how many steps and with
which scheduler configuration a pipeline draws by default, its source is enough.
"""

import ast
import importlib.util
import re
from functools import cache
from pathlib import Path
from typing import Any

from mcas_assets.systems.pipelines import modular

_ARITHMETIC = (ast.Constant, ast.BinOp, ast.UnaryOp, ast.List, ast.Tuple, ast.operator, ast.unaryop, ast.expr_context)
_CLASS = re.compile(rb"^class (\w+)", re.MULTILINE)
REQUIRED = "<required>"
COMPUTED = "<computed>"
"""Stands for a default that is an expression."""


@cache
def parameters(class_name: str, name: str = "__call__") -> dict[str, Any] | None:
    """The parameters of a method of a pipeline or scheduler with their defaults (`REQUIRED`, `COMPUTED` or a value).

    Inherited methods count. None if the installed diffusers has no such class or method. Of a modular pipeline diffusers is asked.
    """
    if modular.is_modular(class_name) and name == "__call__":
        return modular.parameters(class_name)
    function = method(class_name, name)
    if function is None:
        return None
    args = function.args
    plain = [*args.posonlyargs, *args.args]
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(args.defaults))
    pairs = list(zip(plain, [*defaults, *args.defaults], strict=True))
    pairs += list(zip(args.kwonlyargs, args.kw_defaults, strict=True))
    return {arg.arg: REQUIRED if default is None else _literal(default) for arg, default in pairs[1:]}


@cache
def scheduler_overrides(class_name: str) -> dict[str, Any]:
    """What a pipeline's `__init__` sets in the configuration of the scheduler that it is given, where it has the key.

    The Stable Diffusion pipelines mend old configurations so (`new_config["steps_offset"] = 1`).
    """
    overrides = {}
    for node in ast.walk(method(class_name, "__init__") or ast.Pass()):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            of, key = node.targets[0].value, _literal(node.targets[0].slice)
            if isinstance(of, ast.Name) and of.id == "new_config" and isinstance(key, str):
                overrides[key] = _literal(node.value)
    return overrides


def _literal(node: ast.expr) -> Any:
    infinity = re.fullmatch(r"(-?)float\('inf'\)", ast.unparse(node))
    if infinity:
        return float(f"{infinity[1]}inf")
    try:
        return ast.literal_eval(node)
    except ValueError:
        is_plain = all(isinstance(part, _ARITHMETIC) for part in ast.walk(node))
        return eval(compile(ast.Expression(node), "default", "eval"), {}) if is_plain else COMPUTED


@cache
def method(class_name: str, name: str) -> ast.FunctionDef | None:
    """The source of a method of a pipeline or scheduler, inherited or its own; None where there is none."""
    definition = _class(class_name)
    if definition is None:
        return None
    for node in definition.body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node
    for base in (
        part.attr if isinstance(part, ast.Attribute) else getattr(part, "id", "") for part in definition.bases
    ):
        is_known = base.endswith(("Pipeline", "Scheduler")) and base != "DiffusionPipeline"
        if is_known and (inherited := method(base, name)):
            return inherited
    return None


@cache
def constants(class_name: str) -> dict[str, Any]:
    """The plain values that stand at the top of the module of a pipeline: `DEFAULT_RESOLUTION = 512`."""
    _, module = _found(class_name)
    lines = [line for line in module if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name)]
    read = {getattr(line.targets[0], "id", ""): _literal(line.value) for line in lines}
    return {name: value for name, value in read.items() if isinstance(value, int | float)}


def installed(library: str) -> Path | None:
    """The folder of a library's source, or None where it is not installed."""
    spec = importlib.util.find_spec(library)
    return Path(spec.origin).parent if spec and spec.origin else None


def _class(class_name: str) -> ast.ClassDef | None:
    return _found(class_name)[0]


@cache
def _found(class_name: str) -> tuple[ast.ClassDef | None, list[ast.stmt]]:
    file = _files("schedulers" if class_name.endswith("Scheduler") else "pipelines").get(class_name)
    if file is None:
        return None, []
    body = ast.parse(file.read_bytes()).body
    return next((node for node in body if isinstance(node, ast.ClassDef) and node.name == class_name), None), body


@cache
def _files(folder: str) -> dict[str, Path]:
    """The file of diffusers that defines each class of a folder."""
    root = installed("diffusers")
    names = {"schedulers": "scheduling_*.py", "pipelines": "pipeline_*.py"}[folder]
    files = sorted((root / folder).rglob(names)) if root else []
    return {name.decode(): file for file in files for name in _CLASS.findall(file.read_bytes())}
