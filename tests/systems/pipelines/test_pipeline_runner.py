"""Batches drawn with a loaded pipeline: whatever happens, one outcome a request."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mcas_assets.core.errors import BadInput
from mcas_assets.core.outcomes import OUTCOMES
from mcas_assets.core.pictures import blank
from mcas_assets.systems.find import find_system
from mcas_assets.systems.pipelines import outputs
from mcas_assets.systems.protocol import Request
from tests.systems.drawing import asked, runner


@pytest.fixture
def calls(system, monkeypatch) -> Callable[..., list[dict]]:
    """Puts a function between the system and its pipeline: `calls(spoil)` lets it see, and fail, every call."""

    def intercept(spoil: Callable[[dict], None]) -> list[dict]:
        system.generate(asked(1))
        loaded, made = runner(system), []
        real = loaded._pipeline

        def call(**arguments):
            made.append(arguments)
            spoil(arguments)
            return real(**arguments)

        monkeypatch.setattr(loaded, "_pipeline", call)
        monkeypatch.setattr(loaded, "_has_drawn", False)
        monkeypatch.setattr(loaded, "_limit", None)
        monkeypatch.setattr(loaded, "_takes_lists", True)
        return made

    return intercept


def test_out_of_memory_halves_the_batch_and_goes_on(system, calls):
    def full(arguments):
        if len(arguments["prompt"]) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")

    made = calls(full)
    outcomes = system.generate(asked(5))
    assert [outcome.outcome for outcome in outcomes] == ["ok"] * 5
    assert [len(call["prompt"]) for call in made] == [5, 2, 2, 1]
    assert [outcome.provider["batch_size"] for outcome in outcomes] == [2, 2, 2, 2, 1]
    system.generate(asked(4))
    assert [len(call["prompt"]) for call in made[4:]] == [2, 2], "what was learnt holds for the batches after it"


def test_one_image_that_memory_does_not_suffice_for_is_an_outcome(system, calls):
    def full(arguments):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes")

    calls(full)
    outcomes = system.generate(asked(2))
    assert [outcome.outcome for outcome in outcomes] == ["failed"] * 2
    assert all("can't allocate memory" in outcome.reason for outcome in outcomes)


def test_a_prompt_that_cannot_be_drawn_fails_alone(system, calls):
    def refuse(arguments):
        if "a pilot" in arguments["prompt"]:
            raise ValueError("no pilots")

    calls(refuse)
    outcomes = system.generate([Request(prompt, 1, 16, 16) for prompt in ("a nurse", "a pilot", "a chef")])
    assert [outcome.outcome for outcome in outcomes] == ["ok", "failed", "ok"]
    assert outcomes[1].reason == "ValueError: no pilots"
    assert outcomes[1].image is None
    assert {outcome.outcome for outcome in outcomes} <= set(OUTCOMES)


def test_settings_that_draw_nothing_are_bad_input_rather_than_a_run_of_failures(pipeline):
    system = find_system(pipeline, steps=2, width=20, height=16)
    with pytest.raises(BadInput, match=r"(?s)draws nothing with these settings: .*divisible by 8.*size 20 x 16"):
        system.generate([Request("a nurse", 1, 20, 16)])


@pytest.mark.parametrize(
    "error",
    [TypeError, AttributeError, KeyError, IndexError, NotImplementedError, RecursionError, AssertionError, Exception],
)
def test_whatever_a_pipeline_raises_is_told_with_its_settings(system, calls, error):
    def broken(arguments):
        raise error("no such thing")

    calls(broken)
    with pytest.raises(
        BadInput, match=rf"draws nothing with these settings: {error.__name__}.*no such thing.*size 16 x 16"
    ):
        system.generate(asked(2))


def test_a_mistake_of_this_program_is_not_taken_for_one_of_the_pipeline(system, calls):
    calls(lambda arguments: blank(None))  # ty: ignore[invalid-argument-type]
    with pytest.raises(AttributeError, match="NoneType"):
        system.generate(asked(1))


def test_what_fails_later_is_an_outcome_whatever_was_raised(system, calls):
    def broken(arguments):
        if "a pilot" in arguments["prompt"]:
            raise KeyError("pilot")

    calls(broken)
    outcomes = system.generate([Request(prompt, 1, 16, 16) for prompt in ("a nurse", "a pilot")])
    assert [(outcome.outcome, outcome.reason) for outcome in outcomes] == [
        ("ok", None),
        ("failed", "KeyError: 'pilot'"),
    ]


def test_a_pipeline_that_takes_no_lists_is_asked_without_them_one_image_at_a_time(system, calls):
    def refuse(arguments):
        assert isinstance(arguments["prompt"], str)
        assert isinstance(arguments["generator"], torch.Generator)

    made = calls(refuse)
    assert [outcome.outcome for outcome in system.generate(asked(3))] == ["ok"] * 3
    del made[:]
    assert [outcome.outcome for outcome in system.generate(asked(3))] == ["ok"] * 3
    assert [call["prompt"] for call in made] == ["a nurse"] * 3, "what was learnt holds for the batches after it"


@pytest.mark.parametrize(
    ("keys", "spoil", "helps"),
    [
        (
            {"negative_prompt": "a photo"},
            lambda call: call.get("negative_prompt") and call["nothing"],
            "without negative_prompt: leave",
        ),
        ({"guidance": 3.0}, lambda call: {7.5: 0}[call.get("guidance_scale", 7.5)], "without guidance: leave that out"),
        ({"width": 20, "height": 40}, lambda call: None, "at 16 x 40: declare it with width: 16 and height: 40"),
    ],
)
def test_the_setting_that_helps_is_found_by_drawing_without_it(families, declare, keys, spoil, helps):
    said = {"path": str(families("sd1")), "steps": 1, "width": 16, "height": 16} | keys
    system = find_system("tiny", declare(**said))
    system.environment()
    real = runner(system)._pipeline

    def call(**arguments):
        spoil(arguments)
        return real(**arguments)

    runner(system)._pipeline = call
    with pytest.raises(BadInput, match=f"It draws {helps}"):
        system.generate([Request("a nurse", 1, *system.size())])


def test_a_device_that_is_lost_ends_the_run(system, calls):
    def lost(arguments):
        raise torch.AcceleratorError("an illegal memory access was encountered")

    calls(lost)
    with pytest.raises(BadInput, match=r"lost the device.*illegal memory access.*Run again"):
        system.generate(asked(2))


class Answer:
    def __init__(self, **given: object) -> None:
        vars(self).update(given)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(frames=[]), "gives no images: what StableDiffusionPipeline answers is a Answer"),
        (Answer(images=np.zeros((2, 16, 16, 3))), "draws 2 pictures where one was asked for"),
        (Answer(images=np.zeros((1, 16, 16, 4))), r"in red, green and blue.*\(16, 16, 4\)"),
    ],
)
def test_an_answer_that_holds_no_picture_is_refused_for_what_it_is(answer, says):
    with pytest.raises(BadInput, match=says):
        outputs.pixels(answer, 1, Path("x"), "StableDiffusionPipeline")


def test_pictures_are_floats_however_they_come():
    levels = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
    for images in (levels, levels / 255, [Image.fromarray(one) for one in levels], torch.tensor(levels / 255)):
        found = outputs.pixels(Answer(images=images), 2, Path("x"), "x")
        assert np.allclose(found, levels / 255)


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
def test_values_that_are_no_numbers_are_a_failure_not_a_black_image(pipeline, change):
    change(
        pipeline / "vae" / "diffusion_pytorch_model.safetensors",
        "decoder.conv_out.bias",
        lambda value: torch.full_like(value, float("nan")),
    )
    outcomes = find_system(pipeline, steps=2).generate(asked(2))
    assert [outcome.outcome for outcome in outcomes] == ["failed"] * 2
    assert "no numbers (overflow in float32)" in str(outcomes[0].reason)


def test_a_pipeline_that_drops_an_image_of_the_batch_is_asked_for_one_at_a_time(system, calls):
    def drop(arguments):
        if isinstance(arguments["prompt"], list) and len(arguments["prompt"]) > 1:
            arguments["prompt"].pop()
            arguments["generator"].pop()

    calls(drop)
    outcomes = system.generate(asked(3))
    assert [(outcome.outcome, outcome.provider["batch_size"]) for outcome in outcomes] == [("ok", 1)] * 3


def test_a_limit_on_the_batch_is_kept(pipeline, declare):
    system = find_system("tiny", declare(path="tiny", steps=2, max_batch=2))
    assert system.capabilities().max_batch == 2
    assert [outcome.provider["batch_size"] for outcome in system.generate(asked(3))] == [2, 2, 1]


def test_compile_is_another_environment_of_the_same_version(families, declare):
    """Compiling itself, which takes minutes on a CPU, begins with the first image, and is left to the benchmark on a GPU."""
    said = {"path": str(families("sd1")), "steps": 2, "width": 16, "height": 16}
    plain, compiled = find_system("tiny", declare(**said)), find_system("tiny", declare(**said, compile=True))
    assert compiled.identity() == plain.identity()
    assert compiled.environment()["compiled"] == ["unet"]
    assert "compiled" not in plain.environment()
    assert runner(compiled)._pipeline.unet._compiled_call_impl is not None
    assert runner(plain)._pipeline.unet._compiled_call_impl is None
    for system in (plain, compiled):
        system.close()


def test_a_transformer_is_compiled_block_by_block(families):
    from diffusers import DiffusionPipeline

    from mcas_assets.systems.pipelines.compiling import compile_denoiser

    pipeline = DiffusionPipeline.from_pretrained(families("flux"), dtype=torch.float32)
    assert compile_denoiser(pipeline) == ["transformer"]
    assert pipeline.transformer._compiled_call_impl is None
    assert all(block._compiled_call_impl is not None for block in pipeline.transformer.transformer_blocks)
