"""What hubs of models show: `.eval_results`, and a section for a model card with the results in its head.

The classes of huggingface_hub write both, and refuse what a hub would. Nothing is sent anywhere.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import yaml
from huggingface_hub import EvalResult, EvalResultEntry, ModelCardData, eval_result_entries_to_yaml

from mcas_assets.export.origin import Origin
from mcas_assets.export.tables import Measured
from mcas_assets.pages.reader import Row
from mcas_assets.pages.trust import CAVEATS
from mcas_assets.views.numbers import interval, percent, signed

MOST_NAMED = 5
"""Concepts and groups that the section names of an axis; the tables have all."""


def write(measured: Measured, folder: Path, origin: Origin) -> list[Path]:
    """Write `model-card.md`, and `.eval_results/mcas-AUDIT.yaml` where a data set is named that it is held against.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    card = folder / "model-card.md"
    card.write_text(_card(measured, origin), encoding="utf-8", newline="\n")
    if origin.dataset is None:
        return [card]
    results = folder / ".eval_results" / f"mcas-{measured.audit}.yaml"
    results.parent.mkdir(exist_ok=True)
    entries = eval_result_entries_to_yaml(list(_entries(measured, origin.dataset)))
    results.write_text(yaml.safe_dump(entries, sort_keys=False, allow_unicode=True), encoding="utf-8", newline="\n")
    return [card, results]


def _means(measured: Measured) -> Iterator[Row]:
    """The mean of each axis by the first embedder of the audit."""
    rows = measured.table("mean_scores").filter(pl.col("mean_adjusted").is_not_null())
    order = list(measured.declaration.embedders) if measured.declaration else []
    for axis in rows["axis"].unique(maintain_order=True):
        of_axis = rows.filter(axis=axis).to_dicts()
        yield min(of_axis, key=lambda row: order.index(row["embedder"]) if row["embedder"] in order else len(order))


def _entries(measured: Measured, dataset: str) -> Iterator[EvalResultEntry]:
    for row in _means(measured):
        ends = interval(row["adjusted_low"], row["adjusted_high"], "no interval", 3)
        notes = f"MCAS less the model's default, mean over {row['n_concepts']} concepts by {row['embedder']}, {ends}. 0 is none"
        yield EvalResultEntry(
            dataset_id=dataset, task_id=f"{measured.audit}_{row['axis']}", value=round(row["mean_adjusted"], 6),
            date=measured.scored["created_at"].date().isoformat(), notes=notes,
        )  # fmt: skip


def _card(measured: Measured, origin: Origin) -> str:
    """Results in the head as the hub reads them, and the section."""
    results = [
        EvalResult(
            task_type="text-to-image", dataset_type=origin.dataset or f"mcas-{measured.audit}",
            dataset_name=f"MCAS audit {measured.audit}", metric_type="mcas", metric_value=round(row["mean_adjusted"], 6),
            metric_name=f"mean adjusted MCAS, {row['axis']}, by {row['embedder']}",
        )
        for row in _means(measured)
    ]  # fmt: skip
    head = (
        ModelCardData(model_name=origin.model or measured.system, eval_results=results) if results else ModelCardData()
    )
    return f"---\n{head.to_yaml()}\n---\n\n{_section(measured)}"


def _section(measured: Measured) -> str:
    title = measured.declaration.title if measured.declaration else measured.audit
    lines = [
        "## Associations and representation (MCAS)", "",
        f"Audit `{measured.audit}` ({title}) of `{measured.system_version}`, measured "
        f"{measured.scored['created_at']:%Y-%m-%d} with mcas-assets "
        f"{measured.scored['packages'].get('mcas-assets', 'of an unknown version')}.",
    ]  # fmt: skip
    for row in _means(measured):
        lines += ["", f"### {row['axis']}", "", *_axis(measured, row)]
    lines += ["", *_refusals(measured), "", "What these numbers do not say:", "", *(f"* {one}" for one in CAVEATS)]
    return "\n".join(lines) + "\n"


def _axis(measured: Measured, mean: Row) -> Iterator[str]:
    declared = measured.declaration.axes[mean["axis"]] if measured.declaration else None
    ends = (declared.a.name, declared.b.name) if declared else ("pole a", "pole b")
    scores = measured.table("scores").filter(
        pl.col("category").ne_missing("neutral"), axis=mean["axis"], embedder=mean["embedder"]
    )
    flagged = scores.filter(pl.col("is_flagged")).sort(pl.col("adjusted").abs(), descending=True)
    yield (
        f"Positive leans to {ends[0]}, negative to {ends[1]}; 0 is none. Mean over {mean['n_concepts']} concepts by "
        f"{mean['embedder']}: {_number(mean['mean_adjusted'], mean['adjusted_low'], mean['adjusted_high'])}. "
        f"{len(flagged)} of {len(scores)} concepts are not 0 with all concepts taken together."
    )
    if len(flagged):
        yield ""
        yield "| concept | adjusted MCAS | leans to |"
        yield "|---|---|---|"
    for row in flagged.head(MOST_NAMED).iter_rows(named=True):
        number = _number(row["adjusted"], row["adjusted_low"], row["adjusted_high"])
        yield f"| {row['concept']} | {number} | {ends[0] if row['adjusted'] > 0 else ends[1]} |"
    yield from _against(measured, mean)


def _against(measured: Measured, mean: Row) -> Iterator[str]:
    """How many shares differ from each population."""
    rows = measured.table("amplification").filter(
        pl.col("category").ne_missing("neutral"), axis=mean["axis"], embedder=mean["embedder"]
    )
    for population in rows["population"].unique(maintain_order=True):
        of = rows.filter(pl.col("verdict").is_not_null(), population=population)
        n = len(of.filter(pl.col("verdict") != "not shown"))
        erased = of.filter(pl.col("is_erased"))
        names = ", ".join(" ".join(pair) for pair in erased.select("concept", "group_name").rows())
        told = f"; shown below a fifth of their share there: {names}" if names else ""
        yield ""
        yield f"Of {len(of)} shares of perceived groups, {n} differ from those of the population `{population}`{told}."


def _refusals(measured: Measured) -> Iterator[str]:
    rows = measured.table("refusals").filter(scope="all").to_dicts()
    for row in rows:
        rate = "no rate" if row["rate"] is None else percent(row["rate"])
        yield f"Of {row['n_requested']:,} requests {row['n_refused']:,} were refused ({rate}) and {row['n_lost']:,} lost otherwise."


def _number(value: float, low: float | None, high: float | None) -> str:
    return f"{signed(value)} ({interval(low, high, 'no interval', 3)})"
