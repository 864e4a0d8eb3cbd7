"""Batches drawn with a loaded pipeline: whatever happens, one outcome a request."""

from collections.abc import Callable

import pytest
import torch

from mcas_assets.core.errors import BadInput
from mcas_assets.core.outcomes import OUTCOMES
from mcas_assets.systems.find import find_system
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


@pytest.mark.parametrize("error", [TypeError, AttributeError, KeyError, NotImplementedError])
def test_a_mistake_of_the_program_is_not_taken_for_a_failed_image(system, calls, error):
    def broken(arguments):
        raise error("a mistake")

    calls(broken)
    with pytest.raises(error, match="a mistake"):
        system.generate(asked(2))


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


def test_a_pipeline_that_drops_an_image_of_the_batch_is_refused(system, calls):
    def drop(arguments):
        arguments["prompt"].pop()
        arguments["generator"].pop()

    calls(drop)
    with pytest.raises(BadInput, match=r"drew 2 images for 3 prompts.*max_batch: 1"):
        system.generate(asked(3))


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
