"""What is known of each text-to-image family of the installed diffusers, told from its source and from the tests."""

import ast
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from mcas_assets.systems.pipelines import modular, rewriters, signatures
from mcas_assets.systems.pipelines.pipeline_folder import refusal_of
from tests.systems.tiny.recipes import RECIPES
from tools.reference.markdown import Page

_OF_ANOTHER_TASK = re.compile(
    "Img2Img|Inpaint|Control|Upscale|Pix2Pix|Depth2Img|Edit|SuperResolution|Refiner|Layered|Fill|Prior|ShapE|Video|Kontext"
)
TESTED, UNTESTED, NOT_LOADABLE = "audited tiny in a test", "untested", "not loadable"


class Family(NamedTuple):
    """A pipeline class, and what is known of it.

    Attributes:
        pipeline: Its name in diffusers.
        standing: `TESTED`, `UNTESTED` or `NOT_LOADABLE`.
        known: Why it is not loadable; of others what an entry must or may say.
    """

    pipeline: str
    standing: str
    known: str


def families() -> list[Family]:
    """Every class that draws images from a prompt alone, by name: the standard ones, then the modular ones."""
    return [_family(name) for name in (*sorted(_standard()), *sorted(_modular()))]


def _standard() -> Iterator[str]:
    root = signatures.installed("diffusers")
    for file in sorted((root or Path()).glob("pipelines/**/pipeline_*.py")):
        for node in ast.parse(file.read_bytes()).body:
            if (
                isinstance(node, ast.ClassDef)
                and node.name.endswith("Pipeline")
                and not _OF_ANOTHER_TASK.search(node.name)
            ):
                taken = signatures.parameters(node.name) or {}
                if "prompt" in taken and taken.get("image") != signatures.REQUIRED and _gives_images(node.name):
                    yield node.name


def _gives_images(name: str) -> bool:
    """Whether the call makes an output with a field `images`."""
    call = signatures.method(name, "__call__") or ast.Pass()
    return any(
        isinstance(node, ast.Call) and any(given.arg == "images" for given in node.keywords) for node in ast.walk(call)
    )


def _modular() -> Iterator[str]:
    import diffusers

    for name in dir(diffusers):
        taken = modular.parameters(name) if modular.is_modular(name) else None
        is_meant = taken and "prompt" in taken and "num_frames" not in taken and not _OF_ANOTHER_TASK.search(name)
        if is_meant and "images" in modular.outputs(name):
            yield name


def _family(name: str) -> Family:
    tested = {recipe.pipeline: recipe for recipe in RECIPES.values()}
    if why := refusal_of(name):
        return Family(name, NOT_LOADABLE, f"it {why}")
    taken = signatures.parameters(name) or {}
    notes = [f"rewrites prompts by default ({', '.join(found)})" for found in [rewriters.shipped(name)] if found]
    notes += [f"may rewrite prompts ({', '.join(found)})" for found in [rewriters.suspects(name)] if found]
    needed = [key for key, value in taken.items() if value == signatures.REQUIRED and key != "prompt"]
    notes += [f"`arguments` must give {', '.join(needed)}"] if needed else []
    notes += (
        ["draws in the nearest of its own sizes, and cuts to the one asked for"]
        if "use_resolution_binning" in taken
        else []
    )
    return Family(name, TESTED if name in tested else UNTESTED, "; ".join(notes))


def known_families() -> Page:
    """The page: how many stand how, and each in a row."""
    return "families.md", _parts()


def _parts() -> Iterator[str]:
    found = families()
    counts = {one: sum(family.standing == one for family in found) for one in (TESTED, UNTESTED, NOT_LOADABLE)}
    yield "# Families"
    yield (
        f"The text-to-image pipelines of diffusers {version('diffusers')}; an entry of "
        f"[kind diffusers](systems.md#kind-diffusers) names one by its folder. {counts[TESTED]} are made tiny, with random "
        f"weights, and audited in tests: seeds, batches, outcomes. {counts[UNTESTED]} more have what an audit needs, and nobody "
        "has tried them here; the first image of a version tells whether a seed fixes it. "
        f"{counts[NOT_LOADABLE]} cannot be audited as they are."
    )
    yield "\n".join(
        ["| pipeline | standing | what is known |", "| --- | --- | --- |",
         *(f"| `{one.pipeline}` | {one.standing} | {one.known} |" for one in found)]
    )  # fmt: skip
