"""The plan: every image that an audit asks for."""

import polars as pl

from mcas_assets.declare.audit import Audit
from mcas_assets.plan.requests import build_plan, plan_digest
from mcas_assets.quality.expectations import among, between, present
from mcas_assets.quality.frames import or_missing
from mcas_assets.stages import reads
from mcas_assets.stages.contract import Checked, Made, Stage, Table, Work
from mcas_assets.stages.reads import Declared

REQUEST = ("prompt_id", "role", "axis", "pole", "concept", "replicate")


def _make(work: Work) -> Made:
    requests = build_plan(work.audit)
    images = requests.select("prompt", "seed").n_unique()
    metadata = {"images": images, "prompts": requests["prompt"].n_unique()}
    table = requests.select(pl.lit(work.audit.audit).alias("audit"), pl.all())
    return Made({"plan": table}, plan_digest(requests), metadata)


def _declares(audit: Audit, _: Declared) -> list:
    asked = {"run_seed", "images_per_prompt", "batch_size", "seeds"}
    axes = [[name, [pole.prompts for pole in (axis.a, axis.b)]] for name, axis in audit.axes.items()]
    return [audit.model_dump(mode="json", include=asked), axes, *reads.prompts(audit), audit.neutral_images()]


def _frame(checked: Checked) -> pl.DataFrame:
    return checked.rows.with_columns(pole_or_missing=or_missing("pole"))


STAGE = Stage(
    name="plan",
    description="Every image that the audit asks for: prompts x replicates, with ids, seeds and batches.",
    reads=(),
    tables=(
        Table(
            "plan",
            key=REQUEST,
            frame=_frame,
            rules={
                "role is known": among("role", ("attribute", "concept", "neutral")),
                "attribute has an axis": present("axis", where=lambda column: column("role") == "attribute"),
                "attribute has a pole": among(
                    "pole_or_missing", ("a", "b"), where=lambda column: column("role") == "attribute"
                ),
                "concept is named": present("concept", where=lambda column: column("role") != "attribute"),
                "seed has 31 bits": between("seed", 0, 2**31 - 1),
                "replicate counts from 0": between("replicate", 0, None),
            },
        ),
    ),
    make=_make,
    code_version="4",
    declares=_declares,
    is_planned=True,
)
