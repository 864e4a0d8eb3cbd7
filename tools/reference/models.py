"""What may stand in a YAML file, told by the model that reads it: keys and values by its JSON schema, meanings by its docstring."""

import inspect
import re
from collections.abc import Collection, Iterator
from typing import Any

from pydantic import BaseModel

from mcas_assets.project.schemas import attributes
from tools.reference.markdown import table

Model = type[BaseModel]
_WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
_SIGNS = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}


def section(
    model: Model, title: str, *, about: str | None = None, beside: Model | None = None, skip: Collection[str] = ()
) -> Iterator[str]:
    """A section on a model, and one below it on each part that its keys refer to.

    Args:
        model: Reads what is described.
        title: The heading.
        about: What stands below it; by default the model's docstring.
        beside: A model whose keys are described elsewhere: those that are as there are left out.
        skip: Further keys to leave out.
    """
    schema = model.model_json_schema()
    elsewhere = beside.model_json_schema()["properties"] if beside else {}
    keys = {name: key for name, key in schema["properties"].items() if elsewhere.get(name) != key and name not in skip}
    yield f"## {title}"
    yield prose(model) if about is None else about
    yield _keys(model, keys, schema.get("required", ())) or "No further keys."
    yield _across(model)
    for name in _parts(keys, schema.get("$defs", {})):
        part, named = _class(model, name), schema["$defs"][name]
        yield f"### {name}"
        yield prose(part)
        yield _keys(part, named["properties"], named.get("required", ()))


def prose(of: Any) -> str:
    """The docstring of a class without the list of its attributes, and without the word on who reads it."""
    text = (inspect.getdoc(of) or "").split("Attributes:")[0].strip()
    return re.sub(r" `\w+` reads it\.", "", text)


def _keys(model: Model, keys: dict[str, Any], needed: Collection[str]) -> str:
    told = attributes(model)
    return table(
        ("key", "value", "default", "meaning"),
        [
            (f"`{name}`", _type(key), "needed" if name in needed else _default(key), told.get(name, ""))
            for name, key in keys.items()
        ],
    )


def _type(key: dict[str, Any]) -> str:
    """What may stand there, in words."""
    if "$ref" in key:
        name = key["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in key or "const" in key:
        return ", ".join(f"`{one}`" for one in key.get("enum", [key.get("const")]))
    if "anyOf" in key:
        return _any_of([one for one in key["anyOf"] if one.get("type") != "null"])
    if key.get("type") == "array":
        return f"list of {_type(key['items'])}" + (f", at least {key['minItems']}" if key.get("minItems") else "")
    if key.get("type") == "object":
        values = key.get("additionalProperties")
        return f"mapping of names to {_type(values)}" if isinstance(values, dict) else "mapping"
    bounds = [f"{sign} {key[name]:,}" for name, sign in _SIGNS.items() if name in key and key[name] < 2**62]
    return ", ".join(filter(None, (_WORDS[key["type"]], " and ".join(bounds))))


def _any_of(options: list[dict[str, Any]]) -> str:
    plain = {one.get("type") for one in options}
    if plain >= set(_WORDS):
        options = [one for one in options if one.get("type") not in _WORDS]
        return " or ".join(["any value", *map(_type, options)])
    return " or ".join(map(_type, options))


def _default(key: dict[str, Any]) -> str:
    value = key.get("default")
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list):
        return f"`[{', '.join(map(str, value))}]`" if value else ""
    return f"`{value}`" if isinstance(value, int | float) or (isinstance(value, str) and value) else ""


def _parts(keys: dict[str, Any], known: dict[str, Any]) -> list[str]:
    """The names of the parts that keys refer to, each with those that it refers to itself."""
    found: list[str] = []
    for name in re.findall(r"#/\$defs/(\w+)", str(keys)):
        found += [one for one in (name, *_parts(known[name]["properties"], known)) if one not in found]
    return found


def _class(model: Model, name: str) -> Model:
    """The class of a part, as the module of the model, or of what it builds upon, knows it."""
    modules = filter(None, map(inspect.getmodule, model.__mro__))
    return next(getattr(module, name) for module in modules if hasattr(module, name))


def _across(model: Model) -> str:
    """What the model says of keys together."""
    told = " ".join((inspect.getdoc(model.__dict__.get("contradictions")) or "").split())
    rule = told.partition("no single field shows: ")[2]
    return f"Of keys together: {rule}" if rule else ""
