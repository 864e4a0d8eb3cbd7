"""What a stage and a table of an audit are. Everything that knows of stages loops over these objects.

A stage is declared once, as the `STAGE` of a module in `stages/audit` (`registry` finds it): assets, checks, jobs, lineage,
staleness, currency and publication follow. The columns of its tables stand in sql/schema.sql.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import polars as pl
from duckdb import DuckDBPyConnection

from mcas_assets.core.errors import StoreError
from mcas_assets.declare.audit import Audit
from mcas_assets.quality.expectations import Build, Rule, among, exact_rows, suite, unique
from mcas_assets.quality.frames import has_nan
from mcas_assets.stages.reads import Declared
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import ledger
from mcas_assets.store.schema import frame_schema

AS_MANY_ROWS = "as many rows as it must have"

FACTS = "facts"
"""Among the inputs of a materialisation, what tells the facts that its stage reads from what they were."""


@dataclass(frozen=True)
class Work:
    """What a stage is given to work with.

    Attributes:
        stages: All stages by name: whose tables can be read.
        audit: The declaration.
        workplace: Where to work.
        system_version: What is audited; "" for a stage that is the same for every version.
        run_id: The run.
        against: System versions to compare with, beside the one that was audited before.
    """

    stages: Mapping[str, "Stage"]
    audit: Audit
    workplace: Workplace
    system_version: str
    run_id: str
    against: tuple[str, ...] = ()

    def read(self, *tables: str) -> list[pl.DataFrame]:
        """The newest rows of tables of other stages, of this audit and version.

        Raises:
            StoreError: One of them was never materialised.
        """
        with self.workplace.store.open() as con:
            rows = [(name, self.newest(self._maker(name))) for name in tables]
            return [ledger.read_table(con, name, row.version) for name, row in rows]

    def newest(self, stage: str) -> ledger.LedgerRow:
        """The ledger's row of the newest materialisation of a stage, of this audit and version.

        Raises:
            StoreError: There is none.
        """
        partition = self.stages[stage].partition(self.system_version)
        store = self.workplace.store
        with store.open() as con:
            row = ledger.latest(con, stage, partition, self.audit.audit)
        if row is None:
            where = f"{self.audit.audit}/{stage}" + (f" of {partition}" if partition else "")
            raise StoreError(store.path, f"{where} was never materialised", "Materialise it first, or run mcas audit")
        return row

    def _maker(self, table: str) -> str:
        return next(stage.name for stage in self.stages.values() for one in stage.tables if one.name == table)


@dataclass(frozen=True)
class Made:
    """What came of a stage.

    Attributes:
        tables: The rows of each of its tables.
        digest: 64 hex digits of their content: equal content leaves what is downstream fresh.
        metadata: Numbers and words to show beside the asset.
        inputs: The ledger's versions of what went into it, if not just the newest of what the stage reads.
    """

    tables: Mapping[str, pl.DataFrame]
    digest: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, int | str] | None = None


@dataclass(frozen=True)
class Checked:
    """Rows of a table that are to be checked.

    Attributes:
        rows: As they are stored.
        version: The materialisation that they are of; None before they are recorded.
        by: What else may be read; None for a table that no stage of an audit makes.
    """

    rows: pl.DataFrame
    version: int | None = None
    by: Work | None = None

    @property
    def work(self) -> Work:
        """What else may be read."""
        if self.by is None:
            raise ValueError("a table that no stage of an audit makes is checked by its rows alone")
        return self.by


def _as_they_are(checked: Checked) -> pl.DataFrame:
    return checked.rows


def _as_many_as_there_are(checked: Checked) -> int:
    return len(checked.rows)


@dataclass(frozen=True)
class Table:
    """A versioned table.

    Attributes:
        name: Without the suffix that its name has in sql/schema.sql.
        key: The columns that single out a row.
        rules: What must hold beside what holds for every table, and by the schema; a breach blocks what comes after.
        hints: What should hold; a breach warns.
        frame: The rows as the rules see them: scalars, and what can only be seen by looking at files and vectors.
        expected_rows: How many rows it must have; by default any number but none.
        may_be_empty: Whether there may be nothing to tell, so that no rule is held against it then.
    """

    name: str
    key: tuple[str, ...]
    rules: Mapping[str, Build] = field(default_factory=dict)
    hints: Mapping[str, Build] = field(default_factory=dict)
    frame: Callable[[Checked], pl.DataFrame] = _as_they_are
    expected_rows: Callable[[Checked], int] = _as_many_as_there_are
    may_be_empty: bool = False

    @cached_property
    def suite(self) -> tuple[Rule, ...]:
        """All rules: the count of rows, the key, no NaN; then those of this table."""
        general: dict[str, Build] = {AS_MANY_ROWS: exact_rows(), "each row once": unique(*self.key)}
        if self.has_numbers:
            general["no number is NaN"] = among("has_nan", (False,))
        return suite(self.name, {**general, **self.rules}) + suite(self.name, self.hints, severity="warning")

    @property
    def has_numbers(self) -> bool:
        """Whether a column could hold a NaN."""
        return any(kind.is_float() for kind in frame_schema(self.name).values())

    def checkable(self, checked: Checked) -> pl.DataFrame:
        """The frame that the suite is held against."""
        frame = self.frame(checked)
        return frame.with_columns(has_nan=has_nan(frame)) if self.has_numbers else frame


@dataclass(frozen=True)
class Stage:
    """A step of an audit that makes tables.

    Attributes:
        name: Of its asset, within the audit.
        description: What it makes, in a sentence.
        reads: The stages that it reads.
        tables: What it makes. The first gives the count of rows that is shown.
        make: Makes them.
        code_version: Raised by hand when its code would give another result from the same inputs.
        declares: What it reads of what people declare, as JSON values: an edit of that makes it stale. By default everything,
            which is safe, and makes it stale more often than needed.
        facts: What tells the facts that people add at any time, and it reads, from what they were: the ledger keeps it among the
            inputs, as `FACTS`. None where it reads none.
        kinds: What it works with, for the lineage.
        draws: Whether it asks the system under audit.
        is_planned: Whether it is the same for every system version.
        is_published: Whether people wait for it: the published copy is made anew after it.
        takes_against: Whether a run may name system versions to compare with.
    """

    name: str
    description: str
    reads: tuple[str, ...]
    tables: tuple[Table, ...]
    make: Callable[[Work], Made]
    code_version: str = "1"
    declares: Callable[[Audit, Declared], Any] | None = None
    facts: Callable[[DuckDBPyConnection, str, str], str] | None = None
    kinds: frozenset[str] = frozenset({"duckdb"})
    draws: bool = False
    is_planned: bool = False
    is_published: bool = False
    takes_against: bool = False

    def partition(self, system_version: str) -> str:
        """Under which partition its result for a system version is recorded."""
        return "" if self.is_planned else system_version
