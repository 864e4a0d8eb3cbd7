"""How a system version ranks among all that were audited alike."""

import polars as pl

from mcas_assets.declare.audit import Audit
from mcas_assets.measure.shares import digest
from mcas_assets.measure.system_ranks import rank_systems
from mcas_assets.quality.expectations import among, between
from mcas_assets.quality.frames import inside, unexplained
from mcas_assets.stages.contract import Checked, Made, Stage, Table, Work
from mcas_assets.stages.reads import Declared
from mcas_assets.store import ledger


def _make(work: Work) -> Made:
    with work.workplace.store.open() as con:
        means = ledger.read_as_of(con, "mean_scores").filter(audit=work.audit.audit)
    table = rank_systems(work.system_version, means, work.audit.inference.level)
    return Made({"system_ranks": table}, digest([table]), {"versions": table["ranked"].n_unique()})


def _declares(audit: Audit, _: Declared) -> list:
    return [audit.inference.level]


def _frame(checked: Checked) -> pl.DataFrame:
    return checked.rows.with_columns(
        is_rank_in_set=inside("rank", "rank_low", "rank_high"),
        n_beyond=pl.col("rank_high") - pl.col("n_ranked"),
        is_unexplained_null=unexplained("rank", "reason"),
    )


STAGE = Stage(
    name="ranks",
    description="How the system version ranks among all that were audited alike, with simultaneous sets of ranks.",
    reads=("scores",),
    tables=(
        Table(
            "system_ranks",
            key=("system_version", "audit", "axis", "embedder", "ranked"),
            frame=_frame,
            rules={
                "rank lies in its set": among("is_rank_in_set", (True,)),
                "ranks count from 1": between("rank_low", 1, None),
                "ranks end with the versions that are ranked": between("n_beyond", None, 0),
                "null rank has a reason": among("is_unexplained_null", (False,)),
            },
        ),
    ),
    make=_make,
    declares=_declares,
    kinds=frozenset({"numpy", "duckdb"}),
    is_published=True,
)
