"""Before anything is generated: how many images a question needs, how long they take, and what they cost.

The arithmetic of detectable changes is `scoring.stats.power`; where its numbers come from is `pilot`.
"""

from dataclasses import dataclass
from math import ceil, sqrt

from mcas_assets.declare.audit import Audit
from mcas_assets.estimate.decision import decision_rows, measured
from mcas_assets.estimate.panel import Instrument, instruments
from mcas_assets.estimate.pilot import Pace, Pilot, assumed, find_milliseconds, find_pilot
from mcas_assets.images.generate import requests
from mcas_assets.images.match_given import Matched, holding
from mcas_assets.plan.requests import build_plan
from mcas_assets.scoring.stats.arrays import Statistic
from mcas_assets.scoring.stats.power import Spread, change_error, images_needed, minimum_detectable
from mcas_assets.store import facts
from mcas_assets.store.database import Store
from mcas_assets.systems.hosted.budget import Past
from mcas_assets.systems.protocol import System, is_given

MOST_ATTRIBUTE = 10_000  # images of an attribute prompt, where the search for the cheapest size ends


@dataclass(frozen=True)
class Need:
    """What one axis needs.

    Attributes:
        axis: Its name.
        images: Pairs of a concept that goes on to the end for the wanted change, or None with a reason.
        detectable: Change of MCAS that the verdict of a comparison finds as the audit is declared, at 80 % power.
    """

    axis: str
    images: Statistic
    detectable: float


@dataclass(frozen=True)
class Wanted:
    """A size of an audit: images of each concept, of each attribute prompt, and in all."""

    per_concept: int
    per_attribute: int
    images: int


@dataclass(frozen=True)
class ZeroPoint:
    """How many neutral images adjusted scores are held against.

    Attributes:
        images: Of the neutral prompts that are a baseline, as declared.
        sharpest: With as many images in all, the number at which adjusted scores are surest: those of a concept times the
            root of the number of concepts (Dunnett 1955, Journal of the American Statistical Association 50: 1096).
    """

    images: int
    sharpest: int


@dataclass(frozen=True)
class Estimate:
    """What an audit asks of a system, as it is declared and for a wanted detectable change.

    Attributes:
        system_version: What would be asked.
        declared: Images of the audit as it is declared.
        stored: How many of them are there already.
        per_concept: Images per concept as declared, the fewest of all concepts.
        detect: Wanted change of MCAS.
        needs: One an axis.
        wanted: The fewest images that find it on every axis; None if no number does.
        pilot: Spread of images.
        pace: Time and price.
        zero_point: How many images hold it, and how many should.
        allowance: What the system's budget covers of it, in words; empty where there is none.
        further: Further images of each prompt, on average over the concepts, that a comparison draws of each version.
        pairs: That a change is judged on of a concept that is pursued to the end.
        concepts: That are judged together.
        decisions: How sure scores would be with more images, wordings or attributes: quantity and
            value of each; none where nothing was measured.
        panel: What its embedders take.
    """

    system_version: str
    declared: int
    stored: int
    per_concept: int
    detect: float
    needs: tuple[Need, ...]
    wanted: Wanted | None
    pilot: Pilot
    pace: Pace
    zero_point: ZeroPoint
    allowance: str = ""
    further: int = 0
    pairs: int = 0
    concepts: int = 1
    decisions: tuple[tuple[str, str], ...] = ()
    panel: tuple[Instrument, ...] = ()

    def line(self) -> str:
        """The audit as declared, in one line."""
        missing = self.declared - self.stored
        there = f", {self.stored} of them stored" if self.stored else ""
        effort = self.pace.of(missing) if missing else "nothing to generate"
        effort += f"; {self.allowance}" if missing and self.allowance else ""
        least = max(need.detectable for need in self.needs)
        return (
            f"plan: {self.declared:,} images, {self.per_concept} a concept{there}; {effort}; "
            f"80 % power to call a change of {least:.2g} in MCAS ({self.pilot.source})"
        )


def estimate(audit: Audit, system: System, store: Store, detect: float | None = None) -> Estimate | Matched:
    """Work out what an audit of a system takes; of an image set, what it has. Nothing is loaded, generated or written.

    Args:
        audit: The declaration.
        system: What would be asked.
        store: Where earlier images may be. One that does not exist yet is not made.
        detect: Wanted minimum detectable change of MCAS at 80 % power, > 0; by default that which the audit calls important.

    Raises:
        BadInput: The system or the store cannot be used.
        ValueError: `detect` is not positive.
    """
    if is_given(system):
        return holding(audit, system)
    detect = audit.inference.detectable if detect is None else detect
    version = system.identity().version
    asked = requests(build_plan(audit), version, system.size())
    stored, pilot, milliseconds, source = 0, None, None, "no image of this system is stored"
    past, decisions, panel = Past(), (), instruments(audit, asked["image_id"].n_unique(), (), None)
    if store.path.exists():
        with store.open() as con:
            stored = len(facts.have_images(con, asked["image_id"].unique()))
            shas = facts.read_images(con, asked["image_id"].unique())["sha256"].drop_nulls().unique()
            panel = instruments(audit, asked["image_id"].n_unique(), shas, con)
            pilot = find_pilot(con, audit, system, version)
            milliseconds, source = find_milliseconds(con, version)
            past = Past(*facts.spent(con, version))
            decisions = tuple(decision_rows(measured(con, audit, system.name), list(audit.axes)))
    pilot = pilot or assumed(audit)
    prompts = _pole_prompts(audit)
    attribute = audit.images_per_prompt.attribute
    per_concept = min(len(concept.prompts) for concept in audit.concepts) * audit.images_per_prompt.concept
    pairs = pairs_in_all(audit)
    needs = tuple(
        _need(axis, pilot.of(axis), pairs, attribute * prompts[axis], detect, verdict_level(audit))
        for axis in audit.axes
    )
    declared, allowance = asked["image_id"].n_unique(), getattr(system, "allowance", None)
    return Estimate(
        version, declared, stored, per_concept, detect, needs, cheapest(audit, pilot, detect), pilot,
        Pace(milliseconds, getattr(system, "price", None), source), zero_point(audit),
        allowance(past, declared - stored) if allowance else "", audit.further, pairs, len(audit.concepts),
        decisions, panel,
    )  # fmt: skip


def verdict_level(audit: Audit) -> float:
    """Level of one interval at which the verdict of a comparison is reached: that of the only change of its family."""
    return 1 - (1 - audit.inference.level) / len(audit.concepts)


def pairs_in_all(audit: Audit) -> int:
    """Pairs of a concept that a comparison pursues to the last round: as many as its change is judged on."""
    prompts = min(len(concept.prompts) for concept in audit.concepts)
    return prompts * (audit.images_per_prompt.concept + sum(each for _, each in audit.rounds))


def zero_point(audit: Audit) -> ZeroPoint:
    """The neutral images of an audit, and how many there should be."""
    counts = audit.neutral_images()
    per_concept = max(len(concept.prompts) for concept in audit.concepts) * audit.images_per_prompt.concept
    return ZeroPoint(
        sum(counts[one.name] for one in audit.neutral if one.baseline), ceil(per_concept * sqrt(len(audit.concepts)))
    )


def cheapest(audit: Audit, pilot: Pilot, detect: float) -> Wanted | None:
    """The fewest images in all that find a change on every axis, with no fewer attribute images than declared."""
    best, each, prompts = None, audit.images_per_prompt.attribute, _pole_prompts(audit)
    while each <= MOST_ATTRIBUTE:
        needed = [
            images_needed(detect, pilot.of(axis), each * prompts[axis], level=verdict_level(audit)).value
            for axis in audit.axes
        ]
        if None not in needed:
            # The rounds keep their proportion: a concept is judged on so many pairs for each image that is declared.
            share = pairs_in_all(audit) / audit.images_per_prompt.concept
            per_concept = max(
                2, ceil(max(filter(None, needed)) / share * min(len(one.prompts) for one in audit.concepts))
            )
            wanted = Wanted(per_concept, each, total_images(audit, per_concept, each))
            best = wanted if best is None or wanted.images < best.images else best
        each = ceil(1.1 * each)
    return best


def total_images(audit: Audit, per_concept: int, per_attribute: int) -> int:
    """Distinct images of the audit at another size; those of a concept are spread evenly over its prompts."""
    counts: dict[str, int] = {}
    each = max(ceil(per_concept / len(concept.prompts)) for concept in audit.concepts)
    used = [
        (prompt, per_attribute) for axis in audit.axes.values() for pole in (axis.a, axis.b) for prompt in pole.prompts
    ]
    used += [(prompt, each) for concept in audit.concepts for prompt in concept.prompts]
    used += [(neutral.prompt, audit.neutral_images()[neutral.name]) for neutral in audit.neutral]
    for prompt, count in used:
        counts[prompt] = max(counts.get(prompt, 0), count)
    return sum(counts.values())


def _need(axis: str, spread: Spread, pairs: int, per_pole: int, detect: float, level: float) -> Need:
    error = change_error(spread, pairs, per_pole)
    detectable = minimum_detectable(error, max(pairs - 1, 1), level=level) if error else 0.0
    return Need(axis, images_needed(detect, spread, per_pole, level=level), detectable)


def _pole_prompts(audit: Audit) -> dict[str, int]:
    """Attribute prompts of the smaller pole of each axis."""
    return {name: min(len(axis.a.prompts), len(axis.b.prompts)) for name, axis in audit.axes.items()}
