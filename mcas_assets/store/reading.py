"""The published copy as pages read it: opened once, asked the questions of sql/pages, opened anew when it was replaced.

Nothing is written: the copy is attached for reading, and on an instance without access to other files (sandbox.py).
"""

import re
import threading
from functools import cache
from pathlib import Path

import duckdb
import polars as pl
from duckdb import DuckDBPyConnection

from mcas_assets.core.errors import StoreError
from mcas_assets.core.paths import SQL
from mcas_assets.store.database import Store, faults_told
from mcas_assets.store.sandbox import Limits, answer, open_copy
from mcas_assets.store.schema import frame_schema, require_present_names

PAGES = SQL / "pages"
"""One file a question; `$name` stands for a value."""

_VALUE = re.compile(r"\$([a-z][a-z0-9_]*)")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_Stamp = tuple[int, int, int]


class Published:
    """The published copy of a home. Several threads may ask it at once.

    Attributes:
        store: Whose copy it is.
    """

    def __init__(self, store: Store, limits: Limits | None = None) -> None:
        self.store = store
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._open: tuple[_Stamp, DuckDBPyConnection] | None = None

    def rows(self, question: str, **values: object) -> pl.DataFrame:
        """The answer to a question of sql/pages, by its name; of `values` it takes those that it names.

        Raises:
            StoreError: Nothing is published yet, or the copy cannot be read.
        """
        text = _text(question)
        known = set(_VALUE.findall(text))
        return self._ask(text, {name: value for name, value in values.items() if name in known})

    def table(self, name: str, at: int, **equal: object) -> pl.DataFrame:
        """The rows of a versioned table as of version `at` of the ledger in which each named column is equal to its value.

        A copy that was published before there was such a table has no rows of it.

        Raises:
            ValueError: A name that is none of a table or column.
            StoreError: See `rows`.
        """
        if bad := [word for word in (name, *equal) if not _NAME.fullmatch(word)]:
            raise ValueError(f"no names of a table or column: {bad}")
        wanted = " and ".join(f"{column} is not distinct from ${column}" for column in equal)
        text = f"select * from {name}_as_of($at)" + (f" where {wanted}" if wanted else "")
        try:
            return self._ask(text, {"at": at, **equal})
        except duckdb.CatalogException:
            return frame_schema(name).to_frame()

    def has(self, table: str) -> bool:
        """Whether the copy is from after a table was added.

        Raises:
            StoreError: See `rows`.
        """
        return not self._ask("select 1 from duckdb_tables() where table_name = $name", {"name": table}).is_empty()

    def vectors(self, dim: int, **values: object) -> pl.DataFrame:
        """content, vector of the images or texts `contents` by one embedder; `kind` is image or text.

        Raises:
            StoreError: See `rows`.
        """
        text = f"""
            select content, vector from embedding_facts_{int(dim)}
            where embedder = $embedder and kind = $kind and list_contains($contents, content)
        """
        return self._ask(text, values)

    def stamp(self) -> tuple[int, int, int]:
        """What tells the copy as it lies there now from a former or later one.

        Raises:
            StoreError: Nothing is published yet.
        """
        return _stamp(self.store.published)

    def _ask(self, text: str, values: dict[str, object]) -> pl.DataFrame:
        with faults_told(self.store.published):
            con = self._connection().cursor()
            try:
                con.execute("use published")  # a cursor begins where the instance does
                return answer(con, text, values or None, self._limits)
            finally:
                con.close()

    def _connection(self) -> DuckDBPyConnection:
        """That of the copy as it lies there now. Who still asks the former one holds on to it."""
        with self._lock:
            stamp = _stamp(self.store.published)
            if self._open is None or self._open[0] != stamp:
                con = open_copy(self.store.published, self._limits)
                try:
                    require_present_names(con, self.store.published)
                except StoreError:
                    con.close()
                    raise
                self._open = (stamp, con)
            return self._open[1]

    def close(self) -> None:
        """Let go of the copy."""
        with self._lock:
            if self._open is not None:
                self._open[1].close()
            self._open = None


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except FileNotFoundError:
        raise StoreError(path, "nothing is published yet", "Run an audit first: mcas audit.") from None
    return found.st_ino, found.st_mtime_ns, found.st_size


@cache
def _text(question: str) -> str:
    return (PAGES / f"{question}.sql").read_text(encoding="utf-8").rstrip().rstrip(";")
