"""When people are told what happened: after a command and at each look of the watch, found from what is so by then."""

import logging
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import dagster as dg
from duckdb import DuckDBPyConnection

from mcas_assets.core import paths
from mcas_assets.core.errors import McasError
from mcas_assets.declare.project import load_project
from mcas_assets.notify.send import FRESH, send
from mcas_assets.notify.words import FailedRun, gathered
from mcas_assets.orchestration.orphans import DIED
from mcas_assets.store import quality
from mcas_assets.store.database import Store

log = logging.getLogger(__name__)

MEMORY = "told.json"
"""In a home: what was told to whom."""


@contextmanager
def news_sent(instance: dg.DagsterInstance | None = None) -> Generator[None]:
    """`send_news` after whatever is done within, also where it fails."""
    try:
        yield
    finally:
        send_news(Store(paths.home()), instance)


def send_news(store: Store, instance: dg.DagsterInstance | None = None) -> int:
    """Tell whoever the project's `notify` names what they do not know yet. Raises nothing that can be mended: it warns.

    Args:
        store: What happened.
        instance: Where runs are recorded; without it, failed ones are left for the next time.

    Returns:
        How many messages were sent.
    """
    try:
        project = paths.project()
        to = load_project(project).notify if project is not None else ()
        if not to or not store.path.exists():
            return 0
        now = datetime.now(UTC)
        with store.open() as con:
            found = gathered(con, now - FRESH, _failed(con, instance, now - FRESH) if instance else ())
        return send(found, to, store.home / MEMORY, now)
    except (McasError, OSError) as problem:
        log.warning("nobody is told: %s", problem)
        return 0


def _failed(con: DuckDBPyConnection, instance: dg.DagsterInstance, since: datetime) -> Iterator[FailedRun]:
    """Runs of audits that failed since; not those whose process died, whose work another run takes up."""
    wanted = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=since)
    for record in instance.get_run_records(wanted, limit=50):
        run = record.dagster_run
        audit, version = run.tags.get("mcas/audit"), run.tags.get("dagster/partition")
        if audit and version and DIED not in run.tags:
            yield FailedRun(run.run_id, audit, version, tuple(quality.broken_rules(con, run.run_id)))
