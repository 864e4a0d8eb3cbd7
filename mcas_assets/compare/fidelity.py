"""Whether a change broke the pictures: alignment and diversity of two versions, paired by prompt and seed."""

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from mcas_assets.compare.pairing import Pairing
from mcas_assets.declare.audit import Audit, targets_of
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.measure.fidelity import FEW_CONCEPTS, align_images, stacked
from mcas_assets.measure.vectors import Vectors, read_all_vectors
from mcas_assets.scoring.changes.changes import Comparison, blank
from mcas_assets.scoring.changes.comparison import judge, not_judged
from mcas_assets.scoring.changes.paired_shares import paired_share, paired_table
from mcas_assets.scoring.fidelity.diversity import similarity
from mcas_assets.scoring.fidelity.means import mean_change
from mcas_assets.scoring.shares.refusals import FEWEST_PROMPTS
from mcas_assets.store.database import Store
from mcas_assets.store.schema import frame_schema

MEASURES = ("alignment", "first_share", "similarity")
_ENDS = ("difference", "low", "high", "p_value", "q_value", "minimum_detectable", "verdict", "reason")

Change = tuple[Comparison, float | None, float | None]
"""A change, with the values before and after."""


def compare_fidelity(
    store: Store,
    audit: Audit,
    about: Mapping[str, object],
    pairing: Pairing,
    texts: pl.DataFrame,
    embedders: list[Embedder],
    lacking: Mapping[str, str],
) -> pl.DataFrame:
    """The rows of table `fidelity_comparisons` of one pair of versions.

    Pairs of later rounds are left out: they were drawn where the first ones pointed.

    Args:
        store: Where vectors are.
        audit: The declaration.
        about: system, system_version, before, after, is_predecessor, audit.
        pairing: The images of the two versions.
        texts: Rows of `texts`.
        embedders: The panel; none is loaded.
        lacking: By the name of an embedder that a version was not embedded with, the reason to give.
    """
    frames = [frame.filter(~pl.col("is_further")) for frame in (pairing.before, pairing.after)]
    rows = []
    for embedder in embedders:
        why = lacking.get(embedder.name)
        shown, said = ({}, {}) if why else read_all_vectors(store, embedder, pl.concat(frames), texts)
        pair = None if why else [align_images(audit, frame, texts, shown, said) for frame in frames]
        for measure in MEASURES:
            where = {**about, "embedder": embedder.name, "measure": measure}
            rows += _of_measure(audit, where, pair, shown, why)
    return pl.DataFrame(rows, schema=frame_schema("fidelity_comparisons"))


def n_rows(audit: Audit) -> int:
    """How many rows `compare_fidelity` gives."""
    return len(audit.embedders) * len(MEASURES) * (len(targets_of(audit)) + 1)


def _of_measure(
    audit: Audit, where: dict, pair: list[pl.DataFrame] | None, shown: Vectors, why: str | None
) -> list[dict]:
    """A row for each concept and neutral prompt, then one over the concepts."""
    targets = targets_of(audit)
    measures: dict[str, Callable[..., Change]] = {
        "alignment": _alignment,
        "first_share": _first,
        "similarity": _similarity,
    }
    found: list[tuple[dict, Change]] = []
    for category, concept, _ in targets:
        of = None if pair is None else [frame.filter(concept=concept) for frame in pair]
        n_pairs = 0 if of is None else len(of[0])
        change: Change = (blank(n_pairs, why), None, None)
        if of is not None and where["measure"] == "first_share" and category == "neutral":
            change = (blank(n_pairs, "a neutral prompt is held against no concept"), None, None)
        elif of is not None:
            change = measures[where["measure"]](audit, of[0], of[1], shown)
        found.append(({"category": category, "concept": concept, "n_pairs": n_pairs}, change))
    asked = [(about, change) for about, change in found if about["category"] != "neutral"]
    judged = iter(judge([change[0] for _, change in asked], audit.inference.level, None))
    whole, total = _over_all([change for _, change in asked], audit, why), sum(about["n_pairs"] for about, _ in asked)
    rows = [
        _row(where | about, not_judged(one) if about["category"] == "neutral" else next(judged), before, after)
        for about, (one, before, after) in found
    ]
    (over_all,) = judge([whole[0]], audit.inference.level, None)
    return [*rows, _row(where | {"category": None, "concept": None, "n_pairs": total}, over_all, *whole[1:])]


def _row(where: dict, one: Comparison, before: float | None, after: float | None) -> dict:
    return where | {"value_before": before, "value_after": after} | {name: getattr(one, name) for name in _ENDS}


def _alignment(audit: Audit, old: pl.DataFrame, new: pl.DataFrame, _: Vectors) -> Change:
    before, after = old["cosine"].to_numpy(), new["cosine"].to_numpy()
    change = mean_change(after - before, level=audit.inference.level, family=len(audit.concepts))
    return change, _mean(before), _mean(after)


def _first(audit: Audit, old: pl.DataFrame, new: pl.DataFrame, _: Vectors) -> Change:
    before, after = (one["is_first"].cast(pl.Boolean).to_numpy().astype(np.bool_) for one in (old, new))
    change = paired_share(paired_table(before, after), level=audit.inference.level, family=len(audit.concepts))
    return change, _mean(before), _mean(after)


def _similarity(audit: Audit, old: pl.DataFrame, new: pl.DataFrame, shown: Vectors) -> Change:
    if len(old) < 2:
        return blank(len(old), "fewer than two pairs"), None, None
    before, after = (similarity(stacked(shown, one["sha256"])) for one in (old, new))
    # The pseudo-values of a pair belong together; their mean is the statistic less its bias, which is taken off neither.
    apart = after.pseudo - before.pseudo
    apart = apart - apart.mean() + after.value - before.value
    change = mean_change(apart, level=audit.inference.level, family=len(audit.concepts))
    return change, before.value, after.value


def _over_all(changes: list[Change], audit: Audit, why: str | None) -> Change:
    """The mean over concepts, each as much as another; the concept is the unit."""
    known = [(before, after) for one, before, after in changes if one.difference is not None and before is not None]
    if not known:
        return blank(0, why or "no concept has pairs"), None, None
    values = np.array(known, dtype=np.float64)
    change = mean_change(
        values[:, 1] - values[:, 0], level=audit.inference.level, fewest=FEWEST_PROMPTS, few=FEW_CONCEPTS
    )
    return change, float(values[:, 0].mean()), float(values[:, 1].mean())


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None
