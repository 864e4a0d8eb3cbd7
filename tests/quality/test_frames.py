"""The frames see what is really there: files on the disk, vectors in the store."""

import os

import numpy as np
import polars as pl
import pytest

from mcas_assets.quality import frames, image_frames
from mcas_assets.quality.adapter import validate
from mcas_assets.store import facts, ledger
from mcas_assets.store.database import Store


def failed(frame: pl.DataFrame, table: str, expected: int) -> set[str]:
    return {result.rule for result in validate(frame, table, {"expected_rows": expected}) if not result.success}


@pytest.mark.parametrize(
    ("content", "rules"),
    [
        (None, {"image has a file"}),
        (b"", {"file has the stated digest", "file is an image"}),
        ("other", {"file has the stated digest", "image has the stated size"}),
        ("half", {"file has the stated digest", "file is an image"}),
    ],
    ids=["deleted", "emptied", "replaced", "truncated"],
)
def test_a_file_changed_behind_the_stores_back_is_found(plan_rows, image_rows, home, tmp_path, content, rules):
    path = image_rows["path"][0]
    (tmp_path / "images").symlink_to(home / "images")
    own = tmp_path / "own.png"
    if content == "other":
        from PIL import Image

        Image.new("RGB", (9, 9)).save(own)
    elif content == "half":
        data = (home / path).read_bytes()
        own.write_bytes(data[: len(data) // 2])
    elif content is not None:
        own.write_bytes(content)
    changed = image_rows.with_columns(path=pl.when(pl.col("path") == path).then(pl.lit("own.png")).otherwise("path"))
    assert failed(image_frames.images(plan_rows, changed, tmp_path), "images", len(plan_rows)) == rules


def test_a_bomb_is_not_decoded(plan_rows, image_rows, tmp_path, monkeypatch):
    from PIL import Image

    Image.new("RGB", (64, 64)).save(tmp_path / "own.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    looked = image_frames.images(plan_rows.head(1), image_rows.head(1).with_columns(path=pl.lit("own.png")), tmp_path)
    assert looked["decodable"].to_list() == [False]


def test_a_planned_request_without_an_image_row_is_found(plan_rows, image_rows, home):
    frame = image_frames.images(plan_rows, image_rows.tail(-1), home)
    assert failed(frame, "images", len(plan_rows)) == {"every planned request has an image row"}


def test_an_image_row_that_was_not_planned_is_found(plan_rows, image_rows, home):
    frame = image_frames.images(plan_rows.tail(-1), image_rows, home)
    assert failed(frame, "images", len(plan_rows) - 1) == {"as many rows as planned"}


def test_an_image_row_twice_is_found(plan_rows, image_rows, home):
    frame = image_frames.images(plan_rows, pl.concat([image_rows, image_rows.head(1)]), home)
    assert failed(frame, "images", len(plan_rows)) == {"as many rows as planned", "each request once"}


def test_images_of_a_set_among_generated_ones_are_found(plan_rows, image_rows, home):
    mixed = image_rows.with_columns(record=pl.when(pl.int_range(pl.len()) == 3).then(pl.lit("0.png")))
    frame = image_frames.images(plan_rows, mixed, home)
    assert failed(frame, "images", len(plan_rows)) == {"imported and generated images never share a version"}


def test_a_record_that_counts_but_is_no_image_row_is_found(account_rows, imported_rows, plan_rows):
    frame = image_frames.import_account(account_rows, imported_rows.tail(-1), plan_rows)
    assert failed(frame, "import_account", len(account_rows)) == {"every record that counts is an image row"}


def test_a_prompt_of_the_audit_without_account_is_found(account_rows, imported_rows, plan_rows):
    frame = image_frames.import_account(account_rows.tail(-1), imported_rows, plan_rows)
    assert failed(frame, "import_account", len(account_rows) - 1) == {
        "no row but those of the account", "every use of a prompt matched or is lacking", "without a match there is a detail",
    }  # fmt: skip


def test_records_without_any_account_are_found(account_rows, imported_rows, plan_rows):
    frame = image_frames.import_account(account_rows.clear(), imported_rows, plan_rows)
    assert len(frame) == plan_rows["prompt"].n_unique()
    assert "every use of a prompt matched or is lacking" in failed(frame, "import_account", 0)


def test_outcomes_that_do_not_add_up_are_found(account_rows, imported_rows, plan_rows):
    lost = account_rows.with_columns(
        outcomes=pl.col("outcomes").str.replace('"refused_prompt": 1', '"refused_prompt": 0')
    )
    frame = image_frames.import_account(lost, imported_rows, plan_rows)
    assert failed(frame, "import_account", len(lost)) == {"every record has an outcome"}


def test_a_system_that_draws_has_nothing_to_account_for(account_rows, image_rows, plan_rows):
    assert image_frames.import_account(account_rows.clear(), image_rows, plan_rows).is_empty()


def test_image_rows_come_with_the_reason_of_their_fact(tmp_path):
    fact = pl.DataFrame(
        {
            "image_id": "i1",
            "system_version": "s@1",
            "prompt": "a nurse",
            "seed": 1,
            "width": 8,
            "height": 8,
            "outcome": "empty",
            "reason": "no data",
        }
    )
    row = pl.DataFrame(
        {
            "audit": "g",
            "image_id": "i1",
            "system_version": "s@1",
            "prompt_id": "p",
            "prompt": "a nurse",
            "role": "concept",
            "concept": "nurse",
            "replicate": 0,
            "seed": 1,
            "outcome": "empty",
        }
    )
    made = ledger.Materialisation(
        asset="images", partition="s@1", audit="g", run_id="r", code_version="1", data_version="d"
    )
    with Store(tmp_path).open() as con:
        facts.append_images(con, fact)
        version = ledger.record(con, made, {"images": row})
        assert image_frames.image_rows(con, version)["reason"].to_list() == ["no data"]


def test_vectors_are_measured_in_the_store(tmp_path):
    unit = np.eye(4, dtype=np.float32)
    bad = np.array([[np.nan, 0, 0, 0], [np.inf, 0, 0, 0], [0.5, 0, 0, 0]], dtype=np.float32)
    expected = pl.DataFrame({"embedder": "e@1", "kind": "image", "content": ["c0", "c1", "n", "i", "s", "gone"]})
    with Store(tmp_path).open() as con:
        facts.register_embedder(con, "e@1", "e", 4, {})
        facts.append_vectors(con, "e@1", "image", ["c0", "c1"], None, unit[:2])
        facts.append_vectors(con, "e@1", "image", ["n", "i", "s"], None, bad)
        frame = frames.embeddings(con, expected)
        assert frames.embeddings(con, expected.clear()).is_empty()
        unknown = frames.embeddings(con, expected.with_columns(embedder=pl.lit("e@2")))
    assert frame["norm"].to_list() == [1.0, 1.0, None, None, 0.5, None]
    assert frame["is_finite"].to_list() == [True, True, False, False, True, None]
    assert frame["dim"].to_list() == [4, 4, 4, 4, 4, None]
    assert failed(frame, "embeddings", 6) == {
        "vector is finite",
        "vector has unit norm",
        "every content has a vector",
    }
    assert failed(unknown, "embeddings", 6) == {"every content has a vector"}


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_cannot_be_read_counts_as_missing(plan_rows, image_rows, tmp_path):
    (tmp_path / "own.png").write_bytes(b"")
    (tmp_path / "own.png").chmod(0)
    looked = image_frames.images(plan_rows.head(1), image_rows.head(1).with_columns(path=pl.lit("own.png")), tmp_path)
    assert looked["file_exists"].to_list() == [False]
