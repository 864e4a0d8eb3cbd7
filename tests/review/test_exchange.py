"""Votes go out and come in as CSV and as the task JSON of Label Studio; a file with a fault changes nothing."""

import csv
import json
from pathlib import Path

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.review.draw import draw_images
from mcas_assets.review.exchange import COLUMNS, keep_new, labelling_config, read_votes, write_votes
from mcas_assets.review.queue import Queue
from mcas_assets.store import votes
from tests.review.conftest import VERSION


@pytest.fixture
def draw(pictured, tiny):
    return draw_images(pictured, tiny, VERSION, 9, None)


def standing(store, audit):
    with store.open() as con:
        return votes.read_votes(con, audit.audit, VERSION)


@pytest.fixture
def given(pictured, tiny, draw):
    """Two raters and a third."""
    for rater, answer, third in (("ada", 0, False), ("ben", 1, False), ("cy", 2, True)):
        Queue(pictured, tiny, draw, "gender", rater, is_adjudication=third).answer(0, answer)
        for place in range(1, 9) if not third else ():
            Queue(pictured, tiny, draw, "gender", rater).answer(place, 1)
    return standing(pictured, tiny)


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_what_went_out_comes_in_again_as_it_was_and_once(pictured, tiny, draw, given, tmp_path, ending):
    file = tmp_path / f"votes.{ending}"
    assert write_votes(file, tiny, draw, given, "gender") == 19
    found = read_votes(file, tiny, draw, None)
    key = ["image_id", "rater", "answer", "is_adjudication", "voted_at"]
    assert sorted(found.select(key).rows()) == sorted(given.select(key).rows())
    assert keep_new(pictured, tiny, VERSION, found) == 0
    with pictured.open() as con:
        con.execute("delete from review_votes")  # as in another home
    assert keep_new(pictured, tiny, VERSION, found) == 19
    assert set(standing(pictured, tiny)["source"]) == {file.name}


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_a_file_tells_a_rater_neither_prompt_nor_concept_nor_model(tiny, draw, given, tmp_path, ending):
    file = tmp_path / f"votes.{ending}"
    write_votes(file, tiny, draw, given, "gender")
    text = file.read_text()
    assert [word for word in ("nurse", "ceo", "person", "secret", VERSION, "sd@") if word in text] == []


def test_images_without_a_vote_go_out_to_be_filled_in(pictured, tiny, draw, tmp_path):
    file = tmp_path / "votes.csv"
    write_votes(file, tiny, draw, standing(pictured, tiny), "gender")
    lines = file.read_text().splitlines()
    assert len(lines) == 1 + 9
    assert read_votes(file, tiny, draw, None).is_empty()
    filled = [line.replace(",,,", ",ada,woman,") for line in lines]
    file.write_text("\n".join(filled).replace(",", ";"))  # as an office of another country saves it
    assert read_votes(file, tiny, draw, None)["answer"].to_list() == ["woman"] * 9


def test_what_label_studio_says_of_its_users_is_a_rater_and_what_was_skipped_there_no_vote(tiny, draw, tmp_path):
    image = draw["image_id"][0]
    choice = {"type": "choices", "from_name": "answer", "to_name": "image", "value": {"choices": ["man"]}}
    notes = [
        {"completed_by": 7, "result": [choice], "created_at": "2026-11-29T10:00:00.5Z"},
        {"completed_by": {"id": 3, "email": "Ben@example.org"}, "result": [choice]},
        {"completed_by": 9, "was_cancelled": True, "result": []},
    ]
    about = {"image_id": image, "draw": draw["draw"][0], "axis": "gender"}
    file = tmp_path / "tasks.json"
    file.write_text(json.dumps([{"id": 1, "data": about, "annotations": notes}]))
    assert read_votes(file, tiny, draw, None)["rater"].to_list() == ["user-7", "ben"]
    assert read_votes(file, tiny, draw, "ada")["rater"].to_list() == ["ada", "ada"]


def test_the_labelling_interface_offers_every_answer(tiny):
    config = labelling_config(tiny, "gender")
    assert [f'value="{answer}"' in config for answer in ("man", "woman", "no group")] == [True] * 3


BAD = {
    "image_id": ("f" * 64, "is no image that was drawn"),
    "draw": ("000000000000", "is no image that was drawn"),
    "axis": ("age", "is no answer on 'age'"),
    "answer": ("robot", "'robot' is no answer on 'gender'. Answers: man, woman, no group"),
    "rater": ("Ada Lovelace", "rater is 'Ada Lovelace'"),
    "is_adjudication": ("maybe", "neither true nor false"),
    "voted_at": ("yesterday", "no time in ISO 8601"),
}


@pytest.mark.parametrize("key", BAD)
def test_one_bad_row_is_one_sentence_and_nothing_of_the_file_is_kept(pictured, tiny, draw, tmp_path, key):
    good = dict(zip(COLUMNS, (draw["draw"][0], "gender", draw["image_id"][0], "ada", "man", "false", ""), strict=True))
    file = tmp_path / "votes.csv"
    with file.open("w", newline="") as stream:
        table = csv.DictWriter(stream, COLUMNS)
        table.writeheader()
        table.writerows([good, good | {key: BAD[key][0]}])
    with pytest.raises(BadInput) as told:
        read_votes(file, tiny, draw, None)
    assert "line 3" in str(told.value)
    assert BAD[key][1] in str(told.value)
    assert standing(pictured, tiny).is_empty()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", b"image_id,rater\nx,y\n"), ("a.csv", b"\xff\xfe\x00"), ("a.csv", b""), ("a.json", b"{}"), ("a.json", b"[1]"),
        ("a.json", b"[" * 100_000), ("a.json", b'[{"data": {}}]'), ("a.json", b"\xff"), ("none.csv", None),
        ("a.json", b'[{"data": {"draw": 1, "axis": 1, "image_id": 1}, "annotations": [{"result": [{"type": "choices"}]}]}]'),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_said_to_be_none(tiny, draw, tmp_path: Path, name, data):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(BadInput):
        read_votes(tmp_path / name, tiny, draw, None)


def test_another_ending_is_refused(tiny, draw, given, tmp_path):
    with pytest.raises(BadInput, match=r"neither \.csv nor \.json"):
        write_votes(tmp_path / "votes.xlsx", tiny, draw, given, "gender")
