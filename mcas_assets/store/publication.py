"""The published copy: what people query while runs write, replaced whole after a run."""

from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import duckdb
import polars as pl

from mcas_assets.core.errors import BadInput, StoreError
from mcas_assets.core.paths import SQL
from mcas_assets.store.database import Store, attempts_for, faults_told
from mcas_assets.store.engine import quoted
from mcas_assets.store.faults import explain
from mcas_assets.store.files import discard, sweep, sync_file, sync_folder
from mcas_assets.store.sandbox import Limits, ask

_NEWEST = "select (select max(version) from materialisations), (select max(number) from system_states)"
_LOCK_WAIT = 5.0  # seconds that a query waits for someone who has opened the published copy for writing


def publish(store: Store) -> Path:
    """Replace the published copy by the store as it stands: facts, ledger, tables, views and macros.

    The copy is made beside its place and renamed over the former one. Whoever has the former one open goes on
    reading it.

    Returns:
        The path of the published copy.

    Raises:
        StoreError: See Store.open. The former copy stays in place then.
    """
    draft = store.home / f".published-{uuid4().hex}.tmp"
    try:
        with store.open() as con:
            con.execute(f"attach '{quoted(draft)}' as draft")
            try:
                source = con.execute("select current_database()").fetchall()[0][0]
                con.execute(f'copy from database "{source}" to draft')
                con.execute("checkpoint draft")
            finally:
                con.execute("detach draft")
        sync_file(draft)
        # Whoever opened the former copy for writing may have left a log, which does not belong to this one.
        Path(f"{store.published}.wal").unlink(missing_ok=True)
        draft.replace(store.published)
        sync_folder(store.home)
        sweep(store.home)
    except OSError as error:
        raise explain(store.published, error) or error from error
    finally:
        discard(draft)
        discard(Path(f"{draft}.wal"))
    return store.published


def is_behind(store: Store) -> bool:
    """Whether the store holds a materialisation or a state of a system that is newer than what is published.

    Raises:
        StoreError: One of the two cannot be read.
    """
    if not store.published.exists():
        return True
    with store.open() as con:
        kept = con.execute(_NEWEST).fetchall()
    try:
        return query(store, _NEWEST).rows() != kept
    except StoreError:
        raise
    except BadInput:  # published by an older version, without one of the tables
        return True


def published_version(store: Store) -> int:
    """The newest version of the ledger that is published, 0 where there is none.

    Raises:
        StoreError: The published copy cannot be read.
    """
    if not store.published.exists():
        return 0
    return query(store, "select coalesce(max(version), 0) from materialisations").item()


def query(
    store: Store, sql: str, params: Mapping[str, object] | None = None, limits: Limits | None = None
) -> pl.DataFrame:
    """The answer of the published copy to one statement that reads, in which `$name` stands for a value of `params`.

    Raises:
        StoreError: Nothing is published yet, or the copy cannot be read.
        BadInput: The statement is wrong, does more than read, or takes more than `limits` allows. See sandbox.py.
    """
    if not store.published.exists():
        raise StoreError(store.published, "nothing is published yet", "Run an audit first: mcas audit.")
    attempts = attempts_for(store.published, min(store.wait, _LOCK_WAIT))
    with faults_told(store.published):
        try:
            return attempts(ask, store.published, sql, params, limits or Limits())
        except duckdb.Error as error:
            if explain(store.published, error) is not None:
                raise
            remedy = '`mcas sql "show tables"` lists what there is; the published copy cannot be written.'
            raise BadInput("query", str(error).strip().rstrip("!."), remedy) from error


def published_rows(store: Store, table: str, audit: str, system_version: str) -> pl.DataFrame:
    """The published rows of a versioned table of one audit and system version.

    Raises:
        StoreError: See `query`.
    """
    text = f"select * from {table} where audit = $audit and system_version = $system_version"
    return query(store, text, {"audit": audit, "system_version": system_version})


def count_outcomes(store: Store, audit: str, system_version: str) -> list[tuple[str, int]]:
    """(outcome, images) of one audit of a system version as published, the commonest first.

    Raises:
        StoreError: See `query`.
    """
    text = """
        select outcome, count(distinct image_id) n from images where audit = $audit and system_version = $system_version
        group by 1 order by 2 desc
    """
    return query(store, text, {"audit": audit, "system_version": system_version}).rows()


def main_reasons(store: Store, audit: str, system_version: str) -> list[tuple[str, str, int]]:
    """(outcome, reason, images) of what gave no image, the commonest first.

    Raises:
        StoreError: See `query`.
    """
    text = """
        select f.outcome, f.reason, count(distinct image_id) n from images i join image_facts f using (image_id)
        where i.audit = $audit and i.system_version = $system_version and f.outcome <> 'ok' group by all order by n desc limit 5
    """
    return query(store, text, {"audit": audit, "system_version": system_version}).rows()


def broken_hints(store: Store, audit: str, system_version: str) -> list[tuple[str, int, int]]:
    """(rule, rows that break it, rows) of the rules that only warn and do not hold, by their newest results.

    Raises:
        StoreError: See `query`.
    """
    text = """
        from (
            from quality_results where audit = $audit and partition = $system_version and severity = 'warning'
                and table_name is not null
            qualify row_number() over (partition by asset, table_name, rule order by created_at desc) = 1
        )
        select rule, coalesce(unexpected, 1), coalesce(checked, 1) where not success order by rule
    """
    return query(store, text, {"audit": audit, "system_version": system_version}).rows()


def questions() -> dict[str, Path]:
    """The questions that ship in sql/, by name. The first line of each file says what it answers."""
    return {file.stem: file for file in sorted(SQL.glob("*.sql")) if file.stem != "schema"}
