"""The map's plane is that of the two first principal components."""

import numpy as np

from mcas_assets.pages.plane import project


def test_points_of_a_plane_keep_their_distances():
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(30, 2))
    basis, _ = np.linalg.qr(rng.normal(size=(6, 2)))
    places, explained = project(flat @ basis.T)
    apart = np.linalg.norm(flat[:, None] - flat, axis=2)
    np.testing.assert_allclose(np.linalg.norm(places[:, None] - places, axis=2), apart, atol=1e-9)
    assert np.isclose(explained, 1)


def test_one_point_and_equal_points_lie_in_the_middle():
    assert project(np.ones((1, 4)))[0].tolist() == [[0, 0]]
    assert np.abs(project(np.ones((5, 4)))[0]).max() == 0
