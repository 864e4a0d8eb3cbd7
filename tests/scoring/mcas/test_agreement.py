"""A panel of embedders."""

import numpy as np
import pytest

from mcas_assets.scoring.mcas.agreement import panel_agreement


def test_a_sign_that_differs_makes_a_concept_unstable():
    agreement = panel_agreement([[0.1, 0.2, -0.1], [0.3, -0.2, -0.4]])
    assert agreement.stable.tolist() == [True, False, True]
    assert agreement.reasons == (None, "the sign differs between embedders", None)
    np.testing.assert_allclose(agreement.sign_agreement, [1.0, 0.5, 1.0])


def test_a_score_of_zero_has_no_sign_to_agree_on():
    assert panel_agreement([[0.0], [0.1]]).stable.tolist() == [False]


def test_a_missing_score_is_not_agreement():
    agreement = panel_agreement([[0.1, np.nan], [0.3, 0.2]])
    assert agreement.stable.tolist() == [True, False]
    assert agreement.reasons[1] == "an embedder has no score"
    assert np.isnan(agreement.sign_agreement[1])


def test_the_same_order_is_full_agreement_of_rank_whatever_the_scale():
    agreement = panel_agreement([[1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 21.0, 400.0], [-3.0, -2.0, 0.5, 9.0]])
    assert agreement.rank_agreement.value == pytest.approx(1.0)
    np.testing.assert_allclose(agreement.rank_correlations, np.ones((3, 3)))


def test_opposite_orders_cancel():
    agreement = panel_agreement([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    assert agreement.rank_agreement.value == pytest.approx(0.0)
    assert agreement.rank_correlations[0, 1] == pytest.approx(-1.0)


def test_rank_correlations_agree_with_scipy_with_ties():
    from scipy.stats import spearmanr

    table = np.random.default_rng(0).integers(0, 5, (2, 12)).astype(float)
    assert panel_agreement(table).rank_correlations[0, 1] == pytest.approx(spearmanr(*table).statistic)


def test_what_cannot_be_ranked_has_a_reason():
    assert panel_agreement([[1.0, 2.0, 3.0]]).rank_agreement.reason == "fewer than 2 embedders"
    assert panel_agreement([[1.0], [2.0]]).rank_agreement.reason == "fewer than 3 concepts that all embedders scored"
    assert panel_agreement([[1.0, 1.0, 1.0]] * 2).rank_agreement.reason == "zero variance"
