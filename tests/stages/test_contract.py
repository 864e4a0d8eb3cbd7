"""A stage is one object, and a column one line of the schema: whatever else there is follows, and no other line is written."""

import shutil
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from mcas_assets.core.errors import StoreError
from mcas_assets.declare.audit import Audit
from mcas_assets.orchestration.definitions import build_definitions
from mcas_assets.orchestration.jobs import job_name
from mcas_assets.orchestration.records import GROUP, key_of
from mcas_assets.orchestration.runs import run_audit
from mcas_assets.quality.expectations import among, between
from mcas_assets.stages import registry
from mcas_assets.stages.contract import Checked, Made, Stage, Table, Work
from mcas_assets.stages.current import why_not_current
from mcas_assets.stages.registry import current_versions, table_of
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import ledger, schema
from mcas_assets.store.database import Store
from mcas_assets.store.publication import publish, query
from mcas_assets.store.schema import frame_schema
from mcas_assets.systems.find import find_system

WEATHER_TABLE = """
create table if not exists weather_history (
    version        bigint not null,
    audit          varchar not null,
    system_version varchar not null,
    outcome        varchar not null,
    degrees        double
);
"""


def _make(work: Work) -> Made:
    (images,) = work.read("images")
    rows = images.group_by("audit", "system_version", "outcome", maintain_order=True).agg(
        degrees=pl.len().cast(pl.Float64)
    )
    return Made({"weather": rows}, "sunny", {"outcomes": len(rows)})


WEATHER = Stage(
    name="weather",
    description="What the weather was.",
    reads=("images",),
    tables=(
        Table(
            "weather",
            key=("outcome",),
            rules={"no colder than 0": between("degrees", 0, None)},
            hints={"sky is clear": among("outcome", ("ok",))},
        ),
    ),
    make=_make,
    declares=lambda audit, _: audit.title,
    is_published=True,
)


def declare(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this be the text of sql/schema.sql."""
    (folder / "schema.sql").write_text(text)
    monkeypatch.setattr(schema, "SCHEMA_FILE", folder / "schema.sql")


@pytest.fixture
def home(audited, tmp_path: Path) -> Path:
    return Path(shutil.copytree(audited.home, tmp_path / "home"))


@pytest.fixture
def weather(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(schema.schema_text() + WEATHER_TABLE, tmp_path, monkeypatch)
    monkeypatch.setitem(registry.STAGES, "weather", WEATHER)


def stale(audit: Audit, workplace: Workplace, instance: dg.DagsterInstance, version: str) -> set[str]:
    """What Dagster calls stale of an audit."""
    graph = build_definitions([audit], workplace).resolve_asset_graph()
    resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
    keys = [key for key in graph.get_all_asset_keys() if key.path[0] == audit.audit]
    found = {key.path[-1]: resolver.get_status(key, version if graph.get(key).is_partitioned else None) for key in keys}
    assert "weather" in found
    return {name for name, status in found.items() if status != StaleStatus.FRESH}


@pytest.mark.usefixtures("weather")
def test_a_stage_is_an_asset_with_checks_a_step_of_the_job_and_before_the_publication(tiny, tmp_path):
    defs = build_definitions([tiny], Workplace(home=tmp_path / "home"))
    graph, key = defs.resolve_asset_graph(), key_of("tiny", "weather")
    asset = graph.get(key)
    assert asset.group_name == GROUP
    assert asset.parent_keys == {key_of("tiny", "images")}
    assert key in graph.get(dg.AssetKey("publication")).parent_keys
    checks = {one.name: graph.get_check_spec(one) for one in graph.asset_check_keys if one.asset_key == key}
    assert {name: one.blocking for name, one in checks.items()} == {"weather": True, "weather_hints": False}
    assert {one.partitions_def for one in checks.values()} == {asset.partitions_def} != {None}
    job = defs.resolve_job_def(job_name("tiny"))
    assert key in job.asset_layer.selected_asset_keys
    assert {check.name for check in job.asset_layer.asset_graph.asset_check_keys if check.asset_key == key} == set(
        checks
    )


@pytest.mark.usefixtures("weather")
def test_a_stage_is_made_checked_published_and_counts_for_whether_an_audit_is_current(tiny, audited, home, instance):
    workplace, version = Workplace(home=home), audited.ran.system_version
    store, embedders = workplace.store, [one.id for one in workplace.embedders(tiny.embedders)]

    def reason() -> str | None:
        return why_not_current(store, tiny, version, current_versions(tiny, workplace.declared), embedders)

    assert reason() == "weather was never made"
    ran = run_audit(tiny, find_system("phantom-stereotyped"), workplace, instance)
    assert ran.system_version == version
    assert reason() is None

    shown = query(store, "select audit, system_version, outcome, degrees from weather")
    assert shown.rows() == [("tiny", version, "ok", 42.0)]
    with store.open() as con:
        made = ledger.latest(con, "weather", version, "tiny")
        rules = con.execute(
            "select rule, severity from quality_results where table_name = 'weather' and success"
        ).fetchall()
    assert made is not None
    assert (made.tables, made.n_rows, set(made.input_versions)) == (("weather",), 1, {"images"})
    assert made.code_version == current_versions(tiny, workplace.declared)["weather"]
    assert set(rules) == {(rule.name, rule.severity) for rule in WEATHER.tables[0].suite}
    work = Work(registry.STAGES, tiny, workplace, version, "run")
    assert work.newest("weather").version == made.version
    assert work.read("weather")[0].height == 1

    told = instance.fetch_materializations(dg.AssetRecordsFilter(asset_key=key_of("tiny", "weather")), limit=5).records
    assert [record.partition_key for record in told] == [version]
    assert stale(tiny, workplace, instance, version) == set()
    assert stale(tiny.model_copy(update={"title": "Another"}), workplace, instance, version) == {"weather"}


def test_what_was_never_made_is_one_clear_error(tiny, tmp_path):
    work = Work(registry.STAGES, tiny, Workplace(home=tmp_path), "s@1", "run")
    with pytest.raises(StoreError, match="tiny/images of s@1 was never materialised"):
        work.read("images")
    with pytest.raises(StoreError, match="tiny/plan was never materialised"):
        work.newest("plan")


def test_rows_that_no_stage_of_an_audit_makes_are_checked_by_themselves():
    with pytest.raises(ValueError, match="by its rows alone"):
        _ = Checked(pl.DataFrame()).work


# A column that is added to a table -------------------------------------------------------------------------------------

SCORES_TABLE = "create table if not exists scores_history ("


@pytest.fixture
def humidity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column of scores that may be null."""
    text = schema.schema_text()
    begin = text.index(SCORES_TABLE)
    end = text.index("\n);", begin)
    last = text[begin:end].splitlines()[-1]
    told, comment = last.split("--")
    declare(
        text[:end].removesuffix(last) + f"{told.rstrip()}, --{comment}\n    humidity double" + text[end:],
        tmp_path,
        monkeypatch,
    )


def scores(system_version: str) -> pl.DataFrame:
    keys = dict.fromkeys(("system", "audit", "axis", "embedder", "concept"), "x")
    row = keys | {"system_version": system_version, "n_images": 1, "humidity": 0.4}
    return pl.DataFrame([row], schema=frame_schema("scores"))


def record_and_publish(store: Store, system_version: str) -> pl.DataFrame:
    made = ledger.made_here(
        asset="scores", partition=system_version, audit="x", run_id="r", code_version="1", data_version="d"
    )
    with store.open() as con:
        version = ledger.record(con, made, {"scores": scores(system_version)})
        assert ledger.read_table(con, "scores", version)["humidity"].to_list() == [0.4]
        assert con.execute("select humidity from scores where audit = 'x'").fetchall() == [(0.4,)]
        assert ledger.read_as_of(con, "scores", version).filter(audit="x")["humidity"].to_list() == [0.4]
    publish(store)
    return query(store, "select audit, humidity from scores")


@pytest.mark.usefixtures("humidity")
def test_a_column_that_is_added_reaches_the_frames_a_new_store_its_views_and_the_published_copy(tmp_path):
    assert frame_schema("scores")["humidity"] == pl.Float64
    frame = table_of("scores").checkable(Checked(scores("s@1")))
    assert {"humidity", "has_nan"} <= set(frame.columns)
    nan = scores("s@1").with_columns(humidity=pl.lit(float("nan")))
    assert table_of("scores").checkable(Checked(nan))["has_nan"].to_list() == [True]
    assert record_and_publish(Store(tmp_path / "new"), "s@1").rows() == [("x", 0.4)]


def test_a_column_that_is_added_reaches_a_home_that_is_there(audited, home, request):
    store = Store(home)
    publish(store)
    before = query(store, "from scores")
    assert "humidity" not in before.columns
    request.getfixturevalue("humidity")
    with store.open() as con:
        assert con.sql("select * exclude (humidity) from scores").pl().equals(before)
    shown = record_and_publish(store, audited.ran.system_version)
    assert sorted(shown.rows(), key=str) == [*[("tiny", None)] * len(before), ("x", 0.4)]
