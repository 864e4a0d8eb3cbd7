"""Rows of a table that pass all of its rules, and copies of them that each break one: told apart by a mark in their key.

All of them are held against the rules at once, since a run of Great Expectations costs far more than a row. The mark names
the rule that the rows were made to break, so that a rule which fails for the rows of another is told.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from mcas_assets.quality.adapter import validate
from mcas_assets.quality.expectations import EXPECTED_ROWS
from mcas_assets.stages.contract import Checked, Table
from mcas_assets.store.schema import columns_of, frame_schema

Rows = list[dict[str, Any]]
Change = Callable[[Rows], Rows]
Breaks = dict[str, set[str]]
"""The rules that the rows of each mark break."""

GENERAL = ("as many rows as it must have", "each row once", "no number is NaN")
GOOD = "good"

_FILLED: dict[str, Any] = {"VARCHAR": "x", "JSON": "{}", "BIGINT": 1, "INTEGER": 1, "DOUBLE": 0.5, "BOOLEAN": False}


def row_at(*places: int, **values: Any) -> Change:
    """Other values in some rows."""
    return lambda rows: [row | values if i in places else row for i, row in enumerate(rows)]


def first(**values: Any) -> Change:
    """Other values in the first row."""
    return row_at(0, **values)


def each(**values: Any) -> Change:
    """Other values in all rows."""
    return lambda rows: [row | values for row in rows]


def without_last(rows: Rows) -> Rows:
    return rows[:-1]


def as_stored(table: str, rows: Rows) -> pl.DataFrame:
    """Rows as the store would return them: all columns, and a value wherever the schema asks for one."""
    columns = columns_of(table)
    for row in rows:
        assert set(row) <= {column.name for column in columns}, row
    filled = {column.name: _FILLED[column.kind] for column in columns if not column.is_nullable}
    frame = pl.DataFrame([filled | row for row in rows], schema=frame_schema(table))
    assert frame.select(list(filled)).null_count().sum_horizontal().item() == 0, "the store would refuse these rows"
    return frame


@dataclass(frozen=True)
class Example:
    """Rows of a table, and how each of its rules is broken.

    Attributes:
        table: Its name.
        mark: The column of its key that holds the mark.
        good: Rows that break nothing.
        bad: For each rule, the changes to the good rows that break it: one, or several that each do.
        also: The other rules that breaking one cannot but break.
    """

    table: str
    mark: str
    good: Rows
    bad: Mapping[str, Change | tuple[Change, ...]]
    also: Mapping[str, set[str]] = field(default_factory=dict)

    @property
    def changes(self) -> dict[str, tuple[str, Change]]:
        """For each mark, the rule that its rows break, and what was changed in them."""
        return {
            rule if i == 0 else f"{rule} ({i + 1})": (rule, change)
            for rule, given in self.bad.items()
            for i, change in enumerate(given if isinstance(given, tuple) else (given,))
        }

    @property
    def rules(self) -> set[str]:
        """The rules that are shown to fail."""
        return set(self.bad)

    @property
    def breaks(self) -> Breaks:
        return {mark: {rule} | self.also.get(rule, set()) for mark, (rule, _) in self.changes.items()}

    def checked(self, _: Path) -> Checked:
        marked = [each(**{self.mark: GOOD})(self.good)]
        marked += [each(**{self.mark: mark})(change(self.good)) for mark, (_, change) in self.changes.items()]
        return Checked(as_stored(self.table, [row for rows in marked for row in rows]))


@dataclass(frozen=True)
class StoredExample:
    """The same for a table whose rules look at files and vectors too: `store` keeps all of it in a home.

    Attributes:
        mark: The column of its key that holds the mark.
        breaks: What the rows of each mark break; the mark is the rule that they were made to break.
        store: Makes a home of a folder, with good and bad rows.
    """

    mark: str
    breaks: Breaks
    store: Callable[[Path], Checked]

    @property
    def rules(self) -> set[str]:
        """The rules that are shown to fail."""
        return set(self.breaks)

    def checked(self, folder: Path) -> Checked:
        return self.store(folder)


def broken(table: Table, frame: pl.DataFrame, mark: str) -> Breaks:
    """Which rules the rows of each mark break, of a frame that has as many rows as it must have."""
    found: dict[str, set[str]] = defaultdict(set)
    for result in validate(frame, table.name, table.suite, table.key, {EXPECTED_ROWS: len(frame)}):
        assert result.status != "error", result
        if not result.success:
            assert result.unexpected == len(result.sample) > 0, result  # all of them, or who broke it is not known
            for row in result.sample:
                found[row[mark]].add(result.rule)
    return dict(found)
