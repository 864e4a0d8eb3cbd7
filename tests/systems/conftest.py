"""Tiny pipelines with random weights, made from configs and saved once a session as folders."""

import gc
import json
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from mcas_assets.systems.find import find_system
from mcas_assets.systems.protocol import System
from tests.systems.tiny.recipes import made


@pytest.fixture(scope="session")
def families(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Path]]:
    """From the name of a family to its folder, which is made on first use. Do not write to it: see `pipeline`."""
    root = tmp_path_factory.mktemp("pipelines")

    def saved(family: str) -> Path:
        folder = root / family
        if not folder.exists():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                made(family).save_pretrained(str(folder))
            gc.freeze()  # what the libraries are made of stays, and is not looked through again by every collection
        return folder

    yield saved
    gc.unfreeze()


@pytest.fixture(scope="module")
def system(families: Callable[[str], Path]) -> Iterator[System]:
    """One that many tests draw with. Its folder is not to be written to."""
    found = find_system(families("sd1"), steps=2, width=16, height=16)
    yield found
    found.close()


@pytest.fixture
def pipeline(families: Callable[[str], Path], tmp_path: Path) -> Path:
    """A Stable Diffusion 1 folder of this test's own, named `tiny`."""
    return Path(shutil.copytree(families("sd1"), tmp_path / "tiny"))


@pytest.fixture
def declare(tmp_path: Path) -> Callable[..., Path]:
    """Writes a systems.yaml with one system `tiny`, given its keys; returns its path."""

    def write(**keys: object) -> Path:
        path = tmp_path / "systems.yaml"
        path.write_text(json.dumps({"systems": {"tiny": {"kind": "diffusers", **keys}}}))
        return path

    return write


@pytest.fixture(scope="session")
def change() -> Callable[..., None]:
    """Rewrites one tensor of a safetensors file: `change(file, name, function)`."""

    def rewrite(file: Path, name: str, function: Callable) -> None:
        tensors = {key: value.clone() for key, value in load_file(file).items()}
        tensors[name] = function(tensors[name])
        save_file(tensors, file, {"format": "pt"})

    return rewrite
