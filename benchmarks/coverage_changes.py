"""How often the interval of a change between two versions holds the truth, in worlds whose truth is known.

    uv run python benchmarks/coverage_changes.py [--audits 200] [--alike .6] [--third .4] [--markdown]

A cell is a share of the first group and a number of pairs; four concepts of each share are in every audit (`worlds`). Images of
one prompt and seed are alike in both versions. Either nothing changed, or every share moved by .2 towards one half.
"""

from dataclasses import replace
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from worlds import SHARES, World, mixed_with

from mcas_assets.scoring.changes.labelled_changes import LabelledChanges
from mcas_assets.scoring.changes.pairs import Change, Pairs
from mcas_assets.scoring.stats.curves import curve_ends

SIZES = (8, 16, 30, 64)
KINDS: tuple[Change, ...] = ("mcas", "adjusted")


def coverage(images: int, alike: float, audits: int, shift: float, third: float = 0.0) -> np.ndarray:
    """(2, shares) how often the intervals of the changes of MCAS and of the adjusted score hold them."""
    world = World(third=third)
    moved = replace(world, shares=tuple(share + np.sign(0.5 - share) * shift for share in world.shares))
    truth = (moved.truth() - world.truth()).sum(axis=1)
    truths = {"mcas": truth, "adjusted": truth - truth[world.concepts :].mean()}
    held: dict[str, list[np.ndarray]] = {name: [] for name in KINDS}
    for number in range(audits):
        pairs = Pairs(*mixed_with(world, moved, number, images, alike), world.concepts + np.arange(2))
        labelled = LabelledChanges(pairs, pairs.groups)
        for name in KINDS:
            low, high = curve_ends(labelled.curves(name, labelled.image_curves(name, pairs.rows)), 0.95)
            held[name].append(((low <= truths[name]) & (truths[name] <= high))[: world.concepts])
    return np.stack([np.reshape(held[name], (-1, len(SHARES))).mean(axis=0) for name in KINDS])


def main(
    audits: Annotated[int, typer.Option(help="Simulated for each number of pairs.")] = 200,
    alike: Annotated[float, typer.Option(help="Correlation between the versions.")] = 0.6,
    third: Annotated[float, typer.Option(help="Part of the others that show a third group, halfway.")] = 0.0,
    markdown: Annotated[bool, typer.Option(help="Print tables that a page can hold.")] = False,
) -> None:
    """Print coverage of every cell."""
    for shift, title in ((0.0, "nothing changed"), (0.2, "shares moved by .2")):
        rows = [(images, coverage(images, alike, audits, shift, third)) for images in SIZES]
        for k, name in enumerate(KINDS):
            cells = [[str(images), *(f"{value:.3f}" for value in found[k])] for images, found in rows]
            heads = ["pairs", *(f"{share:g}" for share in SHARES)]
            if markdown:
                print(f"\n{name}, {title}\n\n| " + " | ".join(heads) + " |\n|" + " --- |" * len(heads))
                print("\n".join("| " + " | ".join(row) + " |" for row in cells))
                continue
            table = Table(*heads, title=f"Coverage of the change of {name} at 95 %, {title}")
            for row in cells:
                table.add_row(*row)
            Console().print(table)


if __name__ == "__main__":
    typer.run(main)
