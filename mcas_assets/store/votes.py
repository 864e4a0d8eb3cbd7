"""What people were asked about and what they answered, as facts: rows are added, none is changed.

Each function that writes is one transaction, as in facts.py.
"""

import polars as pl
from duckdb import DuckDBPyConnection

from mcas_assets.store.database import framed, transaction

ANSWER_OF = ("draw", "axis", "image_id", "rater", "is_adjudication")
"""Of rows that agree in these, the newest is the one that counts."""


def read_draw(con: DuckDBPyConnection, audit: str, system_version: str) -> pl.DataFrame:
    """The images of an audit of a system version that people are asked about, in the order of their concepts and places."""
    return con.sql(
        "select * from review_draws where audit = $audit and system_version = $of order by concept, place, image_id",
        params={"audit": audit, "of": system_version},
    ).pl()


def append_draw(con: DuckDBPyConnection, rows: pl.DataFrame) -> int:
    """Add images to what people are asked about. What is drawn already stands. Returns how many were new."""
    with framed(con, rows) as given, transaction(con):
        added = con.execute(f"insert or ignore into review_draws by name from {given} returning image_id").fetchall()
    return len(added)


def append_votes(con: DuckDBPyConnection, rows: pl.DataFrame) -> int:
    """Add answers, all of them or none. Returns how many.

    Args:
        con: A connection to the store.
        rows: Columns of review_votes but `number` and `kept_at`, in the order in which they were given.
    """
    with framed(con, rows) as given, transaction(con):
        added = con.execute(
            f"insert into review_votes by name select nextval('review_vote_number') as number, * from {given} returning number"
        ).fetchall()
    return len(added)


def read_votes(con: DuckDBPyConnection, audit: str, system_version: str) -> pl.DataFrame:
    """The answers that count: of each rater, axis and image the newest, unless it was taken back. In the order they were given."""
    key = ", ".join(ANSWER_OF)
    return con.sql(
        "from (select v.* from review_votes v semi join review_draws d on v.draw = d.draw and v.image_id = d.image_id"
        " and d.audit = $audit and d.system_version = $of"
        f" qualify row_number() over (partition by {key} order by number desc) = 1) where answer is not null order by number",
        params={"audit": audit, "of": system_version},
    ).pl()


def newest_vote(con: DuckDBPyConnection, audit: str, system_version: str) -> str:
    """What tells the answers about an audit of a system version as they are from what they were: `votes up to` a number."""
    rows = con.execute(
        "select coalesce(max(number), 0) from review_votes where draw in"
        " (select draw from review_draws where audit = ? and system_version = ?)",
        [audit, system_version],
    ).fetchall()
    return f"votes up to {rows[0][0]}"
