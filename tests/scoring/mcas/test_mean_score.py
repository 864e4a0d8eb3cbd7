"""The mean over concepts: its interval, and what images that share seeds are worth."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.worlds import World
from mcas_assets.scoring.mcas.mean_score import MeanScore, mean_score

WORLD = World()
ASKED, NEUTRAL = range(WORLD.concepts), (WORLD.concepts, WORLD.concepts + 1)


def mean(vectors, neutral=()) -> MeanScore:
    found = mean_score(vectors, ASKED, neutral)
    assert isinstance(found, MeanScore)
    return found


def test_the_mean_is_that_of_the_scores_less_that_of_the_neutral_ones():
    vectors = WORLD.audit(1, 8)
    mcas = vectors.scores().mcas
    assert mean(vectors).value == pytest.approx(mcas[: WORLD.concepts].mean())
    assert mean(vectors, NEUTRAL).value == pytest.approx(mcas[: WORLD.concepts].mean() - mcas[-2:].mean())


@pytest.mark.parametrize("images", [8, 16])
def test_the_interval_covers_raw_and_adjusted(images):
    true = WORLD.truth().sum(axis=1)
    truth = true[: WORLD.concepts].mean()
    held = []
    for number in range(300):
        vectors = WORLD.audit(number, images)
        raw, adjusted = mean(vectors), mean(vectors, NEUTRAL)
        held.append((raw.low <= truth <= raw.high, adjusted.low <= truth - true[-2:].mean() <= adjusted.high))
    assert ((np.mean(held, axis=0) >= 0.92) & (np.mean(held, axis=0) <= 0.98)).all()


def test_images_that_share_seeds_are_worth_fewer_and_others_are_worth_about_themselves():
    shared = np.mean([mean(WORLD.audit(number, 16)).n_effective for number in range(40)])
    apart = np.mean([mean(replace(WORLD, alike=0.0).audit(number, 16)).n_effective for number in range(40)])
    own = WORLD.audit(0, 16)
    alone = mean(replace(own, seeds=np.arange(len(np.asarray(own.seeds)))))
    assert shared < 0.4 * 448
    assert apart > 0.75 * 448
    assert (alone.n_images, alone.n_effective) == (448, pytest.approx(448))


def test_one_image_of_a_concept_gives_no_mean():
    assert (
        mean_score(replace(WORLD, shares=(0.5,)).audit(1, 1), [0, 1]) == "fewer than 2 images of a concept or of a pole"
    )
    assert mean_score(WORLD.audit(1, 8), []) == "fewer than 2 images of a concept or of a pole"
