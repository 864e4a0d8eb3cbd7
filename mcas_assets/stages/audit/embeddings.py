"""Which vectors an audit's embedders made of its images and texts."""

import polars as pl

from mcas_assets.measure import embeddings
from mcas_assets.quality.expectations import among, between, equal, present
from mcas_assets.stages import reads
from mcas_assets.stages.contract import Checked, Made, Stage, Table, Work
from mcas_assets.store.checked import vector_rows

_NORM_TOLERANCE = 1e-3


def _make(work: Work) -> Made:
    images, texts = embeddings.contents(*work.read("images", "texts"))
    store, panel = work.workplace.store, work.workplace.embedders(work.audit.embedders)
    made = 0
    for embedder in panel:
        try:
            made += embeddings.embed(store, images, texts, embedder, work.workplace.progress, work.run_id)
        finally:
            embedder.close()
    with store.open() as con:
        rows = vector_rows(con, embeddings.expected(images, texts, panel))
    table = rows.select(
        pl.lit(work.audit.audit).alias("audit"), pl.lit(work.system_version).alias("system_version"),
        "embedder", "kind", "content", "dim", "norm",
    )  # fmt: skip
    digest = embeddings.embeddings_digest(table)
    return Made({"embeddings": table}, digest, {"embedded": made, "embedders": len(panel)})


def _frame(checked: Checked) -> pl.DataFrame:
    with checked.work.workplace.store.open() as con:
        return vector_rows(con, checked.rows.select("embedder", "kind", "content"))


def _expected_rows(checked: Checked) -> int:
    panel = checked.work.workplace.embedders(checked.work.audit.embedders)
    return len(embeddings.expected(*embeddings.contents(*checked.work.read("images", "texts")), panel))


STAGE = Stage(
    name="embeddings",
    description="Which vectors the audit's embedders made of its images and texts. The vectors are facts.",
    reads=("images", "texts"),
    tables=(
        Table(
            "embeddings",
            key=("embedder", "kind", "content"),
            frame=_frame,
            expected_rows=_expected_rows,
            rules={
                "every content has a vector": present("dim"),
                "vector has the embedder's length": equal("dim", "expected_dim"),
                "vector is finite": among("is_finite", (True,)),
                "vector has unit norm": between("norm", 1 - _NORM_TOLERANCE, 1 + _NORM_TOLERANCE),
            },
        ),
    ),
    make=_make,
    declares=reads.embedders,
    kinds=frozenset({"pytorch", "duckdb"}),
)
