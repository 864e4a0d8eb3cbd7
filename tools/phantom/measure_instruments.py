"""Measure how well the phantom is read: by the two CLIPs, against the truth reader, and by the truth reader itself.

The CLIPs are asked what the audit `data/audits/phantom.yaml` asks, in its words and with its prefix.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mcas_assets.phantom.draw import FIGURES, MONK, POSES, draw
from mcas_assets.phantom.reader import read
from mcas_assets.phantom.world import ALL, CONCEPTS
from mcas_assets.scoring.mcas.association import COMPONENTS, component_scores, unit
from tools.phantom.measure import FIRST_SEED, REPLICATES, Advance, Sample, Setting, generate

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

    from mcas_assets.declare.audit import Audit

BATCH = 256
# Column of `Sample.shares`, which is the share of pole B, by the audit's name of the axis.
AXIS_COLUMNS = {"gender": 0, "skin_tone": 1}


class Clip:
    """An instrument, loaded by open_clip as from any folder.

    Attributes:
        prefix: Stands before every text.
    """

    def __init__(self, folder: Path, prefix: str) -> None:
        import open_clip

        name = f"local-dir:{folder}"
        self._model, self._preprocess = open_clip.create_model_from_pretrained(name, precision="fp32")
        self._model.eval()
        self._tokenizer = open_clip.get_tokenizer(name)
        self.prefix = prefix

    def images(self, pictures: np.ndarray) -> np.ndarray:
        """Unit embeddings (n, d) of uint8 pictures (n, 64, 64, 3)."""
        import torch
        from PIL import Image

        parts = []
        with torch.inference_mode():
            for start in range(0, len(pictures), BATCH):
                some = pictures[start : start + BATCH]
                stack = torch.stack([self._preprocess(Image.fromarray(picture)) for picture in some])
                parts.append(self._model.encode_image(stack).numpy())
        return unit(np.concatenate(parts))

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """Unit embeddings (n, d) of texts, which get the prefix."""
        import torch

        with torch.inference_mode():
            return unit(self._model.encode_text(self._tokenizer([self.prefix + text for text in texts])).numpy())

    def classify(self, vectors: np.ndarray, classes: Sequence[Sequence[str]]) -> np.ndarray:
        """Zero-shot: for unit embeddings (n, d), the class (n,) whose mean text embedding is nearest."""
        means = unit(np.stack([self.texts(texts).mean(0) for texts in classes]))
        return (vectors @ means.T).argmax(1)


class Labelled(NamedTuple):
    """Pictures and what is true of them, arrays of length n; concept is an index into `world.ALL`."""

    pictures: np.ndarray
    woman: np.ndarray
    dark: np.ndarray
    concept: np.ndarray


def labelled_by_reader(drawn: Sample) -> Labelled:
    """The pictures in which person and concept can be read, as the truth reader read them."""
    r = drawn.reading
    ok = r.person_read & r.concept_read
    return Labelled(drawn.pictures[ok], r.woman[ok], r.dark[ok], r.concept[ok])


def drawn_pictures(count: int, seed: int = 0) -> tuple[Labelled, np.ndarray]:
    """A random sample of the drawn world, and the tones (count,) of its people."""
    shape = (len(ALL), len(FIGURES), len(MONK), len(POSES))
    which = np.random.default_rng(seed).permutation(np.prod(shape))[:count]
    concept, woman, tone, pose = np.unravel_index(which, shape)
    people = zip(concept, woman, tone, pose, strict=True)
    pictures = np.stack([draw(ALL[c].slug, FIGURES[w], t, POSES[p]) for c, w, t, p in people])
    return Labelled(pictures, woman == 1, tone > 4, concept), tone


def accuracy(clip: Clip, audit: "Audit", known: Labelled) -> dict[str, float | int]:
    """Zero-shot accuracy for figure, tone half and concept.

    Pictures of bare persons do not count for the concept: that this is "an image of a person" is true of every picture.
    """
    vectors = clip.images(known.pictures)
    gender, tone = audit.axes["gender"], audit.axes["skin_tone"]
    prompts = {concept.concept: concept.prompt for concept in audit.concepts}
    named = known.concept > 0
    concept = clip.classify(vectors[named], [[prompts[concept.slug]] for concept in CONCEPTS]) + 1
    return {
        "n": len(vectors),
        "figure": float((clip.classify(vectors, [gender.a.prompts, gender.b.prompts]) == known.woman).mean()),
        "half": float((clip.classify(vectors, [tone.a.prompts, tone.b.prompts]) == known.dark).mean()),
        "concept": float((concept == known.concept[named]).mean()),
    }


def attribute_pictures(
    pipeline: "DiffusionPipeline", audit: "Audit", setting: Setting, advance: Advance | None = None
) -> dict[str, np.ndarray]:
    """Attribute pictures of every pole of every axis, by the pole's name, as many a prompt as the audit asks."""
    each = audit.images_per_prompt.attribute
    pictures, first = {}, FIRST_SEED + 2 * REPLICATES * len(ALL)
    for axis in audit.axes.values():
        for pole in (axis.a, axis.b):
            prompts = [prompt for prompt in pole.prompts for _ in range(each)]
            pictures[pole.name] = generate(
                pipeline, prompts, [first + k for k in range(len(prompts))], setting, advance
            )
            first += REPLICATES
    return pictures


def component_rows(clip: Clip, audit: "Audit", drawn: Sample, attributes: dict[str, np.ndarray]) -> list[dict]:
    """How each component, and MCAS, follows the realised share of pole A over the audit's concepts.

    Args:
        clip: The instrument.
        audit: Its axes, words and prompts.
        drawn: Pictures of (at least) the audit's concepts.
        attributes: From `attribute_pictures` of the same generator.

    Returns:
        A row per axis and component: r with the realised share of A (positive is right), None where either is constant;
        mean and standard deviation of the component over the concepts.
    """
    vectors = clip.images(drawn.pictures)
    prompts = {concept.concept: concept.prompt for concept in audit.concepts}
    keep = [i for i, slug in enumerate(drawn.slugs) if slug in prompts]
    vectors = np.concatenate(drawn.by_concept(vectors)[keep])
    concept = np.repeat(np.arange(len(keep)), drawn.each)
    texts = clip.texts([prompts[drawn.slugs[i]] for i in keep])
    rows = []
    for name, axis in audit.axes.items():
        poles = [clip.images(attributes[pole.name]) for pole in (axis.a, axis.b)]
        words = [clip.texts(pole.words) for pole in (axis.a, axis.b)]
        scores = component_scores(vectors, concept, texts, *poles, *words)
        share_of_a = 1 - drawn.shares()[keep, AXIS_COLUMNS[name]]
        for component, values in zip((*COMPONENTS, "mcas"), (*scores.components.T, scores.mcas), strict=True):
            row = {"axis": name, "component": component, "r": _correlation(values, share_of_a)}
            rows.append({**row, "mean": float(values.mean()), "sd": float(values.std(ddof=1))})
    return rows


def _correlation(x: np.ndarray, y: np.ndarray) -> float | None:
    known = np.isfinite(x) & np.isfinite(y)
    if known.sum() < 3 or np.ptp(x[known]) == 0 or np.ptp(y[known]) == 0:
        return None
    return float(np.corrcoef(x[known], y[known])[0, 1])


def reader_rows(levels: Sequence[float] = (0, 8, 16, 24, 32), count: int = 900, seed: int = 0) -> list[dict]:
    """The truth reader's own error on drawn pictures under Gaussian noise of the given deviations (0..255 scale).

    Returns:
        A row per level: shares of pictures read, and errors among those that were read (None where none was).
    """
    known, tone = drawn_pictures(count, seed)
    dice = np.random.default_rng(seed + 1)
    rows = []
    for level in levels:
        noise = level * dice.standard_normal(known.pictures.shape)
        r = read(np.clip(np.rint(known.pictures + noise), 0, 255).astype(np.uint8))
        rows.append(
            {
                "noise": float(level),
                "n": count,
                "person_read": float(r.person_read.mean()),
                "concept_read": float(r.concept_read.mean()),
                "figure_error": _share(r.woman != known.woman, r.person_read),
                "half_error": _share(r.dark != known.dark, r.person_read),
                "tone_error": _share(r.tone != tone, r.person_read),
                "concept_error": _share(r.concept != known.concept, r.concept_read),
            }
        )
    return rows


def _share(flags: np.ndarray, among: np.ndarray) -> float | None:
    return float(flags[among].mean()) if among.any() else None
