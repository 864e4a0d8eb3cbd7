"""What is asked of image_facts otherwise than by whole ids: how stored images were drawn, and with what others.

Writing them, and reading them by id, is facts.py.
"""

from typing import NamedTuple

import polars as pl
from duckdb import DuckDBPyConnection


class DrawnSize(NamedTuple):
    """A system version of which images are stored, and one of their sizes in pixels."""

    system_version: str
    width: int
    height: int


class Timing(NamedTuple):
    """How long the images of a version took: median wall time in milliseconds, over how many."""

    milliseconds: float
    n_images: int
    system_version: str


def find_images(con: DuckDBPyConnection, prefix: str, most: int) -> pl.DataFrame:
    """The first rows of image_facts, at most `most`, whose id begins so, in order of id."""
    return con.sql(
        "select * from image_facts where starts_with(image_id, $prefix) order by image_id limit $most",
        params={"prefix": prefix, "most": most},
    ).pl()


def read_batch(con: DuckDBPyConnection, system_version: str, batch_id: str | None) -> pl.DataFrame:
    """The rows of image_facts of one batch of a version, over all runs, in their places."""
    return con.sql(
        "select * from image_facts where system_version = $version and batch_id = $batch order by position",
        params={"version": system_version, "batch": batch_id},
    ).pl()


def read_kept(con: DuckDBPyConnection, system_version: str) -> pl.DataFrame:
    """image_id, prompt, outcome, sha256, path, width, height of every stored image of a version: not what only people read."""
    return con.sql(
        "select image_id, prompt, outcome, sha256, path, width, height from image_facts where system_version = $version",
        params={"version": system_version},
    ).pl()


def image_files(con: DuckDBPyConnection) -> list[tuple[str, str, str]]:
    """(image_id, path, sha256) of every stored image that has a file."""
    return con.execute("select image_id, path, sha256 from image_facts where path is not null").fetchall()


def conditions(con: DuckDBPyConnection, system_version: str) -> list[tuple[str | None, int | None]]:
    """(environment as JSON text, images drawn together) of the images of a version, each pair once."""
    return con.execute(
        "select distinct environment, batch_size from image_facts where system_version = ? and outcome = 'ok'",
        [system_version],
    ).fetchall()


def drawn_sizes(con: DuckDBPyConnection, system: str, system_version: str) -> list[DrawnSize]:
    """Of what versions images were drawn: first of this one, then of others of the system, then of the rest, newest first."""
    rows = con.execute(
        "select system_version, width, height from image_facts"
        " where outcome = 'ok' and record is null"  # imported images are of no plan
        " group by system_version, width, height"
        " order by system_version = ? desc, starts_with(system_version, ?) desc, max(created_at) desc",
        [system_version, f"{system}@"],
    ).fetchall()
    return [DrawnSize(*row) for row in rows]


def timing(con: DuckDBPyConnection, system: str, system_version: str) -> Timing | None:
    """How long an image of this version took, else of the system's newest other version; None where none was timed."""
    rows = con.execute(
        "select median(latency_ms), count(*), system_version from image_facts"
        " where starts_with(system_version, ?) and outcome = 'ok' and latency_ms is not null group by system_version"
        " order by system_version = ? desc, max(created_at) desc limit 1",
        [f"{system}@", system_version],
    ).fetchall()
    return Timing(*rows[0]) if rows else None
