"""Labellers of kind `zero_shot`: an embedder of the audit's panel, by the nearest of the texts of the groups."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import polars as pl
from pydantic import Field

from mcas_assets.declare.catalogue import Entry
from mcas_assets.declare.documents import Slug
from mcas_assets.declare.parts import Axis
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.labellers.protocol import AMBIGUOUS, Label
from mcas_assets.scoring.shares.representation import ABSTAIN, group_labels

SCALE = 100.0
"""Inverse temperature for an embedder that does not say its own: that of CLIP."""


class Declaration(Entry):
    """One entry of kind `zero_shot`.

    Attributes:
        embedder: One of the audit's embedders; each of them, if not given.
        confidence: An image whose group has a probability below this counts for none; by default the audit's own
            `inference.confidence`.
    """

    kind: Literal["zero_shot"]
    embedder: Slug | None = None
    confidence: Annotated[float, Field(ge=0, lt=1)] | None = None


def build(name: str, entry: Declaration, base: Path, cache: Path | None = None) -> "ZeroShot":
    """The labeller of an entry. It reads no file."""
    return ZeroShot(name, entry)


class ZeroShot:
    """Tells by vectors that are kept already. See `mcas_assets.labellers.protocol.Labeller`."""

    def __init__(self, name: str, entry: Declaration) -> None:
        self.name, self.entry = name, entry

    def tells(self, name: str, axis: Axis) -> bool:
        """Every axis: its groups have texts."""
        return True

    def identity(self) -> dict[str, Any]:
        """Its settings; the embedders that it tells by have identities of their own."""
        return self.entry.model_dump(mode="json", include={"kind", "embedder", "confidence"})

    def among(self, embedders: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the embedders of an audit that it tells by."""
        return tuple(name for name in embedders if self.entry.embedder in (None, name))

    def labels(
        self,
        name: str,
        axis: Axis,
        texts: pl.DataFrame,
        vectors: tuple[Mapping[str, np.ndarray], Mapping[str, np.ndarray]],
        embedder: Embedder,
        confidence: float,
    ) -> dict[str, Label]:
        """By sha256, from the vectors of images and of texts; `confidence` is the audit's."""
        least = confidence if self.entry.confidence is None else self.entry.confidence
        return zero_shot(name, axis, texts, vectors[0], vectors[1], embedder, least)


def zero_shot(
    name: str,
    axis: Axis,
    texts: pl.DataFrame,
    image_vectors: Mapping[str, np.ndarray],
    text_vectors: Mapping[str, np.ndarray],
    embedder: Embedder,
    confidence: float,
) -> dict[str, Label]:
    """Labels by a softmax over the cosines with the groups' texts; an image below `confidence` is 'ambiguous'.

    Args:
        name: Of the axis.
        axis: Its declaration.
        texts: Rows of `texts`.
        image_vectors: By sha256, (dim,) of length 1.
        text_vectors: By text_id, likewise.
        embedder: Whose vectors they are; only its scale is used.
        confidence: Probability below which an image counts for no group.
    """
    ids = {group.name: texts.filter(kind="group", axis=name, concept=group.name)["text_id"] for group in axis.groups}
    group_vectors = [np.stack([text_vectors[text] for text in ids[group.name]]) for group in axis.groups]
    contents = list(image_vectors)
    if not contents:
        return {}
    scale = embedder.logit_scale or SCALE
    labels = group_labels(
        np.stack([image_vectors[sha] for sha in contents]), group_vectors, scale=scale, confidence=confidence
    ).labels
    return {sha: AMBIGUOUS if label == ABSTAIN else int(label) for sha, label in zip(contents, labels, strict=True)}
