"""Every question in sql/ says what it answers, and answers it on a published store of known content."""

from pathlib import Path

import pytest
from rich.console import Console

from mcas_assets.store import publication
from mcas_assets.store.database import Store
from mcas_assets.views.fit import captured
from tests.sql.asking import ask
from tests.sql.rows import NEW, OLD


@pytest.mark.parametrize("file", publication.questions().values(), ids=lambda file: file.stem)
def test_a_question_begins_with_what_it_answers_and_runs(file: Path, published):
    first = file.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("-- ")
    assert first.rstrip().endswith((".", "?"))
    assert not publication.query(published, file.read_text(encoding="utf-8")).is_empty()


@pytest.mark.parametrize("file", publication.questions().values(), ids=lambda file: file.stem)
def test_a_question_is_answered_in_an_order_that_does_not_change(file: Path, published):
    sql = file.read_text(encoding="utf-8")
    assert publication.query(published, sql).equals(publication.query(published, sql), null_equal=True)


def test_a_question_to_an_empty_store_has_no_rows(tmp_path):
    store = Store(tmp_path)
    publication.publish(store)
    for name in publication.questions():
        assert ask(store, name) == [], name


@pytest.mark.parametrize("file", publication.questions().values(), ids=lambda file: file.stem)
def test_a_question_says_what_an_empty_answer_means(file: Path):
    assert publication.why_empty(file).endswith(".")


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("file", publication.questions().values(), ids=lambda file: file.stem)
def test_an_answer_fits_the_terminal_and_cuts_no_value(file: Path, width: int, published):
    text = captured(publication.query(published, file.read_text(encoding="utf-8")), Console(width=width), 0, False)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text


def test_how_labels_err(published):
    found = ask(published, "how-labels-err", "asked_for", "answer", "n_images", "n_known")
    assert found == [("man", "man", 2, 3), ("man", "woman", 0, 3), ("man", "no group", 1, 3)]


def test_where_is_the_bias(published):
    found = ask(
        published, "where-is-the-bias", "system_version", "embedder", "concept", "mcas", "towards", "is_flagged"
    )
    assert found == [
        (NEW, "clip", "nurse", -0.25, "she", True),
        (NEW, "siglip", "nurse", 0.02, "he", False),
        (OLD, "clip", "nurse", -0.1, "she", True),
        (OLD, "siglip", "nurse", -0.1, "he", True),
        (NEW, "clip", "pilot", None, None, None),
        (NEW, "siglip", "pilot", None, None, None),
    ]


def test_what_was_declared_before(published):
    found = ask(published, "what-was-declared-before", "system_version", "asset", "standing", "declared")
    assert found == [(NEW, "scores", "confirmatory", "audit gender")]


def test_who_leans_most(published):
    found = ask(
        published, "who-leans-most", "ranked", "system_version", "concept", "rank", "rank_high", "not_told_apart"
    )
    assert found == [
        ("system", NEW, None, 1, 2, 1),
        ("system", OLD, None, 2, 2, 1),
        ("concept", NEW, "nurse", 1, 2, 1),
    ]


def test_as_a_whole(published):
    found = ask(published, "as-a-whole", "system_version", "mean_adjusted", "is_shown", "n_images", "n_effective")
    assert found == [(NEW, -0.2, True, 4, 2.5)]


def test_what_drives_the_score(published):
    found = ask(published, "what-drives-the-score", "system_version", "embedder", "largest")
    assert found[0] == (NEW, "clip", "iias")
    assert len(found) == 4


def test_embedder_disagreement(published):
    found = ask(
        published,
        "embedder-disagreement",
        "system_version",
        "concept",
        "n_embedders",
        "lowest_by",
        "highest_by",
    )
    # Of the old version MCAS is below 0 by both, and adjusted is not.
    assert found == [(NEW, "nurse", 2, "clip", "siglip"), (OLD, "nurse", 2, "clip", "siglip")]


def test_refusals(published):
    columns = ("subject", "requested", "refused", "lost", "rate", "against", "difference")
    found = ask(published, "refusals", "system_version", "scope", *columns)
    assert found == [
        (NEW, "concept", "nurse", 2, 1, 0, 0.5, "other_concepts", 0.5),
        (NEW, "all", "all", 4, 1, 1, 1 / 3, None, None),
        (NEW, "concept", "pilot", 1, 0, 1, None, "baseline", None),
    ]


def test_images_behind_the_scores(published):
    found = ask(published, "images-behind-the-scores", "system_version", "embedder", "concept", "replicate", "path")
    assert found[0] == (NEW, "clip", "nurse", 0, "images/nurse 0.png")
    assert len(found) == 2 * (2 + 1) + 2


def test_what_was_imported(published):
    found = ask(published, "what-was-imported", "match", "set_prompt", "prompt", "counts_for", "records", "given")
    assert found == [
        ("normalised", "A Nurse", "a nurse", ["gender b", "nurse"], 3, 2),
        ("lacking", None, "a pilot", ["pilot"], 0, None),
        ("unmatched", "a dog", None, None, 9, None),
        ("unmatched", "a cat", None, None, 5, None),
    ]


def test_lineage(published):
    found = ask(published, "lineage", "scores_version", "steps_back", "version", "asset", "partition")
    assert found == [
        (6, 0, 6, "scores", NEW),
        (6, 1, 4, "images", NEW),
        (6, 2, 1, "plan", ""),
        (3, 0, 3, "scores", OLD),
        (3, 1, 2, "images", OLD),
        (3, 2, 1, "plan", ""),
    ]


def test_history(published):
    found = ask(
        published,
        "history",
        "system_version",
        "embedder",
        "concept",
        "version",
        "mcas",
        "change",
        "is_new_data",
    )
    nurse = [row[3:] for row in found if row[:3] == (NEW, "clip", "nurse")]
    assert nurse == [(5, -0.2, None, True), (6, -0.25, pytest.approx(-0.05), True)]


def test_quality(published):
    found = ask(published, "quality", "rule", "status", "version")
    assert found == [("each request once", "fail", 6), ("has rows", "pass", 6)]


def test_systems(published):
    found = ask(published, "systems", "system_version", "n_requests", "n_images", "n_bytes")
    assert found == [(OLD, 0, 0, None), (NEW, 5, 3, 500)]


def test_what_hosted_models_answered(published):
    columns = (
        "system_version",
        "model_requested",
        "model_reported",
        "has_moved",
        "images",
        "refused",
        "requests",
        "usd",
    )
    assert ask(published, "what-hosted-models-answered", *columns) == [
        (NEW, "gemini", "v1", True, 3, 0, 3, 1.5),
        (NEW, "gemini", "v2", True, 0, 1, 2, 1.0),
    ]


def test_who_is_shown(published):
    found = ask(published, "who-is-shown", "labels", "embedder", "group_name", "shown", "is_corrected", "n_counted")
    assert found == [
        ("zero-shot", "clip", "woman", pytest.approx(0.8), True, 8),
        ("zero-shot", "clip", "man", pytest.approx(0.2), True, 8),
        ("pixels", None, "woman", 0.75, False, 8),
        ("pixels", None, "man", 0.25, False, 8),
    ]


def test_what_a_score_depends_on_is_told_from_the_largest_part_of_its_error_on(published):
    found = ask(
        published, "what-the-score-depends-on", "source", "spread", "standard_error", "part", "part_common_to_concepts"
    )
    assert [row[0] for row in found] == ["concept", "wording", "seed", "guidance"]
    assert found[0][1:] == (0.5, None, None, None)
    assert found[1][1:] == pytest.approx((0.3, 0.03**0.5, 0.75, 0.5))
    assert found[2][1:4] == pytest.approx((0.2, 0.1, 0.25))


def test_a_finding_is_held_against_every_universe_and_the_choice_that_turns_it_is_named(published):
    found = ask(
        published,
        "multiverse",
        "concept",
        "declared",
        "universes",
        "same_sign",
        "least_by",
        "least_part",
        "smallest",
        "largest",
    )
    assert found == [("nurse", -0.2, 4, 0.75, "baseline none", 0.5, -0.3, 0.1)]


def test_the_associations_of_a_population_are_made_stronger_where_the_interval_leaves_out_0(published):
    found = ask(published, "does-it-make-associations-stronger", "population", "mean", "is_shown", "reason")
    assert found == [
        ("parity", None, None, "the population associates no concept with a group"),
        ("town", 0.2, True, None),
    ]


def test_who_is_shown_on_two_axes(published):
    found = ask(published, "who-is-shown-on-two-axes", "scope", "group_1", "group_2", "share", "high", "reason")
    assert found == [
        ("all concepts", "man", "light", 0.98, 1.0, None), ("all concepts", "man", "dark", None, 0.1, "few"),
    ]  # fmt: skip


def test_against_which_population(published):
    columns = ("concept", "verdicts", "depends_on_population", "is_reversed", "erased_in", "locales")
    locales = "parity (parity); town (town, 2020)"
    reversed_ = "parity 50.0 %: over-represented; town 90.0 %: under-represented"
    fewer = "parity 50.0 %: under-represented; town 12.0 %: under-represented"
    assert ask(published, "against-which-population", *columns) == [
        ("nurse", reversed_, True, True, None, locales),
        ("engineer", fewer, False, False, "parity, town", locales),
    ]


def test_is_the_instrument_right(published):
    found = ask(published, "is-the-instrument-right", "name", "met")
    assert found == [("R2", False), ("slope", True)]


def test_which_policies_hold(published):
    columns = ("requirement", "status", "judged", "failed", "not_judged", "worst_concept", "why_not_judged")
    assert ask(published, "which-policies-hold", *columns) == [
        ("lean", "failed", 3, 2, 0, "pilot", None),
        ("update", "not judged", 0, 0, 1, None, "no version before"),
        ("refused", "passed", 1, 0, 0, None, None),
    ]


def test_what_changed_is_told_once_a_concept_and_embedder_with_what_else_differed(published):
    rows = ask(
        published, "what-changed", "concept", "embedder", "verdict", "embedders_that_say_changed", "also_different"
    )
    assert rows == [
        ("nurse", "clip", "changed", 2, "packages, settings"),
        ("nurse", "siglip", "changed", 2, "packages, settings"),
        ("pilot", "clip", "underpowered", 0, "packages, settings"),
        ("pilot", "siglip", "underpowered", 0, "packages, settings"),
    ]


def test_what_changed_marks_the_intervals_of_which_more_must_be_known(published):
    told = "several wordings: a bootstrap"
    assert ask(published, "what-changed", "concept", "noted", "interval_note") == [
        ("nurse", None, None), ("nurse", None, None), ("pilot", "*", told), ("pilot", "*", told)
    ]  # fmt: skip
    text = captured(
        publication.query(published, publication.questions()["what-changed"].read_text(encoding="utf-8")),
        Console(width=80), 0, False,
    )  # fmt: skip
    heading = next(line for line in text.splitlines() if "concept" in line and "verdict" in line)
    assert "noted" in heading


def test_whose_doing_lists_what_was_recombined_and_what_could_not_be(published):
    assert sorted(ask(published, "whose-doing", "factor", "share", "reason")) == [
        ("packages: torch", None, "gone"),
        ("steps", 1.0, None),
    ]
