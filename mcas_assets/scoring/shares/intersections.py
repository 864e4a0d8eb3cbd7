"""Shares of the cells of two axes of one image, such as women who are dark-skinned, with a rule for small cells.

A cell of few images has no share of its own: what is said of it is by how many images it was seen, and how large its share can
be. Ratios to the most shown cell are the impact ratios of New York City's Local Law 144 (6 RCNY 5-301), which lets a category
of less than 2 % of the data be left out of them (5-301 d).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from mcas_assets.scoring.shares.representation import wilson_interval
from mcas_assets.scoring.stats.arrays import Floats, Ints

LEAST_IMAGES = 5
"""A cell of fewer images is given no share."""

LEAST_PART = 0.02
"""A cell of a smaller part of the counted images is given no impact ratio."""


@dataclass(frozen=True)
class Cells:
    """Numbers of k cells; NaN where `reasons` or `ratio_reasons` says why.

    Attributes:
        counts: (k,) images of each cell.
        share, low, high: (k,) of the counted images; `high` is given of small cells, too.
        ratio, ratio_low, ratio_high: (k,) share by the share of the most shown cell, whose own ratio is 1 without an interval.
        n_effective: (k,) independent images that the interval rests on, at most those that are counted.
        reasons, ratio_reasons: (k) or None each.
    """

    counts: Ints
    share: Floats
    low: Floats
    high: Floats
    ratio: Floats
    ratio_low: Floats
    ratio_high: Floats
    n_effective: Floats
    reasons: tuple[str | None, ...]
    ratio_reasons: tuple[str | None, ...]


def cell_shares(cells: Ints, k: int, seeds: Ints, *, level: float = 0.95) -> Cells:
    """Shares of k cells with Wilson intervals, at the number of images that share no seed and would be as sure.

    Args:
        cells: (n,) cell of each counted image, in [0, k).
        k: Cells that there are.
        seeds: (n,) what images are drawn together by.
        level: Nominal coverage of each interval.

    Returns:
        The numbers. The interval of a ratio is that of the logarithm of a ratio of two shares of one sample, of variance 1/a + 1/b
        for counts a and b, times the images that one effective image stands for. That the largest cell is chosen by its count
        is not in it.
    """
    n = len(cells)
    counts = np.bincount(cells, minlength=k)
    nothing = np.full(k, np.nan)
    if not n:
        why = ("no image is counted on both axes",) * k
        return Cells(counts, *(nothing.copy() for _ in range(6)), np.zeros(k), why, why)
    share = counts / n
    effective = _effective(cells, k, seeds, share)
    ends = [wilson_interval(part * size, size, level=level) for part, size in zip(share, effective, strict=True)]
    low, high = np.array(ends).T
    is_small = counts < LEAST_IMAGES
    reasons = tuple(f"fewer than {LEAST_IMAGES} images of this cell" if small else None for small in is_small)
    most = int(counts.argmax())
    ratio_reasons = tuple(
        own or (f"less than {LEAST_PART:.0%} of the images" if part < LEAST_PART else None)
        for own, part in zip(reasons, share, strict=True)
    )
    gone = np.array([reason is not None for reason in ratio_reasons])
    ratio = share / share[most]
    spread = 1 / np.maximum(counts, 1) + 1 / counts[most]
    away = np.exp(float(ndtri((1 + level) / 2)) * np.sqrt(spread * n / effective))
    alone = gone | (np.arange(k) == most)
    return Cells(
        counts, np.where(is_small, np.nan, share), np.where(is_small, np.nan, low), high, np.where(gone, np.nan, ratio),
        np.where(alone, np.nan, ratio / away), np.where(alone, np.nan, ratio * away), effective, reasons, ratio_reasons,
    )  # fmt: skip


def _effective(cells: Ints, k: int, seeds: Ints, share: Floats) -> Floats:
    """(k,) images without a common seed that would give each share as surely: p (1 - p) by its variance between seeds."""
    n = len(cells)
    units, place = np.unique(seeds, return_inverse=True)
    if len(units) == n or len(units) < 2:
        return np.full(k, float(n) if len(units) == n else 1.0)
    errors = np.zeros((len(units), k))
    np.add.at(errors, place, (np.arange(k) == cells[:, None]) - share)
    variance = (errors**2).sum(axis=0) / n**2 * len(units) / (len(units) - 1)
    alone = share * (1 - share)
    # A cell that no image, or every image, is of tells nothing of what a seed decides: as many as there are seeds.
    found = np.divide(alone, variance, out=np.full(k, float(len(units))), where=(variance > 0) & (alone > 0))
    return np.clip(found, 1.0, n)
