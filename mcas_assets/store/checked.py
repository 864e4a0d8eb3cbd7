"""What checks look at beside the rows of a table: the facts that the rows point to."""

import polars as pl
from duckdb import DuckDBPyConnection

from mcas_assets.store.database import framed


def image_rows(con: DuckDBPyConnection, version: int) -> pl.DataFrame:
    """The images of one materialisation, with `reason`, `record` and `stated_size` of their facts."""
    return con.sql(
        "select i.* exclude (version), f.reason, f.record, f.provider ->> '$.size' as stated_size"
        " from images_history i left join image_facts f using (image_id)"
        " where i.version = $version",
        params={"version": version},
    ).pl()


def vector_rows(con: DuckDBPyConnection, expected: pl.DataFrame) -> pl.DataFrame:
    """The vectors that are expected, and what is stored of them.

    Args:
        con: A connection to the store.
        expected: embedder, kind, content of every vector that should be there.

    Returns:
        The rows of `expected`, with `expected_dim` (of the registered embedder), `dim`, `norm` and
        `is_finite` of the stored vector; those three null where none is stored, `norm` also where the vector
        is not finite.
    """
    rows = expected.select("embedder", "kind", "content").with_row_index("place")
    with framed(con, rows) as asked:
        dims = con.execute(
            f"select distinct dim from embedders where embedder in (select embedder from {asked})"
        ).fetchall()
        parts = " union all ".join(
            f"select embedder, kind, content, array_length(vector) as dim,"
            f" sqrt(array_inner_product(vector, vector)) as norm from embedding_facts_{dim} semi join {asked}"
            " using (embedder, kind, content)"
            for (dim,) in dims
        )
        parts = parts or "select '' as embedder, '' as kind, '' as content, 0 as dim, 0.0 as norm limit 0"
        found = con.sql(f"""
            select a.embedder, a.kind, a.content, e.dim as expected_dim, f.dim, isfinite(f.norm) as is_finite,
                   case when isfinite(f.norm) then f.norm::double end as norm
            from {asked} a left join embedders e using (embedder)
            left join ({parts}) f using (embedder, kind, content)
            order by a.place
        """)
        return found.pl()
