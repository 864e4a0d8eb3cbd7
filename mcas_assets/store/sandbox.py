"""Questions that anyone may ask of a copy of the store: one statement that reads, within bounds, and nothing else.

The text of a question is not trusted: DuckDB's SQL can read any file, write any file and attach another database for
writing. So a question runs on an instance of its own that has the copy alone, attached for reading, and after that no
access to files and no setting that can be changed.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
from duckdb import DuckDBPyConnection, StatementType

from mcas_assets.core.errors import BadInput
from mcas_assets.core.overlap import bounded
from mcas_assets.store.engine import CONFIG, quoted, settle

_READING = (StatementType.SELECT, StatementType.EXPLAIN)
_BATCH = 50_000  # rows
_MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What a question may take.

    Attributes:
        seconds: Time until it is ended.
        memory: MiB, of DuckDB while it works and of the answer, each.
    """

    seconds: float = 60.0
    memory: int = 2048

    def __post_init__(self) -> None:
        if not 0 < self.seconds <= 86_400:
            raise BadInput("--seconds", f"is {self.seconds:g}", "Give a time above 0 and up to 86400, a day")
        if not 16 <= self.memory <= 1 << 24:
            raise BadInput("--memory", f"is {self.memory}", f"Give 16 to {1 << 24}, in MiB")


def require_reading(sql: str) -> None:
    """Refuse what is not one statement that reads, as DuckDB's own parser has it.

    Raises:
        BadInput: It is several statements, none, or one of another kind.
        duckdb.ParserException: It is no SQL.
    """
    statements = duckdb.extract_statements(sql)
    if not statements:
        raise BadInput("query", "it asks nothing", "Give one statement that returns rows: select ...")
    if len(statements) > 1:
        raise BadInput("query", f"it is {len(statements)} statements", "Ask one question at a time")
    kind = statements[0].type
    if kind not in _READING:
        remedy = "Only what reads is taken: select, from, with, describe, show, summarize, explain"
        raise BadInput("query", f"it is a statement of the kind {kind.name}", remedy)


def ask(copy: Path, sql: str, params: Mapping[str, object] | None, limits: Limits) -> pl.DataFrame:
    """The answer of the database file at `copy` to one statement that reads; Ctrl+C ends it at once.

    Raises:
        BadInput: It takes more time or memory than `limits` allows, is more than one statement, would do more than
            read, or answers what a frame cannot hold.
        duckdb.Error: Anything else that DuckDB objects to.
    """
    require_reading(sql)
    with closing(open_copy(copy, limits)) as con:
        try:
            return bounded(lambda: answer(con, sql, params, limits), limits.seconds, con.interrupt)
        except TimeoutError:
            problem = f"it took longer than {limits.seconds:g} seconds, and was ended"
            raise BadInput("query", problem, "Ask for less, or raise the limit with --seconds") from None
        except duckdb.OutOfMemoryException as error:
            problem = f"it needs more memory than {limits.memory} MiB"
            raise BadInput("query", problem, "Ask for less, or raise the limit with --memory") from error


def open_copy(copy: Path, limits: Limits) -> DuckDBPyConnection:
    """An instance with the copy for its default database, and no way out of it. The caller closes it.

    Raises:
        duckdb.Error: The file cannot be opened.
    """
    con = duckdb.connect(":memory:", config=CONFIG)
    try:
        settle(con)
        con.execute(f"set memory_limit = '{limits.memory}MiB'; set temp_directory = ''")
        con.execute(f"attach '{quoted(copy)}' as published (read_only)")
        con.execute("use published; set enable_external_access = false; set lock_configuration = true")
    except BaseException:
        con.close()
        raise
    return con


def answer(con: DuckDBPyConnection, sql: str, params: Mapping[str, object] | None, limits: Limits) -> pl.DataFrame:
    """The rows, taken part by part, so that an answer without end is told from one that is large.

    Raises:
        BadInput: It is larger than `limits` allows, or no frame can hold it.
        duckdb.Error: Anything else that DuckDB objects to.
    """
    import pyarrow as pa

    relation = con.sql(sql, params=params)
    reader = relation.to_arrow_reader(_BATCH)
    batches, size = [], 0
    for batch in reader:
        size += batch.nbytes
        if size > limits.memory * _MIB:
            problem = f"its answer is larger than {limits.memory} MiB"
            raise BadInput("query", problem, "Ask for less (limit 1000), or raise the limit with --memory")
        batches.append(batch)
    table = pa.Table.from_batches(batches, schema=reader.schema)
    try:
        frame = pl.from_arrow(table)
    except pl.exceptions.PolarsError as error:
        kinds = ", ".join(f"{name} {kind}" for name, kind in zip(relation.columns, relation.types, strict=True))
        problem = "a column of the answer is of a type that no table of ours can hold"
        raise BadInput("query", f"{problem}, of {kinds}", "Cast it, for example: column::varchar") from error
    assert isinstance(frame, pl.DataFrame)
    return frame
