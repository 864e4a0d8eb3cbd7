"""The canary on a phantom whose weights are swapped behind its name: what it says, and what follows from it."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
import yaml

from mcas_assets.core.errors import BadInput
from mcas_assets.core.paths import DATA, canaries_folder
from mcas_assets.definitions import build_definitions
from mcas_assets.embedders.find import find_embedder
from mcas_assets.orchestration import canary as asset
from mcas_assets.orchestration.instance import open_instance
from mcas_assets.orchestration.partitions import register
from mcas_assets.orchestration.records import QUIET
from mcas_assets.orchestration.sensor import observe
from mcas_assets.scoring.stats.spending import spent
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store.database import Store
from mcas_assets.systems.find import find_system
from mcas_assets.systems.protocol import Outcome, Request, System, SystemIdentity
from mcas_assets.watch.canary import judge, load_canary, requests

SYSTEMS = """\
systems:
  endpoint:
    kind: diffusers
    path: {phantom}/stereotyped
    steps: 2
    guidance: 1.0
    width: 64
    height: 64
    dtype: float32
    audits: [tiny]
    canary: phantom
"""


class Endpoint:
    """Like a hosted system: one name, whatever answers behind it. It takes no seed, so every window is another draw."""

    behind, draws = "phantom-stereotyped", 1

    def __init__(self, declared: Any) -> None:
        self.name, self._declared = declared.name, declared

    def __getattr__(self, name: str) -> Any:
        return getattr(self._declared, name)

    def identity(self) -> SystemIdentity:
        return SystemIdentity(self.name, {"kind": "hosted", "model": "endpoint-1"})

    def generate(self, requests: Sequence[Request]) -> list[Outcome]:
        anew = [
            Request(one.prompt, Endpoint.draws * 100_000 + one.seed % 100_000, one.width, one.height)
            for one in requests
        ]
        return _drawer(Endpoint.behind).generate(anew)

    def environment(self) -> dict[str, Any]:
        return {"client": "test"}


@cache
def _drawer(name: str) -> System:
    return find_system(name, steps=2)


class Place:
    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        (folder / "systems.yaml").write_text(SYSTEMS.format(phantom=DATA / "phantom"))
        shipped = yaml.safe_load((canaries_folder() / "phantom.yaml").read_text())
        small = shipped | {"prompts": shipped["prompts"][4:14], "images_per_prompt": 8, "permutations": 999}
        (folder / "phantom.yaml").write_text(yaml.safe_dump(small))
        self.canary = load_canary("phantom", folder)
        self.instance = instance
        self.workplace = Workplace(
            home=folder / "home",
            system_file=folder / "systems.yaml",
            canary_folder=folder,
            find_system=lambda name, **given: Endpoint(find_system(name, **given)),  # ty: ignore[invalid-argument-type]
        )
        self.store = Store(folder / "home")
        self.defs = build_definitions([], self.workplace)

    def look(self) -> str:
        decision, _ = observe(self.workplace, self.instance, [])
        (version,) = [state.system_version for state in decision.states]
        assert version is not None
        register(self.instance, version)
        return version

    def window(self, name: str, version: str) -> dg.ExecuteInProcessResult:
        Endpoint.draws += 1
        return self.defs.resolve_job_def(asset.JOB).execute_in_process(
            instance=self.instance, partition_key=version, run_config=asset.window_config(name)
        )

    def rows(self, sql: str) -> list[tuple]:
        with self.store.open() as con:
            return con.execute(sql).fetchall()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Three windows: two of one model, one after it was swapped."""
    with dg.DagsterInstance.ephemeral() as instance:
        made = Place(tmp_path_factory.mktemp("canary"), instance)
        first = made.look()
        made.results = [made.window("2026-01-05", first), made.window("2026-01-12", first)]  # ty: ignore[missing-attribute]
        Endpoint.behind = "phantom-fair"
        made.results.append(made.window("2026-01-19", first))  # ty: ignore[missing-attribute]
        made.first = first  # ty: ignore[missing-attribute]
        yield made
    Endpoint.behind = "phantom-stereotyped"


def test_windows_of_one_model_show_nothing_and_a_swap_behind_the_name_is_said_of_the_behaviour(place):
    rows = place.rows("select window_name, previous, verdict, n_images, n_prompts from canary order by window_number")
    assert rows == [
        ("2026-01-05", None, "first window", 80, None),
        ("2026-01-12", "2026-01-05", "not shown", 80, 10),
        ("2026-01-19", "2026-01-12", "behaviour changed", 80, 10),
    ]


def test_every_window_is_asked_anew_though_prompts_and_seeds_are_equal(place):
    counted = "select count(*), count(distinct image_id), count(distinct (prompt, seed)) from image_facts"
    assert place.rows(counted) == [(240, 240, 80)]


def test_the_check_warns_of_the_changed_window_and_all_rules_hold(place):
    passed = [
        {one.check_name: one.passed for one in result.get_asset_check_evaluations()}[asset.BEHAVIOUR]
        for result in place.results
    ]
    assert passed == [True, True, False]
    assert place.rows("select count(*) from quality_results where asset = 'canary' and not success") == [(0,)]
    assert place.rows("select count(*) from quality_results where asset = 'canary'")[0][0] >= 30


def test_a_window_that_is_there_is_not_asked_for_again(place):
    before = place.rows("select count(*) from image_facts"), place.rows("select max(version) from materialisations")
    result = place.window("2026-01-19", place.first)
    assert result.success
    assert (
        place.rows("select count(*) from image_facts"),
        place.rows("select max(version) from materialisations"),
    ) == before


def test_a_changed_behaviour_makes_a_version_of_its_own_that_is_to_be_audited(place):
    decision, seen = observe(place.workplace, place.instance, ["tiny"])
    (state,) = decision.states
    assert state.system_version != place.first
    assert seen[0].identity.document["observed"] == {"behaviour_since": "2026-01-19"}  # ty: ignore[missing-union-attribute]
    assert [(one.audit, one.system_version) for one in decision.request] == [("tiny", state.system_version)]
    assert place.workplace.system_of(state.system_version).identity().version == state.system_version
    assert place.workplace.system_of(place.first).identity().version == place.first


def test_the_schedule_asks_for_a_window_of_every_system_that_declares_a_canary(place, tmp_path):
    schedule = place.defs.resolve_schedule_def(asset.WEEKLY)
    instance = open_instance(tmp_path)
    try:
        monday = datetime(2026, 2, 2, 6, tzinfo=UTC)
        context = dg.build_schedule_context(instance=instance, scheduled_execution_time=monday)
        (request,) = schedule(context, workplace=place.workplace)
        assert request.run_config == asset.window_config("2026-02-02") | QUIET
        assert instance.has_dynamic_partition("system_version", request.partition_key)
    finally:
        instance.dispose()


def test_a_window_is_held_against_the_first_one_too_and_at_a_level_of_its_own(place):
    rows = place.rows("select reference, reference_p_value <= level, level from canary order by window_number")
    assert rows[:2] == [(None, None, None), (None, None, pytest.approx(0.05 / 521 / 2))]
    assert rows[2] == ("2026-01-05", True, pytest.approx(spent(2, 0.05) / 2))


def test_a_system_that_moves_a_little_every_window_is_seen_against_the_reference(place, tmp_path):
    """The last window holds most of the new answers already, the reference none."""
    store = Store(Path(shutil.copytree(place.store.home, tmp_path / "home")))
    declared, embedder = place.canary, find_embedder("phantom-balanced")
    first, then, now = (requests(declared, place.first, f"2026-01-{day}", (64, 64)) for day in ("05", "12", "19"))
    swapped = then.join(now, on=["prompt_id", "replicate"]).filter(pl.col("replicate") < 5)
    with store.open() as con:
        for old, new in swapped.select("image_id", "image_id_right").iter_rows():
            con.execute(
                "update image_facts set sha256 = n.sha256, path = n.path from image_facts n"
                " where image_facts.image_id = ? and n.image_id = ?",
                [old, new],
            )
    row = judge(store, declared, now, then, embedder, first, 2)

    assert row["p_value"] > row["level"] >= row["reference_p_value"]
    assert row["verdict"] == "behaviour changed"


def test_refusals_are_answers_and_show_as_another_behaviour(place, tmp_path):
    store = Store(Path(shutil.copytree(place.store.home, tmp_path / "home")))
    declared, embedder = place.canary, find_embedder("phantom-balanced")
    before, now = (requests(declared, place.first, window, (64, 64)) for window in ("2026-01-05", "2026-01-12"))
    refused = now.filter(pl.col("prompt").str.contains("nurse|chef|pilot"))["image_id"].to_list()
    with store.open() as con:
        con.execute(
            "update image_facts set outcome = 'refused_prompt', sha256 = null, path = null"
            " where list_contains(?, image_id)",
            [refused],
        )
    row = judge(store, declared, now, before, embedder)
    assert (row["n_refused"], row["n_images"], row["verdict"]) == (24, 56, "behaviour changed")


def test_a_system_that_declares_no_canary_is_told_so(place, tmp_path):
    (tmp_path / "systems.yaml").write_text(
        SYSTEMS.format(phantom=DATA / "phantom").replace("    canary: phantom\n", "")
    )
    workplace = replace(place.workplace, system_file=tmp_path / "systems.yaml")
    job = build_definitions([], workplace).resolve_job_def(asset.JOB)
    result = job.execute_in_process(instance=place.instance, partition_key=place.first, raise_on_error=False)
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "declares no canary" in str(failure.step_failure_data.error)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"prompts": ["a", "a"]}, "twice"),
        ({"alpha": 0.7}, "alpha"),
        ({"embedders": "x"}, "embedder"),
        ({"prompts": ["a"]}, "at least 2"),
    ],
)
def test_a_malformed_canary_names_what_is_wrong(tmp_path, change, says):
    text = (canaries_folder() / "phantom.yaml").read_text()
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(yaml.safe_load(text) | change))
    with pytest.raises(BadInput, match=says):
        load_canary("c", tmp_path)


def test_the_shipped_canaries_are_of_twenty_prompts_and_eight_images():
    for name in ("hosted", "phantom"):
        declared = load_canary(name)
        assert (len(declared.prompts), declared.images_per_prompt) == (20, 8)
    with pytest.raises(BadInput, match="hosted"):
        load_canary("hostd")
