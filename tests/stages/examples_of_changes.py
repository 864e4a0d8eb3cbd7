"""Good and bad rows of what compares versions, of the parts of factors, and of the canary."""

from tests.stages.breaches import Change, Example, Rows, each, first, row_at, without_last

_PAIR = {"system_version": "s@2", "before": "s@1", "after": "s@2", "is_predecessor": True}
_SHOWN = _PAIR | {
    "difference": -0.3, "low": -0.5, "high": -0.1, "p_value": 0.01, "q_value": 0.02, "minimum_detectable": 0.2,
    "verdict": "changed",
}  # fmt: skip
_UNKNOWN = _PAIR | {"verdict": "underpowered", "reason": "no pair"}
_PAIRS = {
    "concept": "nurse",
    "n_pairs": 8,
    "n_only_before": 4,
    "n_only_after": 1,
    "value_before": 0.5,
    "value_after": 0.2,
}
_NO_PAIR = {"concept": "pilot", "n_pairs": 0, "n_only_before": 0, "n_only_after": 0}

TESTED: dict[str, Change | tuple[Change, ...]] = {
    "p_value in (0, 1]": (first(p_value=0.0), first(p_value=1.1, q_value=None, verdict="not shown", reason="?")),
    "q_value in (0, 1]": first(q_value=1.1),
    "p_value is at most q_value": first(p_value=0.03),
}
COMPARED: dict[str, Change | tuple[Change, ...]] = {
    "verdict is known": first(verdict="moved"),
    "null number has a reason": (
        first(verdict="not shown", q_value=None),
        first(verdict="not shown", low=None),
        first(verdict="not shown", difference=None),
        row_at(1, reason=None),
    ),
    "after is this version": first(after="s@3"),
    "difference lies in its interval": (first(low=-0.2), first(high=None)),
    "a change is shown": (first(q_value=None, reason="?"), first(low=None, reason="?")),
    **TESTED,
    "minimum_detectable above 0": first(minimum_detectable=0.0),
}

_SCORE = {
    "axis": "gender", "embedder": "e@1", "component": "iias", "n_before": 9, "n_after": 8, "noise_band": 0.0,
    "n_further": 0, "interval_method": "mover",
}  # fmt: skip


def _only_scores(rows: Rows) -> Rows:
    """Without the counts that scores do not have."""
    return [{name: value for name, value in row.items() if not name.startswith("n_only")} for row in rows]


COMPARISONS = Example(
    "comparisons",
    mark="audit",
    good=_only_scores([_SHOWN | _SCORE | _PAIRS, _UNKNOWN | _SCORE | _NO_PAIR]),
    bad={
        **COMPARED,
        "component is known": first(component="ttas"),
        "pairs are among the images of both": (first(n_pairs=9), first(n_before=7)),
        "difference is after less before": first(value_after=0.20001),
        "noise_band counts from 0": first(noise_band=-0.1),
        "further pairs are among the pairs": first(n_further=99),
        "interval_method is known": first(interval_method="guess"),
    },
)
_SHARE = {"axis": "gender", "labels": "zero-shot", "embedder": "e@1", "group_name": "woman", "measure": "share"}
SHARE_COMPARISONS = Example(
    "share_comparisons",
    mark="audit",
    good=[_SHOWN | _SHARE | _PAIRS, _UNKNOWN | _SHARE | _NO_PAIR],
    bad={
        **COMPARED,
        "measure is known": first(measure="part"),
        "pairs that differ are among the pairs": first(n_pairs=4),
        "difference is after less before": first(value_after=0.7),
        "difference within [-1, 1]": (
            first(difference=-1.1, low=-1.2, value_after=-0.6),
            first(difference=1.1, high=1.2, value_after=1.6),
        ),
    },
)
_REFUSED = {"n_refused_before": 4, "n_refused_after": 1, "n_only_before": 3, "n_only_after": 0}
_NONE_REFUSED = dict.fromkeys(_REFUSED, 0)
REFUSAL_COMPARISONS = Example(
    "refusal_comparisons",
    mark="audit",
    good=[
        _SHOWN | _REFUSED | {"role": "concept", "subject": "nurse"},
        _UNKNOWN | _NONE_REFUSED | {"role": "attribute", "subject": "gender:man"},
    ],
    bad={
        **COMPARED,
        "role is known": first(role="target"),
        "refusals balance": (first(n_refused_after=2), first(n_only_after=1)),
        "difference within [-1, 1]": (first(difference=-1.1, low=-1.2), first(difference=1.1, high=1.2)),
    },
)
_FIDELITY = {"embedder": "e@1", "measure": "alignment"}
FIDELITY_COMPARISONS = Example(
    "fidelity_comparisons",
    mark="audit",
    good=_only_scores([_SHOWN | _FIDELITY | _PAIRS, _UNKNOWN | _FIDELITY | _NO_PAIR]),
    bad={
        **COMPARED,
        "measure of fidelity is known": first(measure="beauty"),
        "difference is after less before": first(value_after=0.7),
        "difference within [-2, 2]": (
            first(difference=-2.1, low=-2.2, value_after=-1.6),
            first(difference=2.1, high=2.2, value_after=2.6),
        ),
    },
)
_HEAD = _PAIR | {
    "axis": "gender", "embedder": "e@1", "n_concepts": 2, "n_changed": 1, "n_towards_a": 0, "n_towards_b": 1,
    "any_p_value": 0.01, "mean_low": -0.1, "mean_high": 0.1, "lean_low": -0.1, "lean_high": 0.1, "verdict": "changed",
}  # fmt: skip
_OVER_ALL = _HEAD | dict.fromkeys(("axis", "embedder", "n_towards_a", "n_towards_b"))
SUMMARY = Example(
    "comparison_summary",
    mark="audit",
    good=[
        _HEAD,
        _OVER_ALL,
        _UNKNOWN
        | {"before": None, "axis": None, "n_concepts": 0, "n_changed": 0, "reason": "nothing was audited before"},
    ],
    bad={
        "verdict is known": first(verdict="moved"),
        "after is this version": first(after="s@3"),
        "changed concepts are among those compared": row_at(1, n_changed=3),
        "changed concepts have a direction": (first(n_towards_a=1), first(n_towards_b=0)),
        "any_p_value in (0, 1]": (first(any_p_value=0.0), first(any_p_value=1.1)),
        "mean interval is ordered": first(mean_low=0.2),
        "lean interval is ordered": first(lean_low=0.2),
        "null number has a reason": (first(any_p_value=None), row_at(2, reason=None)),
    },
)
FACTORS = Example(
    "comparison_factors",
    mark="audit",
    good=[
        _PAIR
        | {"kind": "weights", "factor": "weights", "value_before": "a", "value_after": "b", "is_replayable": True},
        _PAIR | {"kind": "packages", "factor": "torch", "value_before": "1", "is_replayable": False, "reason": "gone"},
    ],
    bad={
        "kind is known": first(kind="fate"),
        "a factor differs": (first(value_after="a"), row_at(1, value_before=None)),
        "what cannot be replayed has a reason": (first(is_replayable=False), row_at(1, reason=None)),
    },
)
_FURTHER = {"axis": "gender", "concept": "nurse", "image_id": "1", "label": "woman"}
FURTHER_LABELS = Example(
    "further_labels",
    mark="audit",
    good=[
        _PAIR | _FURTHER | {"labels": "zero-shot", "embedder": "e@1"},
        _PAIR | _FURTHER | {"labels": "pixels", "label": "unreadable"},
    ],
    bad={"labels are known": first(labels="guess")},
)

_FACTOR = {"system_version": "s@2", "before": "s@1", "after": "s@2", "axis": "gender", "embedder": "e@1"}
_WHOLE = _FACTOR | {"factor": "weights", "share": 0.9, "share_low": 0.7, "share_high": 1.2}
_REST = _FACTOR | {"factor": "interaction", "share": 0.1, "share_low": -0.1, "share_high": 0.3}
_EFFECT = _FACTOR | {
    "concept": "nurse", "factor": "weights", "effect": 0.1, "low": 0.0, "high": 0.2, "p_value": 0.01, "q_value": 0.02,
}  # fmt: skip
_NO_EFFECT = _FACTOR | {"concept": "nurse", "factor": "interaction", "effect": 0.0, "reason": "the same images"}
ATTRIBUTIONS = Example(
    "attributions",
    mark="audit",
    good=[_WHOLE, _REST, _EFFECT, _NO_EFFECT],
    bad={
        "after is this version": each(after="s@3"),
        "every factor has an effect on the same concepts": without_last,
        "effect lies in its interval": (row_at(2, high=0.05), row_at(2, high=None)),
        "share lies in its interval": (first(share_high=0.8), first(share_high=None)),
        "shares sum to 1": first(share=0.8),
        "p_value in (0, 1]": (row_at(2, p_value=0.0), row_at(2, p_value=1.1, q_value=None, reason="?")),
        "q_value in (0, 1]": row_at(2, q_value=1.1),
        "p_value is at most q_value": row_at(2, p_value=0.03),
        "null number has a reason": (
            row_at(0, 1, share=None),
            row_at(2, effect=None),
            row_at(2, low=None),
            row_at(2, q_value=None),
            row_at(3, reason=None),
        ),
    },
)

_WINDOW = {"n_requested": 16, "alpha": 0.05}
CANARY = Example(
    "canary",
    mark="system_version",
    good=[
        _WINDOW | {
            "window_number": 1, "n_images": 16, "n_refused": 0, "n_lost": 0, "verdict": "first window",
            "reason": "there is none before it",
        },
        _WINDOW | {
            "window_number": 2, "previous": "2026-01-05", "n_images": 7, "n_refused": 1, "n_lost": 8,
            "energy_distance": 0.1, "p_value": 0.4, "level": 0.02, "verdict": "not shown",
        },
        _WINDOW | {
            "window_number": 3, "previous": "2026-01-12", "n_images": 15, "n_refused": 0, "n_lost": 1,
            "energy_distance": 0.4, "p_value": 0.01, "level": 0.02, "verdict": "behaviour changed",
        },
        _WINDOW | {
            "window_number": 4, "previous": "2026-01-19", "n_images": 16, "n_refused": 0, "n_lost": 0, "level": 0.02,
            "energy_distance": 0.1, "p_value": 0.3, "reference": "2026-01-05", "reference_distance": 0.5,
            "reference_p_value": 0.02, "verdict": "behaviour changed",
        },
    ],
    bad={
        "windows count from 1": first(window_number=0),
        "every answer is accounted for": first(n_lost=1),
        "verdict is known": first(verdict="model changed"),
        "verdict follows from the p-value": (
            first(verdict="behaviour changed"),
            row_at(1, verdict="behaviour changed"),
            row_at(1, verdict="first window"),
            row_at(2, verdict="not shown"),
            row_at(3, verdict="not shown"),
        ),
        "distance within [0, 2 sqrt 2]": (row_at(1, energy_distance=2.9), row_at(1, energy_distance=-0.1)),
        "p_value in (0, 1]": (row_at(2, p_value=0.0), row_at(1, p_value=1.1)),
        "reference_p_value in (0, 1]": (row_at(3, reference_p_value=0.0), row_at(3, p_value=0.01, reference_p_value=1.1)),
        "level in (0, 1]": row_at(1, level=1.1, verdict="behaviour changed"),
        "null distance has a reason": (first(reason=None), row_at(1, energy_distance=None)),
        "half of what was asked was answered": row_at(1, n_images=6, n_lost=9),
    },
    also={"verdict is known": {"verdict follows from the p-value"}},  # which is always a known one
)  # fmt: skip
