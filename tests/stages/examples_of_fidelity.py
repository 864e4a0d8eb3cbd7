"""Good and bad rows of alignment and diversity."""

from tests.stages.breaches import Example, first, row_at

_ABOUT = {"embedder": "e@1"}
_CONCEPT = _ABOUT | {
    "scope": "concept", "category": "occupations", "concept": "nurse", "n_images": 8, "alignment": 0.3, "alignment_low": 0.2,
    "alignment_high": 0.4, "first_share": 0.9, "first_low": 0.5, "first_high": 1.0,
}  # fmt: skip
_ALL = _CONCEPT | {"scope": "all", "category": None, "concept": None}
ALIGNMENT = Example(
    "alignment",
    mark="audit",
    good=[
        _CONCEPT,
        _CONCEPT | {"concept": "pilot"},
        _ALL,
        _ALL | {"scope": "group", "axis": "gender", "labels": "zero-shot", "group_name": "woman", "difference": 0.1,
                "difference_low": 0.0, "difference_high": 0.2},
        _ABOUT | {"scope": "concept", "category": "neutral", "concept": "person", "n_images": 0, "reason": "no image"},
    ],
    bad={
        "scope of alignment is known": first(scope="role"),
        "alignment within [-1, 1]": (first(alignment=1.1), first(alignment=-1.1)),
        "alignment interval is ordered": first(alignment_low=0.5),
        "difference interval is ordered": row_at(3, difference_low=0.3),
        "share of the nearest lies in its interval": first(first_low=0.95),
        "shares of the nearest within [0, 1]": (first(first_low=-0.1), first(first_high=1.1)),
        "null alignment has a reason": (first(alignment=None), row_at(4, reason=None)),
        "null difference of a group has a reason": row_at(3, difference=None),
        "a group is named where there is one": (row_at(3, group_name=None), first(group_name="man")),
        "images are nearer to their own prompt than by chance": row_at(2, first_share=0.3, first_low=0.1, first_high=0.4),
    },
)  # fmt: skip
_VARIED = _ABOUT | {
    "concept": "nurse", "n_images": 8, "similarity": 0.7, "similarity_low": 0.6, "similarity_high": 0.8, "vendi": 2.0,
    "vendi_low": 1.5, "vendi_high": 2.5,
}  # fmt: skip
DIVERSITY = Example(
    "diversity",
    mark="audit",
    good=[_VARIED, _ABOUT | {"concept": "pilot", "n_images": 1, "reason": "fewer than two images"}],
    bad={
        "similarity within [-1, 1]": (first(similarity=1.1), first(similarity=-1.1)),
        "similarity interval is ordered": first(similarity_low=0.9),
        "effective number counts from 1": first(vendi=0.9),
        "effective number is at most the images": first(vendi=8.1),
        "vendi interval is ordered": first(vendi_low=3.0),
        "null similarity has a reason": (first(similarity=None), row_at(1, reason=None)),
    },
)
