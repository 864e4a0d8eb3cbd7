"""The impact-ratio table: one row for each group, by what is shown and by what is given, and for each pair of groups of two axes.

Labels are as given, without correction for their errors. It is a table in a form that readers of such audits know, of perceived
groups in pictures: no selection of people, and no legal finding.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from mcas_assets.labellers.protocol import name_for_people
from mcas_assets.scoring.shares.impact_ratios import ImpactRatios, four_fifths, given_ratios, shown_ratios

SCHEMA = pl.Schema({
    "system_version": pl.String, "audit": pl.String, "measure": pl.String, "axis": pl.String, "labelled_by": pl.String,
    "concept": pl.String, "group_name": pl.String, "n": pl.Int64, "n_of": pl.Int64, "rate": pl.Float64,
    "impact_ratio": pl.Float64, "ratio_low": pl.Float64, "ratio_high": pl.Float64, "four_fifths": pl.String,
    "left_out": pl.String,
})  # fmt: skip

NOTE = (
    "Impact ratios in the form of New York City's Local Law 144 (6 RCNY 5-301): a rate by the highest rate, by group and by pair "
    "of groups of two axes. What is rated is pictures: the part of a concept's images that show a perceived group (shown), the "
    "part of requests naming a group that were not refused (given). Nobody is selected or hired here, groups are what a labeller "
    "sees, and what a rate ought to be is not known from pictures. This is no bias audit under that law, and no legal finding. "
    "four_fifths says on which side of 0.8 the whole interval of a ratio lies. A group of less than 2 % is left out, as "
    "the rule allows, with its number: of a group that is hardly ever shown, see is_erased in the table amplification."
)
"""What must stand beside the table."""


def impact_ratios(
    representation: pl.DataFrame, refusals: pl.DataFrame, intersections: pl.DataFrame, level: float
) -> pl.DataFrame:
    """The table, of the columns of `SCHEMA`.

    Args:
        representation: Rows of that table of one audit and version.
        refusals: The same.
        intersections: The same; its ratios are taken over.
        level: Nominal coverage of intervals.
    """
    rows = [*_shown(representation, level), *_given(refusals, level), *_of_pairs(intersections)]
    return pl.DataFrame(rows, schema=SCHEMA)


def _shown(representation: pl.DataFrame, level: float) -> Iterator[dict]:
    keys = ["system_version", "audit", "axis", "labels", "embedder", "concept"]
    for part in representation.partition_by(keys, maintain_order=True):
        counts = part["n_group"].to_numpy()
        about = part.select("system_version", "audit", "axis", "concept").row(0, named=True)
        about |= {"measure": "shown", "labelled_by": name_for_people(part["labels"][0], part["embedder"][0])}
        found = shown_ratios(counts, level=level)
        yield from _rows(about, part["group_name"], counts, np.full(len(counts), counts.sum()), found)


def _given(refusals: pl.DataFrame, level: float) -> Iterator[dict]:
    of_groups = refusals.filter(scope="group")
    for part in of_groups.partition_by("system_version", "audit", "axis", maintain_order=True):
        given, decided = part["n_given"].to_numpy(), (part["n_given"] + part["n_refused"]).to_numpy()
        about = part.select("system_version", "audit", "axis").row(0, named=True)
        about |= {"measure": "given", "labelled_by": "prompt", "concept": None}
        yield from _rows(about, part["group_name"], given, decided, given_ratios(given, decided, level=level))


def _rows(about: dict, groups: pl.Series, n: np.ndarray, of: np.ndarray, found: ImpactRatios) -> Iterator[dict]:
    for place, group in enumerate(groups):
        numbers = (found.ratio[place], found.low[place], found.high[place])
        yield about | {
            "group_name": group, "n": int(n[place]), "n_of": int(of[place]), "rate": _known(found.rate[place]),
            "impact_ratio": _known(numbers[0]), "ratio_low": _known(numbers[1]), "ratio_high": _known(numbers[2]),
            "four_fifths": four_fifths(*numbers), "left_out": found.reasons[place],
        }  # fmt: skip


def _of_pairs(intersections: pl.DataFrame) -> Iterator[dict]:
    for row in intersections.iter_rows(named=True):
        numbers = [row[name] for name in ("impact_ratio", "ratio_low", "ratio_high")]
        by = dict.fromkeys(
            name_for_people(labels, row["embedder"]) if labels == "zero-shot" else labels
            for labels in (row["labels_1"], row["labels_2"])
        )
        yield {
            "system_version": row["system_version"], "audit": row["audit"], "measure": "shown",
            "axis": f"{row['axis_1']} x {row['axis_2']}", "labelled_by": ", ".join(by), "concept": row["concept"],
            "group_name": f"{row['group_1']}, {row['group_2']}", "n": row["n_cell"], "n_of": row["n_counted"],
            "rate": row["share"], "impact_ratio": numbers[0], "ratio_low": numbers[1], "ratio_high": numbers[2],
            "four_fifths": four_fifths(*(np.nan if one is None else one for one in numbers)), "left_out": row["ratio_reason"],
        }  # fmt: skip


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
