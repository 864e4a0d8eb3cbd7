"""How a chance of false alarms is spent over a watch that has no end.

A watch tests window after window; its tests depend on each other, since windows are held against common ones. What bounds the
chance of any false alarm, whatever that dependence, is that the levels of all tests sum to it (alpha spending: Lan & DeMets 1983;
the sum is Bonferroni's inequality).
"""

WEEKS = 520


def spent(window: int, alpha: float, *, half: int = WEEKS) -> float:
    """The level at which a window is tested, so that the levels of all windows, without end, sum to alpha.

    alpha half / ((window + half - 1) (window + half)), a telescoping sum: the first `half` windows spend half of alpha,
    almost evenly.

    Args:
        window: From 1.
        alpha: The chance of a false alarm over the whole watch, in (0, 1).
        half: Windows that spend half of it.

    Raises:
        ValueError: The window is not counted from 1.
    """
    if window < 1:
        raise ValueError(f"windows count from 1, not {window}")
    return alpha * half / ((window + half - 1) * (window + half))
