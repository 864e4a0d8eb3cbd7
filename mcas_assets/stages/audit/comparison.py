"""What changed: a version against the one of its system that was audited before it, and against any asked for."""

import polars as pl

from mcas_assets.compare import scores, shares, versions
from mcas_assets.compare.fidelity import MEASURES
from mcas_assets.compare.further import Drawing
from mcas_assets.declare.audit import Audit
from mcas_assets.measure import labels
from mcas_assets.quality.changes import COMPARED, EXPLAINED, VERDICTS, change_error, compared
from mcas_assets.quality.expectations import among, between, equal, ordered
from mcas_assets.quality.frames import unexplained
from mcas_assets.scoring.changes.pairs import CHANGES
from mcas_assets.stages import reads
from mcas_assets.stages.audit.representation import is_of_audit
from mcas_assets.stages.audit.scores import STAGE as SCORES
from mcas_assets.stages.contract import Checked, Made, Stage, Table, Work
from mcas_assets.stages.reads import Declared

_TOLERANCE = 1e-6
_PAIR = ("before", "after", "audit")


def _make(work: Work) -> Made:
    workplace, audit = work.workplace, work.audit
    drawing = Drawing(workplace.system_of, workplace.progress, work.run_id)
    instruments = versions.Instruments(
        workplace.embedders(audit.embedders), workplace.tone_reader, workplace.labellers(audit), drawing
    )
    tables, inputs = versions.compare_all(workplace.store, audit, work.system_version, work.against, instruments)
    heads = tables["comparison_summary"].filter(pl.col("axis").is_null()).iter_rows(named=True)
    verdicts = {f"against {row['before'] or 'none'}": row["reason"] or row["verdict"] for row in heads}
    return Made(tables, scores.digest(tables), verdicts, inputs)


def _declares(audit: Audit, declared: Declared) -> list:
    assert SCORES.declares is not None
    spent = [audit.images_per_prompt.concept, audit.rounds, audit.comparison.below]
    what = [SCORES.declares(audit, declared), reads.groups(audit), audit.inference.confidence, spent]
    return [*what, *reads.labellers(audit, declared)]


def _keys(checked: Checked) -> dict[str, list[labels.Key]]:
    return labels.keys(checked.work.audit, checked.work.workplace.labellers(checked.work.audit))


def _further_labels(checked: Checked) -> pl.DataFrame:
    return checked.rows.with_columns(is_named=is_of_audit(checked))


def _expected_rows(checked: Checked, table: str) -> int:
    (summary,) = checked.work.read("comparison_summary")
    work = checked.work
    return versions.expected_rows(table, work.audit, _keys(checked), summary, checked.rows)


def _comparisons(checked: Checked) -> pl.DataFrame:
    return compared(checked.rows).with_columns(
        difference_error=change_error(), fewer_images=pl.min_horizontal("n_before", "n_after")
    )


def _share_comparisons(checked: Checked) -> pl.DataFrame:
    """`n_apart` are the pairs that differ."""
    return compared(checked.rows).with_columns(
        n_apart=pl.col("n_only_before") + pl.col("n_only_after"), difference_error=change_error()
    )


def _refusal_comparisons(checked: Checked) -> pl.DataFrame:
    """`refused_balance` is what the counts of refusals differ by beyond those of one version alone."""
    gained = pl.col("n_refused_after") - pl.col("n_refused_before")
    return compared(checked.rows).with_columns(
        refused_balance=gained - (pl.col("n_only_after") - pl.col("n_only_before"))
    )


def _fidelity_comparisons(checked: Checked) -> pl.DataFrame:
    return compared(checked.rows).with_columns(difference_error=change_error())


def _summary(checked: Checked) -> pl.DataFrame:
    return checked.rows.with_columns(
        n_by_direction=pl.col("n_towards_a") + pl.col("n_towards_b"),
        is_unexplained_null=unexplained("any_p_value", "reason"),
    )


def _factors(checked: Checked) -> pl.DataFrame:
    """`is_same`: both versions have one value."""
    return checked.rows.with_columns(
        is_same=pl.col("value_before").eq_missing(pl.col("value_after")),
        is_unexplained=~pl.col("is_replayable") & pl.col("reason").is_null(),
    )


COMPARISONS = Table(
    "comparisons",
    key=(*_PAIR, "axis", "embedder", "concept", "component"),
    frame=_comparisons,
    expected_rows=lambda checked: _expected_rows(checked, "comparisons"),
    may_be_empty=True,
    rules={
        "component is known": among("component", CHANGES),
        "pairs are among the images of both": ordered("n_pairs", "fewer_images"),
        "difference is after less before": between("difference_error", 0, _TOLERANCE),
        "further pairs are among the pairs": ordered("n_further", "n_pairs"),
        "noise_band counts from 0": between("noise_band", 0, None),
        "interval_method is known": among("interval_method", ("mover", "bootstrap", "student", None)),
        **COMPARED,
    },
)
SHARES = Table(
    "share_comparisons",
    key=(*_PAIR, "axis", "labels", "embedder", "concept", "group_name", "measure"),
    frame=_share_comparisons,
    expected_rows=lambda checked: _expected_rows(checked, "share_comparisons"),
    may_be_empty=True,
    rules={
        "measure is known": among("measure", ("share", "corrected_share")),
        "pairs that differ are among the pairs": ordered("n_apart", "n_pairs"),
        "difference is after less before": between("difference_error", 0, _TOLERANCE),
        "difference within [-1, 1]": between("difference", -1, 1),
        **COMPARED,
    },
)
REFUSALS = Table(
    "refusal_comparisons",
    key=(*_PAIR, "role", "subject"),
    frame=_refusal_comparisons,
    expected_rows=lambda checked: _expected_rows(checked, "refusal_comparisons"),
    may_be_empty=True,
    rules={
        "role is known": among("role", ("concept", "neutral", "attribute")),
        "refusals balance": among("refused_balance", (0,)),
        "difference within [-1, 1]": between("difference", -1, 1),
        **COMPARED,
    },
)
FIDELITY = Table(
    "fidelity_comparisons",
    key=(*_PAIR, "embedder", "concept", "measure"),
    frame=_fidelity_comparisons,
    expected_rows=lambda checked: _expected_rows(checked, "fidelity_comparisons"),
    may_be_empty=True,
    rules={
        "measure of fidelity is known": among("measure", MEASURES),
        "difference is after less before": between("difference_error", 0, _TOLERANCE),
        "difference within [-2, 2]": between("difference", -2, 2),
        **COMPARED,
    },
)
SUMMARY = Table(
    "comparison_summary",
    key=(*_PAIR, "axis", "embedder"),
    frame=_summary,
    expected_rows=lambda checked: _expected_rows(checked, "comparison_summary"),
    rules={
        "verdict is known": among("verdict", VERDICTS),
        "after is this version": equal("after", "system_version"),
        "changed concepts are among those compared": ordered("n_changed", "n_concepts"),
        "changed concepts have a direction": equal("n_by_direction", "n_changed"),
        "any_p_value in (0, 1]": between("any_p_value", 0, 1, above_low=True),
        "mean interval is ordered": ordered("mean_low", "mean_high"),
        "lean interval is ordered": ordered("lean_low", "lean_high"),
        **EXPLAINED,
    },
)
FACTORS = Table(
    "comparison_factors",
    key=(*_PAIR, "kind", "factor", "stage"),
    frame=_factors,
    expected_rows=lambda checked: _expected_rows(checked, "comparison_factors"),
    may_be_empty=True,
    rules={
        "kind is known": among(
            "kind", ("weights", "settings", "scheduler", "instrument", "packages", "code", "machine", "question")
        ),
        "a factor differs": among("is_same", (False,)),
        "what cannot be replayed has a reason": among("is_unexplained", (False,)),
    },
)
FURTHER_LABELS = Table(
    "further_labels",
    key=(*_PAIR, "axis", "labels", "embedder", "concept", "image_id"),
    frame=_further_labels,
    expected_rows=lambda checked: shares.n_further_labels(_keys(checked), *checked.work.read("comparisons")),
    may_be_empty=True,  # where one round was enough, or nothing can be drawn
    rules={"labels are known": among("is_named", (True,))},
)

STAGE = Stage(
    name="comparison",
    description="What changed since the version before, image by image of one prompt and seed: scores, shares, refusals, pictures.",
    reads=("texts", "images", "embeddings", "scores", "representation"),
    tables=(COMPARISONS, SHARES, REFUSALS, SUMMARY, FACTORS, FURTHER_LABELS, FIDELITY),
    make=_make,
    code_version=versions.METHOD,
    declares=_declares,
    kinds=frozenset({"numpy", "duckdb"}),
    is_published=True,
    takes_against=True,
)
