"""Rows of the published copy for Python, found by the texts that people name versions by."""

from pathlib import Path

import polars as pl

from mcas_assets.pages.reader import Reader
from mcas_assets.store.database import Store
from mcas_assets.store.reading import Published


def rows(home: Path, table: str, audit: str, asked: str) -> pl.DataFrame:
    """The published rows of a versioned table of one audit and version.

    Args:
        home: Whose copy is read.
        table: Its name. Of a table of comparisons the later version counts.
        audit: Name of an audit.
        asked: System version, its beginning, or a system's name; "" the newest that was audited.

    Raises:
        NotThere: The audit has no scores of such a version.
        StoreError: Nothing is published yet.
    """
    reader = Reader(Published(Store(home)))
    return reader.table(table, audit=audit, system_version=reader.resolve(audit, asked))
