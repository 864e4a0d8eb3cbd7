"""What earlier images say of those to come: how much they vary, and how fast and at what price they are made."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from duckdb import DuckDBPyConnection

from mcas_assets.declare.audit import Audit, targets_of
from mcas_assets.images.generate import requests
from mcas_assets.measure.vectors import gather, images_of_targets
from mcas_assets.plan.requests import build_plan, build_texts
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.power import Spread
from mcas_assets.store import facts, image_facts
from mcas_assets.store.registers import newest_embedder
from mcas_assets.systems.protocol import System

CORRELATION = 0.5
"""Of the two images of a pair, where no two versions are stored: less than the .6 to .8 of the phantom and its update."""

ASSUMED = Spread(image=0.05, attribute=0.05, correlation=CORRELATION)
"""Where nothing is stored: images vary about as much as the published scores are large, and those of CLIP ViT-B/32 are
about 0.05 (arXiv 2304.13855, data/reference)."""

OF_PHANTOM = Spread(image=0.8, attribute=0.1, correlation=CORRELATION)
"""The phantom's embedders see no photographs: on their scale its images vary by so much."""

FEWEST = 4
"""Images of a concept, and of a pole, below which a spread says nothing."""


@dataclass(frozen=True)
class Pilot:
    """How much images vary, and where that is known from.

    Attributes:
        spreads: By axis.
        source: In words.
    """

    spreads: dict[str, Spread]
    source: str

    def of(self, axis: str) -> Spread:
        """The spread on one axis."""
        return self.spreads[axis]

    def correlation(self) -> float:
        """That of the pairs, the smallest of all axes."""
        return min(one.correlation for one in self.spreads.values())


def assumed(audit: Audit) -> Pilot:
    """What is taken where no vectors are stored."""
    is_phantom = audit.embedders[0].startswith("phantom")
    one, whence = (OF_PHANTOM, "the phantom's") if is_phantom else (ASSUMED, "from published scores")
    source = (
        f"spread of {one.image:g} ({whence}) and pairs that correlate by {CORRELATION:g} assumed, no vectors are stored"
    )
    return Pilot(dict.fromkeys(audit.axes, one), source)


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

    def time(self, images: int) -> str:
        """How long so many images take, in words."""
        if self.milliseconds is None:
            return "unknown until a first batch was made"
        return f"about {duration(images * self.milliseconds / 1000)} at {_figure(self.milliseconds)} ms an image"

    def cost(self, images: int) -> str | None:
        """What so many images cost, in words; None where no price is declared."""
        return None if self.price is None else f"{images * self.price:,.2f} USD at {self.price:g} an image"

    def of(self, images: int) -> str:
        """Time and cost of so many images, in words."""
        time = self.time(images)
        return ", ".join(filter(None, (time if self.milliseconds is not None else f"time {time}", self.cost(images))))


def spread_of(vectors: AuditVectors) -> Spread | None:
    """How much the images of one axis vary, pooled over concepts and attribute prompts by root mean square.

    Args:
        vectors: Of one axis.

    Returns:
        The spread, or None where no concept or a pole has fewer than `FEWEST` images.
    """
    scores = vectors.scores()
    concept, texts = np.asarray(vectors.concept), vectors.mean_prompts()
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
    """The spread of stored images of this audit: of this version, else of another version, else of another system.

    The correlation of pairs is that of the next version of the same system, or of another, whose images are stored too.
    """
    embedder = newest_embedder(con, audit.embedders[0])
    if embedder is None:
        return None
    first: _Stored | None = None
    spreads: dict[str, Spread] = {}
    for candidate, width, height in image_facts.drawn_sizes(con, system.name, version):
        stored = _stored(con, audit, embedder.embedder, embedder.dim, candidate, (width, height))
        found = {axis: spread_of(vectors) for axis, vectors in stored.vectors.items()} if stored else {}
        known = {axis: spread for axis, spread in found.items() if spread is not None}
        if stored is None or len(known) < len(audit.axes):
            continue
        if first is not None:
            alike = {axis: correlation_of(first, stored, axis) for axis in audit.axes}
            spreads = {axis: replace(one, correlation=alike[axis]) for axis, one in spreads.items()}
            return Pilot(spreads, f"{_source(first, audit, system)}, paired with {candidate}")
        first, spreads = stored, {axis: replace(one, correlation=CORRELATION) for axis, one in known.items()}
    if first is None:
        return None
    return Pilot(spreads, f"{_source(first, audit, system)}; pairs assumed to correlate by {CORRELATION:g}")


@dataclass(frozen=True)
class _Stored:
    """What is stored of an audit of one version: vectors by axis, and the requests of their concept images, in order."""

    version: str
    vectors: dict[str, AuditVectors]
    requests: list[tuple[str, int | None]]
    n_images: int


def correlation_of(one: _Stored, other: _Stored, axis: str) -> float:
    """That of the values of images of one prompt and seed in two versions, within concepts; in [0, 1)."""
    places = {request: i for i, request in enumerate(other.requests)}
    pairs = [(i, places[request]) for i, request in enumerate(one.requests) if request in places]
    if len(pairs) < FEWEST:
        return CORRELATION
    columns = []
    for stored, at in zip((one, other), zip(*pairs, strict=True), strict=True):
        scores, rows = stored.vectors[axis].scores(), list(at)
        values, concept = (scores.s_img + scores.s_word)[rows], np.asarray(stored.vectors[axis].concept)[rows]
        means = np.bincount(concept, values) / np.maximum(np.bincount(concept), 1)
        columns.append(values - means[concept])
    size = float(np.sqrt((columns[0] ** 2).sum() * (columns[1] ** 2).sum()))
    return float(np.clip(columns[0] @ columns[1] / size, 0.0, 0.99)) if size > 0 else CORRELATION


def _source(stored: _Stored, audit: Audit, system: System) -> str:
    whose = "" if stored.version.startswith(f"{system.name}@") else "another system, "
    return f"spread of {stored.n_images:,} stored images of {whose}{stored.version}, {audit.embedders[0]}"


def _stored(
    con: DuckDBPyConnection, audit: Audit, embedder: str, dim: int, version: str, size: tuple[int, int]
) -> _Stored | None:
    """What is stored of an audit of one version, or None where nothing is embedded."""
    asked, texts = requests(build_plan(audit), version, size), build_texts(audit)
    stored = facts.read_images(con, asked["image_id"].unique(maintain_order=True)).filter(outcome="ok")
    images = asked.join(
        stored.select("image_id", "outcome", "sha256"), on="image_id", how="inner", maintain_order="left"
    )
    texts = texts.filter(pl.col("kind").is_in(["word", "prompt"]))
    text_ids = texts["text_id"].unique(maintain_order=True).to_list()
    embedded = facts.have_vectors(con, embedder, dim, "image", images["sha256"].unique())
    if not embedded or len(facts.have_vectors(con, embedder, dim, "text", text_ids)) < len(text_ids):
        return None
    images = images.filter(pl.col("sha256").is_in(list(embedded)))
    shas = images["sha256"].unique(maintain_order=True).to_list()
    image_vectors = dict(zip(shas, facts.read_vectors(con, embedder, dim, "image", shas), strict=True))
    text_vectors = dict(zip(text_ids, facts.read_vectors(con, embedder, dim, "text", text_ids), strict=True))
    targets = targets_of(audit)
    vectors = np.concatenate([*image_vectors.values(), *text_vectors.values()]).reshape(-1, dim)
    if not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3):
        return (
            None  # damaged vectors tell no spread; the audit's checks name them, and a plan must not come before those
        )
    by_axis = {axis: gather(axis, targets, images, texts, image_vectors, text_vectors) for axis in audit.axes}
    keys = images_of_targets(targets, images).select("prompt_id", "seed").rows()
    return _Stored(version, by_axis, keys, len(shas))


def find_milliseconds(con: DuckDBPyConnection, version: str) -> tuple[float | None, str]:
    """(median wall time of an image, its source) of this version, else of the system's newest other version."""
    name = version.rpartition("@")[0]
    timed = image_facts.timing(con, name, version)
    if timed is None:
        return None, "no image of this system was timed yet"
    return timed.milliseconds, f"median of {timed.n_images:,} images of {timed.system_version}, generation alone"


def duration(seconds: float) -> str:
    """A time in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"
