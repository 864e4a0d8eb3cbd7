"""How often the intervals of corrected shares hold the truth, by share and number of images, for labellers that err by group.

Prints tables for docs/explanation/inference.md: uv run python benchmarks/coverage_shares.py --audits 500
"""

import argparse

import numpy as np

from mcas_assets.scoring.shares.label_error import corrected_shares
from mcas_assets.scoring.shares.representation import wilson_interval

SHARES = (0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.95)
IMAGES = (8, 16, 30, 64)
KNOWN = 32  # attribute images a group, as in the audit of the phantom

# Rows: true group; columns: answered the first group, the second, none.
LABELLERS = {
    "one that reads the first group in 70 %, the second always": ((0.68, 0.02, 0.30), (0.02, 0.98, 0.0)),
    "one that errs and abstains by group": ((0.85, 0.05, 0.10), (0.10, 0.65, 0.25)),
    "one that is always right": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
}
# What attribute images cannot show: concepts that are harder to read, and prompts that are not obeyed.
DISOBEYED = 0.05
HARDER = ((0.90, 0.10, 0.0), (0.20, 0.80, 0.0))
EASIER = ((0.95, 0.05, 0.0), (0.05, 0.95, 0.0))


def coverage(
    on_concepts: np.ndarray, on_attributes: np.ndarray, share: float, images: int, audits: int
) -> tuple[float, float, float]:
    """(coverage, mean error, coverage of Wilson's interval of the share as labelled) of the first group's share."""
    generator = np.random.default_rng([images, round(1000 * share)])
    held, errors, plain = [], [], []
    for audit in range(audits):
        seen = generator.multinomial(images, np.array([share, 1 - share]) @ on_concepts)[:2]
        known = np.stack([generator.multinomial(KNOWN, row) for row in on_attributes])
        found = corrected_shares(seen, known, seed=audit)
        if found.reason is None:
            held.append(found.low[0] <= share <= found.high[0])
            errors.append(found.shares[0] - share)
            low, high = wilson_interval(int(seen[0]), int(seen.sum()))
            plain.append(low <= share <= high)
    return float(np.mean(held)), float(np.mean(errors)), float(np.mean(plain))


def table(title: str, cells: list[list[str]]) -> str:
    """A Markdown table by images and share."""
    lines = [f"\n{title}:\n", f"| images | {' | '.join(map(str, SHARES))} |", f"|{' --- |' * (len(SHARES) + 1)}"]
    return "\n".join(lines + [f"| {images} | {' | '.join(row)} |" for images, row in zip(IMAGES, cells, strict=True)])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audits", type=int, default=500)
    audits = parser.parse_args().audits
    for name, rates in LABELLERS.items():
        given = np.array(rates)
        found = [[coverage(given, given, share, n, audits) for share in SHARES] for n in IMAGES]
        print(table(f"Coverage of the corrected share, {name}", [[f"{cell[0]:.3f}" for cell in row] for row in found]))
        print(
            table("Wilson's interval of the share as labelled", [[f"{cell[2]:.3f}" for cell in row] for row in found])
        )
    mixing = np.array([[1 - DISOBEYED, DISOBEYED], [DISOBEYED, 1 - DISOBEYED]])
    easier = np.array(EASIER)
    unseen = {
        f"prompts obeyed in {1 - DISOBEYED:.0%}": (easier, mixing @ easier),
        "concepts harder to read than attribute images": (np.array(HARDER), easier),
    }
    for name, (on_concepts, on_attributes) in unseen.items():
        found = [[coverage(on_concepts, on_attributes, share, n, audits) for share in SHARES] for n in IMAGES]
        cells = [[f"{cell[0]:.2f} ({cell[1]:+.2f})" for cell in row] for row in found]
        print(table(f"Coverage (mean error), {name}", cells))


if __name__ == "__main__":
    main()
