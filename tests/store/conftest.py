"""A store in a temporary folder, small frames, and a helper that runs a script of ours in another process."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest

from mcas_assets.store.database import Store
from mcas_assets.store.ledger import Materialisation


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home", wait=0.3)


@pytest.fixture
def scores() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "system": ["s", "s"],
            "system_version": ["s@1", "s@1"],
            "audit": ["gender", "gender"],
            "axis": ["gender", "gender"],
            "embedder": ["e@1", "e@1"],
            "concept": ["nurse", "engineer"],
            "n_images": [8, 8],
            "mcas": [-0.1, 0.2],
            "reason": [None, None],
        }
    )


@pytest.fixture
def materialisation() -> Materialisation:
    return Materialisation(
        asset="scores",
        partition="s@1",
        audit="gender",
        run_id="run-1",
        code_version="1",
        data_version="abc",
        input_versions={"embeddings": 3},
        packages={"torch": "2.15.0"},
        git_commit=None,
        git_dirty=None,
    )


@pytest.fixture
def images() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "image_id": ["i1", "i2", "i3"],
            "system_version": ["s@1"] * 3,
            "prompt": ["a nurse"] * 3,
            "seed": [1, 2, 3],
            "width": [64] * 3,
            "height": [64] * 3,
            "outcome": ["ok", "timeout", "refused_prompt"],
            "reason": [None, "no answer", "policy"],
            "sha256": ["f" * 64, None, None],
            "run_id": ["run-1"] * 3,
        }
    )


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts Python code in another process; whatever still runs at the end is killed."""
    processes: list[subprocess.Popen[str]] = []

    def run(code: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code, *map(str, arguments)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        processes.append(process)
        return process

    yield run
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()
