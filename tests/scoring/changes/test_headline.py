"""A comparison as a whole: what it finds, its false alarms, and the noise band that it is read against."""

from dataclasses import replace

import numpy as np
import pytest

from mcas_assets.scoring.changes.changes import Task
from mcas_assets.scoring.changes.headline import headline
from mcas_assets.scoring.changes.pairs import Pairs
from mcas_assets.scoring.mcas.draws import Draws, grouping
from mcas_assets.scoring.mcas.noise import noise_band


def headline_of(before, after, neutral=(), seed=0, resamples=400, draws=400):
    task = Task(Draws(grouping(before), resamples, seed), 0.95, 0.8, "bca", draws, seed)
    return headline(Pairs(before, after, np.array(neutral, dtype=np.int64)), task)


def test_one_concept_that_moved_is_enough_to_say_that_something_did(audit):
    sizes = {"images": 40, "attributes": 40, "concepts": 8}
    result = headline_of(audit(1, **sizes), audit(2, shift=1.0, **sizes))
    assert result.any_p_value <= 0.01


def test_two_that_moved_against_each_other_are_found_though_the_mean_stands(audit):
    """What a test of the mean alone would miss: the first concept goes one way, the last the other."""
    sizes = {"images": 40, "attributes": 40, "concepts": 8}
    before, after = audit(3, **sizes), audit(4, shift=0.8, **sizes)
    turned = np.array(after.images, copy=True)
    other = np.array(audit(5, shift=-0.8, **sizes).images)
    turned[:40] = np.array(after.images)[:40]
    turned[-40:] = other[:40]
    prompts = np.array(before.prompts, copy=True)
    old = np.array(before.images, copy=True)
    old[-40:] = np.array(audit(6, **sizes).images)[:40]
    prompts[-1] = prompts[0]
    result = headline_of(replace(before, images=old, prompts=prompts), replace(after, images=turned, prompts=prompts))
    assert result.any_p_value <= 0.01
    assert result.mean.p_value > 0.05


def test_equal_versions_say_why_there_is_no_p_value(audit):
    result = headline_of(audit(7), audit(7))
    assert (result.any_p_value, result.reason, result.mean.change) == (
        None,
        "the two versions gave the same images",
        0.0,
    )


def test_a_lean_that_halves_is_a_negative_change_of_size(audit):
    """All concepts drawn nearer to the middle: their scores shrink, whatever side they were on."""
    sizes = {"images": 30, "attributes": 30, "concepts": 12}
    before, after = audit(8, **sizes), audit(9, noise=1.6, **sizes)
    assert headline_of(before, after).lean.change < 0
    assert headline_of(after, before).lean.change > 0


@pytest.mark.parametrize("neutral", [(), (1,)])
def test_a_version_against_itself_alarms_as_often_as_it_says(audit, neutral):
    """60 pairs of fresh seeds, concepts that share attribute images and baseline: each p <= .05 in at most 5 % + 3 errors."""
    alarms = []
    for k in range(60):
        result = headline_of(audit(2 * k + 1000, concepts=6), audit(2 * k + 1001, concepts=6), neutral, k, 20, 150)
        alarms.append([result.any_p_value <= 0.05, result.mean.p_value <= 0.05, result.lean.p_value <= 0.05])
    assert (np.mean(alarms, axis=0) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 60)).all()


def test_the_band_from_split_halves_holds_the_changes_of_fresh_seeds(audit):
    """Of 40 A/A pairs the bands hold 95 % of the changes, within the error that so few leave."""
    within = []
    for k in range(40):
        before, after = audit(2 * k + 3000), audit(2 * k + 3001)
        band = noise_band([before, after], [1], splits=100, seed=k)
        change = after.scores().mcas - before.scores().mcas
        within.append(np.abs(change) <= band[:, 3])
    assert 0.90 <= np.mean(within) <= 0.99


def test_a_band_without_images_or_baseline_is_missing(audit):
    band = noise_band([audit(1)], splits=20)
    assert np.isnan(band[:, 4]).all()
    assert not np.isnan(band[:, :4]).any()
