"""Where Dagster and the ledger meet: the key of an asset, and recording what came of one."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import polars as pl

from mcas_assets.store import ledger
from mcas_assets.store.database import Store

GROUP = "audits"
"""Of every asset: the UI folds the lineage where there are several groups, and shows the audits where there is one."""

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Configuration of runs that print nothing: what happens is told by progress in a command, by `logbook` in a watch."""


def key_of(audit: str, stage: str) -> dg.AssetKey:
    """The asset key of a stage of an audit."""
    return dg.AssetKey([audit, stage])


def identifier(*words: str) -> str:
    """A name that Dagster takes for a job or a check."""
    return "_".join(words).replace("-", "_")


def record_if_new(store: Store, tables: Mapping[str, pl.DataFrame], **fields: Any) -> tuple[int, bool]:
    """Record a materialisation, unless the newest one is of the same content by the same code, made of what was read now.

    One that was made of other content is recorded though it came out the same: by the ledger, what stands must follow from what
    stands before it, or it would count as made of something older for ever.

    Args:
        store: Where.
        tables: The rows of each of its versioned tables.
        fields: Those of `ledger.Materialisation` but for what it is made with.

    Returns:
        The version that stands, and whether it is new.
    """
    with store.open() as con:
        former = ledger.latest(con, fields["asset"], fields["partition"], fields["audit"])
        is_same = former is not None and former.is_of(fields["data_version"], fields["code_version"])
        if former is not None and is_same and ledger.has_read_the_same(con, former, fields.get("input_versions", {})):
            return former.version, False
        return ledger.record(con, ledger.made_here(**fields), tables), True
