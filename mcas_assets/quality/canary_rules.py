"""The rules of the table `canary`. `rules` makes their suite."""

from mcas_assets.quality.expectations import Build, among, between, equal, exact_rows, present, unique

KEY = ("system_version", "window_number", "window_name")

CANARY: dict[str, Build] = {
    "one row more than before": exact_rows(),
    "each window once": unique("system_version", "window_number"),
    "window_name is present": present("window_name"),
    "windows count from 1": between("window_number", 1, None),
    "every answer is accounted for": equal("n_accounted", "n_requested"),
    "verdict is known": among("verdict_or_missing", ("behaviour changed", "not shown", "first window")),
    "verdict follows from the p-value": equal("verdict_or_missing", "expected_verdict"),
    "distance within [0, 2 sqrt 2]": between("energy_distance", 0, 2 * 2**0.5),
    "p_value in (0, 1]": between("p_value", 0, 1, above_low=True),
    "null distance has a reason": among("is_unexplained_null", (False,)),
    "no value is NaN": among("has_nan", (False,)),
}

HINTS: dict[str, Build] = {"half of what was asked was answered": between("share_answered", 0.5, 1)}
