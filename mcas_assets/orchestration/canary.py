"""The asset `canary`: a window of few prompts for systems that may move behind their name, its checks and its schedule.

What the numbers mean is `mcas_assets.watch.canary`. A window that shows another behaviour makes another version of the system,
which the sensor then has audited with images of its own.
"""

import hashlib
import json
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import polars as pl

from mcas_assets.core.errors import BadInput
from mcas_assets.orchestration.checks import check_results, check_specs
from mcas_assets.orchestration.declarations import note_all
from mcas_assets.orchestration.history import relaxed_sqlite_sync
from mcas_assets.orchestration.partitions import register, system_versions
from mcas_assets.orchestration.records import GROUP, QUIET
from mcas_assets.orchestration.resources import workplace_resource
from mcas_assets.orchestration.sensor import WHY, is_watching, observe
from mcas_assets.stages.beside import CANARY
from mcas_assets.stages.checking import check_and_record
from mcas_assets.stages.contract import Checked
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import ledger
from mcas_assets.store.database import Store
from mcas_assets.store.publication import publish
from mcas_assets.store.windows import windows_of_system, windows_of_version
from mcas_assets.systems.find import load_systems
from mcas_assets.watch.canary import CHANGED, ask, judge, load_canary, requests

ASSET, JOB, BEHAVIOUR, WEEKLY = "canary", "canary_window", "behaviour_is_as_before", "canary_weekly"
# Raised by hand when the canary's code would give another result from the same answers.
CODE_VERSION = "2"


class CanaryConfig(dg.Config):
    """The name of the window, by default the day (UTC). Run again under the same name, a window is gone on with."""

    window: str = ""


def build_canary() -> dg.AssetsDefinition:
    """The asset."""
    specs = [
        *check_specs(dg.AssetKey(ASSET), CANARY, None),
        dg.AssetCheckSpec(BEHAVIOUR, asset=ASSET, description="The answers are as in the window before."),
    ]

    @dg.asset(
        name=ASSET, group_name=GROUP, code_version=CODE_VERSION, check_specs=specs, deps=["systems"],
        partitions_def=system_versions, kinds={"numpy", "duckdb"},
        description="A few fixed prompts, asked anew window after window: does the system still answer as it did?",
    )  # fmt: skip
    def canary(
        context: dg.AssetExecutionContext, config: CanaryConfig, workplace: dg.ResourceParam[Workplace]
    ) -> dg.MaterializeResult:
        window = config.window or f"{datetime.now(UTC):%Y-%m-%d}"
        rows, version, is_new = _take(context, workplace, context.partition_key, window)
        newest = rows.row(-1, named=True)
        if is_new:
            publish(workplace.store)
        else:
            context.log.info("window %s of %s is there already: nothing was asked", window, context.partition_key)
        return dg.MaterializeResult(
            data_version=dg.DataVersion(_digest(rows)),
            metadata={
                "version": version, "dagster/row_count": len(rows), "window": newest["window_name"], "verdict": newest["verdict"],
                "energy_distance": newest["energy_distance"] if newest["energy_distance"] is not None else "none",
                "p_value": newest["p_value"] if newest["p_value"] is not None else "none",
            },
            check_results=list(_checks(context, workplace.store, rows, version)),
        )  # fmt: skip

    return canary


def build_canary_job():  # noqa: ANN201 - Dagster exports no name for its class
    """A window of one system version."""
    return dg.define_asset_job(
        JOB,  # not the asset's name: Dagster takes a job and an asset of one name for the same graph
        selection=dg.AssetSelection.assets(ASSET),
        description="A window of the canary: asks a few prompts anew, and says whether the system behaves as before.",
        executor_def=dg.in_process_executor,
    )


def build_canary_schedule(job: Any, audits: Collection[str]) -> dg.ScheduleDefinition:
    """Every Monday at 6 UTC, a window of each available system that declares a canary."""
    running = dg.DefaultScheduleStatus.RUNNING if is_watching() else dg.DefaultScheduleStatus.STOPPED

    @dg.schedule(name=WEEKLY, job=job, cron_schedule="0 6 * * 1", default_status=running)
    def weekly(
        context: dg.ScheduleEvaluationContext, workplace: dg.ResourceParam[Workplace]
    ) -> list[dg.RunRequest] | dg.SkipReason:
        entries = load_systems(workplace.system_file)
        decision, _ = observe(workplace, context.instance, audits)
        window = f"{context.scheduled_execution_time:%Y-%m-%d}"
        requests, left = [], []
        for state in decision.states:
            if state.system not in entries or entries[state.system].canary is None:
                continue
            if state.state != "available" or state.system_version is None:
                left.append(f"{state.system} is {state.state}")
                continue
            register(context.instance, state.system_version)
            requests.append(window_request(state.system_version, window))
        return requests or dg.SkipReason("; ".join(left) or "no system declares a canary")

    return weekly


def window_request(system_version: str, window: str) -> dg.RunRequest:
    """One window of one system version; asked for twice, it is run once."""
    return dg.RunRequest(
        run_key=f"{ASSET}/{system_version}/{window}",
        partition_key=system_version,
        run_config=window_config(window) | QUIET,
        tags={WHY: WEEKLY},
    )


def run_window(
    workplace: Workplace, instance: dg.DagsterInstance, system_version: str, window: str = ""
) -> dict[str, Any]:
    """Take a window in this process.

    Returns:
        The newest row of table `canary` for the version.

    Raises:
        BadInput: The system declares no canary, or cannot be asked.
    """
    register(instance, system_version)
    with relaxed_sqlite_sync(instance):
        dg.materialize(
            [build_canary()],
            instance=instance,
            partition_key=system_version,
            resources={"workplace": workplace_resource(workplace)},
            run_config=window_config(window) | QUIET,
        )
    with workplace.store.open() as con:
        return windows_of_version(con, system_version).row(-1, named=True)


def window_config(window: str) -> dict[str, Any]:
    """The run configuration of a window."""
    return {"ops": {ASSET: {"config": {"window": window}}}}


def _take(
    context: dg.AssetExecutionContext, workplace: Workplace, system_version: str, window: str
) -> tuple[pl.DataFrame, int, bool]:
    """(all windows of the version, the ledger's version of them, whether the window is new)."""
    name, store = system_version.rpartition("@")[0], workplace.store
    entry = load_systems(workplace.system_file).get(name)
    if entry is None or entry.canary is None:
        raise BadInput(name, "declares no canary", f"Add canary: hosted to its entry in {workplace.system_file}")
    declared = load_canary(entry.canary, workplace.canary_folder)
    with store.open() as con:
        former = ledger.latest(con, ASSET, system_version, declared.canary)
        rows = ledger.read_table(con, ASSET, former.version) if former else None
        others = windows_of_system(con, name)
    if former is not None and rows is not None and window in rows["window_name"].to_list():
        return rows, former.version, False
    note_all(workplace, system_version)
    system, (embedder,) = workplace.system_of(system_version), workplace.embedders((declared.embedder,))
    wanted = requests(declared, system_version, window, system.size())
    try:
        asked = ask(store, wanted, system, embedder, workplace.progress, context.run.run_id)
    finally:
        system.close()
        embedder.close()
    context.log.info("window %s of %s: %d images asked for", window, system_version, asked)
    alike = others.filter(canary_digest=declared.digest(), embedder=embedder.id)
    previous = alike.row(-1, named=True) if len(alike) else None
    moved = alike.filter(pl.col("verdict") == CHANGED)["window_number"].max()
    since = alike.filter(pl.col("window_number") >= (moved or 0))
    reference = since.row(0, named=True) if len(since) > 1 else None

    def asked_in(other: dict[str, Any] | None) -> pl.DataFrame | None:
        if other is None:
            return None
        return requests(declared, other["system_version"], other["window_name"], system.size())

    judged = judge(store, declared, wanted, asked_in(previous), embedder, asked_in(reference), max(len(alike), 1))
    row = {
        "system": name, "system_version": system_version, "canary": declared.canary, "canary_digest": declared.digest(),
        "embedder": embedder.id, "window_number": max(others["window_number"], default=0) + 1, "window_name": window,
        "previous": previous["window_name"] if previous else None,
        "reference": reference["window_name"] if reference else None, **judged,
    }  # fmt: skip
    rows = pl.DataFrame([*(rows.to_dicts() if rows is not None else []), row], schema=others.drop("version").schema)
    return rows, _record(store, declared.canary, system_version, context.run.run_id, rows), True


def _record(store: Store, name: str, system_version: str, run_id: str, rows: pl.DataFrame) -> int:
    materialisation = ledger.made_here(
        asset=ASSET, partition=system_version, audit=name, run_id=run_id, code_version=CODE_VERSION, data_version=_digest(rows),
        input_versions={"systems": system_version},
    )  # fmt: skip
    with store.open() as con:
        return ledger.record(con, materialisation, {ASSET: rows})


def _digest(rows: pl.DataFrame) -> str:
    return hashlib.sha256(json.dumps(rows.rows(), separators=(",", ":")).encode()).hexdigest()


def _checks(
    context: dg.AssetExecutionContext, store: Store, rows: pl.DataFrame, version: int
) -> Iterator[dg.AssetCheckResult]:
    newest = rows.row(-1, named=True)
    results = check_and_record(
        store, CANARY, Checked(rows, version), asset=ASSET, run_id=context.run.run_id, partition=context.partition_key,
        audit=newest["canary"],
    )  # fmt: skip
    yield from check_results(dg.AssetKey(ASSET), CANARY, results)
    yield dg.AssetCheckResult(
        check_name=BEHAVIOUR,
        passed=newest["verdict"] != CHANGED,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{newest['window_name']} against {newest['previous'] or 'none'}: {newest['verdict']}",
        metadata={
            name: str(newest[name])
            for name in (
                "energy_distance",
                "p_value",
                "reference_p_value",
                "level",
                "alpha",
                "n_images",
                "n_refused",
                "n_lost",
            )
        },
    )
