"""Drawing: one outcome a request whatever happens, the same bytes every time, never by another version than stated."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mcas_assets.core.errors import BadInput
from mcas_assets.systems.diffusers import DiffusersSystem
from mcas_assets.systems.find import find_system
from mcas_assets.systems.protocol import Request
from tests.systems.drawing import asked, pixels, runner

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CHECKER = "safety_checker/model.safetensors"


def test_a_second_loading_draws_the_same_bytes(pipeline):
    images = []
    for _ in range(2):
        system = find_system(pipeline, steps=2)
        images.append([outcome.image for outcome in system.generate(asked(5))])
        system.close()
    assert images[0] == images[1]
    assert len(set(images[0])) == 5


def test_an_image_is_the_one_that_the_bare_pipeline_draws(families, system):
    from diffusers import DiffusionPipeline

    bare: Any = DiffusionPipeline.from_pretrained(families("sd1"), dtype=torch.float32)
    bare.set_progress_bar_config(disable=True)
    generators = [torch.Generator("cpu").manual_seed(seed) for seed in range(3)]
    drawn = bare(prompt=["a nurse"] * 3, generator=generators, num_inference_steps=2, height=16, width=16).images
    for image, outcome in zip(drawn, system.generate(asked(3)), strict=True):
        assert (np.asarray(image) == pixels(outcome.image)).all()


def test_the_noise_of_an_image_does_not_depend_on_its_batch(system):
    together = [pixels(outcome.image).astype(int) for outcome in system.generate(asked(4))]
    for request, image in zip(asked(4), together, strict=True):
        alone = pixels(system.generate([request])[0].image)
        assert abs(alone - image).max() <= 1


def test_different_prompts_may_share_a_batch(system):
    requests = [Request(prompt, 7, 16, 16) for prompt in ("a nurse", "a pilot", "a nurse")]
    first, other, again = (outcome.image for outcome in system.generate(requests))
    assert first == again != other


def test_no_requests_have_no_outcomes_and_load_nothing(pipeline):
    system = find_system(pipeline)
    assert system.generate([]) == []
    assert isinstance(system, DiffusersSystem)
    assert system._runner is None


def test_another_size_than_that_of_the_identity_is_not_drawn(system):
    with pytest.raises(ValueError, match="its size is part of its identity"):
        system.generate([Request("a nurse", 1, 24, 24)])


def test_the_environment_tells_device_versions_and_the_loaded_scheduler(system):
    environment = system.environment()
    assert environment["device"] == "cpu"
    assert environment["dtype"] == "float32"
    assert environment["torch"] == torch.__version__
    assert {"diffusers", "transformers"} <= set(environment["packages"])
    assert environment["scheduler"]["class"] == "DDIMScheduler"
    assert environment["scheduler"]["config"]["num_train_timesteps"] == 1000


def test_dtype_is_that_of_every_component_also_where_the_file_holds_another(pipeline, tmp_path):
    """From float16 files, transformers keeps float16 where nothing is said, and diffusers makes float32."""
    from diffusers import DiffusionPipeline

    half = tmp_path / "half"
    DiffusionPipeline.from_pretrained(pipeline, dtype=torch.float16).save_pretrained(half)
    system = find_system(half, steps=2, dtype="float32")
    assert system.generate(asked(1))[0].outcome == "ok"
    loaded = runner(system)._pipeline
    for component in (loaded.unet, loaded.vae, loaded.text_encoder, loaded.safety_checker):
        assert {value.dtype for value in component.parameters()} == {torch.float32}


# Safety checker: three states


def test_what_the_checker_flags_is_blanked_and_what_it_passes_is_not(pipeline, change):
    """Thresholds at the median score of the images, so that one half of them is flagged."""
    from diffusers import DiffusionPipeline

    loaded: Any = DiffusionPipeline.from_pretrained(pipeline, dtype=torch.float32)
    loaded.set_progress_bar_config(disable=True)
    scores: list[float] = []
    forward = loaded.safety_checker.forward

    def listen(clip_input, images):
        pooled = loaded.safety_checker.vision_model(clip_input)[1]
        found = loaded.safety_checker.visual_projection(pooled)
        concepts = loaded.safety_checker.concept_embeds
        scores.extend(torch.cosine_similarity(found[:, None], concepts[None], dim=-1).amax(1).tolist())
        return forward(clip_input, images)

    loaded.safety_checker.forward = listen
    change(pipeline / CHECKER, "concept_embeds", lambda value: torch.linspace(-1, 1, value.numel()).view(value.shape))
    reloaded = DiffusionPipeline.from_pretrained(pipeline, dtype=torch.float32).safety_checker.concept_embeds
    loaded.safety_checker.concept_embeds.data = reloaded
    generators = [torch.Generator("cpu").manual_seed(seed) for seed in range(6)]
    loaded(prompt=["a nurse"] * 6, generator=generators, num_inference_steps=2, height=16, width=16)
    change(pipeline / CHECKER, "concept_embeds_weights", lambda value: torch.full_like(value, float(np.median(scores))))
    change(pipeline / CHECKER, "special_care_embeds_weights", lambda value: torch.full_like(value, 2.0))

    outcomes = find_system(pipeline, steps=2).generate(asked(6))
    flagged = [outcome for outcome in outcomes if outcome.provider["safety"] == "flagged"]
    clean = [outcome for outcome in outcomes if outcome.provider["safety"] == "clean"]
    assert len(flagged) == len(clean) == 3
    assert {(outcome.outcome, outcome.image) for outcome in flagged} == {("blanked", None)}
    assert all("safety checker flagged" in str(outcome.reason) for outcome in flagged)
    assert all(outcome.outcome == "ok" and pixels(outcome.image).any() for outcome in clean)


def test_without_the_checker_nothing_is_blanked_and_it_is_another_version(pipeline, change, declare):
    change(pipeline / CHECKER, "concept_embeds_weights", lambda value: torch.full_like(value, -2.0))
    checked = find_system("tiny", declare(path="tiny", steps=2))
    assert {outcome.outcome for outcome in checked.generate(asked(2))} == {"blanked"}
    unchecked = find_system("tiny", declare(path="tiny", steps=2, safety_checker="none"))
    outcomes = unchecked.generate(asked(2))
    assert {(outcome.outcome, outcome.provider["safety"]) for outcome in outcomes} == {("ok", "not_checked")}
    assert checked.identity().version != unchecked.identity().version


def test_weights_that_a_file_lacks_are_not_made_up_at_random(pipeline):
    from safetensors.torch import load_file, save_file

    for name in ("unet/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors"):
        whole = (pipeline / name).read_bytes()
        tensors = load_file(pipeline / name)
        lost = next(key for key in tensors if key.endswith("weight"))
        save_file(
            {key: value.clone() for key, value in tensors.items() if key != lost}, pipeline / name, {"format": "pt"}
        )
        with pytest.raises(BadInput, match="lacks weights, which would be drawn at random"):
            find_system(pipeline, steps=2).generate(asked(1))
        (pipeline / name).write_bytes(whole)


def test_a_folder_that_diffusers_cannot_load_is_bad_input(pipeline):
    config = pipeline / "unet" / "config.json"
    config.write_text(config.read_text().replace('"CrossAttnDownBlock2D"', '"NoSuchBlock"'))
    with pytest.raises(BadInput, match=r"diffusers cannot load it \(.*NoSuchBlock"):
        find_system(pipeline, steps=2).generate(asked(1))


# No image by another version than the one that was identified


def test_weights_replaced_before_loading_are_noticed(pipeline, change):
    system = find_system(pipeline)
    system.identity()
    change(pipeline / "unet/diffusion_pytorch_model.safetensors", "conv_in.bias", lambda value: value + 1)
    with pytest.raises(BadInput, match=r"diffusion_pytorch_model\.safetensors: changed since the audit began"):
        system.generate(asked(1))


def test_weights_replaced_while_drawing_are_noticed(pipeline):
    system = find_system(pipeline, steps=2)
    system.generate(asked(1))
    os.utime(pipeline / "unet" / "diffusion_pytorch_model.safetensors")
    with pytest.raises(BadInput, match="changed while it was drawing"):
        system.generate(asked(1))


def test_a_removed_file_is_noticed(pipeline):
    system = find_system(pipeline)
    system.identity()
    (pipeline / "vae" / "config.json").unlink()
    with pytest.raises(BadInput, match="changed since the audit began"):
        system.generate(asked(1))


def test_after_closing_it_can_be_used_again(system):
    before = system.generate(asked(1))[0].image
    system.close()
    system.close()
    assert system.generate(asked(1))[0].image == before


def test_loading_and_drawing_are_silent_also_where_an_image_is_flagged(pipeline, change, capfd):
    change(pipeline / CHECKER, "concept_embeds_weights", lambda value: torch.full_like(value, -2.0))
    capfd.readouterr()
    assert find_system(pipeline, steps=2).generate(asked(1))[0].outcome == "blanked"
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


def test_pickled_weights_are_loaded_only_where_that_is_declared(pipeline: Path, declare):
    from safetensors.torch import load_file

    file = pipeline / "unet" / "diffusion_pytorch_model.safetensors"
    expected = find_system(pipeline, steps=2).generate(asked(1))[0].image
    torch.save(load_file(file), file.with_suffix(".bin"))
    file.unlink()
    system = find_system("tiny", declare(path="tiny", steps=2, allow_pickle=True))
    assert system.generate(asked(1))[0].image == expected


def test_strict_draws_one_at_a_time_and_deterministically_and_is_another_version(families, declare):
    plain, strict = (
        find_system("tiny", declare(path=str(families("sd1")), steps=2, width=16, height=16, **said))
        for said in ({}, {"strict": True})
    )
    assert "strict" not in plain.identity().document
    assert strict.identity().document == plain.identity().document | {"strict": True}
    assert strict.capabilities().max_batch == 1
    seen = []
    strict.generate(asked(1))
    real = runner(strict)._pipeline

    def call(**arguments):
        seen.append((len(arguments["prompt"]), torch.are_deterministic_algorithms_enabled()))
        return real(**arguments)

    runner(strict)._pipeline = call
    together = [outcome.image for outcome in strict.generate(asked(3))]
    assert seen == [(1, True)] * 3
    assert not torch.are_deterministic_algorithms_enabled()
    assert together[1:] == [strict.generate([request])[0].image for request in asked(3)[1:]]
    strict.close()


def test_strict_with_a_batch_is_refused(declare, pipeline):
    with pytest.raises(BadInput, match=r"max_batch.*strict draws one at a time"):
        find_system("tiny", declare(path=str(pipeline), strict=True, max_batch=4))
