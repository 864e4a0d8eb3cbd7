"""The workplace as a resource of Dagster's runs."""

import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace

import dagster as dg

from mcas_assets.core.progress import BothProgress
from mcas_assets.orchestration.history import relaxed_sqlite_sync
from mcas_assets.orchestration.orphans import hold_run_lock
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store.home_lock import hold_home_lock
from mcas_assets.store.under_way import Account, UnderWay


def workplace_resource(workplace: Workplace) -> dg.ResourceDefinition:
    """The workplace as the resource of a run, which waits for the lock of its home and shows that its process is alive."""

    def workplace_of_a_run(context: dg.InitResourceContext) -> Generator[Workplace]:
        if context.run is None or context.instance is None:  # a resource that is tried by itself
            yield workplace
            return
        hold_run_lock(workplace.home, context.run.run_id)
        with (
            hold_home_lock(workplace.home),
            relaxed_sqlite_sync(context.instance),
            closing(_account(workplace, context.run)) as told,
        ):
            yield replace(workplace, progress=BothProgress(workplace.progress, told), at_step=told.at_step)

    return dg.ResourceDefinition(workplace_of_a_run)


def _account(workplace: Workplace, run: dg.DagsterRun) -> Account:
    what = run.tags.get("mcas/audit", run.job_name)
    return Account(workplace.home, UnderWay(run.run_id, what, run.tags.get("dagster/partition"), time.time()))
