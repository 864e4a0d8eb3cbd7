"""How many of the six concepts that the phantom's update moved a comparison finds, in runs with fresh seeds.

    uv run python benchmarks/found_changes.py [--runs 20] [--seed 77001] [--home FOLDER]

A pool of images of both versions is drawn once, and kept in the home; a run takes other replicates of it for every prompt. The
first designs spend 16 images a concept on average. Found is what is `changed` by the first embedder
on the axis on which it was moved; false is whatever else is.
"""

import csv
from pathlib import Path
from typing import Annotated, NamedTuple

import dagster as dg
import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from mcas_assets.core import paths
from mcas_assets.declare.audit import Audit, load_audit, targets_of
from mcas_assets.declare.parts import Spending
from mcas_assets.measure.shares import pole_labels
from mcas_assets.measure.vectors import gather, read_all_vectors
from mcas_assets.orchestration.runs import run_audit
from mcas_assets.scoring.changes.changes import Task
from mcas_assets.scoring.changes.comparison import compare_pairs
from mcas_assets.scoring.changes.pairs import Pairs
from mcas_assets.scoring.changes.stages import Stages, first_p_values, worth_more
from mcas_assets.scoring.mcas.draws import Draws
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.power import POWER
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import ledger
from mcas_assets.systems.find import find_system

VERSIONS = ("phantom-stereotyped", "phantom-updated")


class Design(NamedTuple):
    """Images of a concept in the first stage, further ones on average, and the share of concepts that get them."""

    first: int
    further: int
    most: float = Spending().most


DESIGNS = (
    Design(16, 0), Design(12, 4), Design(10, 6), Design(8, 8), Design(6, 10), Design(24, 0), Design(16, 8), Design(32, 0),
)  # fmt: skip


class Pool(NamedTuple):
    """Images of one axis by one embedder, of both versions: concept images by concept and replicate, attributes by prompt."""

    axis: str
    versions: tuple[AuditVectors, AuditVectors]
    concepts: list[str]


def pools(audit: Audit, workplace: Workplace) -> list[Pool]:
    """Draw what is not drawn yet, and gather the vectors of every axis by every embedder."""
    with dg.DagsterInstance.local_temp(str(workplace.home)) as instance:
        ran = [run_audit(audit, find_system(name), workplace, instance).system_version for name in VERSIONS]
    with workplace.store.open() as con:
        rows = [ledger.latest(con, "images", version, audit.audit) for version in ran]
        images = [ledger.read_table(con, "images", row.version) for row in rows if row]
        of_texts = ledger.latest(con, "texts", "", audit.audit)
        assert of_texts is not None
        texts = ledger.read_table(con, "texts", of_texts.version)
    found = []
    for embedder in workplace.embedders(audit.embedders):
        read = [read_all_vectors(workplace.store, embedder, frame, texts) for frame in images]
        for axis in audit.axes:
            versions = [
                gather(axis, targets_of(audit), frame, texts, shown, said, pole_labels(axis, audit, texts, shown, said, embedder))
                for frame, (shown, said) in zip(images, read, strict=True)
            ]  # fmt: skip
            found.append(Pool(axis, (versions[0], versions[1]), [name for _, name, _ in targets_of(audit)]))
    return found


def drawn(vectors: AuditVectors, rows: np.ndarray, attribute: np.ndarray) -> AuditVectors:
    """The images of some rows and some replicates of the attribute prompts."""
    poles = {}
    for pole in "ab":
        prompts = np.asarray(getattr(vectors, f"{pole}_prompts"))
        at = np.concatenate([np.flatnonzero(prompts == one)[attribute] for one in dict.fromkeys(prompts)])
        poles |= {
            f"{pole}_{name}": np.asarray(getattr(vectors, f"{pole}_{name}"))[at]
            for name in ("images", "seeds", "prompts")
        }
    own = {name: np.asarray(getattr(vectors, name))[rows] for name in ("images", "concept", "seeds", "labels")}
    return AuditVectors(
        **own, **poles, prompts=vectors.prompts, a_words=vectors.a_words, b_words=vectors.b_words, wordings=None
    )


def run(of: list[Pool], audit: Audit, design: Design, number: int) -> tuple[list[tuple[str, str]], float]:
    """(axis, concept) that one run calls changed, by the first embedder, and the images that it took of a concept on average."""
    generator = np.random.default_rng([number, design.first])
    asked = len(audit.concepts)
    spending = Spending(further=design.further, most=design.most)
    spent = audit.model_copy(update={"comparison": spending}).with_images(design.first)
    concept = np.asarray(of[0].versions[0].concept)
    rows = [generator.permutation(np.flatnonzero(concept == c)) for c in range(len(of[0].concepts))]
    order = generator.permutation(len(rows[0]))
    rows = [np.flatnonzero(concept == c)[order] if c < asked else own for c, own in enumerate(rows)]
    attribute = generator.permutation(len(order))[: audit.images_per_prompt.attribute]
    neutral = np.arange(asked, len(rows))
    sizes = np.array([design.first] * asked + [audit.images_per_prompt.neutral] * len(neutral))
    dropped = np.zeros(len(rows), dtype=np.bool_)
    for most, each in spent.rounds:
        pairs = [pairs_of(pool, rows, sizes, attribute, neutral) for pool in of[: len(audit.axes)]]
        p_values = np.where(dropped, 1.0, [first_p_values(one) for one in pairs])
        going_on = worth_more(p_values, spending.below, most)
        dropped = ~going_on
        sizes = sizes + np.where(going_on, each, 0)
    whole = design.first + sum(each for _, each in spent.rounds)
    stages = Stages(dropped, whole, spending.below) if spent.rounds else None
    changed = []
    for pool in of[: len(audit.axes)]:
        both = pairs_of(pool, rows, sizes, attribute, neutral)
        task = Task(Draws(both.groups, 200, 0), audit.inference.level, POWER, "bca", 2, 0, asked)
        found = compare_pairs(both, task, audit.inference.detectable, stages)["mcas"]
        changed += [
            (pool.axis, name) for name, one in zip(pool.concepts, found, strict=True) if one.verdict == "changed"
        ]
    return changed, float(sizes[:asked].mean())


def pairs_of(
    pool: Pool, rows: list[np.ndarray], sizes: np.ndarray, attribute: np.ndarray, neutral: np.ndarray
) -> Pairs:
    """The first so many replicates of each concept, in the order of the run."""
    chosen = np.concatenate([own[:size] for own, size in zip(rows, sizes, strict=True)])
    old, new = (drawn(one, chosen, attribute) for one in pool.versions)
    return Pairs(old, new, neutral)


def moved() -> set[tuple[str, str]]:
    """(axis, concept) that were planted with another share in the update."""
    planted = []
    for name in ("truth-stereotyped.csv", "truth-updated.csv"):
        lines = (Path(paths.DATA) / "phantom" / name).read_text().splitlines()
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        planted.append({(row["axis"], row["concept"], row["group"]): row["planted"] for row in rows})
    return {key[:2] for key, share in planted[0].items() if share != planted[1][key]}


def main(
    runs: Annotated[int, typer.Option(help="With fresh seeds, of each design.")] = 20,
    replicates: Annotated[int, typer.Option(help="Images of a concept in the pool.")] = 80,
    seed: Annotated[int | None, typer.Option(help="Of the pool, in place of the audit's: other images.")] = None,
    home: Annotated[Path | None, typer.Option(help="Where the pool is kept.")] = None,
) -> None:
    """Print how many of the moved concepts each design finds, and how many others it calls changed."""
    shipped = load_audit("phantom")
    counts = shipped.images_per_prompt.model_copy(
        update={"concept": replicates, "attribute": replicates, "neutral": replicates}
    )
    run_seed = shipped.run_seed if seed is None else seed
    folder = home or paths.home()
    folder.mkdir(parents=True, exist_ok=True)
    of = pools(
        shipped.model_copy(
            update={
                "audit": "pool",
                "images_per_prompt": counts,
                "run_seed": run_seed,
                "comparison": Spending(further=0),
            }
        ),
        Workplace(home=folder),
    )
    truth = moved()
    title = f"{runs} runs, {len(truth)} moved"
    table = Table(
        "first", "further", "share", "mean", "median found", "least", "most", "false", "4 or more", title=title
    )
    for design in DESIGNS:
        came = [run(of, shipped, design, number) for number in range(runs)]
        found = [set(calls) for calls, _ in came]
        hits = np.array([len(one & truth) for one in found])
        false = np.mean([len(one - truth) / max(len(one), 1) for one in found])
        table.add_row(
            str(design.first), str(design.further), f"{design.most:g}", f"{np.mean([mean for _, mean in came]):.1f}",
            f"{np.median(hits):g}", str(hits.min()), str(hits.max()), f"{false:.3f}", f"{(hits >= 4).sum()}",
        )  # fmt: skip
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
