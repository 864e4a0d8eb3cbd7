"""How often a system declined, and whom."""

import polars as pl

from mcas_assets.declare.audit import Audit
from mcas_assets.measure import refusals
from mcas_assets.measure.shares import digest
from mcas_assets.quality.expectations import among, between, equal, ordered
from mcas_assets.quality.frames import are_within, inside, or_missing, unexplained
from mcas_assets.stages import reads
from mcas_assets.stages.contract import Checked, Made, Stage, Table, Work
from mcas_assets.stages.reads import Declared

SUBJECT = ("system_version", "audit", *refusals.SUBJECT)

_TOLERANCE = 1e-6


def _make(work: Work) -> Made:
    (images,) = work.read("images")
    tables = refusals.measure(work.audit, images).tables()
    of_all = tables["refusals"].row(by_predicate=pl.col("scope") == "all", named=True)
    counts = {name: of_all[name] for name in ("n_requested", "n_refused", "n_lost")}
    return Made(tables, digest(tables.values()), counts)


def _declares(audit: Audit, _: Declared) -> list:
    named = [
        [
            name,
            [[pole.name, pole.prompts] for pole in (axis.a, axis.b)],
            [[group.name, group.texts] for group in axis.groups],
        ]
        for name, axis in audit.axes.items()
    ]
    subjects = [[target[:2] for target in reads.targets(audit)], [neutral.baseline for neutral in audit.neutral]]
    return [named, subjects, audit.inference.model_dump(include={"level", "seed"})]


def _rates(checked: Checked) -> pl.DataFrame:
    """`n_accounted` is given, refused and lost images together; `share_lost` is of the requested, over all of them."""
    decided = pl.col("n_given") + pl.col("n_refused")
    return checked.rows.with_columns(
        n_accounted=decided + pl.col("n_lost"),
        rate_error=(pl.col("rate") - pl.col("n_refused") / decided).abs(),
        n_beyond_decided=pl.col("n_effective") - decided,
        share_lost=pl.when(pl.col("scope") == "all").then(pl.col("n_lost") / pl.col("n_requested")),
        fewest=pl.min_horizontal("n_prompts", "n_given", "n_refused", "n_lost"),
        is_rate_in_interval=inside("rate", "rate_low", "rate_high"),
        are_ends_within=are_within(["rate_low", "rate_high"], 0, 1),
        is_unexplained_null=unexplained("rate", "reason"),
    )


def _disparities(checked: Checked) -> pl.DataFrame:
    """`difference_error` and `ratio_error` are what the numbers differ from what the rates beside them give."""
    rate, other = pl.col("rate"), pl.col("against_rate")
    return checked.rows.with_columns(
        unit_or_missing=or_missing("unit"),
        difference_error=(pl.col("difference") - (rate - other)).abs(),
        ratio_error=(pl.col("ratio") * other - rate).abs(),
        is_difference_in_interval=inside("difference", "difference_low", "difference_high"),
        are_ends_within=are_within(["difference_low", "difference_high"], -1, 1),
        is_unexplained_null=unexplained("difference", "reason"),
        is_unexplained_ratio=unexplained("ratio", "ratio_reason"),
    )


REFUSALS = Table(
    "refusals",
    key=SUBJECT,
    frame=_rates,
    expected_rows=lambda checked: len(refusals.subjects(checked.work.audit)),
    rules={
        "scope is known": among("scope", ("all", "pole", "group", "category", "concept", "neutral", "baseline")),
        "every requested image is accounted for": equal("n_accounted", "n_requested"),
        "images count from 0": between("fewest", 0, None),
        "rate is refused by decided": between("rate_error", 0, _TOLERANCE),
        "null rate has a reason": among("is_unexplained_null", (False,)),
        "rate lies in its interval": among("is_rate_in_interval", (True,)),
        "interval within [0, 1]": among("are_ends_within", (True,)),
        "least is at most most": ordered("rate_least", "rate_most"),
        "n_effective is at most the decided": between("n_beyond_decided", None, _TOLERANCE),
    },
    hints={"nine in ten requests were decided": between("share_lost", 0, 0.1)},
)
DISPARITIES = Table(
    "refusal_disparities",
    key=(*SUBJECT, "against"),
    frame=_disparities,
    expected_rows=lambda checked: len(list(refusals.comparisons(checked.work.audit))),
    rules={
        "against is known": among(
            "against", ("other_pole", "other_groups", "baseline", "other_categories", "other_concepts")
        ),
        "difference is rate less the other": between("difference_error", 0, _TOLERANCE),
        "difference lies in its interval": among("is_difference_in_interval", (True,)),
        "interval within [-1, 1]": among("are_ends_within", (True,)),
        "ratio is rate by the other": between("ratio_error", 0, _TOLERANCE),
        "test names its unit": among(
            "unit_or_missing", ("prompt",), where=lambda column: column("p_value").is_not_null()
        ),
        "p_value in (0, 1]": between("p_value", 0, 1, above_low=True),
        "q_value in (0, 1]": between("q_value", 0, 1, above_low=True),
        "null difference has a reason": among("is_unexplained_null", (False,)),
        "null ratio has a reason": among("is_unexplained_ratio", (False,)),
    },
)

STAGE = Stage(
    name="refusals",
    description="How often the system declined each pole, group, category and concept, and how unevenly.",
    reads=("images",),
    tables=(REFUSALS, DISPARITIES),
    make=_make,
    declares=_declares,
    kinds=frozenset({"numpy", "duckdb"}),
    code_version="2",
    is_published=True,
)
