"""Alignment of images and texts, and means with their intervals."""

import numpy as np
import pytest
from scipy import stats

from mcas_assets.scoring.fidelity.alignment import align
from mcas_assets.scoring.fidelity.means import mean, mean_change

TEXTS = np.eye(4)


def test_an_image_is_held_against_its_own_text_and_those_of_other_concepts():
    images = np.array([[0.8, 0.6, 0, 0], [0.6, 0.8, 0, 0], [0, 0, 1.0, 0]])
    found = align(images, np.array([0, 0, 2]), TEXTS, np.array([0, 1, 2, -1]), np.array([0, 0, 2]))
    assert found.cosine == pytest.approx([0.8, 0.6, 1.0])
    assert found.is_first.tolist() == [True, False, True]


def test_another_wording_of_the_own_concept_and_a_text_shared_by_two_concepts_are_not_nearer():
    images = np.array([[0.6, 0.8, 0, 0]])
    assert align(images, np.array([0]), TEXTS, np.array([0, 0, 1, 1]), np.array([0])).is_first.all()
    shared = np.stack([TEXTS[0], TEXTS[0], TEXTS[1]])
    assert align(np.array([[1.0, 0, 0, 0]]), np.array([1]), shared, np.array([0, 1, 2]), np.array([1])).is_first.all()


def test_a_neutral_image_and_a_concept_alone_are_nearer_to_nothing():
    images, own = np.array([[1.0, 0, 0, 0]]), np.array([0])
    assert not align(images, own, TEXTS, np.array([-1, 0, 1, 2]), np.array([-1])).is_first.any()
    assert not align(images, own, TEXTS[:1], np.array([0]), np.array([0])).is_first.any()
    assert not align(images, own, TEXTS[:1], np.array([-1]), np.array([-1])).is_first.any()


def test_a_mean_has_the_interval_of_students_t():
    values = np.random.default_rng(0).normal(size=12)
    low, high = stats.t.interval(0.9, 11, values.mean(), stats.sem(values))
    found = mean(values, level=0.9)
    assert (found.value, found.low, found.high) == pytest.approx((values.mean(), low, high))


def test_a_mean_of_few_or_of_equal_values_has_no_interval_and_says_why():
    assert (mean(np.array([])).value, mean(np.array([])).reason) == (None, "no image")
    assert mean(np.ones(4)).reason == "fewer than 5 independent images"
    assert (mean(np.ones(9)).value, mean(np.ones(9)).reason) == (1.0, "zero variance")


def test_the_mean_change_of_pairs_is_tested_as_scipy_does():
    differences = np.random.default_rng(1).normal(0.4, 1, size=20)
    found = mean_change(differences)
    assert found.p_value == pytest.approx(stats.ttest_1samp(differences, 0).pvalue)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.difference < found.high  # ty: ignore[unsupported-operator]
    assert found.minimum_detectable is not None
    wide = mean_change(differences, family=20)
    assert wide.minimum_detectable > found.minimum_detectable  # ty: ignore[unsupported-operator]


def test_pairs_that_are_few_or_the_same_are_told():
    assert mean_change(np.array([])).reason == "no pair"
    assert mean_change(np.ones(3)).reason == "fewer than 5 independent images"
    assert mean_change(np.zeros(9)).reason == "the two versions gave the same images"
    assert mean_change(np.ones(9)).reason == "zero variance"
