"""Facts: written once under their digest, a batch whole or not at all, read in the order asked."""

import numpy as np
import polars as pl
import pytest

from mcas_assets.core.errors import StoreError
from mcas_assets.store import facts

VECTORS = np.arange(12, dtype=np.float32).reshape(3, 4)
CONTENTS = ["c1", "c2", "c3"]


@pytest.fixture
def con(store):
    with store.open() as con:
        facts.register_embedder(con, "e@1", "e", 4, {"model": "toy", "layers": [1, 2]})
        yield con


def test_settled_images_need_not_be_asked_for_again(con, images):
    assert facts.append_images(con, images) == 3
    assert facts.have_images(con, ["i1", "i2", "i3", "i4"]) == {"i1", "i3"}
    assert facts.have_images(con, []) == set()


def test_the_first_settled_row_of_an_image_stands_and_an_unsettled_one_gives_way(con, images):
    facts.append_images(con, images)
    again = images.with_columns(outcome=pl.lit("ok"), sha256=pl.lit("0" * 64))
    assert facts.append_images(con, again) == 1
    assert facts.read_images(con, ["i1", "i2", "i3"])["sha256"].to_list() == ["f" * 64, "0" * 64, None]


def test_images_come_in_the_order_asked_and_absent_ones_are_left_out(con, images):
    facts.append_images(con, images)
    assert facts.read_images(con, ["i3", "nobody", "i1"])["image_id"].to_list() == ["i3", "i1"]


def test_an_unknown_outcome_is_refused(con, images):
    with pytest.raises(ValueError, match="outcomes \\['fine'\\]"):
        facts.append_images(con, images.with_columns(outcome=pl.lit("fine")))


def test_an_image_twice_in_one_batch_is_stored_once(con, images):
    assert facts.append_images(con, pl.concat([images, images])) == 3


def test_a_forgotten_image_is_asked_for_again(con, images):
    facts.append_images(con, images)
    assert facts.forget_images(con, ["i1", "nobody"]) == 1
    assert facts.have_images(con, ["i1"]) == set()


def test_vectors_come_back_bit_for_bit_in_the_order_asked(con):
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(500, 4)).astype(np.float32)
    contents = [f"c{i}" for i in range(500)]
    assert facts.append_vectors(con, "e@1", "image", contents, None, vectors) == 500
    order = rng.integers(0, 500, size=700)
    found = facts.read_vectors(con, "e@1", 4, "image", [contents[i] for i in order])
    assert found.dtype == np.float32
    assert found.flags["C_CONTIGUOUS"]
    np.testing.assert_array_equal(found, vectors[order])


def test_a_stored_vector_stands(con):
    facts.append_vectors(con, "e@1", "image", CONTENTS, None, VECTORS)
    assert facts.append_vectors(con, "e@1", "image", ["c3", "c4"], None, VECTORS[:2]) == 1
    np.testing.assert_array_equal(facts.read_vectors(con, "e@1", 4, "image", ["c3"]), VECTORS[2:])


def test_images_and_texts_of_the_same_name_are_apart(con):
    facts.append_vectors(con, "e@1", "text", CONTENTS, ["he", "she", "they"], VECTORS)
    assert facts.have_vectors(con, "e@1", 4, "text", ["c1", "c9"]) == {"c1"}
    assert facts.have_vectors(con, "e@1", 4, "image", ["c1"]) == set()
    assert con.execute("select text from embedding_facts_4 order by content").fetchall() == [
        ("he",),
        ("she",),
        ("they",),
    ]


def test_a_missing_vector_is_named(con):
    facts.append_vectors(con, "e@1", "image", CONTENTS, None, VECTORS)
    with pytest.raises(StoreError, match="1 of 2 image vectors are not stored, the first of c7"):
        facts.read_vectors(con, "e@1", 4, "image", ["c1", "c7"])


def test_no_vectors_asked_gives_none(con):
    assert facts.read_vectors(con, "e@1", 4, "image", []).shape == (0, 4)
    assert facts.append_vectors(con, "e@1", "image", [], None, np.empty((0, 4), np.float32)) == 0


def test_an_embedder_with_other_dimensions_than_its_stored_vectors_is_refused(con):
    with pytest.raises(StoreError, match="8 dimensions, those stored under the same id 4"):
        facts.register_embedder(con, "e@1", "e", 8, {"model": "toy", "layers": [1, 2]})
    with pytest.raises(StoreError, match="vectors of 8 dimensions were given"):
        facts.append_vectors(con, "e@1", "image", ["c1"], None, np.ones((1, 8), np.float32))
    assert con.execute("select count(*) from embedders").fetchall() == [(1,)]


def test_another_embedder_under_the_same_id_is_refused_and_the_same_one_is_not(con):
    facts.register_embedder(con, "e@1", "e", 4, {"layers": [1, 2], "model": "toy"})
    with pytest.raises(StoreError, match="another embedder"):
        facts.register_embedder(con, "e@1", "e", 4, {"model": "other"})


def test_vectors_of_an_unknown_embedder_are_refused(con):
    with pytest.raises(StoreError, match="not registered"):
        facts.append_vectors(con, "e@2", "image", CONTENTS, None, VECTORS)


@pytest.mark.parametrize(
    "vectors", [VECTORS[:2], VECTORS[0], VECTORS.astype(np.float64)], ids=["few", "flat", "double"]
)
def test_vectors_of_another_shape_or_kind_are_refused(con, vectors):
    with pytest.raises(ValueError, match="float32"):
        facts.append_vectors(con, "e@1", "image", CONTENTS, None, vectors)


def test_a_system_is_registered_once_and_marked_when_audited(con):
    facts.register_system(con, "s@1", "s", {"steps": 20})
    facts.register_system(con, "s@1", "s", {"steps": 20})
    assert con.execute("select last_audited from systems").fetchall() == [(None,)]
    facts.mark_audited(con, "s@1")
    assert con.execute("select last_audited >= first_seen from systems").fetchall() == [(True,)]
    with pytest.raises(StoreError, match="not registered"):
        facts.mark_audited(con, "s@2")
