"""How often the intervals of shares with people as the reference hold the truth, by share, images and how many of them were rated.

Prints tables for docs/explanation/inference.md: uv run python benchmarks/coverage_people.py --audits 300
"""

import argparse

import numpy as np

from mcas_assets.scoring.shares.label_error import corrected_shares
from mcas_assets.scoring.shares.people import prediction_powered

SHARES = (0.02, 0.1, 0.3, 0.5, 0.9)
SAMPLES = ((16, 16), (48, 20), (48, 48), (200, 40))
"""Images of a concept, and how many of them were rated."""
POOL = 200
"""Rated images over all concepts, for the errors of the labels."""
UNTOLD = 0.05
"""Part of the images in which people tell no group."""

# Rows: what people say, the last no group; columns: labelled the first group, the second, none.
LABELLERS = {
    "one that errs and abstains by group": ((0.85, 0.05, 0.10), (0.10, 0.65, 0.25), (0.3, 0.3, 0.4)),
    "one that tells nothing": ((0.5, 0.4, 0.1), (0.5, 0.4, 0.1), (0.5, 0.4, 0.1)),
}
ELSEWHERE = ((0.95, 0.05, 0.0), (0.05, 0.95, 0.0), (0.3, 0.3, 0.4))
HARDER = ((0.80, 0.20, 0.0), (0.20, 0.80, 0.0), (0.3, 0.3, 0.4))


def joint(share: float, rates: tuple) -> np.ndarray:
    """(people, labels) chances of an image."""
    return np.array([(1 - UNTOLD) * share, (1 - UNTOLD) * (1 - share), UNTOLD])[:, None] * np.array(rates)


def powered(share: float, images: int, rated: int, rates: tuple, audits: int) -> tuple[float, float]:
    """(coverage, mean width) by votes on the concept itself."""
    generator, chances = np.random.default_rng([images, rated, round(1000 * share)]), joint(share, rates)
    held, widths = [], []
    for audit in range(audits):
        table = generator.multinomial(rated, chances.ravel()).reshape(3, 3).T
        labelled = table.sum(axis=1) + generator.multinomial(images - rated, chances.sum(axis=0))
        found = prediction_powered(labelled, table, seed=audit)
        held.append(found.low[0] - 1e-9 <= share <= found.high[0] + 1e-9)
        widths.append(found.high[0] - found.low[0])
    return float(np.mean(held)), float(np.mean(widths))


def pooled(share: float, images: int, here: tuple, elsewhere: tuple, audits: int) -> tuple[float, float]:
    """(coverage, mean width) by the errors of labels over all concepts, whose shares are even."""
    generator, chances = np.random.default_rng([images, round(1000 * share)]), joint(share, here)
    held, widths = [], []
    for audit in range(audits):
        known = generator.multinomial(POOL, joint(0.5, elsewhere).ravel()).reshape(3, 3)[:2]
        seen = generator.multinomial(images, chances.sum(axis=0))[:2]
        found = corrected_shares(seen, known, seed=audit)
        if found.reason is None:
            held.append(found.low[0] <= share <= found.high[0])
            widths.append(found.high[0] - found.low[0])
    return float(np.mean(held)), float(np.mean(widths))


def table(title: str, rows: dict[str, list[tuple[float, float]]]) -> str:
    """A Markdown table of coverage (mean width), by share."""
    lines = [f"\n{title}:\n", f"| images | {' | '.join(map(str, SHARES))} |", f"|{' --- |' * (len(SHARES) + 1)}"]
    told = [
        f"| {name} | {' | '.join(f'{held:.3f} ({width:.2f})' for held, width in row)} |" for name, row in rows.items()
    ]
    return "\n".join(lines + told)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audits", type=int, default=300)
    audits = parser.parse_args().audits
    for name, rates in LABELLERS.items():
        rows = {f"{n}, {m} rated": [powered(share, n, m, rates, audits) for share in SHARES] for n, m in SAMPLES}
        print(table(f"Coverage (mean width) by votes on the concept, {name}", rows), flush=True)
    for name, here in (("as everywhere", ELSEWHERE), ("that is harder to read", HARDER)):
        rows = {str(n): [pooled(share, n, here, ELSEWHERE, audits) for share in SHARES] for n in (16, 48)}
        print(table(f"By the errors over all concepts, in one {name}", rows), flush=True)
    rows = {"48, 20 rated": [powered(share, 48, 20, HARDER, audits) for share in SHARES]}
    print(table("By votes on the concept, in one that is harder to read", rows))


if __name__ == "__main__":
    main()
