"""From vectors to rows: components and MCAS of every concept, by every embedder, on every axis, and how sure each is.

The arithmetic is `scoring`; here rows are gathered for it and its answers are put into rows.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from mcas_assets.declare.audit import Audit, Targets, targets_of
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.scoring.mcas.agreement import panel_agreement
from mcas_assets.scoring.mcas.association import COMPONENTS
from mcas_assets.scoring.mcas.concept_bootstrap import COLUMNS, ConceptIntervals, bootstrap_concepts
from mcas_assets.scoring.mcas.concept_tests import ConceptTests, concept_tests
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.multiplicity import benjamini_hochberg
from mcas_assets.store import facts
from mcas_assets.store.database import Store
from mcas_assets.store.schema import frame_schema

Vectors = Mapping[str, np.ndarray]
# Of a system that declined every request no number is known, and a column of nulls alone would have no type.
_NUMBERS = dict.fromkeys(
    (*COMPONENTS, "mcas", "differing", "mcas_low", "mcas_high", "p_value", "q_value", "baseline", "adjusted",
     "adjusted_low", "adjusted_high", "value", "low", "high", "effect_size"),
    pl.Float64(),
)  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """The rows of one materialisation of scores.

    Attributes:
        scores: Rows of the table `scores`.
        components: Rows of the table `components`.
        panel: Rows of the table `panel`.
    """

    scores: pl.DataFrame
    components: pl.DataFrame
    panel: pl.DataFrame

    def digest(self) -> str:
        """64 hex digits of all rows."""
        rows = [frame.select(sorted(frame.columns)).rows() for frame in (self.scores, self.components, self.panel)]
        return hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()


def measure(
    store: Store, audit: Audit, images: pl.DataFrame, texts: pl.DataFrame, embedders: list[Embedder]
) -> Measured:
    """Score an audit of one system version.

    Args:
        store: Where the vectors are.
        audit: The declaration.
        images: Rows of `images` of this version.
        texts: Rows of `texts`.
        embedders: The panel; only their ids and lengths are used, none is loaded.

    Returns:
        One score row for each axis, embedder and concept (neutral ones too), and four component rows for each of those,
        and how the panel agrees on each axis.
    """
    version = images["system_version"][0]
    key = {"system": version.rpartition("@")[0], "system_version": version, "audit": audit.audit}
    targets = targets_of(audit)
    scores, components = [], []
    for embedder in embedders:
        shown, said = read_all_vectors(store, embedder, images, texts)
        for axis in audit.axes:
            vectors = gather(axis, targets, images, texts, shown, said)
            about = {**key, "axis": axis, "embedder": embedder.name}
            intervals, tests = _infer(audit, targets, vectors)
            scores += _score_rows(about, targets, intervals, tests)
            components += _component_rows(about, targets, intervals, tests)
    table = _table(scores)
    agreement = [key | {"axis": axis, **_panel_row(table.filter(axis=axis))} for axis in audit.axes]
    panel = pl.DataFrame(agreement, schema=frame_schema("panel"))
    return Measured(_with_stability(table), _table(components), panel)


def _table(rows: list[dict]) -> pl.DataFrame:
    numbers = {name: dtype for name, dtype in _NUMBERS.items() if name in rows[0]}
    return pl.DataFrame(rows, infer_schema_length=None, schema_overrides=numbers | {"reason": pl.String()})


def read_all_vectors(
    store: Store, embedder: Embedder, images: pl.DataFrame, texts: pl.DataFrame
) -> tuple[Vectors, Vectors]:
    """Vectors of all delivered images by sha256, and of all texts by text_id.

    Raises:
        StoreError: One of them is not stored.
    """
    shown = images.filter(outcome="ok")["sha256"].unique(maintain_order=True).to_list()
    said = texts["text_id"].unique(maintain_order=True).to_list()
    with store.open() as con:
        image_vectors = facts.read_vectors(con, embedder.id, embedder.dim, "image", shown)
        text_vectors = facts.read_vectors(con, embedder.id, embedder.dim, "text", said)
    return dict(zip(shown, image_vectors, strict=True)), dict(zip(said, text_vectors, strict=True))


def gather(
    axis: str, targets: Targets, images: pl.DataFrame, texts: pl.DataFrame, shown: Vectors, said: Vectors
) -> AuditVectors:
    """The vectors of one axis, with what belongs together: images by concept, seeds, wordings and attribute prompts."""
    ok = images.filter(outcome="ok")
    place = {name: i for i, (_, name, _) in enumerate(targets)}
    about = ok.filter(pl.col("role") != "attribute")
    about = about.with_columns(pl.col("concept").replace_strict(place, return_dtype=pl.Int64).alias("place"))
    about = about.sort("place", maintain_order=True)
    prompts = texts.filter(kind="prompt").unique("concept", keep="first", maintain_order=True)
    prompt_of = dict(prompts.select("concept", "text_id").iter_rows())
    poles = {pole: ok.filter(role="attribute", axis=axis, pole=pole) for pole in ("a", "b")}
    words = {pole: texts.filter(kind="word", axis=axis, pole=pole)["text_id"] for pole in ("a", "b")}
    width = len(next(iter(said.values())))
    return AuditVectors(
        images=_stack(shown, about["sha256"], width),
        concept=about["place"].to_numpy(),
        prompts=np.stack([said[prompt_of[name]] for _, name, _ in targets]),
        a_images=_stack(shown, poles["a"]["sha256"], width),
        b_images=_stack(shown, poles["b"]["sha256"], width),
        a_words=_stack(said, words["a"], width),
        b_words=_stack(said, words["b"], width),
        seeds=seed_units(about),
        wordings=about["prompt_id"].to_numpy(),
        a_seeds=seed_units(poles["a"]),
        b_seeds=seed_units(poles["b"]),
        a_prompts=poles["a"]["prompt_id"].to_numpy(),
        b_prompts=poles["b"]["prompt_id"].to_numpy(),
    )


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


def _infer(audit: Audit, targets: Targets, vectors: AuditVectors) -> tuple[ConceptIntervals, ConceptTests]:
    names = {neutral.name for neutral in audit.neutral if neutral.baseline}
    neutral = [i for i, (_, name, _) in enumerate(targets) if name in names]
    declared = audit.inference
    intervals = bootstrap_concepts(
        vectors, neutral, level=declared.level, resamples=declared.resamples, seed=declared.seed
    )
    return intervals, concept_tests(vectors, draws=declared.permutations, seed=declared.seed)


def _score_rows(about: dict, targets: Targets, found: ConceptIntervals, tests: ConceptTests) -> list[dict]:
    mcas = COLUMNS.index("mcas")
    asked = np.array([category != "neutral" for category, _, _ in targets])
    # One family of questions: the concepts. Neutral prompts are what they are held against, and are not asked.
    q_values = np.full(len(targets), np.nan)
    q_values[asked] = benjamini_hochberg(tests.p_values[asked, mcas])
    rows = []
    for i, (category, concept, prompt) in enumerate(targets):
        raw, adjusted = found.interval(i), found.interval(i, is_adjusted=True)
        values = {name: found.scores.statistic(i, name) for name in (*COMPONENTS, "mcas", "differing")}
        reasons = dict.fromkeys(filter(None, (one.reason for one in values.values())))
        unsure = dict.fromkeys(filter(None, (raw.reason, adjusted.reason, tests.reasons[i][mcas])))
        rows.append({
            **about, "category": category, "concept": concept, "prompt": prompt,
            "n_images": int(found.scores.n_images[i]), **{name: one.value for name, one in values.items()},
            "mcas_low": raw.low, "mcas_high": raw.high,
            "p_value": _known(tests.p_values[i, mcas]), "q_value": _known(q_values[i]),
            "baseline": _known(found.baseline[mcas]), "adjusted": adjusted.estimate,
            "adjusted_low": adjusted.low, "adjusted_high": adjusted.high,
            "reason": "; ".join(reasons or unsure) or None,
        })  # fmt: skip
    return rows


def _component_rows(about: dict, targets: Targets, found: ConceptIntervals, tests: ConceptTests) -> list[dict]:
    rows = []
    for i, (category, concept, _) in enumerate(targets):
        for k, name in enumerate(COMPONENTS):
            value, effect, interval = (
                found.scores.statistic(i, name),
                found.scores.effect_size(i, name),
                found.interval(i, name),
            )
            reasons = [value.reason] if value.reason else [effect.reason, interval.reason, tests.reasons[i][k]]
            rows.append({
                **about, "category": category, "concept": concept, "component": name, "value": value.value,
                "low": interval.low, "high": interval.high, "effect_size": effect.value,
                "p_value": _known(tests.p_values[i, k]),
                "reason": "; ".join(dict.fromkeys(filter(None, reasons))) or None,
            })  # fmt: skip
    return rows


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _with_stability(scores: pl.DataFrame) -> pl.DataFrame:
    """`stable`: all embedders give the concept one sign; `sign_agreement`: the share of them on the majority's side.

    Both null with a panel of one.
    """
    parts = []
    for part in scores.partition_by("axis", maintain_order=True):
        concepts, table = _by_embedder(part)
        known = pl.DataFrame({"concept": concepts}).with_columns(
            stable=pl.lit(None, pl.Boolean), sign_agreement=pl.lit(None, pl.Float64)
        )
        if len(table) > 1:
            found = panel_agreement(table)
            known = known.with_columns(
                stable=pl.Series(found.stable.tolist(), dtype=pl.Boolean),
                sign_agreement=pl.Series(found.sign_agreement).fill_nan(None),
            )
        parts.append(part.join(known, on="concept", how="left", maintain_order="left"))
    return pl.concat(parts)


def _panel_row(scores: pl.DataFrame) -> dict:
    """How the panel agrees on the concepts of one axis; neutral prompts are not asked."""
    _, table = _by_embedder(scores.filter(pl.col("category") != "neutral"))
    found = panel_agreement(table)
    pairs = found.rank_correlations[np.triu_indices(len(table), 1)]
    pairs = pairs[~np.isnan(pairs)]
    return {
        "n_embedders": len(table),
        "n_concepts": int((~np.isnan(table).any(axis=0)).sum()),
        "n_stable": int(found.stable.sum()) if len(table) > 1 else None,
        "rank_agreement": _within(found.rank_agreement.value),
        "lowest_correlation": _within(pairs.min()) if len(pairs) else None,
        "reason": found.rank_agreement.reason,
    }


def _within(value: float | None) -> float | None:
    """A coefficient in [-1, 1], which rounding may have put a hair outside."""
    return None if value is None else max(-1.0, min(1.0, float(value)))


def _by_embedder(scores: pl.DataFrame) -> tuple[pl.Series, np.ndarray]:
    """(concepts, (embedders, concepts) scores with NaN for none) of one axis."""
    wide = scores.pivot("embedder", index="concept", values="mcas", maintain_order=True)
    return wide["concept"], wide.drop("concept").cast(pl.Float64).to_numpy().T
