"""Good and bad rows of the plan, of texts and of scores."""

from tests.stages.breaches import Example, each, first, row_at

_ASKED = {"prompt_id": "p", "seed": 1000, "batch_id": "b"}
PLAN = Example(
    "plan",
    mark="prompt_id",
    good=[
        _ASKED | {"role": "attribute", "axis": "gender", "pole": "a", "replicate": 0},
        _ASKED | {"role": "concept", "concept": "nurse", "replicate": 0},
        _ASKED | {"role": "neutral", "concept": "person", "replicate": 0},
    ],
    bad={
        "role is known": row_at(1, role="target"),
        "attribute has an axis": first(axis=None),
        "attribute has a pole": (first(pole=None), first(pole="c")),
        "concept is named": (row_at(1, concept=None), row_at(2, concept=None)),
        "seed has 31 bits": (first(seed=2**31), first(seed=-1)),
        "replicate counts from 0": first(replicate=-1),
    },
)
TEXTS = Example(
    "texts",
    mark="text_id",
    good=[
        {"text": "This is he", "kind": "word", "axis": "gender", "pole": "a"},
        {"text": "This is a man", "kind": "group", "axis": "gender", "concept": "man"},
        {"text": "This is a nurse", "kind": "prompt", "concept": "nurse"},
    ],
    bad={
        "text says something": (first(text=" "), first(text="")),
        "kind is known": first(kind="phrase"),
        "group text has an axis": row_at(1, axis=None),
        "group text names its group": row_at(1, concept=None),
    },
)

_NURSE = {
    "concept": "nurse", "n_images": 4, "iias": 0.1, "itpas": 0.02, "itaas": 0.03, "ttas": 0.0, "mcas": 0.15,
    "differing": 0.15, "mcas_low": 0.1, "mcas_high": 0.2, "adjusted_low": 0.1, "adjusted_high": 0.2, "p_value": 0.01,
    "q_value": 0.03, "sign_agreement": 1.0, "adjusted_p_value": 0.01, "adjusted_q_value": 0.03, "parity_low": 0.1,
    "parity_high": 0.2, "parity_p_value": 0.01, "parity_q_value": 0.03, "poles_p_value": 0.01, "interval_method": "mover",
}  # fmt: skip
_PROBABILITIES = [name for name in _NURSE if name.endswith(("p_value", "q_value"))]
_EXTREME = dict.fromkeys(("iias", "itpas", "itaas", "ttas"), 2.0) | {"mcas": 8.0, "differing": 6.0}
SCORES = Example(
    "scores",
    mark="audit",
    good=[
        _NURSE,
        _NURSE
        | _EXTREME
        | {"concept": "engineer", "n_images": 0, "p_value": 1.0, "q_value": 1.0, "sign_agreement": 0.0},
        {"concept": "pilot", "n_images": 0, "itaas": 0.01, "ttas": 0.02, "reason": "no image of pole b"},
    ],
    bad={
        "n_images counts from 0": first(n_images=-1),
        "null score has a reason": (
            first(mcas=None),
            first(itpas=None, mcas=None, differing=None),
            row_at(2, reason=None),
        ),
        "components within bounds": (
            first(iias=-2.1, itpas=2.0, mcas=-0.07, differing=-0.07),
            first(itpas=-2.1, iias=2.0, mcas=-0.07, differing=-0.07),
            first(itaas=2.1, iias=-2.0, mcas=0.12, differing=0.12),
            first(ttas=2.1, mcas=2.25),
        ),
        "mcas within bounds": (first(mcas=8.1), first(mcas=-8.1)),
        "components sum to mcas": first(mcas=0.15001),
        "differing is mcas without ttas": first(differing=0.15001),
        "mcas interval is ordered": first(mcas_low=0.3),
        "adjusted interval is ordered": first(adjusted_low=0.3),
        "parity interval is ordered": first(parity_low=0.3),
        **{f"{name} in (0, 1]": (first(**{name: 0.0}), first(**{name: 1.1})) for name in _PROBABILITIES},
        "rank lies in its set": (
            first(lean_rank=1, lean_rank_low=2, lean_rank_high=3),
            first(lean_rank=1),
        ),
        "interval_method is known": first(interval_method="jackknife"),
        "sign_agreement within [0, 1]": (first(sign_agreement=1.1), first(sign_agreement=-0.1)),
    },
    also={
        "mcas within bounds": {"components sum to mcas"}
    },  # a sum that is too large is no sum of what is within bounds
)
COMPONENTS = Example(
    "components",
    mark="audit",
    good=[
        {"component": "iias", "value": 0.1, "low": 0.0, "high": 0.2, "p_value": 0.01, "poles_p_value": 0.01},
        {"component": "itpas", "value": -2.0, "low": 0.2, "high": 0.2, "p_value": 1.0, "poles_p_value": 1.0},
        {"component": "ttas", "reason": "no image"},
    ],
    bad={
        "component is known": first(component="wsas"),
        "null value has a reason": (first(value=None), row_at(2, reason=None)),
        "value within bounds": (first(value=2.1), first(value=-2.1)),
        "interval is ordered": first(low=0.3),
        "p_value in (0, 1]": (first(p_value=0.0), first(p_value=1.1)),
        "poles_p_value in (0, 1]": (first(poles_p_value=0.0), first(poles_p_value=1.1)),
    },
)
_MEAN = {"embedder": "e", "n_concepts": 2, "n_images": 32, "n_effective": 10.5, "mean_mcas": 0.1, "mean_low": 0.0,
         "mean_high": 0.2, "mean_adjusted": 0.05, "adjusted_low": 0.0, "adjusted_high": 0.1}  # fmt: skip
MEANS = Example(
    "mean_scores",
    mark="audit",
    good=[
        _MEAN | {"axis": "gender"},
        {
            "axis": "skin_tone",
            "embedder": "e",
            "n_concepts": 2,
            "reason": "fewer than 2 images of a concept or of a pole",
        },
    ],
    bad={
        "effective images are among the images": first(n_effective=33.0),
        "n_effective above 0": first(n_effective=0.0),
        "mean interval is ordered": first(mean_low=0.3),
        "adjusted interval is ordered": first(adjusted_low=0.3),
        "null mean has a reason": (first(mean_mcas=None), row_at(1, reason=None)),
    },
)
_SOURCE = {"axis": "gender", "embedder": "e", "n": 5.0, "freedom": 4.0}
VARIANCES = Example(
    "score_variances",
    mark="audit",
    good=[
        _SOURCE | {"source": "wording", "variance": 0.01, "error": 0.002, "common": 0.004},
        _SOURCE | {"source": "guidance", "reason": "a setting of the system"},
    ],
    bad={
        "source is known": first(source="weather"),
        "variance counts from 0": first(variance=-0.1, common=None),
        "what moves all alike is part of the variance": first(common=0.02),
        "null variance has a reason": (first(variance=None), row_at(1, reason=None)),
    },
)
_UNIVERSE = {
    "axis": "gender",
    "embedder": "e",
    "measure": "score",
    "wording": "all",
    "words": "all",
    "baseline": "none",
}
MULTIVERSE = Example(
    "multiverse",
    mark="audit",
    good=[
        _UNIVERSE | {"concept": "nurse", "value": -0.2, "rank": 2},
        _UNIVERSE | {"concept": "pilot", "value": 0.2, "rank": 1},
        _UNIVERSE | {"concept": "judge", "reason": "no image of it is left"},
    ],
    bad={
        "measure is known": first(measure="guess"),
        "universe value within bounds": (first(value=8.1), first(value=-8.1)),
        "universe ranks count from 1": first(rank=0),
        "null value has a reason": (first(value=None), row_at(2, reason=None)),
    },
)
PANEL = Example(
    "panel",
    mark="audit",
    good=[
        {"axis": "gender", "n_concepts": 3, "n_stable": 3, "rank_agreement": 1.0, "lowest_correlation": -1.0},
        {"axis": "skin_tone", "n_concepts": 0, "n_stable": 0, "reason": "fewer than 3 concepts"},
    ],
    bad={
        "stable concepts are among those scored": each(n_stable=4),
        "rank_agreement within [0, 1]": (first(rank_agreement=1.1), first(rank_agreement=-0.1)),
        "lowest_correlation within [-1, 1]": (first(lowest_correlation=-1.1), first(lowest_correlation=1.1)),
        "null agreement has a reason": (first(rank_agreement=None), row_at(1, reason=None)),
    },
)

_RANKED = {"mean_adjusted": 0.1, "rank": 1, "rank_low": 1, "rank_high": 2, "n_ranked": 2}
SYSTEM_RANKS = Example(
    "system_ranks",
    mark="audit",
    good=[
        _RANKED | {"ranked": "s@1"},
        _RANKED | {"ranked": "s@2", "rank": 2},
        {"ranked": "s@3", "n_ranked": 2, "reason": "no image"},
    ],
    bad={
        "rank lies in its set": first(rank=2, rank_high=1),
        "ranks count from 1": first(rank_low=0),
        "ranks end with the versions that are ranked": first(rank_high=3),
        "null rank has a reason": (first(rank=None), row_at(2, reason=None)),
    },
)
