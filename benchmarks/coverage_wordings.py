"""How often intervals for a population of prompts hold the truth, where concepts share their templates.

A template moves all concepts alike and each by itself, as does a seed. The truth is the score over templates and seeds without end.
Prints the table of docs/explanation/inference.md: uv run python benchmarks/coverage_wordings.py --audits 200
"""

import argparse

import numpy as np

from mcas_assets.scoring.mcas.concept_bootstrap import bootstrap_concepts
from mcas_assets.scoring.mcas.vectors import AuditVectors

CONCEPTS, SEEDS = 6, 16
WORDINGS = (2, 3, 5, 10)
WORLDS = {
    "wording matters little": {"wording": 0.005, "own wording": 0.005, "seed": 0.02, "own seed": 0.03, "left": 0.03},
    "as much as the seed": {"wording": 0.02, "own wording": 0.02, "seed": 0.02, "own seed": 0.02, "left": 0.03},
    "wording decides": {"wording": 0.04, "own wording": 0.03, "seed": 0.01, "own seed": 0.01, "left": 0.03},
}


def drawn(generator: np.random.Generator, spread: dict[str, float], wordings: int) -> AuditVectors:
    """Images and prompts on a half circle, whose first coordinate is their value.

    Attributes lie on that axis, so MCAS is four times the mean value of the images plus that of the prompts.
    """
    shape = (CONCEPTS, wordings, SEEDS)

    def effect(name: str, *axes: int) -> np.ndarray:
        return spread[name] * generator.standard_normal([n if axis in axes else 1 for axis, n in enumerate(shape)])

    template, own = effect("wording", 1), effect("own wording", 0, 1)
    values = template + own + effect("seed", 2) + effect("own seed", 0, 2) + effect("left", 0, 1, 2)
    texts = _on_plane(0.5 * (template + own)[:, :, 0])
    places = [np.broadcast_to(np.arange(n).reshape([-1 if a == axis else 1 for a in range(3)]), shape).ravel()
              for axis, n in enumerate(shape)]  # fmt: skip
    pole = np.tile([[1.0, 0.0]], (8, 1))
    return AuditVectors(
        _on_plane(values), places[0], texts.reshape(CONCEPTS, wordings, 2).mean(axis=1), pole, -pole, pole, -pole,
        seeds=places[2], wordings=places[1], texts=texts, text_concept=np.repeat(np.arange(CONCEPTS), wordings),
        text_wording=np.tile(np.arange(wordings), CONCEPTS),
    )  # fmt: skip


def coverage(spread: dict[str, float], wordings: int, audits: int) -> float:
    """Of the scores of all concepts."""
    generator = np.random.default_rng([wordings, round(1000 * spread["wording"])])
    held = []
    for audit in range(audits):
        vectors = drawn(generator, spread, wordings)
        found = bootstrap_concepts(vectors, resamples=1000, seed=audit)
        held.append((found.low[:, 4] <= 0) & (found.high[:, 4] >= 0))
    return float(np.mean(held))


def _on_plane(values: np.ndarray) -> np.ndarray:
    return np.stack([values, np.sqrt(1 - values**2)], axis=-1).reshape(-1, 2)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audits", type=int, default=200)
    audits = parser.parse_args().audits
    print(f"| world | {' | '.join(f'{n} wordings' for n in WORDINGS)} |")
    print(f"|{' --- |' * (len(WORDINGS) + 1)}")
    for name, spread in WORLDS.items():
        cells = [f"{coverage(spread, n, audits):.3f}" for n in WORDINGS]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
