"""The plan: one row per requested image, ids and seeds that depend on nothing but their own inputs."""

import hashlib
import subprocess
import sys
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mcas_assets.declare.audit import Audit, load_audit
from mcas_assets.plan.requests import (
    build_plan,
    build_texts,
    image_id,
    plan_digest,
    prompt_id,
)
from mcas_assets.store.schema import frame_schema

NAMES = ["nurse", "judge", "pilot", "chef", "book", "beach", "boxer"]


def small(concepts: list[str] = NAMES[:2], **changes: Any) -> Audit:
    document = {
        "audit": "small",
        "title": "A small audit",
        "description": "For tests",
        "run_seed": 7,
        "images_per_prompt": {"concept": 5, "attribute": 3, "neutral": 2},
        "batch_size": 2,
        "axes": {
            "gender": {
                "a": {"name": "man", "words": ["man", "he"], "prompts": ["an image of a man"]},
                "b": {
                    "name": "woman",
                    "words": ["woman"],
                    "prompts": ["an image of a woman", "a photo of a woman"],
                },
            }
        },
        "concepts": [
            {
                "concept": name,
                "category": "things",
                "prompts": [f"an image of a {name}", f"a photo of a {name}"],
            }
            for name in concepts
        ],
        "neutral": [{"name": "person", "prompt": "an image of a person"}],
        "embedders": ["tiny"],
    }
    return Audit.model_validate(document | changes)


def sha(text: str, digits: int = 16) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:digits]


# ---- rows


def test_one_row_stands_for_every_requested_image():
    plan = build_plan(small())
    assert {"audit": pl.String, **plan.schema} == frame_schema("plan")
    counts = plan.group_by("role").len().sort("role").rows()
    assert counts == [("attribute", 3 * 3), ("concept", 2 * 2 * 5), ("neutral", 2)]


def test_a_row_says_what_it_is_for():
    plan = build_plan(small()).filter(replicate=1)
    columns = ("prompt", "role", "axis", "pole", "category", "concept")
    assert plan.select(columns).rows() == [
        ("an image of a man", "attribute", "gender", "a", None, None),
        ("an image of a woman", "attribute", "gender", "b", None, None),
        ("a photo of a woman", "attribute", "gender", "b", None, None),
        ("an image of a nurse", "concept", None, None, "things", "nurse"),
        ("a photo of a nurse", "concept", None, None, "things", "nurse"),
        ("an image of a judge", "concept", None, None, "things", "judge"),
        ("a photo of a judge", "concept", None, None, "things", "judge"),
        ("an image of a person", "neutral", None, None, "neutral", "person"),
    ]


def test_ids_seeds_and_batches_are_digests_of_their_own_inputs():
    row = build_plan(small()).filter(prompt="a photo of a nurse", replicate=3).row(0, named=True)
    identity = sha("a photo of a nurse")
    assert row["prompt_id"] == identity == prompt_id("a photo of a nurse")
    assert row["seed"] == int(sha(f"7|{identity}|3", 8), 16) % 2**31
    assert (row["batch_id"], row["position"]) == (sha(f"{identity}|1"), 1)


def test_shared_seeds_are_the_same_for_every_prompt_but_the_neutral_ones():
    declared = small(seeds="shared")
    neutral = build_plan(declared).filter(role="neutral")
    assert_frame_equal(neutral, build_plan(small()).filter(role="neutral"))
    plan = build_plan(declared).filter(pl.col("role") != "neutral")
    assert plan.group_by("replicate").agg(pl.col("seed").n_unique())["seed"].to_list() == [1] * 5
    assert plan["seed"][0] == int(sha("7|shared|0", 8), 16) % 2**31
    assert build_plan(declared)["batch_id"].equals(build_plan(small())["batch_id"])


def test_two_neutral_wordings_have_no_seed_in_common():
    wordings = [{"name": name, "prompt": f"a {name} of a person"} for name in ("photo", "image")]
    neutral = build_plan(small(seeds="shared", neutral=wordings)).filter(role="neutral")
    assert neutral["seed"].n_unique() == len(neutral) == 4


def test_a_neutral_wording_may_have_its_own_number_of_images():
    declared = small(neutral=[
        {"name": "photo", "prompt": "a photo of a person", "images": 6}, {"name": "image", "prompt": "an image of a person"}
    ])  # fmt: skip
    counts = dict(build_plan(declared).filter(role="neutral").group_by("concept").len().iter_rows())
    assert counts == {"photo": 6, "image": 2}


def test_a_prompt_in_two_roles_has_the_same_images_in_both():
    plan = build_plan(small(neutral=[{"name": "someone", "prompt": "an image of a nurse"}]))
    keys = ["prompt_id", "replicate", "seed", "batch_id", "position"]
    neutral = plan.filter(role="neutral").select(keys)
    concept = plan.filter(role="concept", prompt="an image of a nurse").head(2).select(keys)
    assert_frame_equal(neutral, concept)


def test_equal_seeds_of_one_prompt_are_told_apart(monkeypatch):
    real = hashlib.sha256

    class Coarse:
        """A digest of two seeds only, so that a third replicate must collide."""

        def __init__(self, data: bytes) -> None:
            self.real = real(data)

        def digest(self) -> bytes:
            return bytes([0, 0, 0, self.real.digest()[0] % 4])

        def hexdigest(self) -> str:
            return self.real.hexdigest()

    monkeypatch.setattr("mcas_assets.plan.requests.hashlib.sha256", Coarse)
    plan = build_plan(small(images_per_prompt={"concept": 4, "attribute": 4, "neutral": 4}))
    assert plan.group_by("prompt_id").agg(pl.col("seed").n_unique())["seed"].unique().to_list() == [4]
    shorter = build_plan(small(images_per_prompt={"concept": 3, "attribute": 3, "neutral": 3}))
    assert_frame_equal(shorter, plan.filter(pl.col("replicate") < 3))


# ---- properties

AUDITS = st.builds(
    small,
    concepts=st.lists(st.sampled_from(NAMES), min_size=1, unique=True),
    batch_size=st.integers(1, 9),
    run_seed=st.integers(0, 2**63 - 1),
    seeds=st.sampled_from(["shared", "per_prompt"]),
    images_per_prompt=st.fixed_dictionaries({role: st.integers(2, 20) for role in ("concept", "attribute", "neutral")}),
)
quick = settings(max_examples=40, deadline=None, derandomize=True)


@quick
@given(AUDITS)
def test_seeds_have_31_bits_and_differ_within_a_prompt(audit):
    images = build_plan(audit).unique(["prompt_id", "replicate"])
    assert images["seed"].is_between(0, 2**31 - 1).all()
    assert images.select("prompt_id", "seed").is_duplicated().sum() == 0


@quick
@given(AUDITS)
def test_a_batch_holds_one_prompt_and_no_more_than_its_size(audit):
    images = build_plan(audit).unique(["prompt_id", "replicate"])
    batches = images.group_by("batch_id").agg(
        pl.col("prompt_id").n_unique().alias("prompts"),
        pl.len(),
        pl.col("position").sort().alias("positions"),
    )
    assert batches["prompts"].max() == 1
    assert batches["len"].max() <= audit.batch_size
    assert all(list(row) == list(range(len(row))) for row in batches["positions"])


@quick
@given(AUDITS)
def test_no_two_rows_are_the_same_request(audit):
    key = ["prompt_id", "role", "axis", "pole", "concept", "replicate"]
    assert not build_plan(audit).select(key).is_duplicated().any()


@quick
@given(AUDITS, st.data())
def test_adding_a_concept_changes_no_other_row(audit, data):
    present = [concept.concept for concept in audit.concepts]
    left = [name for name in NAMES if name not in present]
    if not left:
        return
    at = data.draw(st.integers(0, len(present)))
    added = data.draw(st.sampled_from(left))
    more = audit.model_copy(update={"concepts": small([*present[:at], added, *present[at:]]).concepts})
    assert_frame_equal(build_plan(more).filter(pl.col("concept").ne_missing(added)), build_plan(audit))
    assert_frame_equal(build_texts(more).filter(pl.col("concept").ne_missing(added)), build_texts(audit))


@quick
@given(AUDITS, st.integers(1, 9))
def test_more_images_keep_the_earlier_ones(audit, extra):
    images = audit.images_per_prompt
    more = audit.model_copy(update={"images_per_prompt": images.model_copy(update={"concept": images.concept + extra})})
    keys = ["prompt_id", "replicate", "seed", "batch_id", "position"]
    before, after = (build_plan(each).select(keys).unique() for each in (audit, more))
    assert before.join(after, on=keys, how="anti").is_empty()


# ---- determinism


def test_the_plan_of_the_phantom_is_the_same_on_every_machine():
    assert (
        plan_digest(build_plan(load_audit("phantom")))
        == "64c9ebf3014ee8a44c268eea2f0ebf8e2bec63a6564d1acd9997d5b74c13b718"
    )


def test_the_plan_does_not_depend_on_the_hash_seed_of_python():
    code = (
        "from mcas_assets.declare.audit import load_audit; from mcas_assets.plan.requests import build_plan, plan_digest;"
        "print(plan_digest(build_plan(load_audit('gender'))))"
    )
    done = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    assert done == [plan_digest(build_plan(load_audit("gender")))] * 2


def test_the_digest_knows_every_cell_and_no_order_of_rows():
    plan = build_plan(small())
    assert plan_digest(plan.sample(fraction=1, shuffle=True, seed=1)) == plan_digest(plan)
    for column in plan.columns:
        other = plan.with_columns(pl.col(column).shift(1))
        assert plan_digest(other) != plan_digest(plan), column
    assert plan_digest(plan.vstack(plan.head(1))) != plan_digest(plan)


def test_a_plan_of_a_hundred_thousand_images_is_whole():
    audit = load_audit("phantom")
    images = audit.images_per_prompt.model_copy(update=dict.fromkeys(("concept", "attribute", "neutral"), 2600))
    plan = build_plan(audit.model_copy(update={"images_per_prompt": images}))
    assert plan.height == 39 * 2600
    assert not plan.select("prompt_id", "seed").is_duplicated().any()


# ---- texts


def test_texts_are_prefixed_as_the_profile_says():
    texts = build_texts(small())
    assert {"audit": pl.String, **texts.schema} == frame_schema("texts")
    assert (texts["text"] == "This is " + texts["raw"]).all()
    assert texts["text_id"].to_list() == [sha(text) for text in texts["text"]]
    bare = build_texts(small(profile={"text_prefix": ""}))
    assert (bare["text"] == bare["raw"]).all()


def test_texts_are_the_words_of_the_poles_those_of_the_groups_and_the_prompts_of_concepts_and_neutrals():
    assert build_texts(small(NAMES[:1])).select("raw", "kind", "axis", "pole", "category", "concept").rows() == [
        ("man", "word", "gender", "a", None, None),
        ("he", "word", "gender", "a", None, None),
        ("woman", "word", "gender", "b", None, None),
        ("an image of a man", "group", "gender", None, None, "man"),
        ("an image of a woman", "group", "gender", None, None, "woman"),
        ("a photo of a woman", "group", "gender", None, None, "woman"),
        ("an image of a nurse", "prompt", None, None, "things", "nurse"),
        ("a photo of a nurse", "prompt", None, None, "things", "nurse"),
        ("an image of a person", "prompt", None, None, "neutral", "person"),
    ]


# ---- image ids


def test_an_image_id_is_the_digest_of_who_draws_what_from_which_noise_at_which_size():
    expected = hashlib.sha256(b'["sd@0123","a caf\xc3\xa9",7,64,32]').hexdigest()
    assert image_id("sd@0123", "a café", 7, 64, 32) == expected


@pytest.mark.parametrize(
    "other",
    [("sd@1", "a", 7, 64, 32), ("sd@0", "b", 7, 64, 32), ("sd@0", "a", 8, 64, 32), ("sd@0", "a", 7, 32, 64)],
)
def test_image_ids_tell_apart_what_differs(other):
    assert image_id(*other) != image_id("sd@0", "a", 7, 64, 32)
