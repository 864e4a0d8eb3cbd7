"""Shares with people as the reference: by hand, where nothing is known, and intervals that cover whatever the labels do."""

import numpy as np
import pytest

from mcas_assets.scoring.shares.label_error import corrected_shares
from mcas_assets.scoring.shares.people import FEW, prediction_powered


def test_double_sampling_by_hand():
    """60 of 100 are labelled first, and mean it in 9 of 10; 40 second, of which 1 in 10 is first: .6 x .9 + .4 x .1 = .58."""
    found = prediction_powered([60, 40, 0], [[9, 1, 0], [1, 9, 0], [0, 0, 0]])
    np.testing.assert_allclose(found.shares, [0.58, 0.42])
    assert found.low[0] < 0.58 < found.high[0]


def test_images_in_which_people_tell_no_group_are_left_out_of_the_shares():
    """Half of what is labelled second shows nobody: .5 first to .25 second."""
    found = prediction_powered([50, 50, 0], [[10, 0, 0], [0, 5, 5], [0, 0, 0]])
    np.testing.assert_allclose(found.shares, [2 / 3, 1 / 3])


def test_where_all_images_are_rated_the_labels_say_nothing_more():
    rated = [[5, 3, 0], [1, 6, 1], [2, 1, 1]]
    found = prediction_powered(np.sum(rated, axis=1), rated)
    np.testing.assert_allclose(found.shares, np.array([8, 10]) / 18)


def test_better_labels_and_more_ratings_narrow_the_interval():
    def width(table: np.ndarray) -> float:
        found = prediction_powered([200, 200, 0], table)
        return float(found.high[0] - found.low[0])

    good, bad = np.array([[19, 1, 0], [1, 19, 0], [0, 0, 0]]), np.array([[12, 8, 0], [8, 12, 0], [0, 0, 0]])
    assert width(3 * good) < width(good) < width(bad)


@pytest.mark.parametrize(
    ("labelled", "rated", "reason"),
    [
        ([9, 9, 0], [[2, 0, 0], [0, 2, 0], [0, 0, 0]], FEW),
        ([9, 9, 0], [[0, 0, 5], [0, 0, 3], [0, 0, 0]], "people tell no group in any rated image"),
    ],
)
def test_shares_that_cannot_be_given_say_why(labelled, rated, reason):
    found = prediction_powered(labelled, rated)
    assert found.reason == reason
    assert np.isnan(found.shares).all()


def test_more_rated_than_labelled_is_refused():
    with pytest.raises(ValueError, match="must be some of the labelled"):
        prediction_powered([1, 9, 0], [[2, 0, 0], [0, 5, 0], [0, 0, 0]])


LABELLERS = {
    "good": [[0.95, 0.03, 0.02], [0.03, 0.95, 0.02], [0.1, 0.1, 0.8]],
    "errs and abstains by group": [[0.85, 0.05, 0.10], [0.10, 0.65, 0.25], [0.4, 0.4, 0.2]],
    "blind": [[0.5, 0.4, 0.1], [0.5, 0.4, 0.1], [0.5, 0.4, 0.1]],
}


@pytest.mark.parametrize("name", LABELLERS)
@pytest.mark.parametrize(("share", "images", "rated"), [(0.05, 48, 24), (0.3, 48, 24), (0.5, 200, 60), (0.1, 16, 16)])
def test_intervals_cover_whatever_the_labels_do(name, share, images, rated):
    """People tell no group in 5 %: at least 93 % held, less what chance takes of 200 (3 points). Cells: benchmarks."""
    generator = np.random.default_rng([images, rated])
    people = np.array([0.95 * share, 0.95 * (1 - share), 0.05])
    joint = people[:, None] * np.array(LABELLERS[name])
    held = 0
    for audit in range(200):
        table = generator.multinomial(rated, joint.ravel()).reshape(3, 3).T
        labelled = table.sum(axis=1) + generator.multinomial(images - rated, joint.sum(axis=0))
        found = prediction_powered(labelled, table, seed=audit)
        held += bool(found.low[0] - 1e-9 <= share <= found.high[0] + 1e-9)
    assert held / 200 >= 0.9


def test_where_a_concept_is_read_worse_than_others_the_errors_over_all_concepts_do_not_help_and_its_own_votes_do():
    """Labels are right in .95 elsewhere and in .75 here; the share is .2 and reads .35."""
    elsewhere = np.array([[190, 10, 0], [10, 190, 0]])
    np.testing.assert_allclose(prediction_powered([35, 65, 0], [[15, 20, 0], [5, 60, 0], [0, 0, 0]]).shares, [0.2, 0.8])
    assert corrected_shares([35, 65], elsewhere).low[0] > 0.2
