"""Which records of a set count for an audit, and the account of the rest."""

import json
from types import SimpleNamespace

import polars as pl
import pytest

from mcas_assets.core.errors import BadInput, SystemMoved
from mcas_assets.estimate.cost import estimate
from mcas_assets.images import match_given as matching
from mcas_assets.plan.requests import build_plan
from mcas_assets.store.database import Store

NURSE, CEO, MAN = "an image of a nurse", "an image of a ceo", "an image of a man"


@pytest.fixture
def matched(sets: SimpleNamespace, image_folder, tiny):
    def match(of_set: list[str | None], **keys: object) -> matching.Matched:
        rows = [{"file_name": f"{n}.png", "prompt": prompt, "seed": n} for n, prompt in enumerate(of_set)]
        files = {f"{n}.png": sets.picture(n) for n in range(len(of_set))}
        return matching.holding(tiny, sets.declared(image_folder(rows, files), **keys))

    return match


def told(found: matching.Matched) -> list[tuple]:
    rows = found.account.filter(pl.col("match") != "lacking")
    return rows.select("set_prompt", "match", "n_records", "prompt").rows()


def test_a_prompt_counts_by_its_very_words_by_its_normal_form_or_by_declaration(matched):
    found = matched(
        [NURSE, "An Image of a  NURSE.", "portrait: nurse", "Photo of a ceo", "a dog", None],
        prompts={"portrait: nurse": NURSE},
        rewrite=[{"pattern": "^Photo of", "by": "an image of"}],
    )
    assert told(found) == [
        (NURSE, "exact", 1, NURSE),
        ("An Image of a  NURSE.", "normalised", 1, NURSE),
        ("portrait: nurse", "declared", 1, NURSE),
        ("Photo of a ceo", "rewritten", 1, CEO),
        ("a dog", "unmatched", 1, None),
        (None, "promptless", 1, None),
    ]


def test_replicates_count_in_the_order_of_the_set_and_each_record_has_an_id_of_its_own(matched):
    found = matched([NURSE, CEO, "An image of a nurse", NURSE])
    nurses = found.wanted.filter(concept="nurse")
    assert nurses.select("replicate", "record").rows() == [
        (0, "metadata.jsonl#1"), (1, "metadata.jsonl#3"), (2, "metadata.jsonl#4")
    ]  # fmt: skip
    assert found.wanted["image_id"].n_unique() == 4
    assert found.wanted["seed"].null_count() == 4


def test_what_the_set_lacks_is_told_by_use(matched):
    found = matched([NURSE])
    lacking = found.account.filter(match="lacking")
    assert lacking.select("role", "axis", "pole", "concept", "n_records").rows()[0] == (
        "attribute",
        "gender",
        "a",
        None,
        0,
    )
    assert len(lacking) == 6
    assert found.line() == (
        "import: 1 of 1 records count, for 1 of the audit's 7 prompts; the set lacks 'an image of a man', "
        "'an image of a woman', 'an image of a light-skinned person' and 3 more"
    )
    assert list(found.lines())[1] == "lacking: an image of a man"


def test_the_account_tells_what_came_of_every_record_of_a_prompt(matched):
    found = matched([NURSE, NURSE, CEO])
    images = found.wanted.select("image_id").with_columns(outcome=pl.Series(["ok", "blanked", "ok"]))
    account = matching.account_table(found, images)
    rows = account.filter(pl.col("outcomes").is_not_null()).select("set_prompt", "n_ok", "outcomes").rows()
    assert [(prompt, n, json.loads(text)) for prompt, n, text in rows] == [
        (NURSE, 1, {"blanked": 1, "ok": 1}), (CEO, 1, {"ok": 1})
    ]  # fmt: skip


def test_the_images_to_expect_follow_from_the_account_alone(matched):
    found = matched([NURSE, "AN IMAGE OF A NURSE", MAN])
    expected = matching.expected(found.account)
    key = ["prompt_id", "role", "axis", "pole", "concept", "replicate"]
    assert expected.select(key).sort(pl.all()).equals(found.wanted.select(key).sort(pl.all()))


def test_a_set_of_which_nothing_counts_is_refused_with_the_prompts_of_both(matched):
    with pytest.raises(
        BadInput, match=r"none of its prompts \('a cat'\) is one of the audit's \('an image of a man'"
    ) as no:
        matched(["a cat"])
    assert "Map them with prompts:" in no.value.remedy


def test_more_unmatched_prompts_than_are_listed_are_counted_as_one(matched, monkeypatch):
    monkeypatch.setattr(matching, "MOST_UNMATCHED", 2)
    found = matched([NURSE, "a", "b", "c", "d", "a"])
    assert told(found)[1:] == [("a", "unmatched", 2, None), ("b", "unmatched", 1, None), (None, "further", 2, None)]


def test_a_set_that_moved_on_is_not_matched_for_its_former_version(sets, image_folder, tiny):
    system = sets.declared(image_folder([{"file_name": "0.png", "prompt": NURSE}]))
    with pytest.raises(SystemMoved, match="is mine@"):
        matching.match(tiny, build_plan(tiny), system, "mine@000000000000")


def test_a_plan_tells_what_a_set_has_where_it_tells_what_a_system_would_take(sets, image_folder, tiny, tmp_path):
    system = sets.declared(image_folder([{"file_name": "0.png", "prompt": NURSE}, {"prompt": NURSE}]))
    found = estimate(tiny, system, Store(tmp_path / "home"))
    assert found.line().startswith("import: 2 of 2 records count, for 1 of the audit's 7 prompts")
    assert not (tmp_path / "home").exists()
