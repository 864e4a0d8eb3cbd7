"""Running one audit of one system in this process, on the installation's own Dagster instance."""

import json
import logging
import shutil
import sqlite3
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import dagster as dg
from sqlalchemy.exc import DBAPIError

from mcas_assets.core import paths
from mcas_assets.core.errors import CheckFailed
from mcas_assets.core.paths import DATA
from mcas_assets.declare.audit import Audit
from mcas_assets.images.match_given import holding
from mcas_assets.measure import embeddings as embed
from mcas_assets.orchestration.alive import bury_the_dead
from mcas_assets.orchestration.definitions import build_definitions
from mcas_assets.orchestration.history import unhurried_history
from mcas_assets.orchestration.jobs import job_name
from mcas_assets.orchestration.partitions import is_told, register, state_event, system_event
from mcas_assets.orchestration.policies import declared_policies, why_not_held
from mcas_assets.orchestration.records import CODE_VERSIONS, key_of
from mcas_assets.orchestration.resources import Workplace
from mcas_assets.stages.current import why_not_current
from mcas_assets.store import facts
from mcas_assets.store.faults import explain
from mcas_assets.store.states import State
from mcas_assets.systems.protocol import System, SystemIdentity, is_given

log = logging.getLogger(__name__)

INSTANCE_CONFIG = DATA / "dagster" / "dagster.yaml"


@dataclass(frozen=True)
class Ran:
    """A finished run.

    Attributes:
        run_id: Of the Dagster run.
        system_version: What was audited.
        is_new: Whether this version was met for the first time.
        is_current: Whether there was nothing to do: no run was made then, and `run_id` is empty.
    """

    run_id: str
    system_version: str
    is_new: bool
    is_current: bool = False


def dagster_home(home: Path) -> Path:
    """The instance's folder in an MCAS home, with its configuration in place."""
    folder = home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "dagster.yaml"
    if not config.exists() or config.read_bytes() != INSTANCE_CONFIG.read_bytes():
        shutil.copyfile(INSTANCE_CONFIG, config)
    return folder


def open_instance(home: Path) -> dg.DagsterInstance:
    """The Dagster instance of an MCAS home: the one that `mcas ui` shows. The caller disposes of it."""
    return dg.DagsterInstance.from_config(str(dagster_home(home)))


@contextmanager
def interruptible() -> Generator[None]:
    """Dagster turns Ctrl+C within a step into an error of its own: what was interrupted is told as such.

    So is what its databases, which lie on the same disk as ours, report of a full one.
    """
    try:
        yield
    except dg.DagsterExecutionInterruptedError:
        raise KeyboardInterrupt from None
    except (DBAPIError, sqlite3.Error) as error:
        reported = error.orig if isinstance(error, DBAPIError) else error
        told = explain(paths.home() / "dagster", reported) if isinstance(reported, sqlite3.Error) else None
        raise told or error from error


def prepare(audit: Audit, system: System, workplace: Workplace) -> SystemIdentity:
    """Find every mistake that can be found before costly work, and make system and embedders known to the store.

    Raises:
        BadInput: The system, an embedder or a population cannot be used, or the store cannot be opened.
    """
    identity = system.identity()
    panel = workplace.embedders(audit.embedders)
    workplace.populations(audit)
    if is_given(system):
        holding(audit, system)
    else:
        system.size()
    with workplace.store.open() as con:
        facts.register_system(con, identity.version, identity.system, identity.document)
    for embedder in panel:
        embed.register(workplace.store, embedder)
    return identity


def run_audit(audit: Audit, system: System, workplace: Workplace, instance: dg.DagsterInstance) -> Ran:
    """Run the audit's job for what the system is now, unless what it would make is there already.

    Raises:
        BadInput: See `prepare`; also what a stage finds at fault.
        CheckFailed: A blocking check did not pass; what comes after it was not made.
    """
    bury_the_dead(instance, workplace.home)
    identity = prepare(audit, system, workplace)
    is_new = register(instance, identity.version)
    report_system(instance, identity)
    defs = build_definitions([audit], replace(workplace, system=system))
    if _is_current(audit, identity, workplace, instance, defs):
        return Ran("", identity.version, is_new, is_current=True)
    run_id = str(uuid4())
    try:
        with unhurried_history(instance):
            defs.resolve_job_def(job_name(audit.audit)).execute_in_process(
                instance=instance,
                partition_key=identity.version,
                run_id=run_id,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                tags={"mcas/audit": audit.audit},
            )
    except dg.DagsterError as error:
        found = failed_checks(workplace, run_id)
        if not found:
            raise
        raise CheckFailed(found) from error
    return Ran(run_id, identity.version, is_new)


def _is_current(
    audit: Audit, identity: SystemIdentity, workplace: Workplace, instance: dg.DagsterInstance, defs: dg.Definitions
) -> bool:
    """Whether a run would find nothing to do, in the store and in the instance, which may be younger than the store."""
    graph = defs.resolve_asset_graph()
    versions = {stage: graph.get(key_of(audit.audit, stage)).code_version for stage in CODE_VERSIONS}
    embedders = [embedder.id for embedder in workplace.embedders(audit.embedders)]
    reason = why_not_current(workplace.store, audit, identity.version, versions, embedders)
    reason = reason or why_not_held(workplace.store, audit, identity.version, declared_policies(workplace))
    if reason is None:
        shown = dg.AssetRecordsFilter(asset_key=key_of(audit.audit, "scores"), asset_partitions=[identity.version])
        if instance.fetch_materializations(shown, limit=1).records:
            return True
        reason = "the Dagster instance knows nothing of it"
    log.info("%s of %s is run: %s", audit.audit, identity.version, reason)
    return False


def report_system(instance: dg.DagsterInstance, identity: SystemIdentity) -> None:
    """Tell Dagster of a system version, once, so that its images have it as an input with a data version."""
    if not is_told(instance, identity.version):
        instance.report_runless_asset_event(system_event(identity))


def tell(instance: dg.DagsterInstance, states: Iterable[State]) -> None:
    """Show the instance how systems were found."""
    for state in states:
        instance.report_runless_asset_event(state_event(state))


def failed_checks(workplace: Workplace, run_id: str) -> str:
    """What the blocking checks of a run found, a line each, with the first row that broke the rule."""
    with workplace.store.open() as con:
        rows = con.execute(
            "select audit, asset, rule, checked, unexpected, observed, sample from quality_results"
            " where run_id = ? and not success and severity = 'critical' order by created_at, rule",
            [run_id],
        ).fetchall()
    lines = []
    for audit, asset, rule, checked, unexpected, observed, sample in rows:
        first = (json.loads(sample) or [None])[0]
        shown = f"first: {json.dumps(first)}" if first else f"observed: {observed}"
        lines.append(f"{audit}/{asset}: {rule}: failed for {unexpected or 'the table'} of {checked}; {shown}")
    return "\n".join(lines)
