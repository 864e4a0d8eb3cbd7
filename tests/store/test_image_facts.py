"""Stored images as they are asked for otherwise than by whole ids."""

from datetime import UTC, datetime

import polars as pl
import pytest

from mcas_assets.store import facts, image_facts


@pytest.fixture
def con(store, images):
    with store.open() as con:
        facts.append_images(con, images.with_columns(batch_id=pl.lit("b"), position=pl.Series([2, 1, 0])))
        yield con


def stored(images: pl.DataFrame, version: str, **columns: object) -> pl.DataFrame:
    """One more image, of a version."""
    values = {"image_id": version, "system_version": version, **columns}
    return images.head(1).with_columns(pl.lit(value).alias(name) for name, value in values.items())


def test_images_are_found_by_the_beginning_of_their_ids_in_order(con):
    assert image_facts.find_images(con, "i", most=2)["image_id"].to_list() == ["i1", "i2"]
    assert image_facts.find_images(con, "i3", most=2)["image_id"].to_list() == ["i3"]


def test_a_batch_is_in_the_order_of_its_places(con):
    assert image_facts.read_batch(con, "s@1", "b")["image_id"].to_list() == ["i3", "i2", "i1"]
    assert image_facts.read_batch(con, "s@1", None).is_empty()


def test_what_is_kept_of_a_version_is_told_with_and_without_a_file(con, images):
    facts.append_images(con, stored(images, "s@2", path="images/x.png"))
    assert sorted(image_facts.read_kept(con, "s@1")["image_id"]) == ["i1", "i2", "i3"]
    assert image_facts.image_files(con) == [("s@2", "images/x.png", "f" * 64)]


def test_conditions_are_those_of_images_that_came_out_each_once(con, images):
    facts.append_images(con, stored(images, "s@2", environment='{"device": "cpu"}', batch_size=8))
    facts.append_images(con, stored(images, "s@2", image_id="other", environment='{"device": "cpu"}', batch_size=8))
    assert image_facts.conditions(con, "s@2") == [('{"device": "cpu"}', 8)]


def test_sizes_and_times_are_of_this_version_first_then_of_its_system_then_of_others(con, images):
    for day, version in enumerate(("t@1", "s@2", "s@3"), start=1):
        at = datetime(2026, 1, day, tzinfo=UTC)
        facts.append_images(con, stored(images, version, latency_ms=10.0 * day, created_at=at))
    sizes = image_facts.drawn_sizes(con, "s", "s@2")
    assert [size.system_version for size in sizes][:1] + [size.system_version for size in sizes][-1:] == ["s@2", "t@1"]
    assert image_facts.timing(con, "s", "s@2") == (20.0, 1, "s@2")
    assert image_facts.timing(con, "s", "s@9") == (30.0, 1, "s@3")
    assert image_facts.timing(con, "u", "u@1") is None


def test_imported_images_have_no_size_to_draw_again(con, images):
    facts.append_images(con, stored(images, "v@1", record="row 3"))
    assert "v@1" not in [size.system_version for size in image_facts.drawn_sizes(con, "s", "s@1")]
