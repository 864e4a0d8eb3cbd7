"""The rules of the tables that a comparison of versions writes. What a frame's columns are is said in comparison_frames.py."""

from mcas_assets.quality.expectations import (
    Build,
    Rule,
    among,
    between,
    equal,
    exact_rows,
    ordered,
    present,
    some_rows,
    suite,
    unique,
)
from mcas_assets.scoring.changes.pairs import CHANGES

KEYS: dict[str, tuple[str, ...]] = {
    "comparisons": ("before", "after", "audit", "axis", "embedder", "concept", "component"),
    "share_comparisons": ("before", "after", "audit", "axis", "labels", "embedder", "concept", "group_name", "measure"),
    "refusal_comparisons": ("before", "after", "audit", "role", "subject"),
    "comparison_summary": ("before", "after", "audit", "axis", "embedder"),
    "comparison_factors": ("before", "after", "audit", "kind", "factor", "stage"),
    "attributions": ("before", "after", "audit", "axis", "embedder", "factor", "concept_or_all"),
}

_TOLERANCE = 1e-6
_VERDICTS = ("changed", "not shown", "underpowered")
_NO_GUESS: dict[str, Build] = {
    "verdict is known": among("verdict_or_missing", _VERDICTS),
    "null number has a reason": among("is_unexplained_null", (False,)),
    "no number is NaN": among("has_nan", (False,)),
}
_COMPARED: dict[str, Build] = {
    **_NO_GUESS,
    "after is this version": equal("after", "system_version"),
    "difference lies in its interval": among("is_difference_in_interval", (True,)),
    "a change is shown": among("is_changed_unshown", (False,)),
    "p_value in (0, 1]": between("p_value", 0, 1, above_low=True),
    "q_value in (0, 1]": between("q_value", 0, 1, above_low=True),
    "p_value is at most q_value": ordered("p_value", "q_value"),
    "minimum_detectable above 0": between("minimum_detectable", 0, None, above_low=True),
}

_COMPARISONS = suite(
    "comparisons",
    {
        "one row for each pair, axis, embedder, concept and component": exact_rows(),
        "each comparison once": unique(*KEYS["comparisons"]),
        **{f"{column} is present": present(column) for column in ("before", "axis", "embedder", "concept")},
        "component is known": among("component_or_missing", CHANGES),
        "pairs are among the images of both": ordered("n_pairs", "fewer_images"),
        "difference is after less before": between("difference_error", 0, _TOLERANCE),
        "noise_band counts from 0": between("noise_band", 0, None),
        **_COMPARED,
    },
)

_SHARE_COMPARISONS = suite(
    "share_comparisons",
    {
        "one row for each pair, axis, labeller, concept, group and measure": exact_rows(),
        "each comparison once": unique(*KEYS["share_comparisons"]),
        "before is present": present("before"),
        "measure is known": among("measure_or_missing", ("share", "corrected_share")),
        "pairs that differ are among the pairs": ordered("n_apart", "n_pairs"),
        "difference is after less before": between("difference_error", 0, _TOLERANCE),
        "difference within [-1, 1]": between("difference", -1, 1),
        **_COMPARED,
    },
)

_REFUSAL_COMPARISONS = suite(
    "refusal_comparisons",
    {
        "one row for each pair and subject": exact_rows(),
        "each comparison once": unique(*KEYS["refusal_comparisons"]),
        "before is present": present("before"),
        "role is known": among("role_or_missing", ("concept", "neutral", "attribute")),
        "refusals balance": among("refused_balance", (0,)),
        "difference within [-1, 1]": between("difference", -1, 1),
        **_COMPARED,
    },
)

_COMPARISON_SUMMARY = suite(
    "comparison_summary",
    {
        "one row for each pair, axis and embedder, and one over all": exact_rows(),
        "each summary once": unique(*KEYS["comparison_summary"]),
        "after is this version": equal("after", "system_version"),
        "changed concepts are among those compared": ordered("n_changed", "n_concepts"),
        "changed concepts have a direction": equal("n_by_direction", "n_changed"),
        "any_p_value in (0, 1]": between("any_p_value", 0, 1, above_low=True),
        "mean interval is ordered": ordered("mean_low", "mean_high"),
        "lean interval is ordered": ordered("lean_low", "lean_high"),
        **_NO_GUESS,
    },
)

_COMPARISON_FACTORS = suite(
    "comparison_factors",
    {
        "has rows": exact_rows(),
        "each factor once": unique(*KEYS["comparison_factors"]),
        "kind is known": among(
            "kind_or_missing",
            ("weights", "settings", "scheduler", "instrument", "packages", "code", "machine", "question"),
        ),
        "a factor differs": among("is_same", (False,)),
        "what cannot be replayed has a reason": among("is_unexplained", (False,)),
    },
)

_ATTRIBUTIONS = suite(
    "attributions",
    {
        "has rows": some_rows(),
        "each effect once": unique(*KEYS["attributions"]),
        "before is present": present("before"),
        "after is this version": equal("after", "system_version"),
        "every factor has an effect on the same concepts": equal("n_of_factor", "n_of_each"),
        "effect lies in its interval": among("is_effect_in_interval", (True,)),
        "share lies in its interval": among("is_share_in_interval", (True,)),
        "shares sum to 1": between("share_sum_error", 0, _TOLERANCE),
        "p_value in (0, 1]": between("p_value", 0, 1, above_low=True),
        "q_value in (0, 1]": between("q_value", 0, 1, above_low=True),
        "p_value is at most q_value": ordered("p_value", "q_value"),
        "null number has a reason": among("is_unexplained_null", (False,)),
        "no number is NaN": among("has_nan", (False,)),
    },
)

SUITES: dict[str, tuple[Rule, ...]] = {
    "comparisons": _COMPARISONS,
    "share_comparisons": _SHARE_COMPARISONS,
    "refusal_comparisons": _REFUSAL_COMPARISONS,
    "comparison_summary": _COMPARISON_SUMMARY,
    "comparison_factors": _COMPARISON_FACTORS,
    "attributions": _ATTRIBUTIONS,
}
