"""The texts that an audit embeds. No part of the plan: another attribute word asks for no image."""

import polars as pl

from mcas_assets.declare.audit import Audit
from mcas_assets.plan.requests import build_texts, plan_digest
from mcas_assets.quality.expectations import among, matching, present
from mcas_assets.stages import reads
from mcas_assets.stages.contract import Made, Stage, Table, Work
from mcas_assets.stages.reads import Declared


def _make(work: Work) -> Made:
    uses = build_texts(work.audit)
    table = uses.select(pl.lit(work.audit.audit).alias("audit"), pl.all())
    return Made({"texts": table}, plan_digest(uses), {"texts": uses["text_id"].n_unique()})


def _declares(audit: Audit, _: Declared) -> list:
    axes = [
        [name, [pole.words for pole in (axis.a, axis.b)], [[group.name, group.texts] for group in axis.groups]]
        for name, axis in audit.axes.items()
    ]
    named = [(one.concept, one) for one in audit.concepts] + [(one.name, one) for one in audit.neutral]
    told = [[name, one.language, one.text] for name, one in named if one.language or one.text]
    return [audit.profile.text_prefix, axes, *reads.prompts(audit), *([told] if told else [])]


STAGE = Stage(
    name="texts",
    description="Every text that the audit embeds: attribute words, texts of groups, prompts.",
    reads=(),
    tables=(
        Table(
            "texts",
            key=("text_id", "kind", "axis", "pole", "concept"),
            rules={
                "text says something": matching("text", r"\S"),
                "kind is known": among("kind", ("word", "group", "prompt")),
                "group text has an axis": present("axis", where=lambda column: column("kind") == "group"),
                "group text names its group": present("concept", where=lambda column: column("kind") == "group"),
            },
        ),
    ),
    make=_make,
    declares=_declares,
    is_planned=True,
)
