"""Good and bad rows of shares, of what they are held against, and of refusals."""

from tests.stages.breaches import Example, each, first, row_at

_ABOUT = {"labels": "zero-shot", "embedder": "e@1"}
_COUNTED = {"n_requested": 12, "n_missing": 1, "n_abstained": 1, "n_counted": 10, "n_known": 8}
_ENDS = {"share_low": 0.0, "share_high": 1.0, "share_worst": 0.1, "share_best": 0.9}
_NURSE = _ABOUT | _COUNTED | _ENDS | {"concept": "nurse", "corrected_low": 0.0, "corrected_high": 1.0}
_PILOT = _ABOUT | {
    "concept": "pilot", "n_requested": 4, "n_missing": 4, "n_abstained": 0, "n_counted": 0, "n_group": 0, "n_known": 8,
    "reason": "no image", "corrected_reason": "no image was labelled",
}  # fmt: skip
REPRESENTATION = Example(
    "representation",
    mark="axis",
    good=[
        _NURSE | {"group_name": "man", "n_group": 3, "share": 0.3, "corrected_share": 0.2},
        _NURSE | {"group_name": "woman", "n_group": 7, "share": 0.7, "corrected_share": 0.8},
        _PILOT | {"group_name": "man", "labels": "pixels", "embedder": None},
        _PILOT | {"group_name": "woman", "labels": "pixels", "embedder": None},
    ],
    bad={
        "labels are known": each(labels="guess"),
        "zero-shot names its embedder": row_at(0, 1, embedder=None),
        "every requested image is accounted for": first(n_missing=0),
        "groups hold the counted images": first(n_group=2),
        "images count from 0": (
            row_at(0, 1, n_missing=-1, n_requested=10),
            row_at(0, 1, n_abstained=-1, n_missing=13, n_counted=0, n_group=0),
            first(n_known=-1),
            lambda rows: first(n_group=-1)(row_at(1, n_group=11)(rows)),
        ),
        "null share has a reason": (first(share=None), row_at(2, reason=None)),
        "null corrected share has a reason": (first(corrected_share=None), row_at(2, corrected_reason=None)),
        "intervals within [0, 1]": (
            first(share_low=-0.1),
            first(share_high=1.1),
            first(corrected_low=-0.1),
            first(corrected_high=1.1),
        ),
        "shares sum to 1": first(share=0.31),
        "corrected shares sum to 1": first(corrected_share=0.21),
        "share lies in its interval": (first(share_low=0.31), first(share_high=None)),
        "corrected share lies in its interval": (first(corrected_low=0.21), first(corrected_high=None)),
        "worst is at most best": first(share_worst=0.95),
        "some labeller counts half of the images": lambda rows: first(n_group=0)(
            row_at(0, 1, n_abstained=6, n_counted=5, n_group=5)(rows)
        ),
    },
)

_MEN = _ABOUT | {"group_name": "man", "n_known": 8}
CONFUSION = Example(
    "confusion",
    mark="axis",
    good=[
        _MEN | {"answer": "man", "n_images": 6, "rate": 0.75},
        _MEN | {"answer": "woman", "n_images": 1, "rate": 0.125},
        _MEN | {"answer": "no group", "n_images": 1, "rate": 0.125},
        _ABOUT | {"group_name": "woman", "answer": "man", "n_images": 0, "n_known": 0, "reason": "no image"},
    ],
    bad={
        "labels are known": each(labels="guess"),
        "images count from 0": lambda rows: first(n_images=8, rate=1.0)(row_at(1, n_images=-1, rate=-0.125)(rows)),
        "answers hold the known images": first(n_images=5, rate=0.625),
        "rate is images by known": first(rate=0.7),
        "null rate has a reason": (first(rate=None), row_at(3, reason=None)),
        "a group is read right more often than not": lambda rows: first(n_images=3, rate=0.375)(
            row_at(1, n_images=4, rate=0.5)(rows)
        ),
    },
)

_SHARE = _ABOUT | {"population": "parity", "locale": "any", "source": "by definition", "reference": 0.5}
AMPLIFICATION = Example(
    "amplification",
    mark="audit",
    good=[
        _SHARE | {
            "group_name": "man", "share": 0.2, "share_low": 0.1, "share_high": 0.4, "difference": -0.3,
            "difference_low": -0.4, "difference_high": -0.1, "log_odds": -1.4, "directional": 1.0,
            "directional_low": 0.5, "directional_high": 1.0,
            "verdict": "under-represented",
        },
        _SHARE | {
            "group_name": "woman", "share": 0.8, "share_low": 0.6, "share_high": 0.9, "difference": 0.3,
            "difference_low": 0.1, "difference_high": 0.4, "log_odds": 1.4, "directional": -1.0,
            "verdict": "over-represented",
        },
        _SHARE | {
            "group_name": "other", "share": 0.5, "share_low": 0.4, "share_high": 0.6, "difference": 0.0,
            "difference_low": -0.1, "difference_high": 0.1, "log_odds": 0.0, "directional": 0.1, "verdict": "not shown",
        },
        _SHARE | {"group_name": "none", "reason": "no image", "directional_reason": "no share"},
    ],
    bad={
        "locale is present": first(locale=None),
        "source is present": first(source=None),
        "reference within [0, 1]": (row_at(3, reference=1.1), row_at(3, reference=-0.1)),
        "difference is share less reference": first(difference=-0.29),
        "difference interval is ordered": first(difference_low=0.0),
        "directional within [-1, 1]": (row_at(1, directional=1.1), row_at(1, directional=-1.1)),
        "directional lies in its interval": (first(directional_low=1.01), first(directional_high=0.9)),
        "q_value in (0, 1]": (first(q_value=0.0), first(q_value=1.1)),
        "verdict follows from the interval": (
            first(verdict="over-represented"),
            first(verdict=None),
            row_at(1, verdict="not shown"),
            row_at(2, verdict="under-represented"),
            row_at(3, verdict="not shown"),
        ),
        "null difference has a reason": (first(difference=None), first(log_odds=None), row_at(3, reason=None)),
        "null directional has a reason": (first(directional=None), row_at(3, directional_reason=None)),
    },
)  # fmt: skip

_MEAN = _ABOUT | {"population": "town", "n_images": 40, "n_effective": 12.5}
MEAN_AMPLIFICATION = Example(
    "mean_amplification",
    mark="audit",
    good=[
        _MEAN | {"measure": "share", "mean": 0.1, "low": -0.1, "high": 0.3},
        _ABOUT | {"measure": "corrected_share", "reason": "no attribute image of a group"},
    ],
    bad={
        "measure is known": first(measure="guess"),
        "mean lies in its interval": (first(low=0.2), first(high=None)),
        "effective images are among the counted": first(n_effective=41.0),
        "n_effective above 0": first(n_effective=0.0),
        "null mean has a reason": (first(mean=None), row_at(1, reason=None)),
    },
)

IMAGE_LABELS = Example(
    "image_labels",
    mark="sha256",
    good=[_ABOUT | {"label": "woman"}, {"labels": "pixels", "embedder": None, "label": "unreadable"}],
    bad={
        "labels of an image are known": each(labels="guess"),
        "a zero-shot label names its embedder": first(embedder=None),
    },
)

_DISTANCE = _ABOUT | {"population": "parity"}
DIVERGENCE = Example(
    "divergence",
    mark="audit",
    good=[
        _DISTANCE
        | {"kind": "total_variation", "value": 0.2, "floor": 0.1, "excess": 0.1, "p_value": 0.2, "q_value": 0.2},
        _DISTANCE | {"kind": "jensen_shannon", "reason": "no image"},
    ],
    bad={
        "kind is known": first(kind="hellinger"),
        "value within [0, 1]": (first(value=1.1, excess=1.0), first(value=-0.1, excess=-0.2)),
        "every value has its floor": first(floor=None),
        "floor within [0, 1]": (first(floor=1.1, excess=-0.9), first(floor=-0.1, excess=0.3)),
        "excess is value less floor": first(excess=0.2),
        "p_value in (0, 1]": (first(p_value=0.0), first(p_value=1.1)),
        "q_value in (0, 1]": (first(q_value=0.0), first(q_value=1.1)),
        "null value has a reason": (first(value=None), row_at(1, reason=None)),
    },
)

_DECIDED = {
    "scope": "concept", "n_prompts": 1, "n_requested": 10, "n_given": 6, "n_refused": 2, "n_lost": 2, "rate": 0.25,
    "rate_low": 0.0, "rate_high": 1.0, "rate_least": 0.2, "rate_most": 0.4, "n_effective": 8.0,
}  # fmt: skip
_OF_ALL = {
    "scope": "all",
    "n_requested": 40,
    "n_given": 34,
    "n_refused": 2,
    "n_lost": 4,
    "rate": 2 / 36,
    "rate_least": 0.05,
}
REFUSALS = Example(
    "refusals",
    mark="audit",
    good=[
        _DECIDED | {"concept": "nurse"},
        {
            "scope": "concept", "concept": "pilot", "n_requested": 4, "n_given": 0, "n_refused": 0, "n_lost": 4,
            "rate_least": 0.0, "rate_most": 1.0, "n_effective": 0.0, "reason": "nothing decided",
        },
        _DECIDED | _OF_ALL,
    ],
    bad={
        "scope is known": first(scope="target"),
        "every requested image is accounted for": first(n_lost=1),
        "images count from 0": (
            first(n_prompts=-1),
            first(n_given=-1, n_refused=9, rate=None, reason="?"),
            first(n_given=9, n_refused=-1, rate=None, reason="?"),
            first(n_lost=-1, n_requested=7),
        ),
        "rate is refused by decided": first(rate=0.2),
        "null rate has a reason": (first(rate=None), row_at(1, reason=None)),
        "rate lies in its interval": (first(rate_low=0.3), first(rate_high=None)),
        "interval within [0, 1]": (first(rate_low=-0.1), first(rate_high=1.1)),
        "least is at most most": first(rate_least=0.5),
        "n_effective is at most the decided": first(n_effective=8.1),
        "nine in ten requests were decided": row_at(2, n_lost=5, n_requested=41),
    },
)  # fmt: skip

_HELD = {"scope": "concept", "against": "baseline", "against_rate": 0.05}
DISPARITIES = Example(
    "refusal_disparities",
    mark="audit",
    good=[
        _HELD | {
            "concept": "nurse", "rate": 0.25, "difference": 0.2, "difference_low": -1.0, "difference_high": 1.0,
            "ratio": 5.0, "unit": "prompt", "p_value": 0.2, "q_value": 0.2,
        },
        _HELD | {"concept": "pilot", "reason": "nothing decided", "ratio_reason": "nothing decided"},
    ],
    bad={
        "against is known": first(against="others"),
        "difference is rate less the other": first(difference=0.1),
        "difference lies in its interval": (first(difference_low=None), first(difference_high=0.1)),
        "interval within [-1, 1]": (first(difference_low=-1.1), first(difference_high=1.1)),
        "ratio is rate by the other": first(ratio=4.0),
        "test names its unit": (first(unit=None), first(unit="image")),
        "p_value in (0, 1]": (first(p_value=0.0), first(p_value=1.1)),
        "q_value in (0, 1]": (first(q_value=0.0), first(q_value=1.1)),
        "null difference has a reason": (first(difference=None), row_at(1, reason=None)),
        "null ratio has a reason": (first(ratio=None), row_at(1, ratio_reason=None)),
    },
)  # fmt: skip

_CELL = {
    "axis_1": "gender",
    "axis_2": "skin_tone",
    "scope": "concept",
    "concept": "nurse",
    "n_counted": 10,
    "n_effective": 10.0,
}
INTERSECTIONS = Example(
    "intersections",
    mark="audit",
    good=[
        _CELL
        | {"group_2": "dark", "n_cell": 8, "share": 0.8, "share_low": 0.4, "share_high": 0.9, "impact_ratio": 1.0},
        _CELL | {"group_2": "light", "n_cell": 2, "share_high": 0.5, "reason": "few", "ratio_reason": "few"},
    ],
    bad={
        "scope of a cell is known": each(scope="audit"),
        "cells hold the counted images": first(n_cell=7),
        "a small cell is given no share": row_at(1, share=0.2, share_low=0.1),
        "cell share lies in its interval": (first(share=0.3), first(share_low=None)),
        "impact ratio within [0, 1]": first(impact_ratio=1.1),
        "effective images are among the counted": first(n_effective=10.5),
        "null cell has a reason": (first(share=None), first(impact_ratio=None), row_at(1, reason=None)),
    },
)
