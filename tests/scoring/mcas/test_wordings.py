"""Concepts in several wordings: ITPAS and TTAS are means over them, and a wording is drawn with its images and its prompt."""

from dataclasses import replace

import numpy as np
import pytest

from mcas_assets.scoring.mcas.association import unit
from mcas_assets.scoring.mcas.concept_bootstrap import bootstrap_concepts
from mcas_assets.scoring.mcas.vectors import AuditVectors


def world(wordings: int = 3, images: int = 4, concepts: int = 2) -> AuditVectors:
    """Each concept in the same wordings, all with the same seeds."""
    generator = np.random.default_rng(1)

    def drawn(n: int) -> np.ndarray:
        return unit(generator.standard_normal((n, 8)))

    q = concepts * wordings
    texts = drawn(q)
    return AuditVectors(
        drawn(q * images), np.repeat(np.arange(concepts), wordings * images),
        texts.reshape(concepts, wordings, 8).mean(axis=1), drawn(6), drawn(6), drawn(3), drawn(3),
        seeds=np.tile(np.arange(images), q), wordings=np.tile(np.repeat(np.arange(wordings), images), concepts),
        texts=texts, text_concept=np.repeat(np.arange(concepts), wordings), text_wording=np.tile(np.arange(wordings), concepts),
    )  # fmt: skip


def alone(vectors: AuditVectors, wording: int) -> AuditVectors:
    """The audit as if it were asked in one wording only."""
    kept, text = np.asarray(vectors.wordings) == wording, np.asarray(vectors.text_wording) == wording
    return replace(
        vectors, images=np.asarray(vectors.images)[kept], concept=np.asarray(vectors.concept)[kept],
        seeds=np.asarray(vectors.seeds)[kept], wordings=None, prompts=np.asarray(vectors.texts)[text], texts=None,
        text_concept=None, text_wording=None,
    )  # fmt: skip


def test_every_component_is_the_mean_of_those_of_its_wordings():
    vectors = world()
    each = [alone(vectors, wording).scores().components for wording in range(3)]
    np.testing.assert_allclose(vectors.scores().components, np.mean(each, axis=0), atol=1e-12)


def test_what_a_prompt_adds_is_told_beyond_the_mean_of_its_concept():
    vectors = world()
    direction = np.eye(8)[0]
    values = vectors.wording_values(direction)
    np.testing.assert_allclose([values[:12].sum(), values[12:].sum()], 0, atol=1e-12)
    texts = np.asarray(vectors.texts)
    assert values[4] == pytest.approx(texts[1, 0] - texts[:3, 0].mean())


def test_where_only_prompts_differ_between_wordings_the_interval_of_the_score_is_theirs():
    """All images of a concept are one, so what is drawn is which prompts are averaged: closed form var0 / w."""
    vectors = world(wordings=5)
    alike = np.repeat(unit(np.ones((1, 8))), 40, axis=0)
    fixed = (
        np.repeat(np.asarray(vectors.a_images)[:1], 6, axis=0),
        np.repeat(np.asarray(vectors.b_images)[:1], 6, axis=0),
    )
    vectors = replace(vectors, images=alike, a_images=fixed[0], b_images=fixed[1])
    found = bootstrap_concepts(vectors, resamples=4000, method="percentile")
    direction = (
        fixed[0][0] - fixed[1][0] + np.asarray(vectors.a_words).mean(axis=0) - np.asarray(vectors.b_words).mean(axis=0)
    )
    prompts = (np.asarray(vectors.texts) @ direction).reshape(2, 5)
    spread = found.replicates[:, 4].std(axis=1)
    np.testing.assert_allclose(spread, prompts.std(axis=1) / 5**0.5, rtol=0.05)


def test_a_wording_without_an_image_is_left_out_of_the_draws_and_nothing_fails():
    vectors = world(images=8)
    kept = ~((np.asarray(vectors.wordings) == 2) & (np.asarray(vectors.concept) == 1))
    fewer = replace(
        vectors, images=np.asarray(vectors.images)[kept], concept=np.asarray(vectors.concept)[kept],
        seeds=np.asarray(vectors.seeds)[kept], wordings=np.asarray(vectors.wordings)[kept],
    )  # fmt: skip
    found = bootstrap_concepts(fewer, resamples=500)
    assert np.isfinite(found.low[:, 4]).all()
