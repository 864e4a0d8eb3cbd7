"""The published copy: what people query while runs write, replaced whole after a run."""

from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import duckdb
import polars as pl
from duckdb import DuckDBPyConnection

from mcas_assets.core.drafts import sync_file, sync_folder
from mcas_assets.core.errors import BadInput, StoreError
from mcas_assets.core.paths import SQL, place
from mcas_assets.store.database import Store, attempts_for, connect, faults_told
from mcas_assets.store.engine import copy_into, copy_whole
from mcas_assets.store.faults import explain
from mcas_assets.store.files import discard, sweep
from mcas_assets.store.sandbox import Limits, ask
from mcas_assets.store.schema import require_ours, schema_digest

_NEWEST = """
select
    (select max(version) from materialisations), (select max(number) from system_states), (select digest from store_schema)
"""
_LOCK_WAIT = 5.0  # seconds that a query waits for someone who has opened the published copy for writing


def publish(store: Store) -> Path:
    """Replace the published copy by the store as it stands: facts, ledger, tables, views and macros.

    The copy is made beside its place and renamed over the former one. Whoever has the former one open goes on
    reading it.

    Returns:
        The path of the published copy.

    Raises:
        StoreError: See Store.open. The former copy stays in place then, as it does where the store lacks what it holds.
    """
    newest = _newest_published(store)
    draft = store.home / f".published-{uuid4().hex}.tmp"
    try:
        with store.open() as con:
            _require_no_less(store, con, newest)
            copy_whole(con, store.path, draft)
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


def rebuild(store: Store) -> Path | None:
    """Make the store anew from the published copy. A file that lies in its place is kept beside it.

    What was measured since that copy was published is not in it; images whose files are there already are made once more.

    Returns:
        Where the former file of the store lies now, or None where there was none.

    Raises:
        StoreError: Nothing is published, the copy cannot be read or is no store of ours, or the disk is full.
    """
    if not store.published.exists():
        raise StoreError(store.published, "there is no published copy", "Put the home back from a backup.")
    former = store.path.with_name(f"store-replaced-{uuid4().hex[:8]}.duckdb") if store.path.exists() else None
    draft = store.home / f".store-{uuid4().hex}.tmp"
    try:
        with faults_told(store.published), connect(draft) as con:
            copy_into(con, store.published)
            require_ours(con, store.published)
        sync_file(draft)
        if former is not None:
            store.path.replace(former)
        Path(f"{store.path}.wal").unlink(missing_ok=True)  # of the former file: this one knows nothing of it
        draft.replace(store.path)
        sync_folder(store.home)
    except OSError as error:
        raise explain(store.path, error) or error from error
    finally:
        discard(draft)
        discard(Path(f"{draft}.wal"))
    return former


def _newest_published(store: Store) -> tuple[int, str] | None:
    """(version, run) of the newest row of the ledger that is published; None where none is, or the copy is damaged."""
    if not store.published.exists():
        return None
    try:
        rows = query(store, "select version, run_id from materialisations order by version desc limit 1").rows()
    except BadInput:  # what cannot be read holds nothing that a new copy could lose
        return None
    return rows[0] if rows else None


def _require_no_less(store: Store, con: DuckDBPyConnection, newest: tuple[int, str] | None) -> None:
    """Refuse a store that lacks the newest of what is published: another store's, or an older one's."""
    known = "select count(*) from materialisations where version = ? and run_id = ?"
    if newest is None or con.execute(known, newest).fetchall()[0][0]:
        return
    problem = f"it holds version {newest[0]} of the ledger, which the store that would replace it lacks"
    remedy = "Make the store anew from it (mcas repair --from-published), or move it away to publish the store as it is"
    raise StoreError(store.published, problem, remedy)


def is_behind(store: Store) -> bool:
    """Whether the store holds a materialisation or a state of a system that is newer than what is published, or has another schema.

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
            raise BadInput("query", str(error).strip().rstrip("!."), _remedy(store, error)) from error


def _remedy(store: Store, error: duckdb.Error) -> str:
    """What mends a statement that fails: of a copy from an older installation, whose names it lacks, to publish it anew."""
    if isinstance(error, (duckdb.BinderException, duckdb.CatalogException)):
        try:
            made_by = ask(store.published, "select digest from store_schema", None, Limits())["digest"].item()
        except duckdb.Error:  # before the digest was kept
            made_by = None
        if made_by != schema_digest():
            return "The copy was published by an older installation. If there is such a name today, publish it anew: mcas audit"
    return '`mcas sql "show tables"` lists what there is; the published copy cannot be written.'


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


def told_by_first_images(store: Store, audit: str, system_version: str) -> list[str]:
    """What the first image of a version told of its pipeline, as JSON text (`systems.pipelines.trial`): usually nothing.

    Raises:
        StoreError: See `query`.
    """
    text = """
        select distinct f.environment -> '$.tested' as tested from images i join image_facts f using (image_id)
        where i.audit = $audit and i.system_version = $system_version and tested is not null order by 1
    """
    return query(store, text, {"audit": audit, "system_version": system_version})["tested"].to_list()


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
    """The questions of the project's sql/ and of that which ships, by name. The first line of each file says what it answers."""
    found = {
        file.stem: file for folder in (SQL, place("sql")) for file in folder.glob("*.sql") if file.stem != "schema"
    }
    return dict(sorted(found.items(), key=lambda one: one[1].name))


def why_empty(question: Path) -> str:
    """What an empty answer to a question that ships means, and what would fill it: its line that begins with `-- Empty`."""
    lines = question.read_text(encoding="utf-8").splitlines()
    return next(line.removeprefix("-- ") for line in lines if line.startswith("-- Empty"))
