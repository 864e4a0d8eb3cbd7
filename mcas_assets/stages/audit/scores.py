"""IIAS, ITPAS, ITAAS, TTAS and MCAS of every concept, and how the panel agrees on them."""

import polars as pl

from mcas_assets.declare.audit import Audit
from mcas_assets.measure import scores
from mcas_assets.measure.multiverse import MEASURES
from mcas_assets.quality.expectations import among, between, ordered
from mcas_assets.quality.frames import are_within, inside, unexplained
from mcas_assets.scoring.mcas.association import COMPONENTS
from mcas_assets.scoring.mcas.score_intervals import INTERVAL_METHODS
from mcas_assets.scoring.mcas.variance_parts import SOURCES
from mcas_assets.stages import reads
from mcas_assets.stages.contract import Checked, Made, Stage, Table, Work
from mcas_assets.stages.reads import Declared
from mcas_assets.store import facts

KEY = ("system_version", "audit", "axis", "embedder", "concept")

_LARGEST = 2.0  # a component is a difference of two mean cosines
_TOLERANCE = 1e-6
_PROBABILITIES = (
    "p_value", "q_value", "adjusted_p_value", "adjusted_q_value", "parity_p_value", "parity_q_value", "poles_p_value"
)  # fmt: skip


def _make(work: Work) -> Made:
    images, texts = work.read("images", "texts")
    measured = scores.measure(
        work.workplace.store, work.audit, images, texts, work.workplace.embedders(work.audit.embedders)
    )
    tables = {
        "scores": measured.scores, "components": measured.components, "mean_scores": measured.means,
        "panel": measured.panel, "score_variances": measured.variances,
        "multiverse": measured.multiverse,
    }  # fmt: skip
    with work.workplace.store.open() as con:
        facts.mark_audited(con, work.system_version)
    return Made(tables, measured.digest())


def _declares(audit: Audit, declared: Declared) -> list:
    inference = audit.inference.model_dump(include={"level", "resamples", "permutations", "confidence", "seed"})
    baseline = [neutral.name for neutral in audit.neutral if neutral.baseline]
    return [
        list(audit.axes),
        reads.targets(audit),
        *([list(audit.templates)] if len(audit.templates) > 1 else []),
        baseline,
        reads.groups(audit),
        reads.embedders(audit, declared),
        inference,
    ]


def _count(checked: Checked) -> int:
    audit = checked.work.audit
    return len(audit.axes) * len(audit.embedders) * (len(audit.concepts) + len(audit.neutral))


def _scores(checked: Checked) -> pl.DataFrame:
    """`component_sum_error` and `differing_error` are what the sums beside the components miss of theirs."""
    values = [*COMPONENTS, "mcas"]
    total = sum((pl.col(name) for name in COMPONENTS), pl.lit(0.0))
    return checked.rows.with_columns(
        component_sum_error=(pl.col("mcas") - total).abs(),
        differing_error=(pl.col("differing") - (total - pl.col("ttas"))).abs(),
        are_components_within=are_within(list(COMPONENTS), -_LARGEST, _LARGEST),
        is_unexplained_null=pl.any_horizontal(pl.col(values).is_null()) & pl.col("reason").is_null(),
        is_rank_in_set=inside("lean_rank", "lean_rank_low", "lean_rank_high"),
    )


def _components(checked: Checked) -> pl.DataFrame:
    return checked.rows.with_columns(is_unexplained_null=unexplained("value", "reason"))


def _means(checked: Checked) -> pl.DataFrame:
    return checked.rows.with_columns(is_unexplained_null=unexplained("mean_mcas", "reason"))


def _variances(checked: Checked) -> pl.DataFrame:
    return checked.rows.with_columns(is_unexplained_null=unexplained("variance", "reason"))


def _multiverse(checked: Checked) -> pl.DataFrame:
    return checked.rows.with_columns(is_unexplained_null=unexplained("value", "reason"))


def _panel(checked: Checked) -> pl.DataFrame:
    return checked.rows.with_columns(is_unexplained_null=unexplained("rank_agreement", "reason"))


SCORES = Table(
    "scores",
    key=KEY,
    frame=_scores,
    expected_rows=_count,
    rules={
        "n_images counts from 0": between("n_images", 0, None),
        "null score has a reason": among("is_unexplained_null", (False,)),
        "components within bounds": among("are_components_within", (True,)),
        "mcas within bounds": between("mcas", -4 * _LARGEST, 4 * _LARGEST),
        "components sum to mcas": between("component_sum_error", 0, _TOLERANCE),
        "differing is mcas without ttas": between("differing_error", 0, _TOLERANCE),
        "mcas interval is ordered": ordered("mcas_low", "mcas_high"),
        "adjusted interval is ordered": ordered("adjusted_low", "adjusted_high"),
        "parity interval is ordered": ordered("parity_low", "parity_high"),
        **{f"{name} in (0, 1]": between(name, 0, 1, above_low=True) for name in _PROBABILITIES},
        "rank lies in its set": among("is_rank_in_set", (True,)),
        "interval_method is known": among("interval_method", INTERVAL_METHODS),
        "sign_agreement within [0, 1]": between("sign_agreement", 0, 1),
    },
)
COMPONENT_ROWS = Table(
    "components",
    key=(*KEY, "component"),
    frame=_components,
    expected_rows=lambda checked: _count(checked) * len(COMPONENTS),
    rules={
        "component is known": among("component", COMPONENTS),
        "null value has a reason": among("is_unexplained_null", (False,)),
        "value within bounds": between("value", -_LARGEST, _LARGEST),
        "interval is ordered": ordered("low", "high"),
        "p_value in (0, 1]": between("p_value", 0, 1, above_low=True),
        "poles_p_value in (0, 1]": between("poles_p_value", 0, 1, above_low=True),
    },
)
MEANS = Table(
    "mean_scores",
    key=("system_version", "audit", "axis", "embedder"),
    frame=_means,
    expected_rows=lambda checked: len(checked.work.audit.axes) * len(checked.work.audit.embedders),
    rules={
        "effective images are among the images": ordered("n_effective", "n_images"),
        "n_effective above 0": between("n_effective", 0, None, above_low=True),
        "mean interval is ordered": ordered("mean_low", "mean_high"),
        "adjusted interval is ordered": ordered("adjusted_low", "adjusted_high"),
        "null mean has a reason": among("is_unexplained_null", (False,)),
    },
)
VARIANCES = Table(
    "score_variances",
    key=("system_version", "audit", "axis", "embedder", "source"),
    frame=_variances,
    expected_rows=lambda checked: len(checked.work.audit.axes) * len(checked.work.audit.embedders) * len(SOURCES),
    rules={
        "source is known": among("source", SOURCES),
        "variance counts from 0": between("variance", 0, None),
        "what moves all alike is part of the variance": ordered("common", "variance"),
        "null variance has a reason": among("is_unexplained_null", (False,)),
    },
)
MULTIVERSE = Table(
    "multiverse",
    key=(*KEY, "measure", "wording", "words", "attribute_prompts", "threshold", "baseline"),
    frame=_multiverse,
    may_be_empty=True,  # where no attribute image was delivered and the axis has more than two groups
    rules={
        "measure is known": among("measure", MEASURES),
        "universe value within bounds": between("value", -4 * _LARGEST, 4 * _LARGEST),
        "universe ranks count from 1": between("rank", 1, None),
        "null value has a reason": among("is_unexplained_null", (False,)),
    },
)
PANEL = Table(
    "panel",
    key=("system_version", "audit", "axis"),
    frame=_panel,
    expected_rows=lambda checked: len(checked.work.audit.axes),
    rules={
        "stable concepts are among those scored": ordered("n_stable", "n_concepts"),
        "rank_agreement within [0, 1]": between("rank_agreement", 0, 1),
        "lowest_correlation within [-1, 1]": between("lowest_correlation", -1, 1),
        "null agreement has a reason": among("is_unexplained_null", (False,)),
    },
)

STAGE = Stage(
    name="scores",
    description="IIAS, ITPAS, ITAAS, TTAS and MCAS of every concept, by every axis and embedder (arXiv 2304.13855).",
    reads=("texts", "images", "embeddings"),
    tables=(SCORES, COMPONENT_ROWS, MEANS, PANEL, VARIANCES, MULTIVERSE),
    make=_make,
    code_version="8",
    declares=_declares,
    kinds=frozenset({"numpy", "duckdb"}),
    is_published=True,
)
