"""The questions of the pictures themselves, put to a store of known content."""

from tests.sql.asking import ask


def test_pictures_are_told_over_all_by_group_and_by_concept_with_the_worst_first(published):
    found = ask(
        published,
        "do-pictures-show-what-was-asked",
        "scope",
        "concept",
        "group_name",
        "first_share",
        "difference",
        "vendi",
    )
    assert found == [
        ("all", None, None, 0.75, None, None),
        ("group", None, "woman", None, -0.1, None),
        ("concept", "nurse", None, 0.5, None, 1.2),
        ("concept", "pilot", None, 1.0, None, 3.0),
    ]


def test_a_change_that_is_worse_is_told_whichever_way_its_measure_goes(published):
    found = ask(published, "did-a-change-break-pictures", "measure", "concept", "difference", "is_worse")
    assert found == [
        ("alignment", None, -0.1, True),
        ("alignment", "nurse", 0.01, False),
        ("similarity", None, 0.3, True),
    ]


def test_tones_are_told_by_what_was_asked_for_with_the_part_that_is_not_read(published):
    columns = ("asked_for", "n_images", "n_unread", "unread_for", "monk", "as_shown", "perla", "ita", "light_cast")
    assert ask(published, "which-tones-are-read", *columns) == [
        ("gender: a", 1, 0, None, 3.0, 5.0, 4.0, 50.0, 9.0),
        ("gender: b", 1, 1, "no face", None, None, None, None, None),
    ]
