"""Random draws for tests and intervals: seeded, bit-stable, and laid out so that one matrix product uses them all.

Draws come from the raw stream of SFC64, which numpy keeps stable, and not from Generator's methods, which it
may change. What the draws are used for belongs in the modules of tests and intervals.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, combinations
from math import comb
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mcas_assets.scoring.stats.arrays import Floats, Ints, blocks

EXACT_LIMIT = 200_000
"""Most partitions that a permutation test enumerates."""

TABLE_ROWS = 512
"""Draws held at a time: a block of 512 x 128 float64 stays in the second-level cache."""


def bit_stream(seed: int, purpose: str) -> np.random.SFC64:
    """A stream of random bits of its own for each seed and purpose, so that no draw depends on the order of calls."""
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, not {seed}")
    return np.random.SFC64(np.random.SeedSequence([seed, crc32(purpose.encode())]))


def random_integers(bits: np.random.SFC64, below: int, shape: tuple[int, ...]) -> Ints:
    """Uniform integers in [0, below), by multiply and shift of 32 bits (bias under below / 2**32)."""
    size = int(np.prod(shape))
    drawn = bits.random_raw((size + 1) // 2).view(np.uint32)[:size].astype(np.uint64)
    drawn *= np.uint64(below)
    drawn >>= np.uint64(32)
    return drawn.view(np.int64).reshape(shape)


def random_signs(bits: np.random.SFC64, shape: tuple[int, int]) -> Floats:
    """Independent fair signs, -1.0 or 1.0."""
    size = shape[0] * shape[1]
    raw = np.unpackbits(bits.random_raw(-(-size // 64)).view(np.uint8), count=size)
    return raw.reshape(shape).astype(np.float64) * 2.0 - 1.0


def partition_masks(n: int, size: int, draws: int, bits: np.random.SFC64) -> Iterator[Floats]:
    """Random subsets of `size` of n items, without replacement, as blocks (rows, n) of 0.0 and 1.0.

    Each item gets a random key with its own number in the low bits, so that keys never tie, and the `size`
    smallest are taken. A block is overwritten by the next one: use it before asking for more.
    """
    wide = n > 256
    dtype = np.dtype(np.uint64 if wide else np.uint32)
    low_bits = max(n - 1, 1).bit_length()
    number = np.arange(n, dtype=dtype)
    keep = dtype.type(((1 << (8 * dtype.itemsize)) - 1) ^ ((1 << low_bits) - 1))
    block = np.empty((min(draws, TABLE_ROWS), n))
    for part in blocks(draws, TABLE_ROWS):
        rows = part.stop - part.start
        words = rows * n if wide else (rows * n + 1) // 2
        keys = bits.random_raw(words).view(dtype)[: rows * n].reshape(rows, n)
        keys &= keep
        keys |= number
        threshold = np.partition(keys, size - 1, axis=1)[:, size - 1 : size]
        np.copyto(block[:rows], keys <= threshold)
        yield block[:rows]


COUNT_ROWS = 256
"""Replicates drawn at a time, so that temporaries stay in the cache. It decides which bits of the stream go where."""


@lru_cache(maxsize=8)
def _subsets(n: int, size: int) -> NDArray[np.uint8]:
    """Every subset of `size` of n items, (C(n, size), size), n at most 255."""
    flat = np.fromiter(chain.from_iterable(combinations(range(n), size)), dtype=np.uint8)
    flat.flags.writeable = False
    return flat.reshape(-1, size)


def every_partition(n: int, size: int) -> Iterator[Floats]:
    """All C(n, size) subsets as blocks (rows, n) of 0.0 and 1.0, the first `size` items first."""
    if n > 255:  # C(n, size) is within the limit only at the edges here: one item, or all but one
        if size not in (1, n - 1):
            raise ValueError(f"{comb(n, size)} partitions are too many to enumerate")
        for part in blocks(n, TABLE_ROWS):
            single = np.zeros((part.stop - part.start, n))
            single[np.arange(len(single)), np.arange(part.start, part.stop)] = 1.0
            yield single if size == 1 else 1.0 - single
        return
    subsets = _subsets(n, size)
    for part in blocks(len(subsets), 8 * TABLE_ROWS):
        chosen = subsets[part]
        block = np.zeros((len(chosen), n))
        np.put_along_axis(block, chosen.astype(np.intp), 1.0, axis=1)
        yield block


def is_enumerable(n: int, size: int, limit: int) -> bool:
    """Whether all partitions of n items into `size` and the rest are few enough to go through."""
    return comb(n, size) <= limit and (n <= 255 or size in (1, n - 1))


def codes_of(labels: ArrayLike | None, n: int, name: str) -> Ints:
    """Labels of any kind as integers 0..u-1; without labels each of the n entries is its own unit.

    Raises:
        ValueError: The labels are not one-dimensional with one label per entry.
    """
    if labels is None:
        return np.arange(n)
    array = np.asarray(labels)
    if array.shape != (n,):
        raise ValueError(f"{name} must give one label per value, ({n},), not {array.shape}")
    return np.unique(array, return_inverse=True)[1].astype(np.int64)


def strata_of(units: Ints, groups: Ints) -> Ints:
    """The stratum of each unit: units that meet in a group, directly or through others, share one.

    With seeds of their own per concept every concept is a stratum; with shared seeds all concepts are one,
    and their images are then resampled together.

    Args:
        units: (n,) unit of each image, 0..u-1, each present.
        groups: (n,) group of each image, 0..g-1.

    Returns:
        (u,) stratum of each unit, 0..h-1.
    """
    if not len(units):
        return np.zeros(0, dtype=np.int64)
    n_units, n_groups = int(units.max()) + 1, int(groups.max()) + 1
    links = coo_array((np.ones(len(units)), (units, n_units + groups)), shape=(n_units + n_groups,) * 2)
    component = connected_components(links, directed=False)[1][:n_units]
    return np.unique(component, return_inverse=True)[1].astype(np.int64)


def stratum_counts(size: int, resamples: int, bits: np.random.SFC64) -> Floats:
    """How often each of `size` units is drawn when `size` are drawn with replacement: (resamples, size) float64."""
    if size == 1:
        return np.ones((resamples, 1))
    counts = np.empty((resamples, size))
    for part in blocks(resamples, COUNT_ROWS):
        rows = part.stop - part.start
        drawn = random_integers(bits, size, (rows, size))
        drawn += (np.arange(rows) * size)[:, None]
        counts[part] = np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size)
    return counts


def unit_counts(strata: Ints, resamples: int, seed: int, purpose: str) -> Floats:
    """Multinomial counts of all units, each stratum drawn on its own: (resamples, u) float64."""
    counts = np.empty((resamples, len(strata)))
    for stratum, members in enumerate(members_of(strata)):
        counts[:, members] = stratum_counts(len(members), resamples, bit_stream(seed, f"{purpose} {stratum}"))
    return counts


def members_of(strata: Ints) -> list[Ints]:
    """The units of each stratum, in order."""
    if not len(strata):
        return []
    return np.split(np.argsort(strata, kind="stable"), np.cumsum(np.bincount(strata))[:-1])
