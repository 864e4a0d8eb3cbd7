"""Ranks say which places a system may have: ties stay ties, and a lean is counted whichever way it goes."""

from mcas_assets.pages.overview import ranks


def test_systems_whose_intervals_lie_apart_have_one_rank_each_whichever_way_they_lean():
    assert ranks([(0.1, 0.05, 0.15), (-0.5, -0.6, -0.4), (0.3, 0.25, 0.35)]) == [(3, 3), (1, 1), (2, 2)]


def test_systems_whose_intervals_overlap_share_their_ranks():
    assert ranks([(0.3, 0.2, 0.4), (-0.35, -0.5, -0.2), (0.9, 0.8, 1.0)]) == [(2, 3), (2, 3), (1, 1)]


def test_a_lean_whose_interval_holds_0_may_be_nothing():
    assert ranks([(0.0, -0.3, 0.3), (0.1, 0.05, 0.15), (0.9, 0.8, 1.0)]) == [(2, 3), (2, 3), (1, 1)]


def test_without_an_interval_there_is_no_rank_and_the_others_are_ranked_without_it():
    assert ranks([(None, None, None), (0.2, 0.1, 0.3)]) == [None, (1, 1)]
