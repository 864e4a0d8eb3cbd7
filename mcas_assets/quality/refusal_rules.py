"""The rules of the tables `refusals` and `refusal_disparities`. `rules` makes their suites."""

from typing import Any

from mcas_assets.quality.expectations import Build, among, between, equal, exact_rows, ordered, present, unique

SUBJECT = ("system_version", "audit", "scope", "axis", "pole", "group_name", "category", "concept")
SCOPES = ("all", "pole", "group", "category", "concept", "neutral", "baseline")
AGAINST = ("other_pole", "other_groups", "baseline", "other_categories", "other_concepts")

_TOLERANCE = 1e-6


def _has_test(column: Any) -> Any:
    return column("p_value").is_not_null()


REFUSALS: dict[str, Build] = {
    "one row for each subject": exact_rows(),
    "each subject once": unique(*SUBJECT),
    **{f"{column} is present": present(column) for column in ("system_version", "audit")},
    "scope is known": among("scope_or_missing", SCOPES),
    "every requested image is accounted for": equal("n_accounted", "n_requested"),
    **{f"{name} counts from 0": between(name, 0, None) for name in ("n_prompts", "n_given", "n_refused", "n_lost")},
    "rate is refused by decided": between("rate_error", 0, _TOLERANCE),
    "null rate has a reason": among("is_unexplained_null", (False,)),
    "no rate is NaN": among("has_nan", (False,)),
    "rate lies in its interval": among("is_rate_in_interval", (True,)),
    **{f"{name} within [0, 1]": between(name, 0, 1) for name in ("rate_low", "rate_high")},
    "least is at most most": ordered("rate_least", "rate_most"),
    "n_effective is at most the decided": between("n_beyond_decided", None, _TOLERANCE),
}

HINTS: dict[str, Build] = {"nine in ten requests were decided": between("share_lost", 0, 0.1)}

DISPARITIES: dict[str, Build] = {
    "one row for each subject and what it is held against": exact_rows(),
    "each disparity once": unique(*SUBJECT, "against"),
    "against is known": among("against_or_missing", AGAINST),
    "difference is rate less the other": between("difference_error", 0, _TOLERANCE),
    "difference lies in its interval": among("is_difference_in_interval", (True,)),
    **{f"{name} within [-1, 1]": between(name, -1, 1) for name in ("difference_low", "difference_high")},
    "ratio is rate by the other": between("ratio_error", 0, _TOLERANCE),
    "test names its unit": among("unit_or_missing", ("prompt", "image"), where=_has_test),
    "p_value in (0, 1]": between("p_value", 0, 1, above_low=True),
    "q_value in (0, 1]": between("q_value", 0, 1, above_low=True),
    "null difference has a reason": among("is_unexplained_null", (False,)),
    "null ratio has a reason": among("is_unexplained_ratio", (False,)),
    "no disparity is NaN": among("has_nan", (False,)),
}
