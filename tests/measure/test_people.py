"""People as the reference: what counts of their answers, and which shares rest on what."""

from datetime import UTC, datetime

import polars as pl
import pytest

from mcas_assets.measure.people import POOLED, POWERED, measure, settle
from mcas_assets.store.schema import frame_schema

NOW = datetime(2026, 11, 29, tzinfo=UTC)


def voted(*rows: tuple) -> pl.DataFrame:
    """Votes of (image, rater, answer) or, of a third, (image, rater, answer, True)."""
    made = [
        {"number": n, "draw": "d", "axis": "gender", "image_id": image, "rater": rater, "answer": answer,
         "is_adjudication": bool(third), "source": "page", "voted_at": NOW, "kept_at": NOW}
        for n, (image, rater, answer, *third) in enumerate(rows)
    ]  # fmt: skip
    return pl.DataFrame(made, schema=frame_schema("review_votes"))


def test_what_raters_agree_on_counts_and_what_they_differ_on_when_a_third_has_settled_it():
    said = settle(voted(
        ("1", "ada", "man"), ("1", "ben", "man"), ("2", "ada", "man"), ("2", "ben", "no group"), ("3", "ada", "man"),
        ("4", "ada", "man"), ("4", "ben", "woman"), ("4", "cy", "no group", True),
    ))  # fmt: skip
    assert said.select("image_id", "said", "answer").rows() == [
        ("1", "agreed", "man"), ("2", "open", None), ("3", "single", None), ("4", "settled", "no group")
    ]  # fmt: skip


def images_of(**counts: int) -> pl.DataFrame:
    rows = [
        {"audit": "tiny", "system_version": "sd@1", "image_id": f"{concept}{n}", "prompt_id": "p", "prompt": "x", "role": "concept",
         "concept": concept, "replicate": n, "outcome": "ok", "sha256": f"s{concept}{n}", "path": "p"}
        for concept, count in counts.items() for n in range(count)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=frame_schema("images"))


def labelled(images: pl.DataFrame, label) -> pl.DataFrame:
    rows = [
        {"audit": "tiny", "system_version": "sd@1", "axis": "gender", "labels": "zero-shot", "embedder": "e",
         "sha256": f"s{image}", "label": label(image)}
        for image in images["image_id"]
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=frame_schema("image_labels"))


def rated(images, answer, raters=("ada", "ben")) -> pl.DataFrame:
    return voted(*((image, rater, answer(image)) for image in images for rater in raters))


def is_man(image: str) -> str:
    """What is there: of a nurse's images every tenth, of a ceo's every second shows a man."""
    return "man" if int(image.lstrip("nurseco")) % (10 if image.startswith("nurse") else 2) == 0 else "woman"


@pytest.fixture
def images() -> pl.DataFrame:
    return images_of(nurse=40, ceo=40)


def test_shares_of_a_concept_with_votes_rest_on_them_and_others_on_the_errors_over_all(tiny, images):
    """The label takes every fifth woman of the nurse for a man: .1 men are read as .28."""

    def label(image: str) -> str:
        wrong = image.startswith("nurse") and is_man(image) == "woman" and int(image.removeprefix("nurse")) % 5 == 1
        return "man" if wrong else is_man(image)

    asked = [f"nurse{n}" for n in range(30)] + [f"ceo{n}" for n in range(10)]
    found = measure(tiny, images, labelled(images, label), images.head(40), rated(asked, is_man))
    shares = found["people_shares"].filter(group_name="man")
    methods = dict(shares.select("concept", "method").iter_rows())
    assert methods == {"nurse": POWERED, "ceo": POOLED, "person": POOLED}
    nurse = shares.filter(concept="nurse").row(0, named=True)
    assert nurse["share"] == pytest.approx(0.1, abs=0.01)
    assert (nurse["n_rated"], nurse["n_group"], nurse["n_images"]) == (30, 3, 40)
    assert shares.filter(concept="person")["reason"].to_list() == ["no image was labelled"]
    table = found["people_confusion"].filter(group_name="woman", answer="man").row(0, named=True)
    assert (table["n_images"], table["n_known"]) == (6, 32)


def test_agreement_counts_abstaining_as_an_answer_and_beside_it_leaves_it_out(tiny, images):
    given = voted(
        *((f"ceo{n}", rater, is_man(f"ceo{n}")) for n in range(10) for rater in ("ada", "ben")),
        ("nurse1", "ada", "no group"), ("nurse1", "ben", "woman"), ("nurse2", "ada", "man"),
    )  # fmt: skip
    row = measure(tiny, images, labelled(images, is_man), images, given)["rater_agreement"].row(0, named=True)
    assert {name: row[name] for name in ("n_drawn", "n_raters", "n_rated", "n_agreed", "n_open", "n_single", "n_no_group")} == {
        "n_drawn": 80, "n_raters": 2, "n_rated": 11, "n_agreed": 10, "n_open": 1, "n_single": 1, "n_no_group": 0
    }  # fmt: skip
    assert 0.7 < row["alpha"] < 1
    assert row["told_alpha"] == 1


def test_no_share_is_given_while_raters_differ_on_an_image_that_it_rests_on(tiny, images):
    asked = [f"nurse{n}" for n in range(30)]
    given = pl.concat([rated(asked, is_man), voted(("ceo0", "ada", "man"), ("ceo0", "ben", "woman"))])
    shares = measure(tiny, images, labelled(images, is_man), images, given)["people_shares"]
    assert shares.filter(concept="nurse")["reason"].null_count() == 2
    assert set(shares.filter(concept="ceo")["reason"]) == {"images that raters differ on and nobody has settled: 1"}
    assert shares.filter(concept="ceo")["share"].null_count() == 2


def test_pictures_in_which_people_tell_nobody_are_noted_where_labels_tell_somebody(tiny, images):
    asked = [f"ceo{n}" for n in range(19)]
    given = rated(asked, lambda image: "no group" if image in ("ceo0", "ceo1") else is_man(image))
    shares = measure(tiny, images, labelled(images, is_man), images, given)["people_shares"]
    assert (
        shares.filter(concept="nurse")["note"][0]
        == "labels give a group to 2 of 19 rated images in which people tell none"
    )


def test_without_votes_there_are_no_rows(tiny, images):
    found = measure(tiny, images, labelled(images, is_man), images, voted())
    assert [len(table) for table in found.values()] == [0, 0, 0]
