"""What every module of scoring shares: checked inputs, and a number that may be missing for a stated reason.

Statistics of embeddings belong in the modules beside this one.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

UNIT_TOLERANCE = 1e-3
"""How far the length of an embedding may be from 1: wide enough for float16 storage, too narrow for raw features."""

NO_SPREAD = 1e-12
"""Standard deviation, in cosine units, below which float64 noise is all that is left."""

BLOCK = 512
"""Rows converted to float64 at a time, so that the copy stays in the cache and the array is read once."""


class Statistic(NamedTuple):
    """One number, or the reason why there is none.

    Attributes:
        value: The number, finite, or None.
        reason: Why the value is None, in one clause; None where there is a value.
    """

    value: float | None
    reason: str | None = None


def missing(reason: str) -> Statistic:
    """A statistic that cannot be given, and why."""
    return Statistic(None, reason)


def as_matrix(array: ArrayLike, name: str, width: int | None = None) -> np.ndarray:
    """A floating-point matrix (n, d); float16, float32 and float64 are taken as they are, integers become float64.

    Raises:
        ValueError: The array is not two-dimensional, not real numbers, or not `width` wide.
    """
    matrix = np.asarray(array)
    if matrix.ndim != 2:
        raise ValueError(f"{name} must be a matrix of one embedding per row, not {matrix.ndim}-dimensional")
    if matrix.dtype.kind not in "fiu":
        raise ValueError(f"{name} must hold real numbers, not {matrix.dtype}")
    if width is not None and matrix.shape[1] != width:
        raise ValueError(f"{name} is {matrix.shape[1]} wide where {width} is needed: embeddings of one embedder only")
    return matrix if matrix.dtype.kind == "f" else matrix.astype(np.float64)


def as_vector(array: ArrayLike, name: str, length: int | None = None) -> Floats:
    """A finite float64 vector (n,).

    Raises:
        ValueError: The array is not one-dimensional, not finite, or not `length` long.
    """
    vector = np.asarray(array, dtype=np.float64)
    if vector.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, not {vector.ndim}-dimensional")
    if length is not None and len(vector) != length:
        raise ValueError(f"{name} has {len(vector)} entries where {length} are needed")
    if not np.isfinite(vector).all():
        raise ValueError(f"{name} holds a value that is not finite")
    return vector


def check_unit(matrix: np.ndarray, name: str, where: slice | Ints = slice(None)) -> None:
    """Hold the rows to length 1; a NaN or an infinity fails as well, since its row's length is neither.

    Args:
        matrix: (n, d) floating point.
        name: What it is, for messages.
        where: Which rows of the whole these are, for messages.

    Raises:
        ValueError: A row's length differs from 1 by more than `UNIT_TOLERANCE`.
    """
    # Float32 is wide enough for the check and half as much to read; float16 is not.
    exact = matrix if matrix.dtype.itemsize >= 4 else matrix.astype(np.float32)
    squared = np.vecdot(exact, exact)
    wrong = ~(np.abs(squared - 1.0) <= 2.0 * UNIT_TOLERANCE)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        length = float(np.sqrt(squared[row]))
        number = (where.start or 0) + row if isinstance(where, slice) else int(where[row])
        raise ValueError(f"{name} row {number} has length {length:.4g}, not 1: pass it through unit() first")


def unit_matrix(array: ArrayLike, name: str, width: int | None = None) -> Floats:
    """A checked float64 matrix (n, d) of unit rows, for sets small enough to copy.

    Raises:
        ValueError: As `as_matrix` and `check_unit`.
    """
    matrix = as_matrix(array, name, width).astype(np.float64)
    check_unit(matrix, name)
    return matrix


def blocks(n: int, size: int = BLOCK) -> Iterator[slice]:
    """Slices that cover range(n) in order."""
    return (slice(start, min(start + size, n)) for start in range(0, n, size))
