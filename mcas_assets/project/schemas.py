"""JSON schemas of every YAML file that people write, from the models that read them: an editor completes and checks by these.

A schema knows each key and value by itself. What holds of several together is said by `mcas`, when it reads the file.
"""

import inspect
import re
from typing import Any

from pydantic import BaseModel

from mcas_assets.declare.audit import Audit
from mcas_assets.declare.catalogue import kinds
from mcas_assets.declare.project import Project
from mcas_assets.embedders.find import KINDS as EMBEDDERS
from mcas_assets.labellers.find import KINDS as LABELLERS
from mcas_assets.policy.load import Outline
from mcas_assets.policy.requirements import KINDS_OF_REQUIREMENTS
from mcas_assets.systems.find import KINDS as SYSTEMS
from mcas_assets.systems.image_sets.mapping import Ready
from mcas_assets.watch.canary import Canary

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def schemas() -> dict[str, Schema]:
    """Each schema by its name: that of a kind of file, such as `audit`."""
    made = {
        "project": _of(Project),
        "audit": _of(Audit),
        "canary": _of(Canary),
        "mapping": _of(Ready),
        "policy": _policy(),
        "systems": _entries("systems", SYSTEMS),
        "embedders": _entries("embedders", EMBEDDERS),
        "labellers": _entries("labellers", LABELLERS),
    }
    return {name: {"$schema": DIALECT, **schema} for name, schema in made.items()}


def _of(model: type[BaseModel]) -> Schema:
    """The schema of a model; what its docstring says of each key stands beside it, where an editor shows it."""
    schema = model.model_json_schema()
    for name, part in schema.get("$defs", {}).items():
        schema["$defs"][name] = {key: value for key, value in part.items() if key != "title"}
    told = attributes(model)
    for name, key in schema["properties"].items():
        key.pop("title", None)
        if name in told:
            key["description"] = told[name]
    return schema


def _entries(key: str, package: str) -> Schema:
    """A file of entries, each of one of the kinds of a package."""
    found = [(kind, module.Declaration) for kind, module in kinds(package).items()]
    entry, parts = _one_of(found, "kind")
    return {
        "type": "object",
        "required": [key],
        "additionalProperties": False,
        "properties": {key: {"type": ["object", "null"], "additionalProperties": entry}},
        "$defs": parts,
    }


def _policy() -> Schema:
    schema = _of(Outline)
    requirement, parts = _one_of(list(KINDS_OF_REQUIREMENTS.items()), "kind")
    schema["properties"]["requirements"] = {"type": "array", "minItems": 1, "items": requirement}
    return {**schema, "$defs": {**schema.get("$defs", {}), **parts}}


def _one_of(models: list[tuple[str, type[BaseModel]]], key: str) -> tuple[Schema, Schema]:
    """(what is one of several models, told apart by the word at `key`; the parts that these refer to)."""
    parts: Schema = {}
    for word, model in models:
        schema = _of(model)
        parts |= schema.pop("$defs", {})
        schema["properties"][key] = {"const": word}
        schema["required"] = sorted({*schema.get("required", ()), key})
        parts[f"{key}-{word}"] = schema
    words = [word for word, _ in models]
    choice = [
        {
            "if": {"properties": {key: {"const": word}}, "required": [key]},
            "then": {"$ref": f"#/$defs/{key}-{word}"},
        }
        for word in words
    ]
    entry = {"type": "object", "required": [key], "properties": {key: {"enum": words}}, "allOf": choice}
    return entry, parts


def attributes(model: type[BaseModel]) -> dict[str, str]:
    """What the docstrings of a model and of those it builds upon say of each key; the nearest stands first."""
    told: dict[str, str] = {}
    for one in model.__mro__:
        listed = inspect.cleandoc(one.__dict__.get("__doc__") or "").partition("Attributes:\n")[2].split("\n\n")[0]
        for entry in re.split(r"\n(?=    \S)", "\n" + listed)[1:]:
            names, _, text = " ".join(entry.split()).partition(": ")
            for name in names.split(", "):
                told.setdefault(name, text)
    return told
