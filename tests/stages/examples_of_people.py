"""Good and bad rows of what people say, and of what rests on it."""

from tests.stages.breaches import Example, each, first, row_at

_RATED = {
    "n_drawn": 20, "n_raters": 2, "n_rated": 10, "n_single": 2, "n_agreed": 9, "n_settled": 1, "n_open": 0, "n_no_group": 1,
    "alpha": 0.8, "alpha_low": 0.5, "alpha_high": 0.95, "told_alpha": 0.9, "told_low": 0.6, "told_high": 1.0,
}  # fmt: skip
AGREEMENT = Example(
    "rater_agreement",
    mark="axis",
    good=[_RATED],
    bad={
        "rated images are agreed, settled or open": first(n_agreed=8),
        "images count from 0": (
            first(n_agreed=-1, n_settled=11),
            first(n_settled=-1, n_agreed=11),
            first(n_single=-1),
            first(n_no_group=-1),
        ),
        "rated images were drawn": first(n_drawn=11),
        "alpha is at most 1": (first(alpha_high=1.1), first(told_high=1.1)),
        "alpha lies in its interval": (first(alpha_low=0.81), first(alpha_high=None)),
        "alpha of told groups lies in its interval": (first(told_low=0.91), first(told_high=None)),
        "null alpha has a reason": (first(alpha=None), first(told_alpha=None)),
        "what raters differ on is settled": first(n_open=1, n_agreed=8),
        "raters agree": first(alpha=0.6),
    },
)

_TWO = {
    "labels_1": "zero-shot", "embedder_1": "e@1", "labels_2": "pixels", "n_labellers": 2, "n_images": 40, "n_told": 30,
    "n_same": 28, "alpha": 0.8, "alpha_low": 0.7, "alpha_high": 0.9, "told_alpha": 0.9, "told_low": 0.8, "told_high": 1.0,
}  # fmt: skip
LABELLER_AGREEMENT = Example(
    "labeller_agreement",
    mark="axis",
    good=[
        _TWO,
        _TWO | {"labels_2": "people"},
        _TWO | {"labels_1": None, "embedder_1": None, "labels_2": None, "n_labellers": 3},
    ],
    bad={
        "labellers that are compared are known": first(labels_2="guess"),
        "two labellers are named, or all are meant": (first(n_labellers=3), row_at(2, labels_1="pixels")),
        "told images are among those that were answered for": first(n_told=41),
        "images told the same are among the told": first(n_same=31),
        "images count from 0": first(n_same=-1),
        "alpha is at most 1": (first(alpha_high=1.1), first(told_high=1.1)),
        "alpha lies in its interval": (first(alpha_low=0.81), first(alpha_high=None)),
        "alpha of told groups lies in its interval": (first(told_low=0.91), first(told_high=None)),
        "null alpha has a reason": (first(alpha=None), first(told_alpha=None)),
        "labellers agree": first(told_alpha=0.6, told_low=0.5),
    },
)

_ABOUT = {"labels": "zero-shot", "embedder": "e@1"}
_MEN = _ABOUT | {"group_name": "man", "n_known": 8}
CONFUSION = Example(
    "people_confusion",
    mark="axis",
    good=[
        _MEN | {"answer": "man", "n_images": 7, "rate": 0.875},
        _MEN | {"answer": "no group", "n_images": 1, "rate": 0.125},
        _ABOUT | {"group_name": "woman", "answer": "man", "n_images": 0, "n_known": 0, "reason": "none"},
    ],
    bad={
        "labels are known": each(labels="guess"),
        "images count from 0": lambda rows: first(n_images=9, rate=1.125)(row_at(1, n_images=-1, rate=-0.125)(rows)),
        "answers hold the known images": first(n_images=6, rate=0.75),
        "rate is images by known": first(rate=0.8),
        "null rate has a reason": (first(rate=None), row_at(2, reason=None)),
    },
)

_NURSE = _ABOUT | {
    "concept": "nurse", "n_images": 40, "n_rated": 30, "n_open": 0, "method": "prediction-powered", "share_low": 0.0,
    "share_high": 1.0,
}  # fmt: skip
SHARES = Example(
    "people_shares",
    mark="axis",
    good=[
        _NURSE | {"group_name": "man", "n_group": 3, "share": 0.1},
        _NURSE | {"group_name": "woman", "n_group": 26, "share": 0.9},
        _ABOUT | {
            "concept": "ceo", "group_name": "man", "n_images": 9, "n_rated": 0, "n_group": 0, "n_open": 0,
            "method": "rogan-gladen", "reason": "none",
        },
    ],
    bad={
        "labels are known": each(labels="guess"),
        "method is known": first(method="guess"),
        "rated images are of the concept": row_at(0, 1, n_open=11),
        "groups are of the rated images": first(n_group=5),
        "shares sum to 1": first(share=0.2),
        "share lies in its interval": (first(share_low=0.11), first(share_high=None)),
        "interval within [0, 1]": (first(share_low=-0.1), first(share_high=1.1)),
        "null share has a reason": row_at(2, reason=None),
    },
)  # fmt: skip
