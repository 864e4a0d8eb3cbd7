"""Whether pictures are any good beside being fair: alignment with what was asked for, and diversity."""

import polars as pl

from mcas_assets.declare.audit import Audit, targets_of
from mcas_assets.measure import fidelity
from mcas_assets.measure.shares import digest
from mcas_assets.quality.expectations import among, between, ordered
from mcas_assets.quality.frames import are_within, inside, unexplained
from mcas_assets.stages import reads
from mcas_assets.stages.contract import Checked, Made, Stage, Table, Work
from mcas_assets.stages.reads import Declared

_TOLERANCE = 1e-6


def _make(work: Work) -> Made:
    images, texts, labels = work.read("images", "texts", "image_labels")
    panel = work.workplace.embedders(work.audit.embedders)
    tables = fidelity.measure(work.workplace.store, work.audit, images, texts, labels, panel)._asdict()
    whole = tables["alignment"].filter(scope="all")["first_share"].mean()
    return Made(tables, digest(tables.values()), {"own prompt nearest": "none" if whole is None else f"{whole:.0%}"})


def _declares(audit: Audit, declared: Declared) -> list:
    targets = [target[:2] for target in reads.targets(audit)]
    return [targets, reads.groups(audit), reads.embedders(audit, declared), audit.inference.level]


def _alignment(checked: Checked) -> pl.DataFrame:
    """`above_chance` is what the end of the interval over all concepts has over the share that any picture would have."""
    is_concept = (pl.col("scope") == "concept") & pl.col("category").ne_missing("neutral")
    n_concepts = is_concept.sum().over("system_version", "audit", "embedder").clip(1)
    return checked.rows.with_columns(
        is_unexplained_null=unexplained("alignment", "reason"),
        is_unexplained_difference=(pl.col("scope") == "group") & unexplained("difference", "difference_reason"),
        is_share_in_interval=inside("first_share", "first_low", "first_high") | pl.col("first_low").is_null(),
        are_shares_within=are_within(["first_share", "first_low", "first_high"], 0, 1),
        is_misnamed=(pl.col("scope") == "group") == pl.col("group_name").is_null(),
        above_chance=pl.when((pl.col("scope") == "all") & (n_concepts > 1)).then(
            pl.coalesce("first_high", "first_share") - 1 / n_concepts
        ),
    )


def _diversity(checked: Checked) -> pl.DataFrame:
    return checked.rows.with_columns(
        is_unexplained_null=unexplained("similarity", "reason"), beyond_images=pl.col("vendi") - pl.col("n_images")
    )


def _n_aligned(checked: Checked) -> int:
    """A row for each embedder and concept, one over all, and one for each group by each labeller beside the embedder."""
    audit, (labels,) = checked.work.audit, checked.work.read("image_labels")
    rows = 0
    for embedder in audit.embedders:
        told = labels.filter(pl.col("embedder").is_null() | (pl.col("embedder") == embedder))
        groups = [len(audit.axes[axis].groups) for axis, _ in told.select("axis", "labels").unique().iter_rows()]
        rows += len(targets_of(audit)) + 1 + sum(groups)
    return rows


ALIGNMENT = Table(
    "alignment",
    key=("system_version", "audit", "embedder", "scope", "concept", "axis", "labels", "group_name"),
    frame=_alignment,
    expected_rows=_n_aligned,
    rules={
        "scope of alignment is known": among("scope", ("concept", "group", "all")),
        "alignment within [-1, 1]": between("alignment", -1 - _TOLERANCE, 1 + _TOLERANCE),
        "alignment interval is ordered": ordered("alignment_low", "alignment_high"),
        "difference interval is ordered": ordered("difference_low", "difference_high"),
        "share of the nearest lies in its interval": among("is_share_in_interval", (True,)),
        "shares of the nearest within [0, 1]": among("are_shares_within", (True,)),
        "null alignment has a reason": among("is_unexplained_null", (False,)),
        "null difference of a group has a reason": among("is_unexplained_difference", (False,)),
        "a group is named where there is one": among("is_misnamed", (False,)),
    },
    hints={"images are nearer to their own prompt than by chance": between("above_chance", 0, None)},
)
DIVERSITY = Table(
    "diversity",
    key=("system_version", "audit", "embedder", "concept"),
    frame=_diversity,
    expected_rows=lambda checked: len(checked.work.audit.embedders) * len(targets_of(checked.work.audit)),
    rules={
        "similarity within [-1, 1]": between("similarity", -1 - _TOLERANCE, 1 + _TOLERANCE),
        "similarity interval is ordered": ordered("similarity_low", "similarity_high"),
        "effective number counts from 1": between("vendi", 1 - _TOLERANCE, None),
        "effective number is at most the images": between("beyond_images", None, _TOLERANCE),
        "vendi interval is ordered": ordered("vendi_low", "vendi_high"),
        "null similarity has a reason": among("is_unexplained_null", (False,)),
    },
)

STAGE = Stage(
    name="fidelity",
    description="Whether images show what was asked for, those of one group as well as others, and how unlike each other they are.",
    reads=("texts", "images", "embeddings", "representation"),
    tables=(ALIGNMENT, DIVERSITY),
    make=_make,
    declares=_declares,
    kinds=frozenset({"numpy", "duckdb"}),
    is_published=True,
)
