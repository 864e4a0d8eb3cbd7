"""A drawn world is a system like any other, and what it draws depends on prompt and seed alone."""

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.core.pictures import decode
from mcas_assets.phantom.harder import picture
from mcas_assets.systems.drawn import DrawnSystem
from mcas_assets.systems.find import find_system
from mcas_assets.systems.protocol import Request


@pytest.fixture
def harder():
    return find_system("phantom-harder")


def request(prompt, seed=3):
    return Request(prompt, seed, 64, 64)


def test_the_harder_phantom_is_declared_and_asked_nothing_by_itself(harder):
    assert isinstance(harder, DrawnSystem)
    assert harder.size() == (64, 64)
    assert harder.identity() == find_system("phantom-harder").identity()
    assert harder.identity().version.startswith("phantom-harder@")


def test_other_rules_are_another_version(harder, monkeypatch):
    before = harder.identity().version
    monkeypatch.setattr("mcas_assets.phantom.harder.OBEYED", 0.9)
    assert harder.identity().version != before


def test_an_image_is_that_of_its_prompt_and_seed_whatever_is_drawn_beside_it(harder):
    asked = [request("an image of a nurse"), request("a photo of a man", 8)]
    together = [outcome.image for outcome in harder.generate(asked)]
    assert together == [harder.generate([one])[0].image for one in asked]
    assert (decode(together[0]).pixels() == picture("an image of a nurse", 3)).all()


def test_a_prompt_that_is_no_caption_is_refused(harder):
    (outcome,) = harder.generate([request("an image of an astronaut")])
    assert outcome.outcome == "refused_prompt"
    assert "astronaut" in outcome.reason


def test_it_takes_no_setting_of_a_model():
    with pytest.raises(BadInput, match="kind drawn takes no such setting"):
        find_system("phantom-harder", steps=4)
