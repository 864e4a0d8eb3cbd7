"""Who is shown: shares of the declared groups, and how they stand to each reference population."""

import polars as pl

from mcas_assets.declare.audit import Audit
from mcas_assets.declare.parts import LABELLERS
from mcas_assets.measure import confusion, intersections, labels, mean_amplification, populations, shares
from mcas_assets.quality.expectations import among, between, equal, ordered, present
from mcas_assets.quality.frames import are_within, inside, total, unexplained
from mcas_assets.scoring.shares.intersections import LEAST_IMAGES
from mcas_assets.stages import reads
from mcas_assets.stages.contract import Checked, Made, Stage, Table, Work
from mcas_assets.stages.reads import Declared

LABELLED = ("system_version", "audit", "axis", "labels", "embedder", "concept")

CELLS_OF = ("system_version", "audit", "axis_1", "labels_1", "axis_2", "labels_2", "embedder", "scope", "concept")

_TOLERANCE = 1e-6


def _make(work: Work) -> Made:
    images, texts = work.read("images", "texts")
    workplace, audit = work.workplace, work.audit
    labelling = labels.Labelling(
        workplace.embedders(audit.embedders), workplace.tone_reader, workplace.labellers(audit), {}, workplace.progress
    )
    labellers = labels.label_images(workplace.store, audit, images, texts, labelling)
    labelled, of_images = shares.measure(audit, images, labellers), labels.label_rows(audit, images, labellers)
    known = workplace.populations(audit)
    against = populations.hold(audit, labelled, known)
    tables = {
        "representation": labelled, "confusion": confusion.confusion_table(audit, images, labellers),
        "amplification": against.amplification, "divergence": against.divergence,
        "intersections": intersections.measure(audit, images, labellers),
        "mean_amplification": mean_amplification.measure(audit, images, labellers, known),
    }  # fmt: skip
    erased = against.amplification.filter("is_erased").select("axis", "concept", "group_name", "population").unique()
    metadata = {
        "counted": int(labelled["n_counted"].sum()),
        "requested": int(labelled["n_requested"].sum()),
        "erased": len(erased),
    }
    digest = labels.with_labels(shares.digest(tables.values()), of_images)
    return Made(tables | {"image_labels": of_images}, digest, metadata)


def _declares(audit: Audit, declared: Declared) -> list:
    inference = audit.inference.model_dump(include={"level", "confidence", "seed"})
    targets = [target[:2] for target in reads.targets(audit)]
    embedders = reads.embedders(audit, declared)
    what = [reads.groups(audit), targets, embedders, inference, reads.populations(audit, declared)]
    return [*what, *reads.labellers(audit, declared)]


def is_of_audit(checked: Checked) -> pl.Expr:
    """Whether column `labels` names a labeller of the audit."""
    return pl.col("labels").is_in(checked.by.audit.labellers if checked.by else LABELLERS)


def _keys(checked: Checked) -> dict[str, list[labels.Key]]:
    return labels.keys(checked.work.audit, checked.work.workplace.labellers(checked.work.audit))


def _image_labels(checked: Checked) -> pl.DataFrame:
    return checked.rows.with_columns(is_named=is_of_audit(checked))


def _intersections(checked: Checked) -> pl.DataFrame:
    """`n_in_cells` is over the cells of a concept; `share_beside_few` is a share that the rule for small cells forbids."""
    few = (pl.col("n_cell") < LEAST_IMAGES) & pl.col("share").is_not_null()
    return checked.rows.with_columns(
        n_in_cells=pl.col("n_cell").sum().over(CELLS_OF),
        n_beyond=pl.col("n_effective") - pl.col("n_counted").clip(1),
        is_given_though_few=few,
        is_share_in_interval=inside("share", "share_low", "share_high"),
        is_unexplained_null=unexplained("share", "reason") | unexplained("impact_ratio", "ratio_reason"),
    )


def _n_labels(checked: Checked) -> int:
    """A label for each delivered image, axis and labeller."""
    (images,) = checked.work.read("images")
    return images.filter(outcome="ok")["sha256"].n_unique() * sum(map(len, _keys(checked).values()))


def _n_cells(checked: Checked) -> int:
    """A row for each axis, labeller, group and answer."""
    axes = checked.work.audit.axes
    sizes = [(len(of_axis), len(axes[name].groups)) for name, of_axis in _keys(checked).items()]
    return sum(labellers * k * (k + 1) for labellers, k in sizes)


def _counts(checked: Checked) -> tuple[int, int]:
    return shares.n_labelled(checked.work.audit, _keys(checked))


def _representation(checked: Checked) -> pl.DataFrame:
    """`n_in_groups`, `sum_of_shares` and `sum_of_corrected` are sums over the groups of a concept.

    `best_counted` is the largest part of a concept's delivered images that one labeller counts.
    """
    delivered = pl.col("n_counted") + pl.col("n_abstained")
    return checked.rows.with_columns(
        n_accounted=delivered + pl.col("n_missing"),
        best_counted=pl.when(delivered > 0).then(pl.col("n_counted") / delivered).max().over("axis", "concept"),
        is_named=is_of_audit(checked),
        fewest=pl.min_horizontal("n_missing", "n_abstained", "n_group", "n_known"),
        n_in_groups=pl.col("n_group").sum().over(LABELLED),
        sum_of_shares=total("share").over(LABELLED),
        sum_of_corrected=total("corrected_share").over(LABELLED),
        is_share_in_interval=inside("share", "share_low", "share_high"),
        is_corrected_in_interval=inside("corrected_share", "corrected_low", "corrected_high"),
        are_ends_within=are_within(["share_low", "share_high", "corrected_low", "corrected_high"], 0, 1),
        is_unexplained_null=unexplained("share", "reason"),
        is_unexplained_uncorrected=unexplained("corrected_share", "corrected_reason"),
    )


def _confusion(checked: Checked) -> pl.DataFrame:
    """`right_rate` is the rate at which a group is told to be what was asked for; null at other answers."""
    of_group = ("system_version", "audit", "axis", "labels", "embedder", "group_name")
    return checked.rows.with_columns(
        n_in_answers=pl.col("n_images").sum().over(of_group),
        rate_error=(pl.col("rate") - pl.col("n_images") / pl.col("n_known")).abs(),
        is_named=is_of_audit(checked),
        right_rate=pl.when(pl.col("answer") == pl.col("group_name")).then("rate"),
        is_unexplained_null=unexplained("rate", "reason"),
    )


def _amplification(checked: Checked) -> pl.DataFrame:
    """`expected_verdict` follows from the interval and the reference, 'none' where one lacks, as `verdict_or_none`."""
    low, high, reference = pl.col("share_low"), pl.col("share_high"), pl.col("reference")
    over = pl.when(low > reference).then(pl.lit("over-represented"))
    verdict = over.when(high < reference).then(pl.lit("under-represented")).otherwise(pl.lit("not shown"))
    known = low.is_not_null() & high.is_not_null() & reference.is_not_null()
    return checked.rows.with_columns(
        verdict_or_none=pl.col("verdict").fill_null("none"),
        expected_verdict=pl.when(known).then(verdict).otherwise(pl.lit("none")),
        difference_error=(pl.col("difference") - (pl.col("share") - reference)).abs(),
        is_unexplained_null=unexplained("difference", "reason") | unexplained("log_odds", "reason"),
        is_unexplained_direction=unexplained("directional", "directional_reason"),
        is_direction_in_interval=inside("directional", "directional_low", "directional_high")
        | pl.col("directional_low").is_null(),
    )


def _mean_amplification(checked: Checked) -> pl.DataFrame:
    return checked.rows.with_columns(
        is_mean_in_interval=inside("mean", "low", "high"), is_unexplained_null=unexplained("mean", "reason")
    )


def _divergence(checked: Checked) -> pl.DataFrame:
    return checked.rows.with_columns(
        excess_error=(pl.col("excess") - (pl.col("value") - pl.col("floor"))).abs(),
        is_unexplained_null=unexplained("value", "reason"),
    )


REPRESENTATION = Table(
    "representation",
    key=(*LABELLED, "group_name"),
    frame=_representation,
    expected_rows=lambda checked: _counts(checked)[0],
    rules={
        "labels are known": among("is_named", (True,)),
        "zero-shot names its embedder": present("embedder", where=lambda column: column("labels") == "zero-shot"),
        "every requested image is accounted for": equal("n_accounted", "n_requested"),
        "groups hold the counted images": equal("n_in_groups", "n_counted"),
        "images count from 0": between("fewest", 0, None),
        "null share has a reason": among("is_unexplained_null", (False,)),
        "null corrected share has a reason": among("is_unexplained_uncorrected", (False,)),
        "intervals within [0, 1]": among("are_ends_within", (True,)),
        "shares sum to 1": between("sum_of_shares", 1 - _TOLERANCE, 1 + _TOLERANCE),
        "corrected shares sum to 1": between("sum_of_corrected", 1 - _TOLERANCE, 1 + _TOLERANCE),
        "share lies in its interval": among("is_share_in_interval", (True,)),
        "corrected share lies in its interval": among("is_corrected_in_interval", (True,)),
        "worst is at most best": ordered("share_worst", "share_best"),
    },
    hints={"some labeller counts half of the images": between("best_counted", 0.5, 1)},
)
IMAGE_LABELS = Table(
    "image_labels",
    key=("system_version", "audit", "axis", "labels", "embedder", "sha256"),
    frame=_image_labels,
    expected_rows=_n_labels,
    may_be_empty=True,  # where no image was delivered
    rules={
        "labels of an image are known": among("is_named", (True,)),
        "a zero-shot label names its embedder": present(
            "embedder", where=lambda column: column("labels") == "zero-shot"
        ),
    },
)
CONFUSION = Table(
    "confusion",
    key=("system_version", "audit", "axis", "labels", "embedder", "group_name", "answer"),
    frame=_confusion,
    expected_rows=lambda checked: _n_cells(checked),
    rules={
        "labels are known": among("is_named", (True,)),
        "images count from 0": between("n_images", 0, None),
        "answers hold the known images": equal("n_in_answers", "n_known"),
        "rate is images by known": between("rate_error", 0, _TOLERANCE),
        "null rate has a reason": among("is_unexplained_null", (False,)),
    },
    hints={"a group is read right more often than not": between("right_rate", 0.5, 1)},
)
AMPLIFICATION = Table(
    "amplification",
    key=(*LABELLED, "group_name", "population"),
    frame=_amplification,
    expected_rows=lambda checked: _counts(checked)[0] * len(checked.work.audit.populations),
    rules={
        "locale is present": present("locale"),
        "source is present": present("source"),
        "reference within [0, 1]": between("reference", 0, 1),
        "difference is share less reference": between("difference_error", 0, _TOLERANCE),
        "difference interval is ordered": ordered("difference_low", "difference_high"),
        "directional within [-1, 1]": between("directional", -1, 1),
        "directional lies in its interval": among("is_direction_in_interval", (True,)),
        "q_value in (0, 1]": between("q_value", 0, 1, above_low=True),
        "verdict follows from the interval": equal("verdict_or_none", "expected_verdict"),
        "null difference has a reason": among("is_unexplained_null", (False,)),
        "null directional has a reason": among("is_unexplained_direction", (False,)),
    },
)
MEAN_AMPLIFICATION = Table(
    "mean_amplification",
    key=("system_version", "audit", "axis", "labels", "embedder", "population", "measure"),
    frame=_mean_amplification,
    expected_rows=lambda checked: mean_amplification.n_rows(checked.work.audit, _keys(checked)),
    rules={
        "measure is known": among("measure", mean_amplification.MEASURES),
        "mean lies in its interval": among("is_mean_in_interval", (True,)),
        "effective images are among the counted": ordered("n_effective", "n_images"),
        "n_effective above 0": between("n_effective", 0, None, above_low=True),
        "null mean has a reason": among("is_unexplained_null", (False,)),
    },
)
DIVERGENCE = Table(
    "divergence",
    key=(*LABELLED, "population", "kind"),
    frame=_divergence,
    expected_rows=lambda checked: _counts(checked)[1] * len(checked.work.audit.populations) * len(populations.KINDS),
    rules={
        "kind is known": among("kind", populations.KINDS),
        "value within [0, 1]": between("value", 0, 1),
        "every value has its floor": present("floor", where=lambda column: column("value").is_not_null()),
        "floor within [0, 1]": between("floor", 0, 1),
        "excess is value less floor": between("excess_error", 0, _TOLERANCE),
        "p_value in (0, 1]": between("p_value", 0, 1, above_low=True),
        "q_value in (0, 1]": between("q_value", 0, 1, above_low=True),
        "null value has a reason": among("is_unexplained_null", (False,)),
    },
)
INTERSECTIONS = Table(
    "intersections",
    key=(*CELLS_OF, "group_1", "group_2"),
    frame=_intersections,
    expected_rows=lambda checked: intersections.n_rows(checked.work.audit, _keys(checked)),
    may_be_empty=True,  # an audit of one axis has none
    rules={
        "scope of a cell is known": among("scope", ("concept", intersections.ALL_CONCEPTS)),
        "cells hold the counted images": equal("n_in_cells", "n_counted"),
        "a small cell is given no share": among("is_given_though_few", (False,)),
        "cell share lies in its interval": among("is_share_in_interval", (True,)),
        "impact ratio within [0, 1]": between("impact_ratio", 0, 1),
        "effective images are among the counted": between("n_beyond", None, _TOLERANCE),
        "null cell has a reason": among("is_unexplained_null", (False,)),
    },
)

STAGE = Stage(
    name="representation",
    description="Who is shown: shares of the declared groups in every concept, against each reference population.",
    reads=("texts", "images", "embeddings"),
    tables=(REPRESENTATION, CONFUSION, AMPLIFICATION, MEAN_AMPLIFICATION, DIVERGENCE, IMAGE_LABELS, INTERSECTIONS),
    make=_make,
    code_version="7",
    declares=_declares,
    kinds=frozenset({"numpy", "duckdb"}),
    is_published=True,
)
