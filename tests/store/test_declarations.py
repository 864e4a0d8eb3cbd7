"""What was declared before the first image is told from what was declared, or changed, after it."""

from dataclasses import replace

import polars as pl
import pytest

from mcas_assets.store import declarations, facts, ledger
from mcas_assets.store.declarations import Declaration

FIRST = Declaration("audit", "gender", "a" * 64, {"audit": "gender", "run_seed": 1})
CHANGED = FIRST._replace(digest="b" * 64, document={"audit": "gender", "run_seed": 2})
POLICY = Declaration("policy", "release", "c" * 64, ["release"])


@pytest.fixture
def standing_of(store, scores, materialisation, images):
    """Records scores made by these declarations; gives what their rows say."""

    def record(*made_by: Declaration) -> tuple[str, str | None]:
        made = replace(materialisation, declarations=tuple(one.digest for one in made_by))
        with store.open() as con:
            ledger.record(con, made, {"scores": scores})
            rows = con.execute("select distinct standing, standing_reason from scores").fetchall()
        assert len(rows) == 1
        return rows[0]

    return record


def draw(store, images: pl.DataFrame) -> None:
    with store.open() as con:
        facts.append_images(con, images)


def note(store, *declared: Declaration, is_given: bool = False) -> int:
    with store.open() as con:
        return declarations.note(con, "s@1", declared, is_given=is_given)


def test_what_was_on_record_before_the_first_image_is_confirmatory(store, standing_of, images):
    assert note(store, FIRST, POLICY) == 2
    draw(store, images)
    assert standing_of(FIRST) == ("confirmatory", None)
    assert standing_of(FIRST, POLICY) == ("confirmatory", None)


def test_what_was_changed_after_the_first_image_is_exploratory_until_it_is_changed_back(store, standing_of, images):
    note(store, FIRST)
    draw(store, images)
    assert note(store, CHANGED) == 1
    standing, reason = standing_of(CHANGED)
    assert standing == "exploratory"
    assert reason == "3 images of s@1 had been drawn before the audit gender, as it is, was on record"
    assert note(store, FIRST) == 0
    assert standing_of(FIRST) == ("confirmatory", None)


def test_what_was_changed_before_the_first_image_is_confirmatory(store, standing_of, images):
    note(store, FIRST)
    note(store, CHANGED)
    draw(store, images)
    assert standing_of(CHANGED) == ("confirmatory", None)


def test_a_verdict_is_exploratory_if_its_policy_came_late_though_the_audit_did_not(store, standing_of, images):
    note(store, FIRST)
    draw(store, images)
    note(store, POLICY)
    standing, reason = standing_of(FIRST, POLICY)
    assert standing == "exploratory"
    assert "before the policy release" in str(reason)


def test_what_is_not_on_record_and_what_was_made_elsewhere_is_exploratory(store, standing_of):
    assert standing_of(FIRST) == ("exploratory", "the declaration it was made by was not on record")
    note(store, FIRST, is_given=True)
    standing, reason = standing_of(FIRST)
    assert standing == "exploratory"
    assert "are given" in str(reason)


def test_what_was_made_before_there_were_declarations_has_no_standing(standing_of):
    assert standing_of() == (None, None)


def test_a_declaration_is_kept_whole_and_once(store):
    assert [note(store, FIRST), note(store, FIRST)] == [1, 0]
    with store.open() as con:
        assert con.execute("select document->>'run_seed', n_images from declarations").fetchall() == [("1", 0)]
