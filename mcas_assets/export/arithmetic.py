"""Numbers of evidence that follow from its rows, computed again: sums, counts, shares, intervals, q-values, scores from vectors.

What rests on resampling (intervals of scores, their p-values, corrected shares) is not drawn again: `mcas redraw` and `mcas audit`
in a home do that. Here nothing is loaded but tables.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from mcas_assets.core.outcomes import OURS
from mcas_assets.declare.audit import Audit, targets_of, wordings_of
from mcas_assets.export.impact_ratios import impact_ratios
from mcas_assets.measure.vectors import gather
from mcas_assets.scoring.mcas.association import COMPONENTS
from mcas_assets.scoring.shares.representation import wilson_interval
from mcas_assets.scoring.stats.multiplicity import benjamini_hochberg
from mcas_assets.store.schema import frame_schema

Tables = Mapping[str, pl.DataFrame]

TOLERANCE = 1e-9
"""Of numbers that are added up again from the same rows."""

TOLERANCE_OF_VECTORS = 1e-5
"""Of scores from vectors in single precision, whose sums other processors round otherwise."""


def disagreements(tables: Tables, audit: Audit | None, vectors: Mapping[str, pl.DataFrame]) -> Iterator[str]:
    """What does not follow, in words, with the table, the row and both numbers.

    Args:
        tables: The tables of one audit and version by name; what is not among them is not checked.
        audit: The declaration; without it nothing is checked that rests on it.
        vectors: Rows `kind, content, vector` of the embedders by their names.

    Raises:
        polars.exceptions.PolarsError: A table is not of the columns that it must have.
    """
    level = audit.inference.level if audit else 0.95
    for table, checks in _SUMS.items():
        if table in tables:
            for column, expected in checks.items():
                yield from _compare(table, tables[table], column, tables[table].select(expected).to_series())
    for check in (_components, _counts, _labels, _q_values):
        yield from check(tables)
    yield from _intervals(tables, level)
    yield from _ratios(tables, level)
    if audit is not None:
        for embedder, rows in vectors.items():
            yield from _scores(tables, audit, embedder, rows)


def checked(tables: Tables, vectors: Mapping[str, pl.DataFrame], audit: Audit | None) -> str:
    """What `disagreements` can look at, in words."""
    parts = [f"{sum(map(len, tables.values())):,} rows of {len(tables)} tables"]
    if vectors and audit is not None:
        parts.append(f"scores from the vectors of {', '.join(sorted(vectors))}")
    return ", ".join(parts)


def _of(name: str) -> pl.Expr:
    return pl.col(name)


_SUMS: Mapping[str, Mapping[str, pl.Expr]] = {
    "scores": {
        "mcas": pl.sum_horizontal(*COMPONENTS, ignore_nulls=False),
        "differing": pl.sum_horizontal(*COMPONENTS[:3], ignore_nulls=False),
        "adjusted": _of("mcas") - _of("baseline"),
        "parity_adjusted": _of("mcas") - _of("parity"),
        "share_equivalent": _of("adjusted") / _of("gap"),
    },
    "representation": {
        "n_requested": _of("n_counted") + _of("n_abstained") + _of("n_missing"),
        "share": pl.when(_of("n_counted") > 0).then(_of("n_group") / _of("n_counted")),
    },
    "confusion": {"rate": pl.when(_of("n_known") > 0).then(_of("n_images") / _of("n_known"))},
    "people_confusion": {"rate": pl.when(_of("n_known") > 0).then(_of("n_images") / _of("n_known"))},
    "amplification": {"difference": _of("share") - _of("reference")},
    "refusals": {
        "n_requested": _of("n_given") + _of("n_refused") + _of("n_lost"),
        "rate": pl.when(_of("n_given") + _of("n_refused") > 0).then(_of("n_refused") / (_of("n_given") + _of("n_refused"))),
    },
    "comparisons": {"difference": _of("value_after") - _of("value_before")},
    "divergence": {"excess": _of("value") - _of("floor")},
}  # fmt: skip
"""By table and column, what the column is. Where it is null a reason stands beside it, and nothing is compared."""


def _compare(
    table: str, rows: pl.DataFrame, column: str, expected: pl.Series, tolerance: float = TOLERANCE
) -> Iterator[str]:
    """Rows whose number is another; of those that have one."""
    given = rows[column].cast(pl.Float64)
    away = (given - expected.cast(pl.Float64)).abs()
    is_wrong = given.is_not_null() & ~(away <= tolerance * given.abs().clip(1.0, None)).fill_null(False)
    for place in is_wrong.arg_true():
        yield f"{table}: {column} of {_row(rows, place)} is {given[place]:.6g}, its rows give {_shown(expected[place])}"


def _shown(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"


def _row(rows: pl.DataFrame, place: int) -> str:
    """What tells a row from others, for people: its names."""
    named = (
        "axis",
        "embedder",
        "labels",
        "labelled_by",
        "scope",
        "pole",
        "concept",
        "component",
        "group_name",
        "answer",
        "population",
    )
    values = [str(rows[name][place]) for name in named if name in rows.columns and rows[name][place] is not None]
    return " ".join(values) or f"row {place + 1}"


def _components(tables: Tables) -> Iterator[str]:
    """A component stands in two tables."""
    if not {"scores", "components"} <= set(tables):
        return
    keys = ["axis", "embedder", "concept"]
    wide = tables["scores"].unpivot(list(COMPONENTS), index=keys, variable_name="component", value_name="of_scores")
    both = tables["components"].join(wide, on=[*keys, "component"], how="left", maintain_order="left")
    yield from _compare("components", both, "value", both["of_scores"])


def _counts(tables: Tables) -> Iterator[str]:
    """How many images a score is over: those that were delivered for its concept."""
    if not {"scores", "images"} <= set(tables):
        return
    shown = tables["images"].filter(pl.col("role") != "attribute", outcome="ok")
    counts = shown.group_by("concept").len("n")
    both = tables["scores"].join(counts, on="concept", how="left", maintain_order="left")
    yield from _compare("scores", both, "n_images", both["n"].fill_null(0))


def _labels(tables: Tables) -> Iterator[str]:
    """How many images a share counts: those that the labeller says are of the group."""
    if not {"representation", "images", "image_labels"} <= set(tables):
        return
    keys = ["axis", "labels", "embedder", "concept"]
    shown = tables["images"].filter(pl.col("role") != "attribute", ~pl.col("outcome").is_in(sorted(OURS)))
    said = shown.filter(outcome="ok").select("concept", "sha256").join(tables["image_labels"], on="sha256")
    said = said.select(*keys, group_name="label").group_by(*keys, "group_name").len("n_said")
    asked = shown.group_by("concept").len("n_asked")
    rows = tables["representation"]
    both = rows.join(said, on=[*keys, "group_name"], how="left", nulls_equal=True, maintain_order="left")
    both = both.join(asked, on="concept", how="left", maintain_order="left")
    yield from _compare("representation", both, "n_group", both["n_said"].fill_null(0))
    yield from _compare("representation", both, "n_requested", both["n_asked"].fill_null(0))


def _q_values(tables: Tables) -> Iterator[str]:
    """Benjamini-Hochberg over the concepts of an axis and embedder."""
    if "scores" not in tables:
        return
    asked = tables["scores"].filter(pl.col("category").ne_missing("neutral"))
    for family in asked.partition_by("axis", "embedder", maintain_order=True):
        for of in ("", "adjusted_", "parity_"):
            p = family[f"{of}p_value"]
            if ((p <= 0) | (p > 1)).any():
                yield f"scores: a {of}p_value of {family['axis'][0]} {family['embedder'][0]} is not in (0, 1]"
            else:
                q = benjamini_hochberg(p.to_numpy().astype(np.float64))
                yield from _compare("scores", family, f"{of}q_value", pl.Series(q).fill_nan(None))


def _intervals(tables: Tables, level: float) -> Iterator[str]:
    """Wilson's, of shares as labelled."""
    if "representation" not in tables:
        return
    rows = tables["representation"]
    counts = rows.select("n_group", "n_counted").rows()
    is_whole = all(0 <= n <= of for n, of in counts)
    if not is_whole:
        yield "representation: a group has more images than were counted"
        return
    ends = [wilson_interval(n, of, level=level) if of else (None, None) for n, of in counts]
    for place, column in enumerate(("share_low", "share_high")):
        yield from _compare("representation", rows, column, pl.Series([end[place] for end in ends], dtype=pl.Float64))


def _ratios(tables: Tables, level: float) -> Iterator[str]:
    """The impact-ratio table is made of other tables alone."""
    if not {"impact_ratios", "representation"} <= set(tables):
        return
    parts = [
        tables.get(name, frame_schema(name).to_frame()) for name in ("representation", "refusals", "intersections")
    ]
    made, rows = impact_ratios(*parts, level), tables["impact_ratios"]
    if len(made) != len(rows):
        yield f"impact_ratios: {len(rows)} rows, the other tables give {len(made)}"
        return
    for column in ("rate", "impact_ratio", "ratio_low", "ratio_high"):
        yield from _compare("impact_ratios", rows, column, made[column])
    differ = rows["four_fifths"] != made["four_fifths"]
    for place in differ.arg_true():
        told = rows["four_fifths"][place], made["four_fifths"][place]
        yield "impact_ratios: four_fifths of {} is {}, its rows give {}".format(_row(rows, place), *told)


def _scores(tables: Tables, audit: Audit, embedder: str, vectors: pl.DataFrame) -> Iterator[str]:
    """The four components, from the vectors of images and texts."""
    if not {"scores", "images", "texts"} <= set(tables):
        return
    shown, said = (
        dict(zip(some["content"], some["vector"].to_numpy(), strict=True))
        for some in (vectors.filter(kind="image"), vectors.filter(kind="text"))
    )
    images, texts = tables["images"], tables["texts"]
    lacking = set(images.filter(outcome="ok")["sha256"]) - set(shown) | set(texts["text_id"]) - set(said)
    if lacking:
        yield f"vectors of {embedder}: {len(lacking)} that the scores rest on are missing, such as {min(lacking)}"
        return
    targets = targets_of(audit)
    for axis in audit.axes:
        found = gather(axis, targets, images, texts, shown, said, None, wordings_of(audit)).scores().components
        rows = tables["scores"].filter(axis=axis, embedder=embedder)
        made = pl.DataFrame({"concept": [name for _, name, _ in targets]} | dict(zip(COMPONENTS, found.T, strict=True)))
        both = rows.select("axis", "embedder", "concept", *COMPONENTS).join(
            made, on="concept", how="left", suffix="_made", maintain_order="left"
        )
        for name in COMPONENTS:
            yield from _compare("scores", both, name, both[f"{name}_made"].fill_nan(None), TOLERANCE_OF_VECTORS)
