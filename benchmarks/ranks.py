"""How often the sets of ranks of all concepts of an audit hold together, and how wide they are.

uv run python -m benchmarks.ranks --seed 50000
"""

import argparse

import numpy as np

from benchmarks.worlds import SHARES, World
from mcas_assets.scoring.mcas.concept_ranks import concept_ranks

WORLDS = {
    "all equal, share 0.5": World(shares=(0.5,) * 7, is_plain=True),
    "all equal, share 0.1": World(shares=(0.1,) * 7, unequal=0.0, is_plain=True),
    "shares of the tables": World(shares=SHARES),
}


def held(world: World, images: int, audits: int, first_number: int) -> tuple[float, float]:
    """(share of audits in which every set holds every rank that its concept can have, mean width of a set)."""
    truth = np.round(world.truth().sum(axis=1)[: world.concepts], 12)
    first = 1 + (truth[None] > truth[:, None]).sum(axis=1)
    last = len(truth) - (truth[None] < truth[:, None]).sum(axis=1)
    found = [
        concept_ranks(world.audit(number, images), range(world.concepts))
        for number in range(first_number, first_number + audits)
    ]
    sets = [one for one in found if not isinstance(one, str)]
    holds = [((one.low <= first) & (one.high >= last)).all() for one in sets]
    return float(np.mean(holds)), float(np.mean([(one.high - one.low).mean() for one in sets]))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audits", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0, help="Number of the first simulated audit.")
    asked = parser.parse_args()
    print("| world | images | all sets hold | others not told apart |\n| --- | --- | --- | --- |")
    for name, world in WORLDS.items():
        for images in (8, 16, 30, 64):
            coverage, width = held(world, images, asked.audits, asked.seed)
            print(f"| {name} | {images} | {coverage:.2f} | {width:.1f} |")


if __name__ == "__main__":
    main()
