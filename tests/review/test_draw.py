"""Which images people are asked about: stated, seeded, even over concepts, and only ever more of the same."""

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.review.draw import draw_images
from tests.review.conftest import VERSION


def test_as_many_of_each_concept_are_drawn_by_the_seed_of_the_audit_and_neither_attribute_images_nor_what_was_refused(
    pictured, tiny
):
    draw = draw_images(pictured, tiny, VERSION, 8, None)
    assert dict(draw["concept"].value_counts().iter_rows()) == {"nurse": 3, "ceo": 3, "person": 3}
    assert set(draw["seed"]) == {tiny.run_seed}
    assert draw.filter(concept="nurse")["n_concept"].to_list() == [5] * 3
    assert draw["scheme"][0] == "3 of each concept and neutral prompt, simple random, blind to labels"
    assert draw["draw"].n_unique() == 1


def test_a_larger_draw_holds_the_smaller_and_no_draw_is_made_twice(pictured, tiny):
    few = draw_images(pictured, tiny, VERSION, 3, 5)
    many = draw_images(pictured, tiny, VERSION, 1000, 5)
    assert set(few["image_id"]) < set(many["image_id"])
    assert len(many) == 17
    assert draw_images(pictured, tiny, VERSION, None, None).equals(many)
    assert draw_images(pictured, tiny, VERSION, 3, 5).equals(many)


def test_another_seed_draws_others_and_is_refused_where_images_are_drawn_already(pictured, tiny, tmp_path):
    draw_images(pictured, tiny, VERSION, 3, 5)
    with pytest.raises(BadInput, match="were drawn by 5"):
        draw_images(pictured, tiny, VERSION, 3, 6)


def test_a_version_without_images_cannot_be_rated(pictured, tiny):
    with pytest.raises(BadInput, match="has no images of a concept"):
        draw_images(pictured, tiny, "sd@nothing", None, None)
