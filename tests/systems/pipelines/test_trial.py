"""What the first image of a version tells: whether a seed fixes an image, and which settings do nothing."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from mcas_assets.systems.find import find_system
from mcas_assets.systems.pipelines.strangers import Raised
from mcas_assets.systems.pipelines.trial import Trial, try_first
from mcas_assets.systems.protocol import Request
from tests.systems.drawing import asked, runner

FIRST = Request("a nurse", 5, 16, 16)


def picture(seed: int, shade: float = 0.5) -> np.ndarray:
    return np.clip(np.random.default_rng(seed).normal(shade, 0.2, (8, 8, 3)), 0, 1)


def tried(draw: Callable[..., Sequence[np.ndarray]], *, one_by_one: bool = False, **settings: Any) -> Trial | None:
    return try_first(draw, FIRST, settings, dict.fromkeys(settings), one_by_one=one_by_one)


def heeds(requests: Sequence[Request], arguments: Mapping[str, Any]) -> list[np.ndarray]:
    return [picture(request.seed) for request in requests]


def first_generator(requests: Sequence[Request], arguments: Mapping[str, Any]) -> list[np.ndarray]:
    """Takes the noise of the whole batch from the first image's generator."""
    return [picture(requests[0].seed + 1000 * place) for place in range(len(requests))]


def one_at_a_time(requests: Sequence[Request], arguments: Mapping[str, Any]) -> list[np.ndarray]:
    if len(requests) > 1:
        raise Raised(TypeError("takes no list of generators"))
    return heeds(requests, arguments)


def low_bits(requests: Sequence[Request], arguments: Mapping[str, Any]) -> list[np.ndarray]:
    return [np.clip(picture(request.seed) + len(requests) / 256, 0, 1) for request in requests]


def nobodys(requests: Sequence[Request], arguments: Mapping[str, Any], drawn: list[int] = []) -> list[np.ndarray]:  # noqa: B006
    drawn.append(1)
    return [picture(len(drawn)) for _ in requests]


@pytest.mark.parametrize(
    ("draw", "found"),
    [
        (heeds, Trial()),
        (low_bits, Trial()),
        (first_generator, Trial(alone=True)),
        (one_at_a_time, Trial(alone=True)),
        (nobodys, Trial("best_effort")),
        (lambda requests, arguments: [picture(1) for _ in requests], Trial("none")),
    ],
    ids=[
        "heeds its seed",
        "low bits of a batch",
        "one generator for all",
        "no batches",
        "chance of its own",
        "no chance",
    ],
)
def test_whether_a_seed_fixes_an_image_is_told_by_drawing_it(draw, found):
    assert tried(draw) == found


def test_what_is_never_drawn_together_is_not_tried_together():
    assert tried(one_at_a_time, one_by_one=True) == Trial()
    assert tried(lambda requests, arguments: [picture(1)], one_by_one=True) == Trial("none")


@pytest.mark.parametrize("shown", [np.zeros((8, 8, 3)), np.full((8, 8, 3), np.nan)], ids=["blank", "no numbers"])
def test_from_a_picture_that_shows_nothing_nothing_is_told(shown):
    assert tried(lambda requests, arguments: [shown for _ in requests]) is None


def test_a_setting_without_which_the_image_is_the_same_is_told_and_one_that_is_needed_is_not():
    def draw(requests: Sequence[Request], arguments: Mapping[str, Any]) -> list[np.ndarray]:
        if "needed" not in arguments:
            raise Raised(KeyError("needed"))
        return [picture(request.seed, arguments.get("shade", 0.5)) for request in requests]

    found = tried(draw, needed=1, shade=0.6, guidance_scale=7.5)
    assert found == Trial(without_effect=("guidance_scale",))
    assert found.document() == {"without_effect": ["guidance_scale"]}


@pytest.fixture
def spoilt(families, declare) -> Callable[..., Any]:
    """A tiny pipeline whose calls a function may change: `spoilt(change, **keys)`; not yet tried."""

    def made(change: Callable[[dict], None], **keys: object) -> Any:
        system = find_system("tiny", declare(path=str(families("sd1")), steps=1, width=16, height=16, **keys))
        system.environment()
        loaded = runner(system)
        real = loaded._pipeline

        def call(**arguments):
            change(arguments)
            return real(**arguments)

        loaded._pipeline = call
        return system

    return made


def test_a_pipeline_that_ignores_its_generators_draws_by_the_seed_all_the_same_one_at_a_time(spoilt):
    """What it draws with instead is seeded for each call, so the same images come again, whatever came before them."""
    system = spoilt(lambda arguments: arguments.pop("generator"))
    first = system.generate(asked(3))
    assert system.environment()["tested"] == {"drawn_alone": True}
    assert system.capabilities().seed == "exact"
    assert [outcome.provider["batch_size"] for outcome in first] == [1, 1, 1]
    assert len({outcome.image for outcome in first}) == 3
    assert [outcome.image for outcome in system.generate(asked(3)[::-1])] == [outcome.image for outcome in first[::-1]]


def test_the_generators_of_the_process_are_as_they_were(spoilt):
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    spoilt(lambda arguments: arguments.pop("generator")).generate(asked(1))
    assert torch.rand(1) == expected


def test_chance_that_no_seed_reaches_is_best_effort(spoilt):
    chance = torch.Generator().manual_seed(1)
    system = spoilt(lambda arguments: arguments.update(generator=chance))
    system.generate(asked(1))
    assert system.capabilities().seed == "best_effort"
    assert system.environment()["tested"] == {"seed": "best_effort"}


def test_settings_of_a_real_pipeline_without_effect_are_told(spoilt):
    system = spoilt(
        lambda arguments: None, guidance=1.0, negative_prompt="a photo", arguments={"guidance_rescale": 0.5}
    )
    system.generate(asked(2))
    assert system.environment()["tested"] == {"without_effect": ["negative_prompt", "guidance_rescale"]}
