"""The map: neighbours are alike, the same every time, the image under the cursor is shown, and no label of a group anywhere."""

import json
from urllib.parse import quote

import numpy as np
import pytest

from mcas_assets.pages.plane import project


def test_two_heaps_of_vectors_are_two_heaps_on_the_map_and_the_same_ones_every_time():
    rng = np.random.default_rng(0)
    heaps = np.repeat(rng.normal(size=(2, 16)), 20, axis=0)
    vectors = heaps + 0.05 * rng.normal(size=heaps.shape)
    places = project(vectors)
    apart = np.linalg.norm(places[:, None] - places, axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (apart.argmin(axis=1) // 20).tolist() == [0] * 20 + [1] * 20
    np.testing.assert_array_equal(places, project(vectors))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5])
def test_few_images_and_equal_ones_have_places_too(n):
    for vectors in (np.ones((n, 4)), np.eye(max(n, 4))[:n]):
        places = project(vectors)
        assert places.shape == (n, 2)
        assert np.isfinite(places).all()


def test_the_image_under_the_cursor_is_shown_and_opened(shown, site, seen):
    page = seen.open(f"{site}/map?audit={shown.audit}&version={quote(shown.before)}")
    point = page.locator("figure.chart svg .mark-symbol.role-mark path").last  # the topmost: others may lie beneath
    point.hover()
    picture = page.locator("#vg-tooltip-element.visible img")
    picture.wait_for()
    page.wait_for_function("document.querySelector('#vg-tooltip-element img').naturalWidth > 0")
    name = picture.get_attribute("src").rpartition("/")[2].partition(".")[0]
    point.click()
    page.wait_for_url("**/image?**")
    assert name in page.locator("table.facts").inner_text()
    assert seen.wrong == []


def test_a_map_carries_no_label_of_a_group(shown, reader, site, seen):
    page = seen.open(f"{site}/map?audit={shown.audit}&version={quote(shown.before)}")
    points = json.loads(page.locator("figure.chart script").text_content())["datasets"]["rows"]
    assert {point["kind"] for point in points} == {"attribute images", "neutral", "occupations"}
    assert [set(point) for point in points] == [{"x", "y", "kind", "text", "picture", "url"}] * len(points)
    groups = [name for axis in reader.poles(shown.audit) for name in reader.groups(shown.audit, shown.before, axis)]
    told = page.locator("main").inner_text()  # the legend too, which is text of the chart
    assert [name for name in (*groups, "ambiguous") if name in told.split()] == []
