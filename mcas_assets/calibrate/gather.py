"""From stored images and vectors to the pools that a calibration works on, with the truth that was read beside them."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mcas_assets.calibrate.pool import Mixture, Pool
from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import Audit, targets_of
from mcas_assets.declare.parts import Axis, Concept
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.labellers.zero_shot import zero_shot
from mcas_assets.measure.confusion import Labels
from mcas_assets.measure.vectors import Vectors, read_all_vectors
from mcas_assets.store.database import Store

TRUTHS = {"gender": "woman", "skin_tone": "dark"}
"""By axis: the group of pole b, and the name of what the truth reader says of it."""

MIXED = ("nurse", "engineer", "judge")
"""Concepts of the dose-response: one planted at a high share of women, one at a low one, one between."""


def known_axes(audit: Audit) -> list[str]:
    """The axes of an audit of which the phantom's truth is known.

    Raises:
        BadInput: There is none, or the audit lacks a concept that is mixed.
    """
    axes = [
        name
        for name, axis in audit.axes.items()
        if TRUTHS.get(name) == axis.b.name and [group.name for group in axis.groups] == [axis.a.name, axis.b.name]
    ]
    if not axes:
        remedy = (
            f"Calibrate with an audit like phantom, with {' or '.join(f'{a} (pole b {g})' for a, g in TRUTHS.items())}"
        )
        raise BadInput(f"audit {audit.audit}", "has no axis of which the phantom's truth is known", remedy, "axes")
    if lacking := set(MIXED) - {concept.concept for concept in audit.concepts}:
        raise BadInput(
            f"audit {audit.audit}",
            f"lacks {', '.join(sorted(lacking))}",
            "Calibrate with an audit like phantom",
            "concepts",
        )
    return axes


def mixtures_of(audit: Audit, axes: Sequence[str]) -> list[tuple[str, str, Concept]]:
    """(axis, concept, declaration of its images in which the prompt says the group), two an axis and concept."""
    from mcas_assets.phantom.world import ALL, describe

    template = audit.templates[0] if audit.templates else "an image of {phrase}"
    mixtures = []
    for axis in axes:
        for slug in MIXED:
            index = next(i for i, concept in enumerate(ALL) if concept.slug == slug)
            for group in (False, True):
                groups = {"woman": None, "dark": None, TRUTHS[axis]: group}
                prompt = template.replace("{phrase}", describe(index, **groups)[0])
                name = f"{slug}-{audit.axes[axis].b.name if group else audit.axes[axis].a.name}"
                mixtures.append((axis, slug, Concept(concept=name, category="mixture", prompts=(prompt,))))
    return mixtures


def gather_pool(
    store: Store,
    audit: Audit,
    axis: str,
    images: pl.DataFrame,
    texts: pl.DataFrame,
    embedder: Embedder,
    truth: Mapping[str, int],
    labeller: Labels | None = None,
) -> Pool:
    """All that is known of one axis by one embedder.

    Args:
        store: Where the vectors are.
        audit: The declaration.
        axis: Of the audit.
        images: Rows as of `images`; those of mixtures have the category `mixture`.
        texts: Rows of `texts`.
        embedder: Whose vectors.
        truth: By sha256, 0 or 1 as read from the pixels, or `UNREAD`.
        labeller: Tells the groups in the embedder's place.

    Raises:
        BadInput: A prompt has no image at all.
    """
    image_vectors, text_vectors = read_all_vectors(store, embedder, images, texts)
    declared = audit.axes[axis]
    if labeller is None:
        confidence = audit.inference.confidence
        of = zero_shot(axis, declared, texts, image_vectors, text_vectors, embedder, confidence)
        labeller = Labels("zero-shot", embedder.name, of)
    labels = _labels(declared, labeller)
    names = {neutral.name for neutral in audit.neutral if neutral.baseline}
    targets = [target for target in targets_of(audit) if target[0] != "neutral" or target[1] in names]
    images_asked = images.filter((pl.col("category") != "mixture") | pl.col("category").is_null())
    prompts = [prompt for _, _, prompt in targets]
    whole = _complete(images_asked, [*prompts, *declared.a.prompts, *declared.b.prompts])
    vectors = {prompt: np.stack([image_vectors[sha] for sha in whole[prompt]]) for prompt in whole}
    label_rows = {prompt: np.array([labels[sha] for sha in whole[prompt]]) for prompt in whole}
    prompt_of = dict(
        texts.filter(kind="prompt").unique("concept", keep="first").select("concept", "text_id").iter_rows()
    )
    words = [texts.filter(kind="word", axis=axis, pole=pole)["text_id"] for pole in ("a", "b")]
    return Pool(
        axis=axis, embedder=labeller.embedder or labeller.labels, concepts=tuple(name for _, name, _ in targets),
        neutral=tuple(i for i, (category, _, _) in enumerate(targets) if category == "neutral"),
        images=np.stack([vectors[prompt] for prompt in prompts]),
        prompts=np.stack([text_vectors[prompt_of[name]] for _, name, _ in targets]),
        a_images=np.stack([vectors[prompt] for prompt in declared.a.prompts]),
        b_images=np.stack([vectors[prompt] for prompt in declared.b.prompts]),
        a_words=np.stack([text_vectors[word] for word in words[0]]), b_words=np.stack([text_vectors[word] for word in words[1]]),
        labels=np.stack([label_rows[prompt] for prompt in prompts]),
        a_labels=np.stack([label_rows[prompt] for prompt in declared.a.prompts]),
        b_labels=np.stack([label_rows[prompt] for prompt in declared.b.prompts]),
        truth=np.array([[truth[sha] for sha in whole[prompt]] for prompt in prompts]),
        mixtures=tuple(_mixtures(audit, axis, images, image_vectors, labels, truth)), groups=len(declared.groups),
        a_truth=np.array([[truth[sha] for sha in whole[prompt]] for prompt in declared.a.prompts]),
        b_truth=np.array([[truth[sha] for sha in whole[prompt]] for prompt in declared.b.prompts]),
    )  # fmt: skip


def _labels(axis: Axis, labeller: Labels) -> dict[str, int]:
    """By sha256: 0 and 1 for the groups of pole a and b, 2 and more for others, -1 for none."""
    poles = {axis.a.name: 0, axis.b.name: 1}
    order = {i: poles.get(group.name, 2 + i) for i, group in enumerate(axis.groups)}
    return {sha: order[label] if isinstance(label, int) else -1 for sha, label in labeller.of.items()}


def _complete(images: pl.DataFrame, prompts: list[str]) -> dict[str, list[str]]:
    """By prompt: sha256 of its images, of those replicates that all prompts have."""
    ok = images.filter(pl.col("prompt").is_in(prompts), outcome="ok").unique(
        ["prompt", "replicate"], maintain_order=True
    )
    by_prompt = {prompt: dict(ok.filter(prompt=prompt).select("replicate", "sha256").iter_rows()) for prompt in prompts}
    shared = sorted(set.intersection(*(set(replicates) for replicates in by_prompt.values())))
    if not shared:
        raise BadInput(
            "calibration", "the system drew no images", "Calibrate with a phantom: --system phantom-stereotyped"
        )
    return {prompt: [replicates[r] for r in shared] for prompt, replicates in by_prompt.items()}


def _mixtures(
    audit: Audit,
    axis: str,
    images: pl.DataFrame,
    image_vectors: Vectors,
    labels: dict[str, int],
    truth: Mapping[str, int],
) -> list[Mixture]:
    mixtures: list[Mixture] = []
    if "mixture" not in images["category"]:
        return mixtures
    declared = mixtures_of(audit, [axis])
    for slug in MIXED:
        prompts = [concept.prompts[0] for _, name, concept in declared if name == slug]
        drawn = images.filter(pl.col("prompt").is_in(prompts), category="mixture", outcome="ok")["sha256"].to_list()
        vectors = np.stack([image_vectors[sha] for sha in drawn])
        mixtures.append(Mixture(slug, vectors, _column(drawn, labels), _column(drawn, truth)))
    return mixtures


def _column(contents: list[str], values: Mapping[str, int]) -> NDArray[np.int64]:
    return np.array([values[sha] for sha in contents], dtype=np.int64)
