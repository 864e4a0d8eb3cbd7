"""How often a canary cries over ten years: at systems that never move, that drift slowly, and that are swapped.

    python -m benchmarks.canary [--systems 1000] [--windows 520]

A window is a normal mean in `--dimensions` dimensions, a test of two windows the chi-squared test of their difference, so that the
tests of one watch depend on each other as those of a canary do: through the windows that they share. Three rules are compared:
each window against the last at 0.01, as it was; the same with alpha spent over the watch; and against the last and the reference.
"""

import argparse

import numpy as np
from scipy.stats import chi2

from mcas_assets.scoring.stats.spending import spent

ALPHA, FORMER = 0.05, 0.01


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", type=int, default=1000)
    parser.add_argument("--windows", type=int, default=520)
    parser.add_argument("--dimensions", type=int, default=5)
    asked = parser.parse_args()
    rng = np.random.default_rng(2026)
    weeks = np.arange(asked.windows + 1)
    courses = {
        "never moves": np.zeros(len(weeks)),
        "drifts 0.1 a week": 0.1 * weeks,
        "drifts 0.25 a week": 0.25 * weeks,
        "swapped in week 26": 8.0 * (weeks >= 26),
    }
    print("systems that are called changed, in 52 windows and in all (units: standard errors of a window's mean)")
    print(f"{'course':<20}{'last, 0.01 a window':>24}{'last, spent':>18}{'last + reference, spent':>26}")
    for name, course in courses.items():
        cells = [f"{a:.3f} / {b:.3f}" for a, b in _alarms(rng, course, asked.systems, asked.dimensions)]
        print(f"{name:<20}{cells[0]:>24}{cells[1]:>18}{cells[2]:>26}")


def _alarms(rng: np.random.Generator, course: np.ndarray, systems: int, dimensions: int) -> list[tuple[float, float]]:
    """For each rule, the share of systems with an alarm within 52 windows, and at all."""
    means = rng.normal(size=(systems, len(course), dimensions))
    means[:, :, 0] += course
    last, reference = (
        chi2.sf(((means[:, 1:] - one) ** 2).sum(axis=2) / 2, dimensions) for one in (means[:, :-1], means[:, :1])
    )
    levels = np.array([spent(k, ALPHA) for k in range(1, len(course))])
    cries = [last <= FORMER, last <= levels, np.minimum(last, reference) <= levels / 2]
    return [(float(cry[:, :52].any(axis=1).mean()), float(cry.any(axis=1).mean())) for cry in cries]


if __name__ == "__main__":
    main()
