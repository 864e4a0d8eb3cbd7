"""How often the intervals of scores hold the truth, and how often their tests reject a true 0, in worlds whose truth is known.

    uv run python benchmarks/coverage_scores.py [--audits 400] [--peers 40] [--markdown]

Every cell is a share of the first group and a number of images; four concepts of each share are in every audit (`worlds`).
Beside the widths stand those of the bootstrap that is used where labels fail. The chance of a cell is known to about .011 with
400 audits and four concepts, less where concepts share seeds.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table
from worlds import SHARES, World

from mcas_assets.scoring.mcas.concept_bootstrap import COLUMNS, columns_of
from mcas_assets.scoring.mcas.score_intervals import ScoreIntervals, score_intervals
from mcas_assets.scoring.stats.multiplicity import benjamini_hochberg, flagged

SIZES = (8, 16, 30, 64)
MCAS = COLUMNS.index("mcas")
Kinds = dict[str, np.ndarray]

VARIANTS: dict[str, World] = {
    "as it is": World(),
    "groups far apart (within .03)": World(within=0.03),
    "groups that overlap (within .12)": World(within=0.12),
    "no seed shared": World(alike=0.0),
    "seeds that decide (correlation .8)": World(alike=0.8),
    "neutral images at a share of .8": World(neutral_share=0.8),
    "gaps that differ (.3)": World(unequal=0.3),
    "5 % of labels wrong": World(wrong=0.05),
    "10 % of labels wrong": World(wrong=0.1),
    "10 % without a label": World(unclear=0.1),
    "a third group between the two": World(third=0.4),
    "a third group beyond the second": World(third=0.3, third_at=-0.3),
    "a rare third group": World(third=0.05, third_at=0.3),
}


def truths(world: World) -> dict[str, np.ndarray]:
    """(c + 2, 6) true scores, by zero point."""
    neutral = [world.concepts, world.concepts + 1]
    raw = columns_of(world.truth())
    parity = {"neutral_share": 1 / 3, "third": 0.5} if world.third else {"neutral_share": 0.5}
    even = columns_of(replace(world, **parity).truth())
    return {
        "raw": raw,
        "adjusted": raw - raw[neutral].mean(axis=0),
        "parity": raw - even[neutral].mean(axis=0),
    }


def simulate(world: World, images: int, audits: int, title: str, has_labels: bool = True) -> tuple[Kinds, Kinds]:
    """(shares, 6) coverage and mean width by zero point."""
    known = truths(world)
    holds, widths = {name: [] for name in known}, {name: [] for name in known}
    for number in track(range(audits), title, transient=True):
        found = audit(world, number, images, has_labels)
        for name, truth in known.items():
            one = getattr(found, name)
            holds[name].append(np.where(np.isnan(one.low), np.nan, (one.low <= truth) & (truth <= one.high)))
            widths[name].append(one.high - one.low)
    means = [{name: by_share(world, rows) for name, rows in kind.items()} for kind in (holds, widths)]
    return means[0], means[1]


def by_share(world: World, rows: list[np.ndarray]) -> np.ndarray:
    """(shares, 6) means over audits and concepts, of rows (c + 2, 6); NaN where no interval was given."""
    asked = np.array(rows)[:, : world.concepts].reshape(len(rows) * world.repeats, len(world.shares), 6)
    known = ~np.isnan(asked)
    with np.errstate(invalid="ignore"):
        return np.where(known, asked, 0.0).sum(axis=0) / known.sum(axis=0)


def audit(world: World, number: int, images: int, has_labels: bool = True) -> ScoreIntervals:
    """The intervals of one simulated audit; without labels they are the bootstrap's."""
    vectors = world.audit(number, images)
    neutral = (world.concepts, world.concepts + 1)
    return score_intervals(vectors if has_labels else replace(vectors, labels=None), neutral, seed=number)


def of_zero(images: int, audits: int) -> list[float]:
    """How often p <= .05 where the truth is 0, raw and adjusted; then concepts flagged an audit, and those with q <= .05.

    In this world every concept has the share and the prompt of the neutral images, so the adjusted score is 0, and each raw
    score is held against its own truth.
    """
    world = World(shares=(0.5,) * len(SHARES), unequal=0.0, is_plain=True)
    raw, adjusted, flags = [], [], []
    for number in track(range(audits), f"true 0, {images} images", transient=True):
        found = audit(world, number, images)
        raw.append(found.raw.p_values[: world.concepts, MCAS] <= 0.05)
        p = found.adjusted.p_values[: world.concepts, MCAS]
        adjusted.append(p <= 0.05)
        flags.append((flagged(p, 0.05).sum(), (benjamini_hochberg(p) <= 0.05).sum()))
    return [float(np.mean(raw)), float(np.mean(adjusted)), *np.mean(flags, axis=0)]


def rows_of(table: dict[int, np.ndarray], column: int) -> Iterable[list[str]]:
    """A row a number of images, a cell a share."""
    for images, values in table.items():
        yield [str(images), *(f"{value:.3f}"[1:] if value < 1 else "1" for value in values[:, column])]


def main(
    audits: Annotated[int, typer.Option(help="Simulated for each number of images.")] = 400,
    peers: Annotated[int, typer.Option(help="Of these, with the bootstrap beside.")] = 40,
    variants: Annotated[int, typer.Option(help="Simulated for each other world; 0 leaves them out.")] = 100,
    markdown: Annotated[bool, typer.Option(help="Print tables that a page can hold.")] = False,
) -> None:
    """Print coverage of every cell, widths beside the bootstrap, size at a true 0, and the least coverage of other worlds."""
    console = Console()
    covered: dict[str, dict[int, np.ndarray]] = {}
    widths: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for images in SIZES:
        holds, _ = simulate(World(), images, audits, f"{images} images")
        for name, values in holds.items():
            covered.setdefault(name, {})[images] = values
        _, width = simulate(World(), images, peers, f"{images} images, widths")
        other_holds, other = simulate(World(), images, peers, f"{images} images, bootstrap", has_labels=False)
        covered.setdefault("bootstrap", {})[images] = other_holds["raw"]
        widths[images] = width["raw"][:, MCAS], other["raw"][:, MCAS]
    heads = ["images", *(f"{share:g}" for share in SHARES)]
    for title, name, column in (
        ("MCAS", "raw", MCAS), ("adjusted", "adjusted", MCAS), ("less parity", "parity", MCAS),
        ("IIAS", "raw", 0), ("ITAAS", "raw", 2), ("MCAS by the bootstrap, for comparison", "bootstrap", MCAS),
    ):  # fmt: skip
        show(console, f"Coverage of {title} at 95 %", heads, rows_of(covered[name], column), markdown)
    show(
        console, "Mean width of MCAS: MOVER, bootstrap", [*heads, "mean"],
        [[str(n), *(f"{a:.3f} {b:.3f}" for a, b in zip(*pair, strict=True)), " ".join(f"{one.mean():.3f}" for one in pair)]
         for n, pair in widths.items()], markdown,
    )  # fmt: skip
    sizes = [[str(n), *(f"{value:.3f}" for value in of_zero(n, audits))] for n in SIZES]
    show(
        console,
        "True score 0",
        ["images", "p <= .05 raw", "adjusted", "flagged an audit", "q <= .05 an audit"],
        sizes,
        markdown,
    )
    if variants:
        rows = []
        for name, world in VARIANTS.items():
            cells = [simulate(world, images, variants, name)[0] for images in (8, 16, 30)]
            values = np.array([[cell[kind][:, MCAS] for kind in ("raw", "adjusted")] for cell in cells])
            rows.append([name, f"{values.mean():.3f}", f"{values.min():.3f}", f"{values.max():.3f}"])
        show(console, "MCAS and adjusted in other worlds", ["world", "mean", "least cell", "largest"], rows, markdown)


def show(console: Console, title: str, heads: list[str], rows: Iterable[list[str]], is_markdown: bool) -> None:
    """Print a table."""
    if is_markdown:
        lines = ["| " + " | ".join(row) + " |" for row in (heads, ["---"] * len(heads), *rows)]
        print(f"\n{title}\n\n" + "\n".join(lines))
        return
    table = Table(*heads, title=title)
    for row in rows:
        table.add_row(*row)
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
