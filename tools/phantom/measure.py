"""Measure what the phantom's generators draw, with the truth reader: shares, obedience, guidance, updates.

Nothing is written here. How the instruments see the same pictures is `measure_instruments`; the text around the numbers
is `card`.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import pi
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mcas_assets.phantom.draw import SIZE
from mcas_assets.phantom.reader import Reading, read
from mcas_assets.phantom.world import ALL, World

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

Advance = Callable[[int], None]
TEMPLATE = "an image of {}"
# Away from the seeds of the audits, which are 31 bits of a digest; replicates of a concept lie together.
FIRST_SEED = 1_000_000_000
REPLICATES = 1_000
AXES = ("woman", "dark")
# Phrases that say figure or tone, and what they say (woman, dark). The last ones go against what is planted.
EXPLICIT: tuple[tuple[str, bool | None, bool | None], ...] = (
    ("a man", False, None),
    ("a woman", True, None),
    ("a male person", False, None),
    ("a female person", True, None),
    ("a light-skinned person", None, False),
    ("a dark-skinned person", None, True),
    ("a person with light skin", None, False),
    ("a person with dark skin", None, True),
    ("a female pilot", True, None),
    ("a male nurse", False, None),
    ("a dark-skinned golfer", None, True),
    ("a light-skinned boxer", None, False),
)
GUIDANCES = (1.0, 1.5, 2.0, 3.0, 7.5)
GUIDED = ("nurse", "ceo", "pilot", "farmer", "judge", "florist", "tennis-player", "boxer", "book", "kitchen")


@dataclass(frozen=True)
class Setting:
    """How pictures are generated: solver steps and classifier-free guidance (1 is none)."""

    steps: int = 8
    guidance: float = 1.0


class Sample(NamedTuple):
    """Generated pictures, concept after concept, and what was read in them.

    Attributes:
        slugs: The c concepts.
        pictures: uint8 (c * n, 64, 64, 3), the n pictures of a concept together.
        reading: Of the same pictures.
    """

    slugs: tuple[str, ...]
    pictures: np.ndarray
    reading: Reading

    @property
    def each(self) -> int:
        """Pictures a concept."""
        return len(self.pictures) // len(self.slugs)

    def by_concept(self, values: np.ndarray) -> np.ndarray:
        """(c * n, ...) values of pictures as (c, n, ...)."""
        return values.reshape(len(self.slugs), self.each, *values.shape[1:])

    def shares(self) -> np.ndarray:
        """Realised P(woman) and P(dark) over the pictures in which a person was read: (c, 2), NaN where none was."""
        valid = self.by_concept(self.reading.person_read)
        hits = np.stack([self.by_concept(self.reading.woman), self.by_concept(self.reading.dark)], -1)
        count = valid.sum(1)[:, None]
        return np.where(count > 0, (hits & valid[..., None]).sum(1) / np.maximum(count, 1), np.nan)

    def first(self, count: int) -> "Sample":
        """The first pictures of each concept."""
        keep = (np.arange(len(self.pictures)) % self.each) < count
        names = Reading.__dataclass_fields__
        reading = Reading(**{name: getattr(self.reading, name)[keep] for name in names})
        return Sample(self.slugs, self.pictures[keep], reading)


@dataclass(frozen=True)
class Agreement:
    """Realised shares against planted ones over concepts.

    Attributes:
        r: Correlation; None where the planted shares are all the same.
        slope: Of the realised share on the planted one; above 1 the model amplifies.
        error: Mean absolute difference.
        bias: Mean difference, realised less planted.
        chance: What the mean absolute difference would be from the number of pictures alone.
    """

    r: float | None
    slope: float | None
    error: float
    bias: float
    chance: float


def agreement(planted: np.ndarray, realised: np.ndarray, n: int) -> Agreement:
    """Compare shares (c,), in [0, 1], the realised ones from n pictures each.

    The expected error is the mean absolute deviation of a binomial share in its normal approximation,
    sqrt(2 p (1 - p) / (pi n)).
    """
    known = np.isfinite(realised)
    p, q = planted[known], realised[known]
    r = slope = None
    if len(p) > 1 and np.ptp(p) > 0:
        slope = float(np.cov(p, q)[0, 1] / p.var(ddof=1))
        r = float(np.corrcoef(p, q)[0, 1]) if np.ptp(q) > 0 else 0.0
    error, bias = float(np.abs(q - p).mean()), float((q - p).mean())
    return Agreement(r, slope, error, bias, float(np.sqrt(2 * p * (1 - p) / (pi * n)).mean()))


def load(folder: Path) -> "DiffusionPipeline":
    """A generator in float32, silent."""
    import torch
    from diffusers import DiffusionPipeline

    pipeline = DiffusionPipeline.from_pretrained(folder, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def generate(
    pipeline: "DiffusionPipeline",
    prompts: Sequence[str],
    seeds: Sequence[int],
    setting: Setting,
    advance: Advance | None = None,
    batch: int = 32,
) -> np.ndarray:
    """Generate one picture a prompt, each from its own CPU generator.

    Args:
        pipeline: A text-to-image pipeline of 64 x 64 pictures.
        prompts: n texts.
        seeds: n seeds.
        setting: Steps and guidance.
        advance: Told of the pictures just made.
        batch: Pictures a call.

    Returns:
        uint8 (n, 64, 64, 3).
    """
    import torch

    pictures = np.empty((len(prompts), SIZE, SIZE, 3), np.uint8)
    for start in range(0, len(prompts), batch):
        some = slice(start, start + batch)
        noise = [torch.Generator().manual_seed(seed) for seed in seeds[some]]
        made = pipeline(
            list(prompts[some]), generator=noise, num_inference_steps=setting.steps, guidance_scale=setting.guidance
        )
        pictures[some] = np.stack([np.asarray(image) for image in made.images])
        if advance:
            advance(len(made.images))
    return pictures


def sample(
    pipeline: "DiffusionPipeline",
    slugs: Sequence[str],
    each: int,
    setting: Setting,
    advance: Advance | None = None,
    first_seed: int = FIRST_SEED,
) -> Sample:
    """Generate and read `each` pictures of every concept. A concept's n-th seed is the same in every sample."""
    concepts = [_index(slug) for slug in slugs]
    prompts = [TEMPLATE.format(ALL[concept].phrase()) for concept in concepts for _ in range(each)]
    seeds = [first_seed + REPLICATES * concept + k for concept in concepts for k in range(each)]
    pictures = generate(pipeline, prompts, seeds, setting, advance)
    return Sample(tuple(slugs), pictures, read(pictures))


def _index(slug: str) -> int:
    return next(i for i, concept in enumerate(ALL) if concept.slug == slug)


def planted_shares(world: World, slugs: Sequence[str]) -> np.ndarray:
    """(c, 2): P(woman), P(dark)."""
    return np.array([world.planted[slug] for slug in slugs])


def concept_rows(world: World, drawn: Sample) -> list[dict]:
    """One row a concept: planted and realised shares, and in how many of its pictures what could be read."""
    realised, planted = drawn.shares(), planted_shares(world, drawn.slugs)
    r = drawn.reading
    asked = np.repeat([_index(slug) for slug in drawn.slugs], drawn.each)
    counts = {
        "person_read": r.person_read,
        "concept_read": r.concept_read,
        "concept_as_asked": r.concept_read & (r.concept == asked),
    }
    table = {name: drawn.by_concept(flag).sum(1) for name, flag in counts.items()}
    return [
        {
            "concept": slug,
            "category": ALL[_index(slug)].category,
            **{f"planted_{axis}": float(planted[i, a]) for a, axis in enumerate(AXES)},
            **{f"realised_{axis}": _number(realised[i, a]) for a, axis in enumerate(AXES)},
            "n": drawn.each,
            **{name: int(column[i]) for name, column in table.items()},
        }
        for i, slug in enumerate(drawn.slugs)
    ]


def world_agreement(world: World, drawn: Sample) -> dict[str, dict]:
    """Agreement per axis over the concepts, bare persons left out."""
    concepts = [i for i, slug in enumerate(drawn.slugs) if slug != "person"]
    planted, realised = planted_shares(world, drawn.slugs)[concepts], drawn.shares()[concepts]
    return {axis: asdict(agreement(planted[:, a], realised[:, a], drawn.each)) for a, axis in enumerate(AXES)}


def explicit_rows(
    pipeline: "DiffusionPipeline", each: int, setting: Setting, advance: Advance | None = None
) -> list[dict]:
    """For every phrase that says figure or tone: the share of its pictures that obey, an unreadable one does not."""
    prompts = [TEMPLATE.format(phrase) for phrase, *_ in EXPLICIT for _ in range(each)]
    first = FIRST_SEED + REPLICATES * len(ALL)
    seeds = [first + REPLICATES * i + k for i in range(len(EXPLICIT)) for k in range(each)]
    r = read(generate(pipeline, prompts, seeds, setting, advance))
    rows = []
    for i, (phrase, woman, dark) in enumerate(EXPLICIT):
        here = slice(i * each, (i + 1) * each)
        right = r.person_read[here].copy()
        for asked, seen in ((woman, r.woman), (dark, r.dark)):
            if asked is not None:
                right &= seen[here] == asked
        rows.append(
            {"phrase": phrase, "n": each, "person_read": int(r.person_read[here].sum()), "obeyed": int(right.sum())}
        )
    return rows


def guidance_rows(
    pipeline: "DiffusionPipeline", world: World, each: int, setting: Setting, advance: Advance | None = None
) -> list[dict]:
    """What guidance does to `GUIDED` concepts: agreement per axis, and the share of pictures that can be read."""
    rows = []
    for guidance in GUIDANCES:
        drawn = sample(pipeline, GUIDED, each, Setting(setting.steps, guidance), advance)
        r = drawn.reading
        read_shares = {"person_read": float(r.person_read.mean()), "concept_read": float(r.concept_read.mean())}
        rows.append({"guidance": guidance, "n": each, **read_shares, **world_agreement(world, drawn)})
    return rows


def update_rows(before: World, after: World, old: Sample, new: Sample) -> dict[str, Any]:
    """What an update did to pictures of the same seeds.

    Returns:
        `moved`: planted and realised change of each moved concept; `held`: over the others, how alike the pictures are
        (shares of pictures with the same figure and tone half, mean absolute pixel difference in 0..255) and how much
        the realised shares moved (mean and largest absolute change).
    """
    planted = planted_shares(after, new.slugs) - planted_shares(before, old.slugs)
    realised = new.shares() - old.shares()
    is_moved = np.array([slug in after.moved for slug in new.slugs])
    moved = [
        {
            "concept": slug,
            **{f"planted_{axis}": round(float(planted[i, a]), 2) for a, axis in enumerate(AXES)},
            **{f"realised_{axis}": _number(realised[i, a]) for a, axis in enumerate(AXES)},
        }
        for i, slug in enumerate(new.slugs)
        if is_moved[i]
    ]
    both = (old.reading.person_read & new.reading.person_read) & ~np.repeat(is_moved, new.each)
    difference = np.abs(new.pictures.astype(np.int16) - old.pictures).mean((1, 2, 3))
    change = np.abs(realised[~is_moved])
    unmoved = {
        "concepts": int((~is_moved).sum()),
        "same_figure": float((old.reading.woman == new.reading.woman)[both].mean()),
        "same_half": float((old.reading.dark == new.reading.dark)[both].mean()),
        "pixel_difference": float(difference[~np.repeat(is_moved, new.each)].mean()),
        **{f"mean_change_{axis}": float(np.nanmean(change[:, a])) for a, axis in enumerate(AXES)},
        **{f"largest_change_{axis}": float(np.nanmax(change[:, a])) for a, axis in enumerate(AXES)},
    }
    return {"moved": moved, "held": unmoved}


def _number(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
