"""What can be told by reading files is told without a library of models: one interpreter, and what it has loaded by then."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import json, sys
loaded = {}
def look(what):
    loaded[what] = sorted(sys.modules)

import mcas_assets.declare.audit
look("an audit")

from mcas_assets.declare.catalogue import kinds
known = sorted(kinds("mcas_assets.systems"))
look("the kinds of systems")

import mcas_assets.systems.protocol
from mcas_assets.systems.find import find_system
system = find_system("phantom-stereotyped")
system.identity(), system.size(), system.capabilities()
look("a system with its identity")

from mcas_assets.embedders.find import find_embedder, load_embedders
load_embedders()
embedder = find_embedder("phantom-balanced")
embedder.identity(), embedder.id, embedder.dim
look("an embedder with its identity")
print(json.dumps([known, loaded]))
"""
MODELS = {"torch", "diffusers", "transformers", "open_clip"}
NOT_FOR = {
    "an audit": {"polars", "numpy", "torch", "duckdb"},
    "the kinds of systems": {"openai", "google.genai", "torch", "diffusers"},
    "a system with its identity": MODELS,
    "an embedder with its identity": MODELS,
}


@pytest.fixture(scope="module")
def interpreter() -> tuple[list[str], dict[str, list[str]]]:
    """The kinds of systems that it knows, and the modules that it had loaded by each step."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    known, loaded = json.loads(done.stdout)
    return known, loaded


def test_the_kinds_of_systems_are_all_known(interpreter):
    assert interpreter[0] == [
        "bfl",
        "comfyui",
        "diffusers",
        "drawn",
        "fal",
        "gateway",
        "google",
        "import",
        "openai",
        "replicate",
    ]


@pytest.mark.parametrize("what", NOT_FOR)
def test_heavy_libraries_are_not_loaded_for(what, interpreter):
    assert not NOT_FOR[what] & set(interpreter[1][what])
