"""What earlier images say of those to come: how much they vary, and how fast and at what price they are made."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from duckdb import DuckDBPyConnection

from mcas_assets.declare.audit import Audit, targets_of
from mcas_assets.images.generate import requests
from mcas_assets.measure.vectors import gather
from mcas_assets.plan.requests import build_plan, build_texts
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.power import Spread
from mcas_assets.store import facts, image_facts
from mcas_assets.store.registers import newest_embedder
from mcas_assets.systems.protocol import System

ASSUMED = Spread(image=0.05, attribute=0.05)
"""Where nothing is stored: images vary about as much as the published scores are large, and those of CLIP ViT-B/32 are
about 0.05 (arXiv 2304.13855, data/reference)."""

FEWEST = 4
"""Images of a concept, and of a pole, below which a spread says nothing."""


@dataclass(frozen=True)
class Pilot:
    """How much images vary, and where that is known from.

    Attributes:
        spreads: By axis; empty where nothing is stored and `ASSUMED` holds for all.
        source: In words.
    """

    spreads: dict[str, Spread]
    source: str

    def of(self, axis: str) -> Spread:
        """The spread on one axis."""
        return self.spreads.get(axis, ASSUMED)


@dataclass(frozen=True)
class Pace:
    """How fast and at what price a system makes images.

    Attributes:
        milliseconds: Median wall time of an image, or None where none was made yet.
        price: US dollars an image, or None where the system declares none.
        source: Where the time is known from, in words.
    """

    milliseconds: float | None
    price: float | None
    source: str

    def of(self, images: int) -> str:
        """Time and cost of so many images, in words."""
        time = "time unknown until a first batch was made"
        if self.milliseconds is not None:
            time = f"about {_duration(images * self.milliseconds / 1000)} at {_figure(self.milliseconds)} ms an image"
        return time if self.price is None else f"{time}, {images * self.price:,.2f} USD at {self.price:g} an image"


def spread_of(vectors: AuditVectors) -> Spread | None:
    """How much the images of one axis vary, pooled over concepts and attribute prompts by root mean square.

    Args:
        vectors: Of one axis.

    Returns:
        The spread, or None where no concept or a pole has fewer than `FEWEST` images.
    """
    scores = vectors.scores()
    concept, texts = np.asarray(vectors.concept), np.asarray(vectors.prompts, dtype=np.float64)
    values = scores.s_img + scores.s_word
    own = [values[concept == c] for c in np.flatnonzero(scores.n_images >= FEWEST)]
    poles = [np.asarray(pole, dtype=np.float64) for pole in (vectors.a_images, vectors.b_images)]
    if not own or min(map(len, poles)) < FEWEST:
        return None
    image = np.sqrt(np.mean([part.var(ddof=1) for part in own]))
    # What an attribute image adds to MCAS is its cosine with the concept's mean image and with its prompt.
    targets = (scores.mean_images + texts)[scores.n_images >= FEWEST]
    attribute = np.sqrt(np.mean([(pole @ targets.T).var(axis=0, ddof=1) for pole in poles]))
    return Spread(float(image), float(attribute))


def find_pilot(con: DuckDBPyConnection, audit: Audit, system: System, version: str) -> Pilot | None:
    """The spread of stored images of this audit: of this version, else of another version, else of another system."""
    embedder = newest_embedder(con, audit.embedders[0])
    if embedder is None:
        return None
    for candidate, width, height in image_facts.drawn_sizes(con, system.name, version):
        spreads, count = _spreads(con, audit, embedder.embedder, embedder.dim, candidate, (width, height))
        if len(spreads) == len(audit.axes):
            whose = "" if candidate.startswith(f"{system.name}@") else "another system, "
            return Pilot(spreads, f"spread of {count:,} stored images of {whose}{candidate}, {audit.embedders[0]}")
    return None


def _spreads(
    con: DuckDBPyConnection, audit: Audit, embedder: str, dim: int, version: str, size: tuple[int, int]
) -> tuple[dict[str, Spread], int]:
    """(spread by axis as far as known, images that were looked at) of one version."""
    asked, texts = requests(build_plan(audit), version, size), build_texts(audit)
    stored = facts.read_images(con, asked["image_id"].unique(maintain_order=True)).filter(outcome="ok")
    images = asked.join(
        stored.select("image_id", "outcome", "sha256"), on="image_id", how="inner", maintain_order="left"
    )
    texts = texts.filter(pl.col("kind").is_in(["word", "prompt"]))
    text_ids = texts["text_id"].unique(maintain_order=True).to_list()
    embedded = facts.have_vectors(con, embedder, dim, "image", images["sha256"].unique())
    if not embedded or len(facts.have_vectors(con, embedder, dim, "text", text_ids)) < len(text_ids):
        return {}, 0
    images = images.filter(pl.col("sha256").is_in(list(embedded)))
    shas = images["sha256"].unique(maintain_order=True).to_list()
    image_vectors = dict(zip(shas, facts.read_vectors(con, embedder, dim, "image", shas), strict=True))
    text_vectors = dict(zip(text_ids, facts.read_vectors(con, embedder, dim, "text", text_ids), strict=True))
    targets = targets_of(audit)
    vectors = np.concatenate([*image_vectors.values(), *text_vectors.values()]).reshape(-1, dim)
    if not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3):
        return (
            {},
            0,
        )  # damaged vectors tell no spread; the audit's checks name them, and a plan must not come before those
    by_axis = {
        axis: spread_of(gather(axis, targets, images, texts, image_vectors, text_vectors)) for axis in audit.axes
    }
    return {axis: spread for axis, spread in by_axis.items() if spread is not None}, len(shas)


def find_milliseconds(con: DuckDBPyConnection, version: str) -> tuple[float | None, str]:
    """(median wall time of an image, its source) of this version, else of the system's newest other version."""
    name = version.rpartition("@")[0]
    timed = image_facts.timing(con, name, version)
    if timed is None:
        return None, "no image of this system was timed yet"
    return timed.milliseconds, f"median of {timed.n_images:,} images of {timed.system_version}, generation alone"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"
