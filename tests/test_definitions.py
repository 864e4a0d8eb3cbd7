"""The front door: what it offers, what it must not cost, and that the workspace names it."""

import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml

import mcas_assets
from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import list_audits
from mcas_assets.definitions import build_definitions, declared_audits, defs
from mcas_assets.stages.registry import STAGES

ROOT = Path(__file__).parents[1]

REVIEWED = Path(__file__).parent / "data" / "graph.yaml"


def imports(module: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_definitions_are_loadable_and_offer_every_stage_of_every_audit():
    dg.Definitions.validate_loadable(defs)
    keys = {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()}
    stages = {f"{audit}/{stage}" for audit in list_audits() for stage in STAGES}
    assert keys == stages | {"systems", "calibration", "canary", "publication"}


def test_each_audit_has_a_job():
    assert {job.name for job in defs.resolve_all_job_defs()} >= {
        f"audit_{name.replace('-', '_')}" for name in list_audits()
    }


def test_all_assets_are_of_one_group_so_that_the_lineage_opens_unfolded():
    graph = defs.resolve_asset_graph()
    assert {graph.get(key).group_name for key in graph.get_all_asset_keys()} == {"audits"}


def test_everything_but_plan_texts_calibration_and_publication_is_partitioned_by_system_version():
    graph = defs.resolve_asset_graph()
    free = {key.path[-1] for key in graph.get_all_asset_keys() if graph.get(key).partitions_def is None}
    assert free == {"plan", "texts", "calibration", "publication"}


def test_each_table_has_a_check_that_blocks_and_one_of_its_hints_partitioned_as_its_stage_is():
    graph = defs.resolve_asset_graph()
    for stage in STAGES.values():
        key = dg.AssetKey(["phantom", stage.name])
        specs = [graph.get_check_spec(one) for one in graph.asset_check_keys if one.asset_key == key]
        of_tables = {one.name: one for one in specs if not one.name.startswith("policy_")}
        hints = {f"{table.name}_hints" for table in stage.tables if table.hints}
        assert set(of_tables) == {table.name for table in stage.tables} | hints
        assert {name for name, one in of_tables.items() if not one.blocking} == hints
        assert {one.partitions_def is None for one in of_tables.values()} == {stage.is_planned}


def test_the_graph_is_as_it_was_reviewed():
    """Whoever changes the graph writes it anew, with MCAS_REVIEWED=1 in the environment, and the change shows in review."""
    graph = defs.resolve_asset_graph()
    shape = {
        key.to_user_string(): {
            "reads": sorted(parent.to_user_string() for parent in graph.get(key).parent_keys),
            "group": graph.get(key).group_name,
            "partitions": getattr(graph.get(key).partitions_def, "name", None),
            "checks": sorted(
                f"{one.name}{'!' if graph.get_check_spec(one).blocking else ''}"
                for one in graph.asset_check_keys if one.asset_key == key
            ),
        }
        for key in sorted(graph.get_all_asset_keys())
        if key.path[0] in ("phantom", "systems", "canary", "calibration")
    }  # fmt: skip
    text = yaml.safe_dump(shape, sort_keys=True)
    if os.environ.get("MCAS_REVIEWED"):
        REVIEWED.write_text(text)
    assert text == REVIEWED.read_text()


def test_the_workspace_names_the_front_door():
    workspace = yaml.safe_load((ROOT / "workspace.yaml").read_text())
    assert workspace == {
        "load_from": [{"python_module": {"module_name": "mcas_assets.definitions", "location_name": "mcas_assets"}}]
    }
    assert "[tool.dagster]" not in (ROOT / "pyproject.toml").read_text()
    assert "[tool.dg" not in (ROOT / "pyproject.toml").read_text()


def test_importing_the_front_door_loads_no_heavy_library():
    loaded = imports("mcas_assets.definitions")
    assert not loaded & {"torch", "diffusers", "transformers", "open_clip", "great_expectations", "pandas"}


@pytest.mark.parametrize(
    "module",
    [
        package.name
        for package in sorted(pkgutil.walk_packages(mcas_assets.__path__), key=lambda one: one.name)
        if package.ispkg and package.name not in ("cli", "orchestration")
    ],
)
def test_the_domain_knows_nothing_of_dagster(module):
    assert "dagster" not in imports(f"mcas_assets.{module}")


def test_a_draft_that_cannot_be_read_does_not_stop_the_other_audits(monkeypatch, caplog, tmp_path):
    (tmp_path / "broken.yaml").write_text("audit: broken\nfoo: [")
    listed = {**list_audits(), "broken": tmp_path / "broken.yaml"}
    monkeypatch.setattr("mcas_assets.orchestration.definitions.list_audits", lambda: listed)
    assert {audit.audit for audit in declared_audits()} == set(listed) - {"broken"}
    assert "audit broken.yaml is left out" in caplog.text


def test_definitions_can_be_built_for_one_audit(tiny):
    keys = build_definitions([tiny]).resolve_asset_graph().get_all_asset_keys()
    assert {key.to_user_string() for key in keys} == {
        "systems", "calibration", "canary", "publication", *(f"tiny/{stage}" for stage in STAGES)
    }  # fmt: skip


def test_the_sensor_and_the_weekly_canary_run_unless_someone_stops_them(monkeypatch):
    (sensor,), (schedule,) = defs.sensors, defs.schedules  # ty: ignore[not-iterable]
    assert (sensor.name, sensor.default_status) == ("watch", dg.DefaultSensorStatus.STOPPED)
    assert (schedule.name, schedule.default_status) == ("canary_weekly", dg.DefaultScheduleStatus.STOPPED)
    wanted = {"publish", *(f"audit_{name.replace('-', '_')}" for name in list_audits())}
    assert {job.name for job in sensor.jobs} == wanted
    monkeypatch.setenv("MCAS_WATCH", "on")
    (running,) = build_definitions([]).sensors  # ty: ignore[not-iterable]
    assert running.default_status == dg.DefaultSensorStatus.RUNNING


def test_an_interval_that_is_no_number_of_seconds_is_refused(monkeypatch):
    monkeypatch.setenv("MCAS_WATCH_EVERY", "often")
    with pytest.raises(BadInput, match="MCAS_WATCH_EVERY"):
        build_definitions([])
