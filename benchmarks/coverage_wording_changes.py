"""How often the interval of a change holds the truth, and how often its test finds one where there is none, over several wordings.

Concepts share their templates, and each template all seeds. An update moves every concept, or none, by the same in every
wording and seed; beside that each wording, each seed and each image moves by itself. The truth is the change over templates and
seeds without end. Prints the table of docs/explanation/comparing.md: uv run python -m benchmarks.coverage_wording_changes
"""

import argparse

import numpy as np

from benchmarks.coverage_wordings import CONCEPTS, SEEDS, _on_plane, drawn
from mcas_assets.scoring.changes.comparison import compare_changes
from mcas_assets.scoring.mcas.vectors import AuditVectors

WORDINGS = (2, 3, 5, 10)
BEFORE = {"wording": 0.02, "own wording": 0.02, "seed": 0.02, "own seed": 0.02, "left": 0.02}
"""Spread of the values of the first version."""

WORLDS = {
    "wording matters little": {"wording": 0.003, "own wording": 0.003, "seed": 0.01, "own seed": 0.02, "left": 0.03},
    "as much as the seed": {"wording": 0.01, "own wording": 0.01, "seed": 0.01, "own seed": 0.01, "left": 0.03},
    "wording decides": {"wording": 0.03, "own wording": 0.02, "seed": 0.01, "own seed": 0.01, "left": 0.02},
}
"""Spread of what values change by."""


def versions(
    generator: np.random.Generator, spread: dict[str, float], wordings: int, moved: float
) -> tuple[AuditVectors, AuditVectors]:
    """Two versions whose images of one prompt and seed are alike; the second one's values are larger by `moved` on average."""
    before, change = drawn(generator, BEFORE, wordings), drawn(generator, spread, wordings)
    values = np.asarray(before.images)[:, 0] + np.asarray(change.images)[:, 0] + moved
    fields = {name: getattr(before, name) for name in AuditVectors.__dataclass_fields__}
    return before, AuditVectors(**(fields | {"images": _on_plane(values)}))


def rates(spread: dict[str, float], wordings: int, audits: int, moved: float = 0.02) -> tuple[float, float]:
    """(coverage of the change, share of p-values of at most .05 where nothing changed), of all concepts."""
    held, found = [], []
    for audit in range(audits):
        for true in (moved, 0.0):
            generator = np.random.default_rng([audit, wordings, round(1000 * spread["wording"]), round(1000 * true)])
            results = compare_changes(*versions(generator, spread, wordings, true), resamples=2, draws=2, seed=audit)[
                "mcas"
            ]
            for one in results:
                if one.low is None or one.high is None or one.p_value is None:
                    continue
                held.append(one.low <= 4 * true <= one.high)
                if not true:
                    found.append(one.p_value <= 0.05)
    return float(np.mean(held)), float(np.mean(found))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audits", type=int, default=200)
    audits = parser.parse_args().audits
    print(f"{CONCEPTS} concepts, {SEEDS} seeds: coverage at 95 %, p <= .05 where nothing changed\n")
    print(f"| world | {' | '.join(f'{n} wordings' for n in WORDINGS)} |")
    print(f"|{' --- |' * (len(WORDINGS) + 1)}")
    for name, spread in WORLDS.items():
        cells = [f"{held:.3f}, {found:.3f}" for held, found in (rates(spread, n, audits) for n in WORDINGS)]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
