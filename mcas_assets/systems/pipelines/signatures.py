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

_ARITHMETIC = (ast.Constant, ast.BinOp, ast.UnaryOp, ast.List, ast.Tuple, ast.operator, ast.unaryop, ast.expr_context)
REQUIRED = "<required>"
COMPUTED = "<computed>"
"""Stands for a default that is an expression."""


@cache
def parameters(class_name: str, method: str = "__call__") -> dict[str, Any] | None:
    """The parameters of a method of a pipeline or scheduler with their defaults (`REQUIRED`, `COMPUTED` or a value).

    Inherited methods count. None if the installed diffusers has no such class or method.
    """
    function = _method(class_name, method)
    if function is None:
        return None
    args = function.args
    plain = [*args.posonlyargs, *args.args]
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(args.defaults))
    pairs = list(zip(plain, [*defaults, *args.defaults], strict=True))
    pairs += list(zip(args.kwonlyargs, args.kw_defaults, strict=True))
    return {arg.arg: REQUIRED if default is None else _literal(default) for arg, default in pairs[1:]}


@cache
def default_pixels(class_name: str) -> int | None:
    """The side in pixels that a pipeline's source states outright: `height: int = 1024` or `height or 1024`."""
    stated = (parameters(class_name) or {}).get("height")
    if isinstance(stated, int):
        return stated
    for node in ast.walk(_method(class_name, "__call__") or ast.Pass()):
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) and len(node.values) == 2:
            name, value = node.values
            if isinstance(name, ast.Name) and name.id == "height" and isinstance(_literal(value), int):
                return _literal(value)
    return None


@cache
def default_sample(class_name: str) -> int | None:
    """The `default_sample_size` in latent pixels, where a pipeline's source states it and no config does."""
    for node in ast.walk(_method(class_name, "__init__") or ast.Pass()):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "attr", None) == "default_sample_size":
            value = _literal(node.value)
            return value if isinstance(value, int) else None
    return None


@cache
def scheduler_overrides(class_name: str) -> dict[str, Any]:
    """What a pipeline's `__init__` sets in the configuration of the scheduler that it is given, where it has the key.

    The Stable Diffusion pipelines mend old configurations so (`new_config["steps_offset"] = 1`).
    """
    overrides = {}
    for node in ast.walk(_method(class_name, "__init__") or ast.Pass()):
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
def _method(class_name: str, method: str) -> ast.FunctionDef | None:
    definition = _class(class_name)
    if definition is None:
        return None
    for node in definition.body:
        if isinstance(node, ast.FunctionDef) and node.name == method:
            return node
    for base in definition.bases:
        name = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
        if (
            name.endswith(("Pipeline", "Scheduler"))
            and name != "DiffusionPipeline"
            and (inherited := _method(name, method))
        ):
            return inherited
    return None


@cache
def _class(class_name: str) -> ast.ClassDef | None:
    spec = importlib.util.find_spec("diffusers")
    if spec is None or spec.origin is None or not class_name.isidentifier():
        return None
    line = re.compile(rb"^class %b\b" % class_name.encode(), re.MULTILINE)
    kind = "schedulers/scheduling_*.py" if class_name.endswith("Scheduler") else "pipelines/pipeline_*.py"
    folder, names = kind.split("/")
    for file in (Path(spec.origin).parent / folder).rglob(names):
        source = file.read_bytes()
        if class_name.encode() in source and line.search(source):
            body = ast.parse(source).body
            return next((n for n in body if isinstance(n, ast.ClassDef) and n.name == class_name), None)
    return None
