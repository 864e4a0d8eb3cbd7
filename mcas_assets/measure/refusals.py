"""Refusals as data: how often a system declines each pole, group, category, concept and neutral prompt, and how unevenly.

A system that declines to draw women doctors has told as much about itself as one that draws none. What counts as a
refusal is said in `outcomes.REFUSED`; the arithmetic is in `scoring.refusals`.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import polars as pl

from mcas_assets.core.outcomes import OURS, REFUSED
from mcas_assets.declare.audit import Audit
from mcas_assets.declare.parts import PoleKey
from mcas_assets.scoring.shares.refusals import Decided, refusal_disparity, refusal_rate
from mcas_assets.scoring.stats.multiplicity import benjamini_hochberg
from mcas_assets.store.schema import frame_schema

Scope = Literal["all", "pole", "group", "category", "concept", "neutral", "baseline"]
Against = Literal["other_pole", "other_groups", "other_categories", "other_concepts", "baseline"]
SUBJECT = ("scope", "axis", "pole", "group_name", "category", "concept")

_KEY = dict.fromkeys(("system", "system_version", "audit", *SUBJECT), pl.String)


class Subject(NamedTuple):
    """What a rate is of: a scope, and the names that single it out within the scope."""

    scope: Scope
    axis: str | None = None
    pole: PoleKey | None = None
    group_name: str | None = None
    category: str | None = None
    concept: str | None = None


@dataclass(frozen=True)
class Refusals:
    """The tables of one system version.

    Attributes:
        refusals: One row a subject, as table `refusals`.
        disparities: One row for each subject and what it is held against, as table `refusal_disparities`.
    """

    refusals: pl.DataFrame
    disparities: pl.DataFrame

    def tables(self) -> dict[str, pl.DataFrame]:
        """By the names that the store knows them by."""
        return {"refusals": self.refusals, "refusal_disparities": self.disparities}


def measure(audit: Audit, images: pl.DataFrame) -> Refusals:
    """The refusal rates of one system version, and their disparities.

    Args:
        audit: The declaration.
        images: Rows of `images` of this version.

    Returns:
        A row for every subject that the audit declares, also for one that nothing was requested of.
    """
    version = images["system_version"][0]
    key = {"system": version.rpartition("@")[0], "system_version": version, "audit": audit.audit}
    level, seed = audit.inference.level, audit.inference.seed
    asked = {subject: _requests(audit, images, subject) for subject in subjects(audit)}
    rates = [key | subject._asdict() | _rate(requests, level) for subject, requests in asked.items()]
    rows = [
        key | subject._asdict() | {"against": against} | _disparity(asked[subject], others, level, seed)
        for subject, against in comparisons(audit)
        for others in [_others(asked, subject, against)]
    ]
    disparities = pl.DataFrame(rows, schema=frame_schema("refusal_disparities"))
    return Refusals(pl.DataFrame(rates, schema=frame_schema("refusals")), _with_q_values(disparities))


def subjects(audit: Audit) -> list[Subject]:
    """What rates are told of, from the declaration alone."""
    found = [Subject("all")]
    for name, axis in audit.axes.items():
        found += [Subject("pole", axis=name, pole=pole) for pole in ("a", "b")]
        found += [Subject("group", axis=name, group_name=group.name) for group in axis.groups]
    found += [Subject("category", category=name) for name in _categories(audit)]
    found += [Subject("concept", category=one.category, concept=one.concept) for one in audit.concepts]
    found += [Subject("neutral", category="neutral", concept=one.name) for one in audit.neutral]
    return [*found, Subject("baseline", category="neutral")]


def comparisons(audit: Audit) -> Iterator[tuple[Subject, Against]]:
    """Which subjects are held against what."""
    against: dict[Scope, tuple[Against, ...]] = {
        "pole": ("other_pole",),
        "group": ("other_groups",),
        "category": ("baseline", "other_categories"),
        "concept": ("baseline", "other_concepts"),
    }
    for subject in subjects(audit):
        for name in against.get(subject.scope, ()):
            yield subject, name


def _categories(audit: Audit) -> list[str]:
    return list(dict.fromkeys(concept.category for concept in audit.concepts))


def _requests(audit: Audit, images: pl.DataFrame, subject: Subject) -> pl.DataFrame:
    """The requests of a subject, each once in whatever roles it stands: image_id, prompt_id, outcome.

    What a set lacks, and what could not be read, is no doing of the system: it is left out.
    """
    images = images.filter(~pl.col("outcome").is_in(sorted(OURS)))
    match subject.scope:
        case "pole":
            of = images.filter(role="attribute", axis=subject.axis, pole=subject.pole)
        case "group":
            of = images.filter(pl.col("prompt").is_in(_prompts_of_group(audit, subject)))
        case "category":
            of = images.filter(role="concept", category=subject.category)
        case "concept" | "neutral":
            of = images.filter(pl.col("role") != "attribute", concept=subject.concept)
        case "baseline":
            names = [one.name for one in audit.neutral if one.baseline]
            of = images.filter(pl.col("concept").is_in(names), role="neutral")
        case _:
            of = images
    return of.select("image_id", "prompt_id", "outcome").unique("image_id", maintain_order=True)


def _prompts_of_group(audit: Audit, subject: Subject) -> list[str]:
    """The prompts that name a group: its own texts where they are prompts, and those of the pole of its name."""
    axis = audit.axes[str(subject.axis)]
    named = [prompt for pole in (axis.a, axis.b) if pole.name == subject.group_name for prompt in pole.prompts]
    texts = [text for group in axis.groups if group.name == subject.group_name for text in group.texts]
    return list(dict.fromkeys([*named, *texts]))


def _others(asked: dict[Subject, pl.DataFrame], subject: Subject, against: Against) -> pl.DataFrame:
    """The requests that a subject is held against, without those that are its own."""
    if against == "baseline":
        others = [asked[Subject("baseline", category="neutral")]]
    else:
        others = [
            requests
            for other, requests in asked.items()
            if other.scope == subject.scope and other.axis == subject.axis and other != subject
        ]
    own = asked[subject]["image_id"].implode()
    together = pl.concat(others) if others else asked[subject].clear()
    return together.unique("image_id", maintain_order=True).filter(~pl.col("image_id").is_in(own))


def decided(requests: pl.DataFrame) -> Decided:
    """Counts by prompt: an image, or a refusal, is a decision; everything else is lost."""
    is_refused = pl.col("outcome").is_in(sorted(REFUSED))
    each = requests.group_by("prompt_id", maintain_order=True).agg(
        refused=is_refused.sum(), decided=(is_refused | (pl.col("outcome") == "ok")).sum(), requested=pl.len()
    )
    lost = int((each["requested"] - each["decided"]).sum())
    return Decided(tuple(each["refused"].to_list()), tuple(each["decided"].to_list()), lost)


def _rate(requests: pl.DataFrame, level: float) -> dict[str, object]:
    counts, outcomes = decided(requests), Counter(requests["outcome"].to_list())
    found = refusal_rate(counts, level=level)
    reason = found.reason if len(requests) else "no prompt of the audit asks for it, or nothing came that can be read"
    return {
        "n_prompts": requests["prompt_id"].n_unique(), "n_requested": len(requests), "n_given": outcomes["ok"],
        "n_refused": sum(counts.refused), "n_lost": counts.lost, "outcomes": json.dumps(dict(sorted(outcomes.items()))),
        "rate": found.rate, "rate_low": found.low, "rate_high": found.high, "rate_least": found.least,
        "rate_most": found.most, "n_effective": found.n_effective, "reason": reason,
    }  # fmt: skip


def _disparity(own: pl.DataFrame, others: pl.DataFrame, level: float, seed: int) -> dict[str, object]:
    first, second = decided(own), decided(others)
    found = refusal_disparity(first, second, level=level, seed=seed)
    return {
        "rate": refusal_rate(first, level=level).rate, "against_rate": refusal_rate(second, level=level).rate,
        "difference": found.difference, "difference_low": found.low, "difference_high": found.high,
        "ratio": found.ratio, "unit": found.unit, "p_value": found.p_value, "reason": found.reason,
        "ratio_reason": found.ratio_reason,
    }  # fmt: skip


def _with_q_values(disparities: pl.DataFrame) -> pl.DataFrame:
    """q-values over each family: all rows of one scope that are held against the same."""
    parts = []
    for _, family in disparities.partition_by("scope", "against", as_dict=True, maintain_order=True).items():
        p = family["p_value"].to_numpy().astype(np.float64)
        q = pl.Series("q_value", benjamini_hochberg(p), pl.Float64).fill_nan(None)
        parts.append(family.with_columns(q))
    return pl.concat(parts) if parts else disparities
