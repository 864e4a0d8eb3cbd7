"""Runs in this process, on the installation's own Dagster instance: an audit, a comparison."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import dagster as dg

from mcas_assets.compare import versions
from mcas_assets.core.errors import CheckFailed
from mcas_assets.declare.audit import Audit
from mcas_assets.images.match_given import holding
from mcas_assets.labellers.find import require
from mcas_assets.measure import embeddings
from mcas_assets.measure.reading import require_read
from mcas_assets.orchestration.definitions import build_definitions
from mcas_assets.orchestration.history import relaxed_sqlite_sync
from mcas_assets.orchestration.jobs import comparison_job_name, job_name
from mcas_assets.orchestration.orphans import fail_orphaned_runs
from mcas_assets.orchestration.partitions import is_told, register, state_event, system_event
from mcas_assets.orchestration.policies import declared_policies, why_not_held
from mcas_assets.orchestration.records import QUIET, key_of
from mcas_assets.stages.audit.comparison import STAGE as COMPARISON
from mcas_assets.stages.audit.review import STAGE as REVIEW
from mcas_assets.stages.current import is_stale, why_not_current
from mcas_assets.stages.registry import STAGES
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import facts, quality
from mcas_assets.store.publication import is_behind, publish
from mcas_assets.store.states import State
from mcas_assets.systems.protocol import System, SystemIdentity, is_given

log = logging.getLogger(__name__)


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


def run_in_process(
    job: dg.JobDefinition,
    workplace: Workplace,
    instance: dg.DagsterInstance,
    partition: str | None = None,
    ops: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    only: Sequence[dg.AssetKey] | None = None,
) -> str:
    """Run a job in this process.

    Args:
        job: The job.
        workplace: Where its checks are recorded.
        instance: Where the run is recorded.
        partition: Its partition, if it has any.
        ops: Configuration of its ops, by name.
        tags: Of the run.
        only: The assets to make, with their checks; by default all of the job.

    Returns:
        The run's id.

    Raises:
        CheckFailed: A blocking check did not pass; what comes after it was not made.
    """
    run_id = str(uuid4())
    config = {**QUIET, "ops": dict(ops or {})}
    try:
        with relaxed_sqlite_sync(instance):
            job.execute_in_process(
                instance=instance,
                partition_key=partition,
                run_id=run_id,
                run_config=config,
                tags=tags,
                asset_selection=only,
            )
    except dg.DagsterError as error:
        with workplace.store.open() as con:
            broken = quality.broken_rules(con, run_id)
        if not broken:
            raise
        raise CheckFailed("\n".join(broken)) from error
    return run_id


def prepare(audit: Audit, system: System, workplace: Workplace) -> SystemIdentity:
    """Find every mistake that can be found before costly work, and make system and embedders known to the store.

    Raises:
        BadInput: The system, an embedder, a labeller or a population cannot be used, or the store cannot be opened.
    """
    identity = system.identity()
    panel = workplace.embedders(audit.embedders)
    for labeller in workplace.labellers(audit):
        require(labeller)
    workplace.populations(audit)
    for note in require_read(audit, system, panel):
        log.warning("%s", note)
    if is_given(system):
        holding(audit, system)
    else:
        system.size()
    with workplace.store.open() as con:
        facts.register_system(con, identity.version, identity.system, identity.document)
    for embedder in panel:
        embeddings.register(workplace.store, embedder)
    return identity


def run_audit(audit: Audit, system: System, workplace: Workplace, instance: dg.DagsterInstance) -> Ran:
    """Run the audit's job for what the system is now, unless what it would make is there already.

    Raises:
        BadInput: See `prepare`; also what a stage finds at fault.
        CheckFailed: A blocking check did not pass; what comes after it was not made.
    """
    fail_orphaned_runs(instance, workplace.home)
    identity = prepare(audit, system, workplace)
    is_new = register(instance, identity.version)
    report_system(instance, identity)
    defs = build_definitions([audit], replace(workplace, system=system))
    if _is_current(audit, identity, workplace, instance, defs):
        if is_behind(workplace.store):  # by a run that died, or an older installation
            publish(workplace.store)
        return Ran("", identity.version, is_new, is_current=True)
    job = defs.resolve_job_def(job_name(audit.audit))
    run_id = run_in_process(job, workplace, instance, identity.version, tags={"mcas/audit": audit.audit})
    return Ran(run_id, identity.version, is_new)


def run_comparison(
    audit: Audit, before: str, after: str, workplace: Workplace, instance: dg.DagsterInstance
) -> tuple[versions.Tables, bool]:
    """Compare two system versions that were audited, with all checks, and publish.

    Returns:
        The newest rows of the pair, and whether they were made now: a pair that has not moved since is only read.

    Raises:
        StoreError: One of them was not audited.
        CheckFailed: A blocking check did not pass.
    """
    store = workplace.store
    instruments = versions.Instruments(
        workplace.embedders(audit.embedders), workplace.tone_reader, workplace.labellers(audit)
    )
    if versions.is_current(store, audit, before, after, instruments):
        return versions.of_pair(versions.former_tables(store, audit, after), before), False
    register(instance, after)
    job = build_definitions([audit], workplace).resolve_job_def(comparison_job_name(audit.audit))
    ops = {key_of(audit.audit, COMPARISON.name).to_python_identifier(): {"config": {"before": [before]}}}
    run_in_process(job, workplace, instance, after, ops, {"mcas/audit": audit.audit})
    return versions.of_pair(versions.former_tables(store, audit, after), before), True


def run_review(audit: Audit, system_version: str, workplace: Workplace, instance: dg.DagsterInstance) -> bool:
    """Make anew what rests on people's votes, with its checks, and publish: nothing where no vote is new. Nothing else is made.

    Returns:
        Whether it was made.

    Raises:
        StoreError: The version was not audited.
        CheckFailed: A blocking check did not pass.
    """
    definitions = build_definitions([audit], workplace)
    key = key_of(audit.audit, REVIEW.name)
    code = definitions.resolve_asset_graph().get(key).code_version
    if not is_stale(workplace.store, REVIEW, audit, system_version, code):
        return False
    register(instance, system_version)
    job = definitions.resolve_job_def(job_name(audit.audit))
    only = [key, dg.AssetKey("publication")]
    run_in_process(job, workplace, instance, system_version, tags={"mcas/audit": audit.audit}, only=only)
    return True


def _is_current(
    audit: Audit, identity: SystemIdentity, workplace: Workplace, instance: dg.DagsterInstance, defs: dg.Definitions
) -> bool:
    """Whether a run would find nothing to do, in the store and in the instance, which may be younger than the store."""
    graph = defs.resolve_asset_graph()
    versions = {stage: graph.get(key_of(audit.audit, stage)).code_version for stage in STAGES}
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
