"""The rules of each table: what must hold before the next stage may build on it.

Add a rule here, and to tests/quality/test_rules.py one frame that breaks it. What a frame's columns are is
said in frames.py.
"""

from typing import Any

from mcas_assets.core.outcomes import OUTCOMES
from mcas_assets.quality import canary_rules, comparison_rules, import_rules, refusal_rules
from mcas_assets.quality.expectations import (
    Rule,
    among,
    between,
    equal,
    exact_rows,
    matching,
    ordered,
    present,
    some_rows,
    unique,
)
from mcas_assets.quality.expectations import suite as _suite

REQUEST = ("prompt_id", "role", "axis", "pole", "concept", "replicate")
SCORE = ("system_version", "audit", "axis", "embedder", "concept")
COMPONENTS = ("iias", "itpas", "itaas", "ttas")
LABELLED = ("system_version", "audit", "axis", "labels", "embedder", "concept")
# The columns that name a row in the sample of failing rows.
KEYS: dict[str, tuple[str, ...]] = {
    "plan": REQUEST,
    "texts": ("text_id", "text"),
    "images": ("image_id", *REQUEST),
    "import_account": import_rules.KEY,
    "embeddings": ("embedder", "kind", "content"),
    "scores": SCORE,
    "components": (*SCORE, "component"),
    "panel": ("system_version", "audit", "axis"),
    "representation": (*LABELLED, "group_name"),
    "amplification": (*LABELLED, "group_name", "population"),
    "divergence": (*LABELLED, "population", "kind"),
    "refusals": refusal_rules.SUBJECT,
    "refusal_disparities": (*refusal_rules.SUBJECT, "against"),
    "canary": canary_rules.KEY,
    **comparison_rules.KEYS,
}

_LARGEST_COSINE_DIFFERENCE = 2.0  # a component is a difference of two mean cosines
_NORM_TOLERANCE = 1e-3
_SUM_TOLERANCE = 1e-6


def _is_attribute(column: Any) -> Any:
    return column("role") == "attribute"


def _is_group(column: Any) -> Any:
    return column("kind") == "group"


def _is_ok(column: Any) -> Any:
    return column("outcome") == "ok"


def _has_file(column: Any) -> Any:
    return _is_ok(column) & (column("file_exists") == True)  # noqa: E712 - a condition is built, not evaluated


_PLAN = _suite(
    "plan",
    {
        "has rows": some_rows(),
        **{
            f"{column} is present": present(column)
            for column in ("prompt_id", "prompt", "role", "replicate", "seed", "batch_id")
        },
        "each request once": unique(*REQUEST),
        "role is known": among("role", ("attribute", "concept", "neutral")),
        "attribute has an axis": present("axis", where=_is_attribute),
        "attribute has a pole": among("pole_or_missing", ("a", "b"), where=_is_attribute),
        "concept is named": present("concept", where=lambda column: column("role") != "attribute"),
        "seed has 31 bits": between("seed", 0, 2**31 - 1),
        "replicate counts from 0": between("replicate", 0, None),
    },
)

_TEXTS = _suite(
    "texts",
    {
        "has rows": some_rows(),
        "text_id is present": present("text_id"),
        "text is present": matching("text_or_missing", r"\S"),
        "each use of a text once": unique("text_id", "kind", "axis", "pole", "concept"),
        "kind is known": among("kind_or_missing", ("word", "group", "prompt")),
        "group text has an axis": present("axis", where=_is_group),
        "group text names its group": present("concept", where=_is_group),
    },
)

_IMAGES = _suite(
    "images",
    {
        "as many rows as planned": exact_rows(),
        "every planned request has an image row": present("image_id"),
        "each request once": unique(*REQUEST),
        "outcome is known": among(
            "outcome_or_missing", OUTCOMES, where=lambda column: column("image_id").is_not_null()
        ),
        "without image there is a reason": present(
            "reason", where=lambda column: column("image_id").is_not_null() & (column("outcome") != "ok")
        ),
        "image has a file": among("file_exists", (True,), where=_is_ok),
        "file has the stated digest": among("digest_agrees", (True,), where=_has_file),
        "file is an image": among("decodable", (True,), where=_has_file),
        "image has the stated size": equal("decoded_size", "size"),
        "imported and generated images never share a version": among("is_mixed", (False,)),
    },
) + _suite(
    "images",
    {
        "nine in ten requests gave an image": among("outcome", ("ok",), mostly=0.9),
    },
    severity="warning",
)

_IMPORT_ACCOUNT = _suite("import_account", import_rules.IMPORT_ACCOUNT) + _suite(
    "import_account", import_rules.HINTS, severity="warning"
)

_EMBEDDINGS = _suite(
    "embeddings",
    {
        "as many rows as images and texts": exact_rows(),
        "each content once": unique("embedder", "kind", "content"),
        "every content has a vector": present("dim"),
        "vector has the embedder's length": equal("dim", "expected_dim"),
        "vector is finite": among("is_finite", (True,)),
        "vector has unit norm": between("norm", 1 - _NORM_TOLERANCE, 1 + _NORM_TOLERANCE),
    },
)

_SCORES = _suite(
    "scores",
    {
        "one row for each axis, embedder and concept": exact_rows(),
        "each score once": unique(*SCORE),
        **{f"{column} is present": present(column) for column in SCORE},
        "n_images is a count": among("is_count", (True,)),
        "null score has a reason": among("is_unexplained_null", (False,)),
        "no score is NaN": among("has_nan", (False,)),
        **{
            f"{name} within bounds": between(name, -_LARGEST_COSINE_DIFFERENCE, _LARGEST_COSINE_DIFFERENCE)
            for name in COMPONENTS
        },
        "mcas within bounds": between("mcas", -4 * _LARGEST_COSINE_DIFFERENCE, 4 * _LARGEST_COSINE_DIFFERENCE),
        "components sum to mcas": between("component_sum_error", 0, _SUM_TOLERANCE),
        "differing is mcas without ttas": between("differing_error", 0, _SUM_TOLERANCE),
        "mcas interval is ordered": ordered("mcas_low", "mcas_high"),
        "adjusted interval is ordered": ordered("adjusted_low", "adjusted_high"),
        "p_value in (0, 1]": between("p_value", 0, 1, above_low=True),
        "q_value in (0, 1]": between("q_value", 0, 1, above_low=True),
        "sign_agreement within [0, 1]": between("sign_agreement", 0, 1),
    },
)

_COMPONENTS = _suite(
    "components",
    {
        "one row for each score and component": exact_rows(),
        "each component once": unique(*SCORE, "component"),
        "component is known": among("component_or_missing", COMPONENTS),
        "null value has a reason": among("is_unexplained_null", (False,)),
        "no value is NaN": among("has_nan", (False,)),
        "value within bounds": between("value", -_LARGEST_COSINE_DIFFERENCE, _LARGEST_COSINE_DIFFERENCE),
        "interval is ordered": ordered("low", "high"),
        "p_value in (0, 1]": between("p_value", 0, 1, above_low=True),
    },
)

_PANEL = _suite(
    "panel",
    {
        "one row for each axis": exact_rows(),
        "each axis once": unique(*KEYS["panel"]),
        "axis is present": present("axis"),
        "stable concepts are among those scored": ordered("n_stable", "n_concepts"),
        "rank_agreement within [0, 1]": between("rank_agreement", 0, 1),
        "lowest_correlation within [-1, 1]": between("lowest_correlation", -1, 1),
        "null agreement has a reason": among("is_unexplained_null", (False,)),
        "no agreement is NaN": among("has_nan", (False,)),
    },
)

_REPRESENTATION = _suite(
    "representation",
    {
        "one row for each axis, labeller, concept and group": exact_rows(),
        "each share once": unique(*KEYS["representation"]),
        **{
            f"{column} is present": present(column)
            for column in ("system_version", "audit", "axis", "concept", "group_name")
        },
        "labels are known": among("labels_or_missing", ("zero-shot", "pixels")),
        "zero-shot names its embedder": present("embedder", where=lambda column: column("labels") == "zero-shot"),
        "every requested image is accounted for": equal("n_accounted", "n_requested"),
        "groups hold the counted images": equal("n_in_groups", "n_counted"),
        **{
            f"{name} counts from 0": between(name, 0, None)
            for name in ("n_missing", "n_abstained", "n_group", "n_known")
        },
        "null share has a reason": among("is_unexplained_null", (False,)),
        "null corrected share has a reason": among("is_unexplained_uncorrected", (False,)),
        "no share is NaN": among("has_nan", (False,)),
        **{
            f"{name} within [0, 1]": between(name, 0, 1)
            for name in ("share_low", "share_high", "corrected_low", "corrected_high")
        },
        "shares sum to 1": between("sum_of_shares", 1 - _SUM_TOLERANCE, 1 + _SUM_TOLERANCE),
        "corrected shares sum to 1": between("sum_of_corrected", 1 - _SUM_TOLERANCE, 1 + _SUM_TOLERANCE),
        "share lies in its interval": among("is_share_in_interval", (True,)),
        "corrected share lies in its interval": among("is_corrected_in_interval", (True,)),
        "worst is at most best": ordered("share_worst", "share_best"),
    },
) + _suite(
    "representation",
    {"some labeller counts half of the images": between("best_counted", 0.5, 1)},
    severity="warning",
)

_AMPLIFICATION = _suite(
    "amplification",
    {
        "one row for each share and population": exact_rows(),
        "each comparison once": unique(*KEYS["amplification"]),
        "population is present": present("population"),
        "locale is present": present("locale"),
        "source is present": present("source"),
        "reference within [0, 1]": between("reference", 0, 1),
        "difference is share less reference": between("difference_error", 0, _SUM_TOLERANCE),
        "difference interval is ordered": ordered("difference_low", "difference_high"),
        "directional within [-1, 1]": between("directional", -1, 1),
        "verdict follows from the interval": equal("verdict_or_none", "expected_verdict"),
        "null difference has a reason": among("is_unexplained_null", (False,)),
        "null directional has a reason": among("is_unexplained_direction", (False,)),
        "no difference is NaN": among("has_nan", (False,)),
    },
)

_DIVERGENCE = _suite(
    "divergence",
    {
        "one row for each concept, population and kind": exact_rows(),
        "each divergence once": unique(*KEYS["divergence"]),
        "kind is known": among("kind_or_missing", ("total_variation", "jensen_shannon")),
        "value within [0, 1]": between("value", 0, 1),
        "every value has its floor": present("floor", where=lambda column: column("value").is_not_null()),
        "floor within [0, 1]": between("floor", 0, 1),
        "excess is value less floor": between("excess_error", 0, _SUM_TOLERANCE),
        "p_value in (0, 1]": between("p_value", 0, 1, above_low=True),
        "q_value in (0, 1]": between("q_value", 0, 1, above_low=True),
        "null value has a reason": among("is_unexplained_null", (False,)),
        "no value is NaN": among("has_nan", (False,)),
    },
)

_REFUSALS = _suite("refusals", refusal_rules.REFUSALS) + _suite("refusals", refusal_rules.HINTS, severity="warning")

_REFUSAL_DISPARITIES = _suite("refusal_disparities", refusal_rules.DISPARITIES)

_CANARY = _suite("canary", canary_rules.CANARY) + _suite("canary", canary_rules.HINTS, severity="warning")

SUITES: dict[str, tuple[Rule, ...]] = {
    "plan": _PLAN,
    "texts": _TEXTS,
    "images": _IMAGES,
    "import_account": _IMPORT_ACCOUNT,
    "embeddings": _EMBEDDINGS,
    "scores": _SCORES,
    "components": _COMPONENTS,
    "panel": _PANEL,
    "representation": _REPRESENTATION,
    "amplification": _AMPLIFICATION,
    "divergence": _DIVERGENCE,
    "refusals": _REFUSALS,
    "refusal_disparities": _REFUSAL_DISPARITIES,
    "canary": _CANARY,
    **comparison_rules.SUITES,
}
"""For each table its rules, in the order in which they are reported; the count of rows comes first."""
