"""Numbers as all views print them: one text for one kind of number.

Not here: bars and tables (`drawing`).
"""


def percent(share: float | None, missing: str = "") -> str:
    """A share, 1 as `100 %`; `missing` where there is none."""
    return missing if share is None else f"{100 * share:.0f} %"


def percent_interval(low: float | None, high: float | None) -> str:
    """The ends of the interval of a share; empty where there is none."""
    return "" if low is None or high is None else f"{100 * low:.0f} to {100 * high:.0f} %"


def signed(value: float | None, digits: int = 3) -> str:
    """A score or one end of an interval, its sign always there: an end of -0.00 lies below 0."""
    return "" if value is None else f"{value:+.{digits}f}"


def change(value: float | None) -> str:
    """A difference, to two digits, without a sign that says something of nothing: never -0.00."""
    return "" if value is None else signed(round(value, 2) + 0.0, 2)


def interval(low: float | None, high: float | None, missing: str = "", digits: int = 2) -> str:
    """The ends of an interval of scores; `missing` where there is none."""
    return missing if low is None or high is None else f"{signed(low, digits)} to {signed(high, digits)}"


def p_value(value: float | None) -> str:
    """A p- or q-value: three digits behind the point, or, where they would all be 0, its first one."""
    if value is None:
        return ""
    return f"{value:.3f}" if value >= 0.001 else f"{value:.1g}"
