"""The images of two versions, paired by prompt and seed, with an account of those that have no partner."""

from dataclasses import dataclass

import polars as pl

from mcas_assets.declare.audit import Audit, targets_of

REQUEST = ["role", "axis", "pole", "concept", "prompt_id", "seed"]
"""What makes two rows of `images` the same request."""

"""The columns that begin every table of comparisons."""


@dataclass(frozen=True)
class Pairing:
    """The requests of two versions.

    Column `is_further` of images says that they were drawn after the other pairs had been looked at.

    Attributes:
        requests: Every request of either: `REQUEST`, and outcome_before, sha256_before, outcome_after, sha256_after, null
            where a version was not asked.
        before, after: Rows of `images` of each version that both delivered, in one order.
        delivered: Rows of `images` that each version delivered, paired or not.
        dropped: Concepts that did not get all the pairs that a concept could have got, after the first had been looked at.
    """

    requests: pl.DataFrame
    before: pl.DataFrame
    after: pl.DataFrame
    delivered: tuple[pl.DataFrame, pl.DataFrame]
    dropped: frozenset[str] = frozenset()

    def images(self) -> tuple[int, int, int]:
        """(pairs, images of the old version without a partner, of the new one), an image in several roles counted once."""
        sizes = [frame.unique(["prompt_id", "seed"]).height for frame in (self.before, *self.delivered)]
        return sizes[0], sizes[1] - sizes[0], sizes[2] - sizes[0]

    def with_further(self, other: "Pairing") -> "Pairing":
        """These pairs, and further ones."""
        frames = [
            pl.concat([own, added.with_columns(is_further=pl.lit(True))])
            for own, added in (
                (self.before, other.before), (self.after, other.after),
                *zip(self.delivered, other.delivered, strict=True),
            )
        ]  # fmt: skip
        requests = pl.concat([self.requests, other.requests])
        return Pairing(requests, frames[0], frames[1], (frames[2], frames[3]))


def pair(audit: Audit, before: pl.DataFrame, after: pl.DataFrame) -> Pairing:
    """Pair the rows of `images` of two versions by prompt, seed and role.

    Args:
        audit: Only what it asks now is paired.
        before: Of the old version.
        after: Of the new one.
    """
    asked = {concept for _, concept, _ in targets_of(audit)}
    is_asked = pl.when(pl.col("role") == "attribute").then(pl.col("axis").is_in(list(audit.axes))).otherwise(
        pl.col("concept").is_in(list(asked))
    )  # fmt: skip
    old, new = (frame.filter(is_asked).with_columns(is_further=pl.lit(False)) for frame in (before, after))
    told = [
        frame.select(*REQUEST, pl.col("outcome").alias(f"outcome_{when}"), pl.col("sha256").alias(f"sha256_{when}"))
        for frame, when in ((old, "before"), (new, "after"))
    ]
    requests = told[0].join(
        told[1], on=REQUEST, how="full", nulls_equal=True, coalesce=True, maintain_order="left_right"
    )
    both = requests.filter(pl.col("outcome_before") == "ok", pl.col("outcome_after") == "ok").select(REQUEST)
    kept = [
        both.join(frame.filter(outcome="ok"), on=REQUEST, how="left", nulls_equal=True, maintain_order="left")
        for frame in (old, new)
    ]
    return Pairing(requests, kept[0], kept[1], (old.filter(outcome="ok"), new.filter(outcome="ok")))


def neutral_places(audit: Audit) -> list[int]:
    """Places of the neutral prompts that make the baseline, among `targets_of`."""
    names = {neutral.name for neutral in audit.neutral if neutral.baseline}
    return [i for i, (category, name, _) in enumerate(targets_of(audit)) if category == "neutral" and name in names]
