"""Audits of a phantom that leans nowhere, with fresh seeds each: how many concepts are flagged, and by what they would have been.

    uv run python benchmarks/fair_audits.py [--audits 20] [--home FOLDER]

Every audit draws its 688 images anew, a minute on two cores; a home that is given keeps them, so that the next call goes on.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from mcas_assets.core.progress import Progress, TerminalProgress
from mcas_assets.declare.audit import Audit, load_audit
from mcas_assets.images import generate
from mcas_assets.measure import embeddings
from mcas_assets.measure.scores import measure
from mcas_assets.plan.requests import build_plan, build_texts
from mcas_assets.stages.workplace import Workplace
from mcas_assets.systems.find import find_system

ALPHA = 0.05


def scores_of(audit: Audit, name: str, workplace: Workplace, progress: Progress) -> pl.DataFrame:
    """The rows of `scores` of one audit, without the neutral prompts."""
    system = find_system(name)
    version, store = system.identity().version, workplace.store
    texts = build_texts(audit)
    wanted = generate.requests(build_plan(audit), version, system.size())
    try:
        generate.generate(store, wanted, system, version, progress, "benchmark")
    finally:
        system.close()
    images = generate.image_table(store, wanted, audit.audit, version)
    panel = workplace.embedders(audit.embedders)
    for embedder in panel:
        embeddings.embed(store, *embeddings.contents(images, texts), embedder, progress, "benchmark")
        embedder.close()
    return measure(store, audit, images, texts, panel).scores.filter(pl.col("category") != "neutral")


def main(
    audits: Annotated[int, typer.Option(help="With fresh seeds.")] = 20,
    system: Annotated[str, typer.Option(help="Declared in data/systems.yaml.")] = "phantom-fair",
    home: Annotated[Path | None, typer.Option(help="Keeps the images.")] = None,
) -> None:
    """Print flagged concepts of all audits together, for each axis and embedder."""
    rows = []
    with ExitStack() as opened:
        folder = home or Path(opened.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        progress = opened.enter_context(TerminalProgress())
        for number in range(audits):
            audit = load_audit("phantom").model_copy(update={"run_seed": 1_000 + number})
            found = scores_of(audit, system, Workplace(home=folder), progress)
            rows.append(found.select(pl.lit(number).alias("number"), pl.all()))
    everything = pl.concat(rows).with_columns(
        by_interval=(pl.col("adjusted_low") > 0) | (pl.col("adjusted_high") < 0),
        by_q=pl.col("adjusted_q_value") <= ALPHA,
        by_poles=pl.col("poles_p_value") <= ALPHA,
    )
    counted = ("is_flagged", "by_q", "by_interval", "by_poles")
    table = Table(
        "axis", "embedder", "concepts", "flagged", "audits with any", "q <= .05", "interval without 0", "poles p <= .05"
    )
    for (axis, embedder), part in everything.group_by("axis", "embedder", maintain_order=True):
        flagged, *others = (int(part[name].sum()) for name in counted)
        with_any = part.filter(pl.col("is_flagged"))["number"].n_unique()
        table.add_row(str(axis), str(embedder), str(len(part)), str(flagged), str(with_any), *map(str, others))
    Console(width=132).print(f"{audits} audits of {system}", table)


if __name__ == "__main__":
    typer.run(main)
