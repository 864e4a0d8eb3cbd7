"""Which factor did it: recombine one factor at a time where its parts are still at hand, and share the change out.

Each factor is switched alone, first from the version before, and last to the version after; the versions between are real
audits. What is at hand: the folders or repositories of the two systems, as long as they still give the identities that were
audited. What was measured under other packages, code or machines cannot be recombined here, and is listed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

import polars as pl

from mcas_assets.compare.factors import Factor, identity_factors
from mcas_assets.compare.pairing import REQUEST, neutral_places
from mcas_assets.compare.scores import task_of
from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import Audit, targets_of
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.measure.vectors import gather, read_all_vectors
from mcas_assets.scoring.changes.attribution import Part, asked_concepts, attribute
from mcas_assets.scoring.changes.pairs import Pairs
from mcas_assets.store.database import Store
from mcas_assets.store.schema import frame_schema
from mcas_assets.systems.protocol import System
from mcas_assets.systems.recombine import SETTINGS, recombine, with_scheduler

WEIGHTS, SCHEDULER, SIZE, SAFETY = "weights", "scheduler", "size", "safety_checker"
_OF_THE_WEIGHTS = ("weights", "adapters", "single_file", "pipeline", "kind", "variant")


@dataclass(frozen=True)
class Version:
    """One of the two versions, and where its parts are.

    Attributes:
        key: The system version.
        document: Its identity document.
        system: The system, as it can be loaded, or None.
        source: The declared name or folder that its weights are loaded from.
        reason: Why there is no system, or None.
    """

    key: str
    document: Mapping[str, Any]
    system: System | None
    source: str
    reason: str | None


@dataclass(frozen=True)
class Recombination:
    """What is to be audited, and which factors it tells.

    Attributes:
        factors: The factors that can be recombined, in order.
        systems: The versions between: for each (factor, 'first' or 'last'), the system; None for the version itself.
        not_recombined: What differs and cannot be recombined: (factor, why).
    """

    factors: tuple[str, ...]
    systems: dict[tuple[str, str], System]
    not_recombined: list[tuple[str, str]] = field(default_factory=list)

    def keys(self, known: Sequence[str]) -> dict[tuple[str, str], str]:
        """The system version that each of `systems` is, or one of `known` that is the same under another name."""
        same = {version.rpartition("@")[2]: version for version in known}
        found = {where: system.identity().version for where, system in self.systems.items()}
        return {where: same.get(version.rpartition("@")[2], version) for where, version in found.items()}


def locate(key: str, document: Mapping[str, Any], source: str | Path | None, cache: Path | None) -> Version:
    """Find the parts of an audited version: by its name in `data/systems.yaml`, or where the caller says that they are."""
    where = str(source or key.rpartition("@")[0])
    try:
        system = recombine(where, document, key.rpartition("@")[0], cache=cache)
        now = system.identity().version
    except BadInput as problem:
        return Version(key, document, None, where, f"the parts of {key} cannot be loaded: {problem}")
    if now != key:
        return Version(key, document, None, where, f"{where} does not hold the weights of {key} any more (it is {now})")
    return Version(key, document, system, where, None)


def plan_recombination(
    before: Version, after: Version, others: Sequence[Factor], home: Path, cache: Path | None = None
) -> Recombination:
    """Which versions between the two can be drawn.

    Args:
        before: The earlier version.
        after: The later one.
        others: What differs besides their identities.
        home: Where folders of links are made.
        cache: File that remembers the digests of large files.
    """
    factors = list(dict.fromkeys(_factor(one) for one in identity_factors(before.document, after.document)))
    not_recombined = [(f"{one.kind}: {one.factor}", f"{one.before} ▶ {one.after}") for one in others]
    systems, usable = {}, []
    for factor in factors:
        reasons = []
        for order in ("first", "last") if len(factors) > 1 else ():
            chosen = {name: (name == factor) == (order == "first") for name in factors}
            try:
                systems[factor, order] = _mixed(chosen, before, after, home, cache)
            except BadInput as problem:
                reasons.append(str(problem))
        if len(factors) == 1 or len(reasons) < 2:
            usable.append(factor)
        else:
            not_recombined.append((factor, reasons[0]))
    return Recombination(tuple(usable), systems, not_recombined)


def _factor(one: Factor) -> str:
    if one.factor in _OF_THE_WEIGHTS:
        return WEIGHTS
    return SIZE if one.factor in ("width", "height") else one.factor


def _mixed(chosen: Mapping[str, bool], before: Version, after: Version, home: Path, cache: Path | None) -> System:
    """The system that has the factors of `chosen` that are true from the later version, the others from the earlier.

    Raises:
        BadInput: The weights that it needs are not at hand, or it does not take the settings.
    """
    holder = after if chosen.get(WEIGHTS, True) else before
    if WEIGHTS not in chosen:
        holder = after if after.system is not None else before
    if holder.system is None:
        raise BadInput(holder.key, str(holder.reason), "Say where they are with --before-from or --after-from")
    document = dict(holder.document)
    keys = {name: ("width", "height") if name == SIZE else (name,) for name in chosen}
    arguments = dict(holder.document.get("arguments") or {})
    for name, is_after in chosen.items():
        theirs = (after if is_after else before).document
        for key in keys[name]:
            if key in SETTINGS or key == SAFETY:
                document[key] = theirs.get(key)
            elif key not in (*_OF_THE_WEIGHTS, SCHEDULER):
                arguments = _with(arguments, key, theirs.get("arguments") or {})
    document["arguments"] = arguments
    source: str | Path = holder.source
    if SCHEDULER in chosen:
        other = after if chosen[SCHEDULER] else before
        if other is not holder:
            if other.system is None:
                raise BadInput(other.key, str(other.reason), "Say where it is with --before-from or --after-from")
            source = with_scheduler(holder.system, other.system, home)
    draft = recombine(source, document, "replay", cache=cache)
    return recombine(source, document, f"replay-{draft.identity().digest[:6]}", cache=cache)


def _with(arguments: dict[str, Any], key: str, theirs: Mapping[str, Any]) -> dict[str, Any]:
    rest = {name: kept for name, kept in arguments.items() if name != key}
    return rest | {key: theirs[key]} if key in theirs else rest


def measure(
    store: Store,
    audit: Audit,
    pair: tuple[str, str],
    recombination: Recombination,
    keys: Mapping[tuple[str, str], str],
    images: Mapping[str, pl.DataFrame],
    texts: pl.DataFrame,
    embedders: list[Embedder],
) -> pl.DataFrame:
    """Share the change out.

    Args:
        store: Where vectors are.
        audit: The declaration.
        pair: The two versions.
        recombination: What was recombined.
        keys: The audited version that each of its systems is.
        images: Rows of `images` of each version by its key.
        texts: Rows of `texts`.
        embedders: The panel; none is loaded.

    Returns:
        One row for each axis, embedder, factor and concept, and one for each factor without a concept: its share.
    """
    before, after = pair
    frames = common(audit, images)
    rows = []
    for embedder in embedders:
        shown, said = read_all_vectors(store, embedder, pl.concat(list(frames.values())), texts)
        for axis in audit.axes:
            vectors = {key: gather(axis, targets_of(audit), frame, texts, shown, said) for key, frame in frames.items()}
            base = pl.Series(neutral_places(audit), dtype=pl.Int64).to_numpy()
            total = Pairs(vectors[before], vectors[after], base)
            weighted = {}
            for factor in recombination.factors:
                steps = _steps(factor, before, after, keys)
                weighted[factor] = [(1 / len(steps), Pairs(vectors[old], vectors[new], base)) for old, new in steps]
            found = attribute(total, weighted, task_of(audit, vectors[before]))
            where = {"system": after.rpartition("@")[0], "system_version": after, "before": before, "after": after,
                     "audit": audit.audit, "axis": axis, "embedder": embedder.name}  # fmt: skip
            rows += _rows(where, audit, asked_concepts(total), found)
    return pl.DataFrame(rows, schema=frame_schema("attributions"))


def _steps(factor: str, before: str, after: str, keys: Mapping[tuple[str, str], str]) -> list[tuple[str, str]]:
    """The pairs of versions between which only this factor differs."""
    if not keys:
        return [(before, after)]
    steps = [(before, keys[factor, "first"])] if (factor, "first") in keys else []
    return [*steps, *([(keys[factor, "last"], after)] if (factor, "last") in keys else [])]


def common(audit: Audit, images: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Of each version the images that all delivered for the same request, in one order."""
    delivered = {key: frame.filter(outcome="ok") for key, frame in images.items()}
    asked = {concept for _, concept, _ in targets_of(audit)}
    wanted = pl.col("concept").is_in(list(asked)) | pl.col("axis").is_in(list(audit.axes))
    keys = [frame.filter(wanted).select(REQUEST) for frame in delivered.values()]
    both = reduce(
        lambda one, other: one.join(other, on=REQUEST, how="semi", nulls_equal=True, maintain_order="left"), keys
    )
    return {
        key: both.join(frame, on=REQUEST, how="left", nulls_equal=True, maintain_order="left")
        for key, frame in delivered.items()
    }


def _rows(where: dict, audit: Audit, asked: list[int], found: Mapping[str, Part]) -> list[dict]:
    targets = targets_of(audit)
    rows = []
    for factor, part in found.items():
        whole = {"concept": None, "factor": factor, "share": part.share, "share_low": part.low, "share_high": part.high}
        rows.append({**where, **whole, "reason": None if part.share is not None else "no change beyond chance"})
        for c, one in zip(asked, part.effects, strict=True):
            rows.append({
                **where, "concept": targets[c][1], "factor": factor, "effect": one.difference, "low": one.low,
                "high": one.high, "p_value": one.p_value, "q_value": one.q_value, "reason": one.reason,
            })  # fmt: skip
    return rows
