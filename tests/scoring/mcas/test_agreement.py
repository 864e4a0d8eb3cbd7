"""A panel of embedders."""

import numpy as np
import pytest
from scipy.stats import norm

from mcas_assets.scoring.mcas.agreement import PanelAgreement, panel_agreement

NAN = float("nan")


def of(scores, half: float = 0.05) -> PanelAgreement:
    """The agreement of scores that are all as sure."""
    table = np.asarray(scores, dtype=np.float64)
    return panel_agreement(table, table - half, table + half)


def test_a_sign_that_differs_makes_a_concept_unstable():
    agreement = of([[0.1, 0.2, -0.1], [0.3, -0.2, -0.4]])
    assert agreement.stable.tolist() == [True, False, True]
    assert agreement.reasons == (None, "the sign differs between embedders", None)
    np.testing.assert_allclose(agreement.sign_agreement, [1.0, 0.5, 1.0])


def test_a_small_score_that_is_not_sure_is_not_stable_though_all_signs_agree():
    agreement = of([[0.005, 0.3], [0.3, 0.2]])
    assert agreement.stable.tolist() == [False, True]
    assert agreement.reasons == ("an interval holds 0", None)
    assert agreement.sign_agreement.tolist() == [1.0, 1.0]


def test_a_score_of_zero_has_no_sign_to_agree_on():
    assert of([[0.0], [0.1]]).stable.tolist() == [False]


def test_what_is_missing_is_not_agreement():
    agreement = panel_agreement(
        [[0.1, NAN, 0.2], [0.3, 0.2, 0.2]], [[0.05, NAN, NAN], [0.2, 0.1, 0.1]], np.full((2, 3), 0.4)
    )
    assert agreement.stable.tolist() == [True, False, False]
    assert agreement.reasons == (None, "an embedder has no score", "an embedder has no interval")
    assert np.isnan(agreement.sign_agreement[1])


def test_ends_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        panel_agreement([[0.1, 0.2]], [[0.1]], [[0.2, 0.3]])


def called_stable(truth: tuple[float, float], correlation: float = 0.6, draws: int = 20_000) -> float:
    """How often two embedders with these true scores, in standard errors, are called stable at 95 %."""
    errors = np.random.default_rng(5).multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], draws).T
    audits = np.split(errors + np.array(truth)[:, None], draws // 500, axis=1)
    return float(np.mean([of(audit, norm.ppf(0.975)).stable for audit in audits]))


def test_a_direction_that_an_embedder_does_not_see_is_rarely_called_stable():
    """Against (0, 0), the worst of (0, large), and an embedder that sees the other direction."""
    rates = [called_stable(truth) for truth in ((0.0, 0.0), (0.0, 8.0), (3.0, -3.0), (4.0, 4.0))]
    assert rates == pytest.approx([0.012, 0.023, 0.0, 0.962], abs=0.004)
    assert called_stable((0.0, 0.0), correlation=0.999) <= 0.055


def test_the_same_order_is_full_agreement_of_rank_whatever_the_scale():
    agreement = of([[1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 21.0, 400.0], [-3.0, -2.0, 0.5, 9.0]])
    assert agreement.rank_agreement.value == pytest.approx(1.0)
    np.testing.assert_allclose(agreement.rank_correlations, np.ones((3, 3)))


def test_opposite_orders_cancel():
    agreement = of([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    assert agreement.rank_agreement.value == pytest.approx(0.0)
    assert agreement.rank_correlations[0, 1] == pytest.approx(-1.0)


def test_rank_correlations_agree_with_scipy_with_ties():
    from scipy.stats import spearmanr

    table = np.random.default_rng(0).integers(0, 5, (2, 12)).astype(float)
    assert of(table).rank_correlations[0, 1] == pytest.approx(spearmanr(*table).statistic)


def test_what_cannot_be_ranked_has_a_reason():
    assert of([[1.0, 2.0, 3.0]]).rank_agreement.reason == "fewer than 2 embedders"
    assert of([[1.0], [2.0]]).rank_agreement.reason == "fewer than 3 concepts that all embedders scored"
    assert of([[1.0, 1.0, 1.0]] * 2).rank_agreement.reason == "zero variance"
