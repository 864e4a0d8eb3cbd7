"""What people see in a drawn sample of the images: how far they agree, how labels err by them, and shares that rest on them."""

import polars as pl
from duckdb import DuckDBPyConnection

from mcas_assets.declare.audit import Audit
from mcas_assets.declare.parts import LABELLERS
from mcas_assets.measure import agreement, people
from mcas_assets.measure.shares import digest
from mcas_assets.quality.expectations import among, between, equal, ordered
from mcas_assets.quality.frames import are_within, inside, total, unexplained
from mcas_assets.stages import reads
from mcas_assets.stages.audit.representation import LABELLED, is_of_audit
from mcas_assets.stages.contract import Checked, Made, Stage, Table, Work
from mcas_assets.stages.reads import Declared
from mcas_assets.store import votes

_TOLERANCE = 1e-6


def _make(work: Work) -> Made:
    images, labels = work.read("images", "image_labels")
    with work.workplace.store.open() as con:
        draw = votes.read_draw(con, work.audit.audit, work.system_version)
        given = votes.read_votes(con, work.audit.audit, work.system_version)
    labellers = work.workplace.labellers(work.audit)
    tables = people.measure(work.audit, images, labels, draw, given)
    own = agreement.shares_as_rated(work.audit, images, given, labellers)
    tables["people_shares"] = pl.concat([tables["people_shares"], own])
    tables["labeller_agreement"] = agreement.measure(work.audit, images, labels, given, labellers)
    open_ones = int(tables["rater_agreement"]["n_open"].sum())
    return Made(tables, digest(tables.values()), {"votes": len(given), "not settled": open_ones})


def _declares(audit: Audit, _: Declared) -> list:
    inference = audit.inference.model_dump(include={"level", "seed"})
    what = [reads.groups(audit), [target[:2] for target in reads.targets(audit)], inference]
    return what if audit.labellers == LABELLERS else [*what, audit.labellers]


def _facts(con: DuckDBPyConnection, audit: str, system_version: str) -> str:
    return votes.newest_vote(con, audit, system_version)


def _agreement(checked: Checked) -> pl.DataFrame:
    return checked.rows.with_columns(
        n_accounted=pl.col("n_agreed") + pl.col("n_settled") + pl.col("n_open"),
        fewest=pl.min_horizontal("n_agreed", "n_settled", "n_open", "n_single", "n_no_group"),
        n_beyond=pl.col("n_rated") + pl.col("n_single") - pl.col("n_drawn"),
        highest=pl.max_horizontal("alpha_high", "told_high"),
        is_alpha_in_interval=inside("alpha", "alpha_low", "alpha_high"),
        is_told_in_interval=inside("told_alpha", "told_low", "told_high"),
        is_unexplained_null=unexplained("alpha", "reason") | unexplained("told_alpha", "told_reason"),
    )


def _labeller_agreement(checked: Checked) -> pl.DataFrame:
    """`is_of_two`: of two labellers both are named, of all neither. `alpha_if_named` is null where the audit names none."""
    known = [*(checked.by.audit.labellers if checked.by else LABELLERS), agreement.PEOPLE]
    names = [pl.col("labels_1"), pl.col("labels_2")]
    return checked.rows.with_columns(
        alpha_if_named=pl.when(pl.lit(not checked.by or checked.by.audit.labellers != LABELLERS)).then("told_alpha"),
        is_named=pl.all_horizontal([name.is_in(known) | name.is_null() for name in names]),
        is_of_two=pl.all_horizontal([name.is_not_null() == (pl.col("n_labellers") == 2) for name in names]),
        fewest=pl.min_horizontal("n_images", "n_told", "n_same"),
        is_alpha_in_interval=inside("alpha", "alpha_low", "alpha_high"),
        is_told_in_interval=inside("told_alpha", "told_low", "told_high"),
        highest=pl.max_horizontal("alpha_high", "told_high"),
        is_unexplained_null=unexplained("alpha", "reason") | unexplained("told_alpha", "told_reason"),
    )


def _confusion(checked: Checked) -> pl.DataFrame:
    of_group = ("system_version", "audit", "axis", "labels", "embedder", "group_name")
    return checked.rows.with_columns(
        is_named=is_of_audit(checked),
        n_in_answers=pl.col("n_images").sum().over(of_group),
        rate_error=(pl.col("rate") - pl.col("n_images") / pl.col("n_known")).abs(),
        is_unexplained_null=unexplained("rate", "reason"),
    )


def _shares(checked: Checked) -> pl.DataFrame:
    return checked.rows.with_columns(
        is_named=is_of_audit(checked),
        n_beyond=pl.col("n_rated") + pl.col("n_open") - pl.col("n_images"),
        n_in_groups=pl.col("n_group").sum().over(LABELLED) - pl.col("n_rated"),
        sum_of_shares=total("share").over(LABELLED),
        is_share_in_interval=inside("share", "share_low", "share_high"),
        are_ends_within=are_within(["share_low", "share_high"], 0, 1),
        is_unexplained_null=unexplained("share", "reason"),
    )


AGREEMENT = Table(
    "rater_agreement",
    key=("system_version", "audit", "axis"),
    frame=_agreement,
    may_be_empty=True,  # where nobody has rated an image
    rules={
        "rated images are agreed, settled or open": equal("n_accounted", "n_rated"),
        "images count from 0": between("fewest", 0, None),
        "rated images were drawn": between("n_beyond", None, 0),
        "alpha is at most 1": between("highest", None, 1 + _TOLERANCE),
        "alpha lies in its interval": among("is_alpha_in_interval", (True,)),
        "alpha of told groups lies in its interval": among("is_told_in_interval", (True,)),
        "null alpha has a reason": among("is_unexplained_null", (False,)),
    },
    hints={"what raters differ on is settled": between("n_open", 0, 0), "raters agree": between("alpha", 0.667, None)},
)
LABELLER_AGREEMENT = Table(
    "labeller_agreement",
    key=("system_version", "audit", "axis", "labels_1", "embedder_1", "labels_2", "embedder_2"),
    frame=_labeller_agreement,
    may_be_empty=True,  # where one labeller tells an axis, and nobody has rated an image
    rules={
        "labellers that are compared are known": among("is_named", (True,)),
        "two labellers are named, or all are meant": among("is_of_two", (True,)),
        "told images are among those that were answered for": ordered("n_told", "n_images"),
        "images told the same are among the told": ordered("n_same", "n_told"),
        "images count from 0": between("fewest", 0, None),
        "alpha is at most 1": between("highest", None, 1 + _TOLERANCE),
        "alpha lies in its interval": among("is_alpha_in_interval", (True,)),
        "alpha of told groups lies in its interval": among("is_told_in_interval", (True,)),
        "null alpha has a reason": among("is_unexplained_null", (False,)),
    },
    hints={"labellers agree": between("alpha_if_named", 0.667, None)},
)
CONFUSION = Table(
    "people_confusion",
    key=("system_version", "audit", "axis", "labels", "embedder", "group_name", "answer"),
    frame=_confusion,
    may_be_empty=True,
    rules={
        "labels are known": among("is_named", (True,)),
        "images count from 0": between("n_images", 0, None),
        "answers hold the known images": equal("n_in_answers", "n_known"),
        "rate is images by known": between("rate_error", 0, _TOLERANCE),
        "null rate has a reason": among("is_unexplained_null", (False,)),
    },
)
SHARES = Table(
    "people_shares",
    key=(*LABELLED, "group_name"),
    frame=_shares,
    may_be_empty=True,
    rules={
        "labels are known": among("is_named", (True,)),
        "method is known": among("method", (people.POWERED, people.POOLED, agreement.AS_RATED)),
        "rated images are of the concept": between("n_beyond", None, 0),
        "groups are of the rated images": between("n_in_groups", None, 0),
        "shares sum to 1": between("sum_of_shares", 1 - _TOLERANCE, 1 + _TOLERANCE),
        "share lies in its interval": among("is_share_in_interval", (True,)),
        "interval within [0, 1]": among("are_ends_within", (True,)),
        "null share has a reason": among("is_unexplained_null", (False,)),
    },
)

STAGE = Stage(
    name="review",
    description="How far labellers agree; what people see in drawn images: agreement of raters, errors of labels, shares by them.",
    reads=("images", "representation"),
    tables=(AGREEMENT, CONFUSION, SHARES, LABELLER_AGREEMENT),
    make=_make,
    code_version="2",
    declares=_declares,
    facts=_facts,
    kinds=frozenset({"numpy", "duckdb"}),
    is_published=True,
)
