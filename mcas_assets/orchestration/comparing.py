"""Comparing two versions in this process, on the installation's own Dagster instance."""

from uuid import uuid4

import dagster as dg

from mcas_assets.compare.versions import STAGE, Instruments, Tables, former_tables, is_current, of_pair
from mcas_assets.core.errors import CheckFailed
from mcas_assets.declare.audit import Audit
from mcas_assets.orchestration.definitions import build_definitions
from mcas_assets.orchestration.history import unhurried_history
from mcas_assets.orchestration.jobs import comparison_job_name
from mcas_assets.orchestration.partitions import register
from mcas_assets.orchestration.records import key_of
from mcas_assets.orchestration.resources import Workplace
from mcas_assets.orchestration.runs import failed_checks


def run_comparison(
    audit: Audit, before: str, after: str, workplace: Workplace, instance: dg.DagsterInstance
) -> tuple[Tables, bool]:
    """Compare two system versions that were audited, with all checks, and publish.

    Returns:
        The newest rows of the pair, and whether they were made now: a pair that has not moved since is only read.

    Raises:
        StoreError: One of them was not audited.
        CheckFailed: A blocking check did not pass.
    """
    store = workplace.store
    instruments = Instruments(workplace.embedders(audit.embedders), workplace.tone_reader)
    if is_current(store, audit, before, after, instruments):
        return of_pair(former_tables(store, audit, after), before), False
    register(instance, after)
    defs, run_id = build_definitions([audit], workplace), str(uuid4())
    try:
        with unhurried_history(instance):
            defs.resolve_job_def(comparison_job_name(audit.audit)).execute_in_process(
                instance=instance,
                partition_key=after,
                run_id=run_id,
                run_config={
                    "ops": {key_of(audit.audit, STAGE).to_python_identifier(): {"config": {"before": [before]}}},
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                },
                tags={"mcas/audit": audit.audit},
            )
    except dg.DagsterError as error:
        found = failed_checks(workplace, run_id)
        if not found:
            raise
        raise CheckFailed(found) from error
    return of_pair(former_tables(store, audit, after), before), True
