"""The frames see what is really there: whatever the rows say of a file, its bytes are looked at."""

import hashlib
import io
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from PIL import Image

from mcas_assets.quality.files import image_frame, import_frame
from mcas_assets.quality.looks import looks
from mcas_assets.store.database import Store
from mcas_assets.store.schema import frame_schema

REQUEST = ("prompt_id", "role", "axis", "pole", "concept", "replicate")
KINDS = {name: frame_schema("plan")[name] for name in REQUEST}


def png(size: tuple[int, int] = (8, 8)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (1, 2, 3)).save(buffer, "PNG")
    return buffer.getvalue()


WHOLE = png()


def requests(count: int, concept: str = "nurse") -> list[dict[str, Any]]:
    use = {"prompt_id": f"a {concept}", "role": "concept", "axis": None, "pole": None, "concept": concept}
    return [use | {"replicate": replicate} for replicate in range(count)]


def planned(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=KINDS)


def image(request: dict[str, Any], **values: Any) -> dict[str, Any]:
    """The row of an image as it is planned, 8 pixels wide and high, at `images/own.png`."""
    found = {
        "outcome": "ok",
        "reason": None,
        "sha256": hashlib.sha256(WHOLE).hexdigest(),
        "path": "images/own.png",
        "record": None,
    }
    return request | found | {"image_id": f"{request['replicate']}", "width": 8, "height": 8} | values


def image_rows(rows: list[dict[str, Any]]) -> pl.DataFrame:
    told = dict.fromkeys(("image_id", "outcome", "reason", "sha256", "path", "record", "stated_size"), pl.String)
    return pl.DataFrame(rows, schema=KINDS | told | {"width": pl.Int32, "height": pl.Int32})


def look(home: Path, data: bytes | None = WHOLE, **values: Any) -> dict[str, Any]:
    """What is seen of one planned image whose file holds `data`."""
    if data is not None:
        write(home, data)
    (request,) = requests(1)
    return frame_of(home, [request], image_rows([image(request, **values)])).row(0, named=True)


def write(home: Path, data: bytes) -> Path:
    file = home / "images" / "own.png"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(data)
    return file


def frame_of(home: Path, asked: list[dict[str, Any]], rows: pl.DataFrame) -> pl.DataFrame:
    return image_frame(planned(asked), rows, looks(Store(home), rows["path"].drop_nulls().unique()))


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (WHOLE, (True, 1, True, True, "8x8")),
        (None, (False, 0, False, None, None)),
        (b"", (True, 1, False, False, None)),
        (WHOLE[: len(WHOLE) // 2], (True, 1, False, False, None)),
        (png((9, 7)), (True, 1, False, True, "9x7")),
    ],
    ids=["whole", "deleted", "emptied", "truncated", "replaced"],
)
def test_a_file_changed_behind_the_stores_back_is_seen(data, seen, new_home):
    row = look(new_home, data)
    assert (
        tuple(row[name] for name in ("file_exists", "has_file", "digest_agrees", "decodable", "decoded_size")) == seen
    )
    assert row["size"] == "8x8"


def test_a_size_that_the_system_itself_stated_is_what_an_image_is_held_against(new_home):
    assert look(new_home, stated_size="1376x768")["size"] == "1376x768"


def test_rows_without_a_stated_size_are_held_against_what_was_requested(new_home):
    (request,) = requests(1)
    frame = frame_of(new_home, [request], image_rows([image(request)]).drop("stated_size"))
    assert frame["size"].to_list() == ["8x8"]


def test_where_nothing_was_delivered_there_is_no_file_to_look_at(new_home):
    row = look(new_home, outcome="timeout", path=None, sha256=None)
    assert (row["file_exists"], row["has_file"], row["decodable"]) == (False, 0, None)


def test_a_bomb_is_not_decoded(new_home, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 30)
    assert look(new_home)["decodable"] is False


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_cannot_be_read_counts_as_missing(new_home):
    write(new_home, WHOLE).chmod(0)
    assert look(new_home, data=None)["file_exists"] is False


def test_there_is_a_row_for_each_request_and_for_each_image_asked_for_or_not(new_home):
    asked, made = requests(3), requests(4)[1:]
    frame = frame_of(new_home, asked, image_rows([image(one) for one in (*made, made[0])]))
    assert sorted(frame["replicate"]) == [0, 1, 1, 2, 3]
    assert frame.filter(pl.col("image_id").is_null())["replicate"].to_list() == [0]


@pytest.mark.parametrize(
    ("records", "is_mixed"),
    [([None, None], [False] * 2), (["0.png", "1.png"], [False] * 2), (["0.png", None], [True] * 2)],
)
def test_images_of_a_set_among_generated_ones_are_seen(records, is_mixed, new_home):
    asked = requests(3)
    rows = [image(one, record=record) for one, record in zip(asked, records, strict=False)]
    frame = frame_of(new_home, asked, image_rows(rows)).sort("replicate")
    assert frame["is_mixed"].to_list() == [*is_mixed, None]


# What an account of an imported set is held against ------------------------------------------------------------------


def account(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=frame_schema("import_account"))


def use_of(concept: str) -> dict[str, Any]:
    return {"prompt_id": f"a {concept}", "prompt": f"a {concept}", "role": "concept", "concept": concept}


def plan_of(*concepts: str) -> pl.DataFrame:
    rows = [use_of(concept) | {"replicate": replicate} for concept in concepts for replicate in range(2)]
    return pl.DataFrame(rows, schema=frame_schema("plan"))


def records_of(count: int) -> pl.DataFrame:
    return image_rows([image(one, record=f"{one['replicate']}.png") for one in requests(count)])


def matched(concept: str, n_records: int, outcomes: str = '{"ok": 2}', match: str = "exact") -> dict[str, Any]:
    return use_of(concept) | {
        "set_prompt": f"a {concept}",
        "match": match,
        "n_records": n_records,
        "outcomes": outcomes,
    }


def test_what_matched_is_held_against_images_and_outcomes():
    frame = import_frame(account(matched("nurse", 2)), records_of(2), plan_of("nurse"))
    seen = frame.select(
        "match_or_missing", "prompt_id_or_missing", "n_images", "n_use", "n_outcomes", "n_lacking", "is_lacking"
    )
    assert seen.rows() == [("exact", "a nurse", 2, 2, 2, None, False)]


def test_a_record_that_counts_but_is_no_image_row_is_seen():
    for rows, there in ((records_of(1), 1), (records_of(2).clear(), 0)):
        frame = import_frame(account(matched("nurse", 2)), rows, plan_of("nurse"))
        assert frame.select("n_images", "n_use").rows() == [(there, 2)]


def test_two_prompts_of_a_set_that_count_for_one_use_are_counted_together():
    spelled = matched("nurse", 1, '{"ok": 1}', "normalised") | {"set_prompt": "A Nurse"}
    frame = import_frame(account(matched("nurse", 2), spelled), records_of(3), plan_of("nurse"))
    assert frame.select("n_images", "n_use").unique().rows() == [(3, 3)]


def test_outcomes_that_do_not_add_up_or_are_not_told_are_seen():
    for outcomes, told in (('{"ok": 1}', 1), ('{"ok": 1, "refused_prompt": 1}', 2), (None, -1)):
        row = matched("nurse", 2) | {"outcomes": outcomes}
        assert import_frame(account(row), records_of(2), plan_of("nurse"))["n_outcomes"].to_list() == [told]


def test_a_prompt_of_the_audit_without_account_is_seen():
    frame = import_frame(account(matched("nurse", 2)), records_of(2), plan_of("nurse", "pilot")).sort("concept")
    assert frame.select("concept", "match_or_missing").rows() == [("nurse", "exact"), ("pilot", "missing")]


def test_records_without_any_account_are_seen():
    frame = import_frame(account(), records_of(2), plan_of("nurse", "pilot"))
    assert frame["match_or_missing"].to_list() == ["missing", "missing"]


def test_what_counts_for_no_prompt_is_held_against_no_image():
    lacking = use_of("pilot") | {"match": "lacking", "n_records": 0, "detail": "the set has no such prompt"}
    unmatched = {"set_prompt": "a dog", "match": "unmatched", "n_records": 2, "detail": "not asked"}
    frame = import_frame(account(lacking, unmatched), records_of(2), plan_of("pilot")).sort("match")
    assert frame.select("prompt_id_or_missing", "n_images", "n_outcomes", "n_lacking", "is_lacking").rows() == [
        ("a pilot", None, None, 0, True), (None, None, None, None, False),
    ]  # fmt: skip


def test_a_system_that_draws_has_nothing_to_account_for():
    drawn = image_rows([image(one) for one in requests(2)])
    frame = import_frame(account(), drawn, plan_of("nurse"))
    assert frame.is_empty()
    assert set(frame.columns) >= set(import_frame(account(matched("nurse", 2)), records_of(2), plan_of("nurse")).columns) - {
        "prompt", "category"
    }  # fmt: skip
