"""What happened in a home lately that someone may want to be told of, as the store has it."""

from datetime import datetime
from typing import Any

from duckdb import DuckDBPyConnection

from mcas_assets.store.schema import HISTORY

_CHANGED = f"""
    select c.audit, c.before, c.after, c.axis, c.concept, c.value_before, c.value_after, c.difference, c.low, c.high
    from comparisons{HISTORY} c join materialisations m using (version)
    where m.created_at > $since and c.verdict = 'changed' and c.is_predecessor
    qualify row_number() over (partition by c.audit, c.before, c.after, c.axis, c.concept order by c.version desc, c.embedder) = 1
    order by abs(c.difference) desc
"""
_BROKEN = f"""
    with newest as (
        select p.* from policy_results{HISTORY} p join materialisations m using (version) where m.created_at > $since
        qualify p.version = max(p.version) over (partition by p.policy, p.requirement, p.audit, p.system_version)
    )
    select audit, policy, system_version, requirement, any_value(condition) as condition, count(*) as n,
        arg_max(concept, abs(observed - threshold)) as concept, arg_max(observed, abs(observed - threshold)) as observed,
        arg_max(threshold, abs(observed - threshold)) as threshold
    from newest where status = 'failed' group by all order by audit, policy, system_version, requirement
"""
_FIRED = f"""
    select system_version, canary, window_name, previous, energy_distance, p_value, level
    from canary{HISTORY} c join materialisations m using (version)
    where m.created_at > $since and c.verdict = 'behaviour changed'
    qualify row_number() over (partition by system_version, canary, window_name order by version desc) = 1
    order by system_version, window_name
"""
_MOVED = """
    select system, system_version, lag(system_version) over (partition by system order by first_seen) as former, first_seen
    from systems qualify former is not null and first_seen > $since order by first_seen
"""


def changed_verdicts(con: DuckDBPyConnection, since: datetime) -> list[dict[str, Any]]:
    """Concepts whose change from the version before is shown, the largest first; by the first embedder that shows it."""
    return _rows(con, _CHANGED, since)


def broken_policies(con: DuckDBPyConnection, since: datetime) -> list[dict[str, Any]]:
    """Rules of policies that a version does not meet: how many rows fail, and the one that fails by most."""
    return _rows(con, _BROKEN, since)


def fired_canaries(con: DuckDBPyConnection, since: datetime) -> list[dict[str, Any]]:
    """Windows of canaries in which a system behaves otherwise than before."""
    return _rows(con, _FIRED, since)


def moved_systems(con: DuckDBPyConnection, since: datetime) -> list[dict[str, Any]]:
    """Versions that were first met since, of systems of which there was one before."""
    return _rows(con, _MOVED, since)


def _rows(con: DuckDBPyConnection, query: str, since: datetime) -> list[dict[str, Any]]:
    return con.sql(query, params={"since": since}).pl().to_dicts()
