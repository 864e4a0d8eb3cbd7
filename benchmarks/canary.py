"""How often a canary cries over ten years: at systems that never move, that drift slowly, and that are swapped.

    python -m benchmarks.canary [--systems 1000] [--windows 520]
    python -m benchmarks.canary --power [--systems 40]

A window is a normal mean in `--dimensions` dimensions, a test of two windows the chi-squared test of their difference, so that the
tests of one watch depend on each other as those of a canary do: through the windows that they share. Three rules are compared:
each window against the last at 0.01, as it was; the same with alpha spent over the watch; and against the last and the reference.

`--power` asks the canary's own energy test of 20 prompts with 8 images each, as shipped, at the level of week 26. Images of a
prompt are normal in 32 dimensions; a swap moves the mean of every prompt, by standard deviations of an image along a direction.
"""

import argparse

import numpy as np
from scipy.stats import chi2

from mcas_assets.scoring.stats.energy import energy_test
from mcas_assets.scoring.stats.spending import spent

ALPHA, FORMER = 0.05, 0.01


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", type=int, default=1000)
    parser.add_argument("--windows", type=int, default=520)
    parser.add_argument("--dimensions", type=int, default=5)
    parser.add_argument("--power", action="store_true")
    asked = parser.parse_args()
    if asked.power:
        _print_power(asked.systems)
        return
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


def _print_power(systems: int) -> None:
    level = spent(26, ALPHA) / 2
    print(f"swapped systems that one window of 20 prompts x 8 images calls changed, at p <= {level:.1e}")
    for own in (False, True):
        for size in (0.25, 0.5, 1.0, 1.5):
            called = np.mean([_is_called(number, size, own, level) for number in range(systems)])
            print(f"{'a direction a prompt' if own else 'one direction':<22}{size:>6} sd{called:>8.2f}")


def _is_called(number: int, size: float, own: bool, level: float) -> bool:
    """Whether a swap that moves every prompt by so much, each in a direction of its own or all in one, is called."""
    rng = np.random.default_rng(number)
    directions = rng.normal(size=(20 if own else 1, 32))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    prompts = np.repeat(np.arange(20), 8)
    before, after = rng.normal(size=(2, 160, 32))
    after = after + size * (directions[prompts] if own else directions)
    first = energy_test(before, after, prompts, prompts, draws=1000, seed=number)
    if first.p_value is None or first.p_value > 0.01:
        return False
    last = energy_test(before, after, prompts, prompts, draws=int(np.ceil(2 / level)), seed=number + 1)
    return last.p_value is not None and last.p_value <= level


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
