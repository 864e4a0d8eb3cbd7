"""The size that a pipeline draws at when told nothing, by the expressions of its own source.

It stands in several places (the call's defaults, the pipeline's class, a component's configuration, model_index.json), and each
family puts them together in its own way (`self.default_sample_size * self.vae_scale_factor`). So the expressions of `__init__`
and `__call__` are evaluated here with a stand-in that has the components' configurations and nothing else.
"""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from mcas_assets.systems.pipelines import signatures

_FUNCTIONS = {
    "len": len,
    "int": int,
    "getattr": getattr,
    "hasattr": hasattr,
    "max": max,
    "min": min,
    "isinstance": isinstance,
}
_LEFT_OUT = (NameError, AttributeError, TypeError, KeyError, ValueError, IndexError, ArithmeticError, SyntaxError)
"""An expression that needs more than configurations raises one of these, and is left out."""


class _Part:
    """A component, or the pipeline: what its configuration says are its attributes, as those of diffusers' models are."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        vars(self).update(config)
        self.config = _Config(config)


class _Config(dict):
    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def default_size(
    class_name: str, index: Mapping[str, Any], configs: Mapping[str, Mapping[str, Any]]
) -> tuple[int, int] | None:
    """Width and height in pixels, or None if the source does not tell.

    Args:
        class_name: The pipeline's.
        index: What model_index.json says besides the components.
        configs: The configuration of each component, by its name.
    """
    init, call = signatures.method(class_name, "__init__"), signatures.method(class_name, "__call__")
    if call is None:
        return None
    parts = {name: _Part(config) for name, config in configs.items()}
    pipeline = _Part(index)
    vars(pipeline).update(parts)
    taken = signatures.parameters(class_name) or {}
    made_with = signatures.parameters(class_name, "__init__") or {}
    known = {**signatures.constants(class_name), **made_with, **index, **parts, **_FUNCTIONS, "self": pipeline}
    for target, value in _assignments(init):
        if isinstance(target, ast.Attribute) and (found := _evaluated(value, known)) is not None:
            setattr(pipeline, target.attr, found)
    width, height = (_side(name, taken, call, known | taken) for name in ("width", "height"))
    return (width, height) if width and height else None


def _side(name: str, taken: Mapping[str, Any], call: ast.FunctionDef, known: dict[str, Any]) -> int | None:
    if isinstance(taken.get(name), int):
        return taken[name]
    for value in _defaults(name, call):
        found = _evaluated(value, known)
        if isinstance(found, int) and not isinstance(found, bool) and found > 0:
            return found
    return None


def _defaults(name: str, call: ast.FunctionDef) -> Iterator[ast.expr]:
    """The expressions that stand in for a parameter that was not given: `height or X`, and X of `if height is None`."""
    for node in ast.walk(call):
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) and getattr(node.values[0], "id", None) == name:
            yield node.values[1]
        elif isinstance(node, ast.If) and ast.unparse(node.test) == f"{name} is None":
            for target, value in _assignments(node):
                if getattr(target, "id", None) == name:
                    yield value


def _assignments(node: ast.FunctionDef | ast.If | None) -> Iterator[tuple[ast.expr, ast.expr]]:
    for line in node.body if node else ():
        if isinstance(line, ast.Assign) and len(line.targets) == 1:
            yield line.targets[0], line.value


def _evaluated(value: ast.expr, known: dict[str, Any]) -> Any:
    """What an expression of diffusers' source is, or None if it needs more than what is known."""
    try:
        return eval(compile(ast.Expression(value), "diffusers", "eval"), {"__builtins__": {}}, known)
    except _LEFT_OUT:
        return None
