"""The decision study: how sure a score would be with more images, wordings or attributes (Brennan 2001, ch. 1 and 4).

The variances are those that an audit has measured (table `score_variances`): each source brings its variance over the number of
its conditions into the squared standard error, whatever that number is.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import sqrt

import polars as pl
from duckdb import DuckDBPyConnection

from mcas_assets.declare.audit import Audit
from mcas_assets.store import ledger

DIVIDED: Mapping[str, tuple[str, ...]] = {
    "images": ("seed", "wording and seed"),
    "wordings": ("wording", "wording and seed"),
    "attribute images": ("attribute image",),
    "attribute prompts": ("attribute wording", "attribute image"),
    "attribute words": ("attribute word",),
}
"""Which parts of the squared error are divided by how many times as many there are."""

TIMES = (2, 4)


def measured(con: DuckDBPyConnection, audit: Audit, system: str) -> pl.DataFrame:
    """Rows of `score_variances` of the newest version of a system that the audit has measured, by its first embedder."""
    rows = ledger.read_as_of(con, "score_variances")
    rows = rows.filter(audit=audit.audit, system=system, embedder=audit.embedders[0])
    return rows.filter(pl.col("version") == pl.col("version").max()) if len(rows) else rows


def standard_error(errors: Mapping[str, float], seeds_are_own: bool, **times: float) -> float:
    """Of the score of one concept, with so many times as many of something.

    Args:
        errors: Parts of the squared error as measured, by source.
        seeds_are_own: Whether each wording has seeds of its own, so that more wordings are more seeds, too.
        times: By the names of `DIVIDED`, with _ for a space; 1 where none is given.
    """
    total = 0.0
    for source, error in errors.items():
        by = 1.0
        for name, sources in DIVIDED.items():
            if source in sources or (name == "wordings" and source == "seed" and seeds_are_own):
                by *= times.get(name.replace(" ", "_"), 1.0)
        total += error / by
    return sqrt(total)


def decision_rows(rows: pl.DataFrame, axes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """For each axis the standard error of a score as declared, and what it would be with more of something: quantity and value.

    The embedder is no part of it: a score is of its embedder.
    """
    for axis in axes:
        own = rows.filter(axis=axis)
        known = own.filter(pl.col("source") != "embedder").drop_nulls("error")
        if known.is_empty():
            continue
        errors = dict(known.select("source", "error").iter_rows())
        whole = sum(errors.values())
        parts = sorted(((error / whole, source) for source, error in errors.items() if whole > 0), reverse=True)
        told = ", ".join(f"{source} {100 * part:.0f} %" for part, source in parts if part >= 0.005)
        yield f"{axis}, as declared", f"{sqrt(whole):.2g}, measured on {own['system_version'][0]}: {told}"
        seeds_are_own = "seed" in errors and "wording and seed" not in errors
        for name, sources in DIVIDED.items():
            if any(source in errors for source in sources):
                found = [standard_error(errors, seeds_are_own, **{name.replace(" ", "_"): float(n)}) for n in TIMES]
                yield f"{axis}, {name} x {' / '.join(map(str, TIMES))}", " / ".join(f"{one:.2g}" for one in found)
        lacking = own.filter(source="wording").drop_nulls("reason")["reason"].to_list()
        if lacking:
            yield f"{axis}, not in it", f"{lacking[0]}: what a score owes to its wording"
