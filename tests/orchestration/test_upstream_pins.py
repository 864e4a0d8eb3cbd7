"""What is used of Dagster without its promise: listed with the reason, and pinned, so that a move upstream shows here."""

import ast
import importlib
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.scheduler.instigation import SensorInstigatorData

import mcas_assets

PACKAGE = Path(mcas_assets.__file__).parent

REASONS = {
    ("orchestration.clock", "dagster._core.instance.ref", "InstanceRef"): (
        "the thread that watches the clock opens the daemon's instance anew: nothing public says where an instance is"
    ),
    ("orchestration.clock", "dagster._core.scheduler.instigation", "SensorInstigatorData"): (
        "a sensor that ticked in the future is never asked again, and nothing public sets the time of its last tick"
    ),
    ("orchestration.located", "dagster._core.instance.ref", "InstanceRef"): (
        "an instance class that dagster.yaml names must give the default storages, which stand there"
    ),
    **{
        ("orchestration.located", "dagster._core.remote_origin", name): (
            "a run within a process has no origin, the UI's timeline shows none without, and nothing public gives it one"
        )
        for name in ("RegisteredCodeLocationOrigin", "RemoteJobOrigin", "RemoteRepositoryOrigin")
    },
    **{
        ("orchestration.restart", "dagster._core.scheduler.instigation", name): (
            "whether systems are watched is decided by the command: nothing public takes back what was switched in the UI"
        )
        for name in ("InstigatorStatus", "SensorInstigatorData")
    },
    ("orchestration.webserver", "dagster._grpc.client", "DagsterGrpcClient"): (
        "asks the code server whether it answers: Dagster's own command for that starts a Python for each question"
    ),
    ("orchestration.webserver", "dagster._core.workspace.context", "WorkspaceProcessContext"): (
        "Dagster's webserver as an application takes it, and nothing public makes it"
    ),
    ("orchestration.webserver", "dagster._core.workspace.load_target", "WorkspaceFileTarget"): (
        "that context takes it: which code the UI shows, by the file that leads to the code server"
    ),
}


def private_imports() -> set[tuple[str, str, str]]:
    found = set()
    for file in PACKAGE.rglob("*.py"):
        module = ".".join(file.relative_to(PACKAGE).with_suffix("").parts)
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("dagster._"):
                found |= {(module, node.module, name.name) for name in node.names}
            elif isinstance(node, ast.Import):
                found |= {(module, name.name, "") for name in node.names if name.name.startswith("dagster._")}
    return found


def test_every_private_import_of_dagster_is_listed_with_its_reason():
    assert private_imports() == set(REASONS)


@pytest.mark.parametrize(("module", "name"), sorted((module, name) for _, module, name in REASONS))
def test_what_is_used_privately_is_there(module, name):
    assert hasattr(importlib.import_module(module), name)


def test_a_sensors_last_tick_can_be_set():
    assert "last_tick_timestamp" in SensorInstigatorData._fields


def test_checks_take_partitions():
    spec = dg.AssetCheckSpec("one", asset="asset", partitions_def=dg.StaticPartitionsDefinition(["a"]))
    assert spec.partitions_def is not None
