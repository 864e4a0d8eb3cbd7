"""How often the interval of the mean directional amplification holds the truth, with labels corrected.

Worlds have 14 concepts whose shares are spread, all in the middle, or mostly at 0 and 1, and a population that is less extreme.
Prints the table of docs/explanation/inference.md: uv run python benchmarks/coverage_direction.py --audits 500
"""

import argparse

import numpy as np
from scipy.special import ndtr

from mcas_assets.scoring.shares.amplification import associations
from mcas_assets.scoring.shares.mean_amplification import Answers, mean_amplification

IMAGES = (8, 16, 30, 64)
KNOWN = 32  # attribute images a group, as in the audit of the phantom
CORRELATION = 0.43  # between the groups that a seed draws for two concepts, as in the phantom
SHARES = {
    "spread": np.array([0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.95] * 2),
    "in the middle": np.linspace(0.3, 0.7, 14),
    "mostly at 0 or 1": np.array([0, 0, 0, 0.01, 0.02, 0.02, 0.03, 0.5, 0.97, 0.98, 0.99, 1, 1, 1]),
}
LABELLERS = {
    "always right": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    "wrong in 5 %": ((0.95, 0.05, 0.0), (0.05, 0.95, 0.0)),
    "errs and abstains by group": ((0.85, 0.05, 0.10), (0.10, 0.65, 0.25)),
}


def drawn(
    generator: np.random.Generator, shares: np.ndarray, n: int, rates: np.ndarray, is_shared: bool
) -> tuple[Answers, np.ndarray]:
    """What a labeller with these rates answers on n images of each concept, and on attribute images."""
    t = len(shares)
    latent = generator.standard_normal((t, n))
    if is_shared:
        latent = latent * (1 - CORRELATION) ** 0.5 + generator.standard_normal(n) * CORRELATION**0.5
    truth = (ndtr(latent) > shares[:, None]).astype(np.int64)
    answers = (generator.random((t, n))[..., None] > rates.cumsum(axis=1)[truth][..., :-1]).sum(axis=-1)
    concept = np.repeat(np.arange(t), n).reshape(t, n)
    seed = np.tile(np.arange(n), (t, 1)) if is_shared else np.arange(t * n).reshape(t, n)
    told = answers < 2
    known = np.stack([generator.multinomial(KNOWN, row) for row in rates])
    return Answers(answers[told], concept[told], seed[told]), known


def coverage(shares: np.ndarray, rates: np.ndarray, n: int, is_shared: bool, audits: int) -> tuple[float, float]:
    """(coverage of the mean, its mean error)."""
    generator = np.random.default_rng([n, is_shared])
    of_first = np.clip(0.5 + 0.7 * (shares - 0.5), 0.05, 0.95)
    references, weights = np.stack([of_first, 1 - of_first], axis=1), np.linspace(0.2, 3, len(shares))
    associated = associations(references, weights)
    true_parts = np.where(associated[:, 0], shares - of_first, of_first - shares)
    true = weights @ true_parts / weights.sum()
    held, errors = [], []
    for _ in range(audits):
        answers, known = drawn(generator, shares, n, rates, is_shared)
        found = mean_amplification(answers, associated, references, weights, confusion=known)
        if isinstance(found, str):
            continue
        held.append(found.low <= true <= found.high)
        errors.append(found.value - true)
    return float(np.mean(held)), float(np.mean(errors))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audits", type=int, default=500)
    audits = parser.parse_args().audits
    print(f"| shares | labeller | seeds | {' | '.join(f'{n} images' for n in IMAGES)} |")
    print(f"|{' --- |' * (len(IMAGES) + 3)}")
    for named, shares in SHARES.items():
        for labeller, rates in LABELLERS.items():
            for is_shared in (False, True):
                found = [coverage(shares, np.array(rates), n, is_shared, audits) for n in IMAGES]
                cells = [f"{mean:.3f} ({error:+.3f})" for mean, error in found]
                print(
                    f"| {named} | {labeller} | {'shared' if is_shared else 'own'} | {' | '.join(cells)} |", flush=True
                )


if __name__ == "__main__":
    main()
