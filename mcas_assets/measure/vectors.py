"""The vectors of an audit as the numerics take them: from the store, by axis and embedder, with what belongs together."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from mcas_assets.declare.audit import Targets
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.store import facts
from mcas_assets.store.database import Store

Vectors = Mapping[str, np.ndarray]


def read_all_vectors(
    store: Store, embedder: Embedder, images: pl.DataFrame, texts: pl.DataFrame
) -> tuple[Vectors, Vectors]:
    """Vectors of all delivered images by sha256, and of all texts by text_id.

    Raises:
        StoreError: One of them is not stored.
    """
    image_ids = images.filter(outcome="ok")["sha256"].unique(maintain_order=True).to_list()
    text_ids = texts["text_id"].unique(maintain_order=True).to_list()
    with store.open() as con:
        image_vectors = facts.read_vectors(con, embedder.id, embedder.dim, "image", image_ids)
        text_vectors = facts.read_vectors(con, embedder.id, embedder.dim, "text", text_ids)
    return dict(zip(image_ids, image_vectors, strict=True)), dict(zip(text_ids, text_vectors, strict=True))


def gather(
    axis: str,
    targets: Targets,
    images: pl.DataFrame,
    texts: pl.DataFrame,
    image_vectors: Vectors,
    text_vectors: Vectors,
    labels: Mapping[str, int] | None = None,
    wordings: Mapping[str, str] | None = None,
) -> AuditVectors:
    """The vectors of one axis, with what belongs together: images by concept, seeds, wordings and attribute prompts.

    `labels` says by sha256 which of two groups an image shows, 0 or 1, or -1; None leaves labels out. `wordings` says by prompt
    which wording it is of, where concepts share some; None makes a wording of each prompt.
    """
    ok = images.filter(outcome="ok")
    about = images_of_targets(targets, images)
    of_wordings = _texts(targets, about, texts, text_vectors, dict(wordings or {}))
    poles = {pole: ok.filter(role="attribute", axis=axis, pole=pole) for pole in ("a", "b")}
    words = {pole: texts.filter(kind="word", axis=axis, pole=pole)["text_id"] for pole in ("a", "b")}
    width = len(next(iter(text_vectors.values())))
    return AuditVectors(
        images=_stack(image_vectors, about["sha256"], width),
        concept=about["place"].to_numpy(),
        **of_wordings,
        a_images=_stack(image_vectors, poles["a"]["sha256"], width),
        b_images=_stack(image_vectors, poles["b"]["sha256"], width),
        a_words=_stack(text_vectors, words["a"], width),
        b_words=_stack(text_vectors, words["b"], width),
        seeds=seed_units(about),
        wordings=about["prompt"].replace(dict(wordings or {})).to_numpy(),
        a_seeds=seed_units(poles["a"]),
        b_seeds=seed_units(poles["b"]),
        a_prompts=poles["a"]["prompt_id"].to_numpy(),
        b_prompts=poles["b"]["prompt_id"].to_numpy(),
        labels=None if labels is None else np.array([labels[sha] for sha in about["sha256"]], dtype=np.int64),
    )


def _texts(
    targets: Targets, about: pl.DataFrame, texts: pl.DataFrame, text_vectors: Vectors, wordings: Mapping[str, str]
) -> dict[str, np.ndarray]:
    """The text prompt of each concept; of several wordings their mean, over those that gave an image, with each of them."""
    with_images = set(about.select("concept", "prompt").rows())
    asked = texts.filter(kind="prompt").unique(["concept", "text_id"], keep="first", maintain_order=True)
    of: dict[str, list[tuple[str, str]]] = {}
    for concept, raw, text_id in asked.select("concept", "raw", "text_id").iter_rows():
        of.setdefault(concept, []).append((raw, text_id))
    of_targets = [[one for one in of[name] if (name, one[0]) in with_images] or of[name] for _, name, _ in targets]
    if max(map(len, of_targets), default=1) < 2:
        return {"prompts": np.stack([text_vectors[one[0][1]] for one in of_targets])}
    rows = [(place, raw, text_id) for place, own in enumerate(of_targets) for raw, text_id in own]
    return {
        "prompts": np.stack([np.mean([text_vectors[text_id] for _, text_id in own], axis=0) for own in of_targets]),
        "texts": np.stack([text_vectors[text_id] for _, _, text_id in rows]),
        "text_concept": np.array([place for place, _, _ in rows], dtype=np.int64),
        "text_wording": np.array([wordings.get(raw, raw) for _, raw, _ in rows]),
    }


def images_of_targets(targets: Targets, images: pl.DataFrame) -> pl.DataFrame:
    """The delivered images of concepts with their `place` among the targets, in the order of the rows of `gather`."""
    place = {name: i for i, (_, name, _) in enumerate(targets)}
    about = images.filter(pl.col("role") != "attribute", outcome="ok")
    about = about.with_columns(pl.col("concept").replace_strict(place, return_dtype=pl.Int64).alias("place"))
    return about.sort("place", maintain_order=True)


def seed_units(images: pl.DataFrame) -> np.ndarray:
    """(n,) what images are drawn together by: their seed, or for an image of unknown seed a number of its own.

    The same image in two roles keeps its number. Seeds are below 2**62, such numbers are not.
    """
    if not images["seed"].has_nulls():
        return images["seed"].to_numpy()
    own = [2**62 + int(image[:15], 16) for image in images["image_id"]]
    return images["seed"].fill_null(pl.Series(own, dtype=pl.Int64)).to_numpy()


def _stack(vectors: Vectors, contents: pl.Series, width: int) -> np.ndarray:
    return np.stack([vectors[content] for content in contents]) if len(contents) else np.empty((0, width), np.float32)
