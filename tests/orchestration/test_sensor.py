"""The sensor at work on real instances and stores: what a tick asks for, and how the next heals what went wrong."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import dagster as dg
import pytest

from mcas_assets.core.errors import BadInput, McasError
from mcas_assets.core.paths import DATA
from mcas_assets.definitions import build_definitions
from mcas_assets.orchestration.jobs import job_name
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store.database import Store
from mcas_assets.store.publication import publish
from mcas_assets.systems.find import find_system
from mcas_assets.systems.protocol import Probe, SystemIdentity

SYSTEMS = f"""\
systems:
  phantom-stereotyped:
    kind: diffusers
    path: {DATA}/phantom/stereotyped
    steps: 8
    guidance: 1.0
    width: 64
    height: 64
    dtype: float32
    audits: [tiny]
  other:
    kind: diffusers
    path: other
    audits: [tiny]
"""


class Hosted:
    """What a hosted system is to a watch: a fixed identity, and a provider that says something of it."""

    probes: ClassVar[dict[str, Any]] = {}

    def __init__(self, name: str) -> None:
        self.name = name

    def probe(self) -> Probe:
        said = Hosted.probes[self.name]
        if isinstance(said, Exception):
            raise said
        return said

    def identity(self) -> SystemIdentity:
        return SystemIdentity(self.name, {"kind": "hosted", "model": self.name})


class Place:
    def __init__(self, folder: Path, tiny: Any) -> None:
        self.home, self.file = folder / "home", folder / "systems.yaml"
        self.file.write_text(SYSTEMS)
        self.workplace = Workplace(home=self.home, system_file=self.file)
        self.store = Store(self.home)
        self.defs = build_definitions([tiny], self.workplace)

    def tick(self, instance: dg.DagsterInstance, cursor: str | None = None, **workplace: Any) -> dg.SensorResult:
        sensor = self.defs.resolve_sensor_def("watch")
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        return sensor(context, workplace=replace(self.workplace, **workplace))  # ty: ignore[invalid-explicit-return]

    def states(self) -> dict[str, str]:
        with self.store.open() as con:
            return dict(con.execute("select system, arg_max(state, number) from system_states group by 1").fetchall())


@pytest.fixture
def place(tmp_path: Path, tiny) -> Place:
    return Place(tmp_path, tiny)


@pytest.fixture
def hosted(place) -> Iterator[Any]:
    """Makes every declared system one that only a provider knows of, and says what it answers."""
    place.workplace = replace(place.workplace, find_system=lambda name, **given: Hosted(name))
    Hosted.probes = {"phantom-stereotyped": Probe("available"), "other": Probe("available")}
    yield Hosted.probes
    Hosted.probes = {}


def test_a_tick_adds_the_partition_requests_one_run_and_tells_the_version(place, instance):
    result = place.tick(instance)
    version = find_system("phantom-stereotyped", place.file).identity().version
    (request,) = result.run_requests
    assert (request.job_name, request.partition_key, request.run_key) == (
        job_name("tiny"),
        version,
        f"tiny/{version}#1",
    )
    assert result.dynamic_partitions_requests == [
        dg.DynamicPartitionsDefinition(name="system_version").build_add_request([version])
    ]
    told = [event for event in result.asset_events if isinstance(event, dg.AssetMaterialization)]
    assert [event.partition for event in told] == [version]
    assert told[0].tags["dagster/data_version"].startswith(version.rpartition("@")[2])


def test_a_system_that_is_taken_out_of_the_file_during_a_look_is_not_found_broken(place, instance):
    def taken_out(name: str, **given: Any) -> Any:
        place.file.write_text(SYSTEMS.partition("  other:")[0])
        return find_system(name, **given)

    place.tick(instance)
    place.tick(instance, find_system=taken_out)
    assert place.states()["other"] == "unreachable"
    place.tick(instance)
    assert place.states()["other"] == "undeclared"


def test_a_folder_that_is_not_there_is_a_state_and_the_others_are_looked_at(place, instance):
    place.tick(instance)
    assert place.states() == {"other": "unreachable", "phantom-stereotyped": "available"}


def test_a_broken_folder_is_a_state_that_says_what_is_wrong(place, instance):
    (place.file.parent / "other").mkdir()
    result = place.tick(instance)
    assert len(result.run_requests) == 1
    assert place.states()["other"] == "unusable"
    with place.store.open() as con:
        ((detail,),) = con.execute("select detail from system_states where system = 'other'").fetchall()
    assert "model_index.json" in detail


def test_a_second_tick_over_what_is_audited_is_a_skip_that_says_why(place, instance, audited, tmp_path):
    home = Path(shutil.copytree(audited.home, tmp_path / "audited"))
    first = place.tick(instance, home=home)
    assert [request.job_name for request in first.run_requests] == ["publish"]  # the states are news, the audit is not
    publish(Store(home))
    second = place.tick(instance, first.cursor, home=home)
    assert second.run_requests == []
    assert f"tiny of {audited.ran.system_version}: up to date" in second.skip_reason.skip_message
    assert "other: unreachable since" in second.skip_reason.skip_message
    assert [event for event in second.asset_events if isinstance(event, dg.AssetObservation)] == []


def test_what_a_publication_that_died_left_unpublished_is_published_by_the_next_tick(
    place, instance, audited, tmp_path
):
    home = Path(shutil.copytree(audited.home, tmp_path / "audited"))
    first = place.tick(instance, home=home)
    run = instance.create_run_for_job(
        place.defs.resolve_job_def("publish"),
        status=dg.DagsterRunStatus.STARTED,
        tags={"dagster/run_key": first.run_requests[0].run_key},
    )
    assert place.tick(instance, first.cursor, home=home).run_requests == []  # it is under way
    (home / "runs").mkdir(exist_ok=True)
    (home / "runs" / f"{run.run_id}.lock").touch()  # what a killed process leaves
    (again,) = place.tick(instance, first.cursor, home=home).run_requests
    assert (again.job_name, again.run_key) == ("publish", None)
    publish(Store(home))
    assert place.tick(instance, first.cursor, home=home).run_requests == []


def test_a_tick_that_was_killed_before_anything_was_kept_is_made_good_by_the_next(place, instance):
    killed = place.tick(instance)  # evaluated, and nothing of what it returned was done
    healed = place.tick(instance)
    assert [one.run_key for one in healed.run_requests] == [one.run_key for one in killed.run_requests]
    assert healed.dynamic_partitions_requests == killed.dynamic_partitions_requests


def test_a_tick_that_was_killed_after_its_run_was_made_does_not_run_it_twice(place, instance):
    killed = place.tick(instance)
    (request,) = killed.run_requests
    instance.add_dynamic_partitions("system_version", [request.partition_key])
    instance.create_run_for_job(
        place.defs.resolve_job_def(request.job_name), status=dg.DagsterRunStatus.NOT_STARTED,
        tags={"dagster/partition": request.partition_key, "dagster/run_key": request.run_key},
    )  # fmt: skip
    healed = place.tick(instance)
    assert [one.job_name for one in healed.run_requests] == ["publish"]
    assert healed.dynamic_partitions_requests == []


def test_a_partition_that_was_deleted_under_its_run_is_added_again_and_the_run_is_not_doubled(place, instance):
    (request,) = place.tick(instance).run_requests
    instance.add_dynamic_partitions("system_version", [request.partition_key])
    instance.create_run_for_job(
        place.defs.resolve_job_def(request.job_name), status=dg.DagsterRunStatus.NOT_STARTED,
        tags={"dagster/partition": request.partition_key},
    )  # fmt: skip
    instance.delete_dynamic_partition("system_version", request.partition_key)
    healed = place.tick(instance)
    assert healed.dynamic_partitions_requests[0].partition_keys == [request.partition_key]
    assert job_name("tiny") not in [one.job_name for one in healed.run_requests]


def test_a_file_of_systems_that_cannot_be_read_is_never_no_systems(place, instance):
    place.tick(instance)
    place.file.write_text("systems: [")
    with pytest.raises(BadInput, match=r"systems\.yaml"):
        place.tick(instance)
    assert place.states()["phantom-stereotyped"] == "available"


def test_a_provider_that_answers_nonsense_for_one_system_does_not_stop_the_other(place, instance, hosted):
    for trouble in (
        McasError("nonsense"),
        BadInput("x", "is wrong", "Mend it"),
        ConnectionResetError("reset"),
        TimeoutError(),
    ):
        hosted["other"] = trouble
        place.tick(instance)
        assert place.states()["other"] in ("unusable", "unreachable")
        assert place.states()["phantom-stereotyped"] == "available"


def test_an_error_of_the_program_is_not_taken_for_a_state(place, instance, hosted):
    hosted["other"] = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        place.tick(instance)


def test_another_reported_version_is_another_system_version_with_images_of_its_own(place, instance, hosted):
    hosted["other"] = Probe("available", reported_version="v1")
    first = {one.partition_key for one in place.tick(instance).run_requests}
    assert {one.partition_key for one in place.tick(instance).run_requests} == first
    hosted["other"] = Probe("available", reported_version="v2")
    second = {one.partition_key for one in place.tick(instance).run_requests}
    (new,) = second - first
    assert place.workplace.system_of(new).identity().document["observed"] == {"reported_version": "v2"}
    hosted["other"] = Probe("available", reported_version="v1")
    assert {one.partition_key for one in place.tick(instance).run_requests} == first


def test_a_withdrawn_system_stays_with_its_versions(place, instance, hosted):
    place.tick(instance)
    hosted["other"] = Probe("withdrawn", "404: the model is retired")
    result = place.tick(instance)
    observed = [event for event in result.asset_events if isinstance(event, dg.AssetObservation)]
    (shown,) = [event for event in observed if event.metadata["state"].value == "withdrawn"]
    assert shown.partition == SystemIdentity("other", {"kind": "hosted", "model": "other"}).version
    assert place.states()["other"] == "withdrawn"
    with place.store.open() as con:
        assert con.execute("select count(*) from systems where system = 'other'").fetchall() == [(1,)]


def test_a_run_that_died_is_requested_again_by_the_tick_that_finds_it(place, instance):
    (request,) = place.tick(instance).run_requests
    run = instance.create_run_for_job(
        place.defs.resolve_job_def(request.job_name), status=dg.DagsterRunStatus.STARTED,
        tags={"dagster/partition": request.partition_key, "dagster/run_key": request.run_key},
    )  # fmt: skip
    (place.home / "runs").mkdir()
    (place.home / "runs" / f"{run.run_id}.lock").touch()  # what a killed process leaves
    (again,) = place.tick(instance).run_requests
    assert again.run_key == request.run_key.replace("#1", "#2")


@pytest.mark.parametrize(("has_images", "n_wanted"), [(True, 2), (False, 1)])
def test_an_audit_that_died_is_finished_though_its_system_has_moved_on_if_its_images_are_there(
    place, instance, audited, tiny, tmp_path, has_images, n_wanted
):
    home = Path(shutil.copytree(audited.home, tmp_path / "audited"))
    old = audited.ran.system_version
    if not has_images:
        with Store(home).open() as con:
            con.execute("delete from materialisations where asset = 'images'")
    run = instance.create_run_for_job(
        place.defs.resolve_job_def("audit_tiny"), status=dg.DagsterRunStatus.STARTED, tags={"dagster/partition": old}
    )
    (home / "runs").mkdir(exist_ok=True)
    (home / "runs" / f"{run.run_id}.lock").touch()  # what a killed process leaves
    place.file.write_text(SYSTEMS.replace("steps: 8", "steps: 4"))
    new = find_system("phantom-stereotyped", place.file).identity().version
    result = place.tick(instance, home=home)
    wanted = [f"tiny/{old}#2", f"tiny/{new}#1"][-n_wanted:]
    assert [request.run_key for request in result.run_requests] == wanted
    assert result.dynamic_partitions_requests == [
        dg.DynamicPartitionsDefinition(name="system_version").build_add_request([old, new][-n_wanted:])
    ]
    for request in result.run_requests[:-1]:  # it is finished without the model, which is another by now
        defs = build_definitions([tiny], replace(place.workplace, home=home))
        instance.add_dynamic_partitions("system_version", [old])
        job = defs.resolve_job_def(request.job_name)
        done = job.execute_in_process(instance=instance, partition_key=request.partition_key, tags=request.tags)
        assert done.success
        assert [one.run_key for one in place.tick(instance, home=home).run_requests] == [f"tiny/{new}#1"]
