"""Facts and registers: images and vectors under the digest of their inputs, and what made them.

Each function that writes is one transaction: killed at any moment, all of its rows are there or none.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import polars as pl
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from mcas_assets.core.errors import StoreError
from mcas_assets.core.outcomes import OUTCOMES, SETTLED
from mcas_assets.store.database import framed, transaction

_LARGEST_DIM = 65_536

Content = Literal["image", "text"]
"""What a vector is of."""


def have_images(con: DuckDBPyConnection, ids: Iterable[str]) -> set[str]:
    """Those of `ids` that need not be asked for again: stored with a settled outcome (`outcomes.SETTLED`)."""
    with framed(con, pl.DataFrame({"image_id": list(ids)}, schema={"image_id": pl.String})) as wanted:
        rows = con.execute(
            f"select image_id from image_facts semi join {wanted} using (image_id) where list_contains(?, outcome)",
            [sorted(SETTLED)],
        ).fetchall()
    return {image_id for (image_id,) in rows}


def append_images(con: DuckDBPyConnection, frame: pl.DataFrame) -> int:
    """Store one batch of images, whole.

    The first settled row of an image stands: a later one is left out, so that a batch can be redone. A row
    that is not settled (a timeout, say) gives way to the next. The requests that were sent to a provider are added to
    attempt_facts in any case, since they were paid for.

    Args:
        con: A connection to the store.
        frame: Columns of image_facts, by name; absent ones are null, `created_at` is now.

    Returns:
        How many rows were written.

    Raises:
        ValueError: An outcome that is none of `outcomes.OUTCOMES`.
    """
    strange = set(frame["outcome"].to_list()) - set(OUTCOMES)
    if strange:
        raise ValueError(f"outcomes {sorted(map(str, strange))}: must be of {', '.join(OUTCOMES)}")
    with framed(con, frame) as given, transaction(con):
        con.execute(
            f"delete from image_facts where image_id in (select image_id from {given})"
            " and not list_contains(?, outcome)",
            [sorted(SETTLED)],
        )
        written = con.execute(f"insert or ignore into image_facts by name from {given} returning image_id").fetchall()
        if "provider" in frame.columns:
            con.execute(f"{_ATTEMPTS} from {given} where provider is not null)")
    return len(written)


_ATTEMPTS = """
    insert into attempt_facts by name
    select image_id, system_version, run_id, unnest(range(1, len(attempts) + 1)) as attempt, unnest(attempts, max_depth := 2),
           provider ->> '$.model_requested' as model_requested
    from (select image_id, system_version, run_id, provider::json as provider, from_json(provider::json -> '$.attempts', '[{
        "outcome": "VARCHAR", "http_status": "INTEGER", "provider_code": "VARCHAR", "request_id": "VARCHAR",
        "model_reported": "VARCHAR", "latency_ms": "DOUBLE", "waited_s": "DOUBLE", "cost_usd": "DOUBLE"}]') as attempts
"""


def spent(con: DuckDBPyConnection, system_version: str) -> tuple[int, float, tuple[str, ...]]:
    """What was asked of a provider for one system version, over all runs, as far as they committed it.

    Returns:
        Requests sent, US dollars as estimated then, and the model versions that the provider reported, sorted.
    """
    requests, usd, reported = con.execute(
        "select count(*), coalesce(sum(cost_usd), 0), list(distinct model_reported) filter (model_reported is not null)"
        " from attempt_facts where system_version = ?",
        [system_version],
    ).fetchall()[0]
    return requests, usd, tuple(sorted(reported or ()))


def read_images(con: DuckDBPyConnection, ids: Iterable[str]) -> pl.DataFrame:
    """The rows of image_facts for `ids`, settled or not, in that order; those not stored are left out."""
    asked = pl.DataFrame({"image_id": list(ids)}, schema={"image_id": pl.String}).with_row_index("place")
    with framed(con, asked) as wanted:
        return con.sql(
            f"select f.* from {wanted} w join image_facts f using (image_id) order by w.place",
        ).pl()


def forget_images(con: DuckDBPyConnection, ids: Iterable[str]) -> int:
    """Drop the rows of images whose files were lost: the next run makes them again. Returns how many."""
    with (
        framed(con, pl.DataFrame({"image_id": list(ids)}, schema={"image_id": pl.String})) as lost,
        transaction(con),
    ):
        rows = con.execute(
            f"delete from image_facts where image_id in (select image_id from {lost}) returning image_id"
        ).fetchall()
    return len(rows)


def register_system(
    con: DuckDBPyConnection,
    system_version: str,
    system: str,
    identity: Mapping[str, Any],
    source: Mapping[str, Any] | None = None,
) -> None:
    """Remember a system version with its identity document, and how it is had. What is known of it already stands."""
    with transaction(con):
        con.execute(
            "insert or ignore into systems (system_version, system, identity) values (?, ?, ?)",
            [system_version, system, canonical_json(identity)],
        )
        if source:
            con.execute(
                "update systems set source = ? where system_version = ? and source is null",
                [canonical_json(source), system_version],
            )


def mark_audited(con: DuckDBPyConnection, system_version: str) -> None:
    """Note that an audit of the system version has just been completed.

    Raises:
        StoreError: The system version is not registered.
    """
    with transaction(con):
        rows = con.execute(
            "update systems set last_audited = now() where system_version = ? returning system_version",
            [system_version],
        ).fetchall()
    if not rows:
        raise StoreError("store", f"system version {system_version} is not registered", "Register it first.")


def register_embedder(con: DuckDBPyConnection, embedder: str, name: str, dim: int, identity: Mapping[str, Any]) -> None:
    """Remember an embedder, and make the table for its vectors. Registering it again changes nothing.

    Args:
        con: A connection to the store.
        embedder: Its id, which its identity document decides.
        name: The name that people call it by.
        dim: Length of its vectors.
        identity: Its identity document.

    Raises:
        StoreError: The id is stored with another length or another identity.
    """
    if not 1 <= dim <= _LARGEST_DIM:
        raise ValueError(f"dim {dim}: must be 1 to {_LARGEST_DIM}")
    document = canonical_json(identity)
    with transaction(con):
        con.execute(f"""
            create table if not exists embedding_facts_{int(dim)} (
                embedder varchar not null, kind varchar not null, content varchar not null, text varchar,
                vector float[{int(dim)}] not null, run_id varchar,
                created_at timestamptz not null default now(), primary key (embedder, kind, content))
        """)
        con.execute(
            "insert or ignore into embedders (embedder, name, dim, identity) values (?, ?, ?, ?)",
            [embedder, name, dim, document],
        )
        stored_dim, stored = con.execute(
            "select dim, identity from embedders where embedder = ?", [embedder]
        ).fetchall()[0]
        if stored_dim != dim:
            problem = f"its vectors have {dim} dimensions, those stored under the same id {stored_dim}"
            raise StoreError(f"embedder {name} ({embedder})", problem, _OTHER_EMBEDDER)
        if json.loads(stored) != json.loads(document):
            raise StoreError(
                f"embedder {name} ({embedder})",
                "another embedder is stored under the same id",
                _OTHER_EMBEDDER,
            )


_OTHER_EMBEDDER = "Restore the files of the embedder that was used before, or give this one its own name."


def have_vectors(con: DuckDBPyConnection, embedder: str, dim: int, kind: Content, contents: Iterable[str]) -> set[str]:
    """Those of `contents` whose vector is stored.

    Args:
        con: A connection to the store.
        embedder: Id of a registered embedder.
        dim: Length of its vectors.
        kind: `image` or `text`.
        contents: sha256 of images, or ids of texts.
    """
    with framed(con, pl.DataFrame({"content": list(contents)}, schema={"content": pl.String})) as wanted:
        rows = con.execute(
            f"select content from embedding_facts_{int(dim)} semi join {wanted} using (content)"
            " where embedder = ? and kind = ?",
            [embedder, kind],
        ).fetchall()
    return {content for (content,) in rows}


def embedding_milliseconds(con: DuckDBPyConnection, embedder: str, dim: int) -> float | None:
    """Wall time of an image in the newest run in which an embedder stored two chunks of images or more, or None.

    The first chunk is not timed: loading the model stands before it.
    """
    rows = con.execute(
        f"with chunks as (select run_id, created_at, count(*) as n from embedding_facts_{int(dim)}"
        " where embedder = ? and kind = 'image' group by all)"
        " select date_diff('millisecond', min(created_at), max(created_at)) / (sum(n) - arg_min(n, created_at)) from chunks"
        " group by run_id having count(*) > 1 order by max(created_at) desc limit 1",
        [embedder],
    ).fetchall()
    return float(rows[0][0]) if rows else None


def append_vectors(
    con: DuckDBPyConnection,
    embedder: str,
    kind: Content,
    contents: Sequence[str],
    texts: Sequence[str] | None,
    vectors: NDArray[np.float32],
    run_id: str | None = None,
) -> int:
    """Store the vectors of one batch, whole. What is stored already stands, and is left out.

    Args:
        con: A connection to the store.
        embedder: Id of a registered embedder.
        kind: `image` or `text`.
        contents: sha256 of n images, or ids of n texts; no repeats.
        texts: The n texts themselves, or None for images.
        vectors: (n, dim) float32.
        run_id: The run that made them.

    Returns:
        How many vectors were written.

    Raises:
        StoreError: The embedder is not registered, or with another dim.
    """
    if vectors.ndim != 2 or len(vectors) != len(contents) or vectors.dtype != np.float32:
        raise ValueError(f"vectors {vectors.shape} {vectors.dtype}: must be ({len(contents)}, dim) float32")
    dim = vectors.shape[1]
    rows = con.execute("select dim from embedders where embedder = ?", [embedder]).fetchall()
    if rows != [(dim,)]:
        stored = f"is registered with {rows[0][0]}" if rows else "is not registered"
        raise StoreError(f"embedder {embedder}", f"{stored}; vectors of {dim} dimensions were given", _OTHER_EMBEDDER)
    if not contents:
        return 0
    frame = pl.DataFrame(
        {"content": contents, "text": texts, "vector": pl.Series(np.ascontiguousarray(vectors))},
        schema_overrides={"text": pl.String},
    ).with_columns(embedder=pl.lit(embedder), kind=pl.lit(kind), run_id=pl.lit(run_id, pl.String))
    with framed(con, frame) as given, transaction(con):
        written = con.execute(
            f"insert or ignore into embedding_facts_{dim} by name from {given} returning content"
        ).fetchall()
    return len(written)


def read_vectors(
    con: DuckDBPyConnection, embedder: str, dim: int, kind: Content, contents: Sequence[str]
) -> NDArray[np.float32]:
    """The vectors of `contents`, (n, dim) float32 C-contiguous, in that order; one asked twice comes twice.

    Raises:
        StoreError: One of them is not stored.
    """
    asked = pl.DataFrame({"content": list(contents)}, schema={"content": pl.String}).with_row_index("place")
    with framed(con, asked) as wanted:
        found = con.sql(
            f"select w.place, f.vector from {wanted} w join embedding_facts_{int(dim)} f using (content)"
            " where f.embedder = $embedder and f.kind = $kind",
            params={"embedder": embedder, "kind": kind},
        ).pl()
    if len(found) < len(asked):
        missing = asked.join(found, on="place", how="anti")["content"]
        problem = f"{len(missing)} of {len(asked)} {kind} vectors are not stored, the first of {missing[0]}"
        raise StoreError(f"embedder {embedder}", problem, "Run the audit again: it embeds what is missing.")
    vectors = np.empty((len(asked), dim), dtype=np.float32)
    vectors[found["place"].to_numpy()] = found["vector"].to_numpy()
    return vectors


def canonical_json(document: Mapping[str, Any]) -> str:
    """`document` as JSON text that is the same for equal documents."""
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
