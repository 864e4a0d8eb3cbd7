"""The question of provenance marks, put to a store of known content."""

import pytest

from tests.sql.asking import ask


def test_which_images_are_marked_tells_valid_marks_from_others_and_names_their_issuers(published):
    found = ask(published, "which-images-are-marked", "images", "read", "marked", "valid", "share_valid", "issuers")
    assert found == [(3, 3, 2, 1, pytest.approx(1 / 3), "Someone")]
