"""What people say is asked of the published copy, beside what labels say."""

from tests.sql.asking import ask
from tests.sql.share_rows import share_rows


def test_raters_are_asked_how_far_they_agree_and_what_they_differ_on_is_named(published):
    """The first of Ada's two answers to one image gave way to the second."""
    assert ask(published, "how-far-raters-agree", "alpha", "n_open", "differ_on") == [(0.0, 1, ["image2"])]


def test_each_two_labellers_are_held_against_each_other_and_all_of_them_together(published):
    columns = ("labeller", "embedder", "other", "told_alpha", "same_rate", "gap", "gap_on", "reason")
    assert ask(published, "do-the-labellers-agree", *columns) == [
        ("all 3", None, None, None, None, None, None, "too few"),
        ("zero-shot", "clip", "pixels", 0.5, 0.75, 0.0, "nurse: man", None),
    ]


def test_shares_by_people_stand_beside_those_by_labels(published):
    columns = ("concept", "group_name", "share", "labelled", "by_attribute_images", "label_is_right", "method")
    ((*row, _),) = ask(published, "who-is-shown-to-people", *columns)
    labelled = [
        one
        for one in share_rows().iter_rows(named=True)
        if (one["labels"], one["group_name"]) == ("zero-shot", "woman")
    ]
    assert row == ["nurse", "woman", 0.75, labelled[0]["share"], labelled[0]["corrected_share"], 1.0]
