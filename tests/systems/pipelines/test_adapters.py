"""Adapters on a pipeline: what is drawn with them, what of them is a version, and what each wrong use is told."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from mcas_assets.compare.factors import identity_factors
from mcas_assets.core import extras
from mcas_assets.core.errors import BadInput
from mcas_assets.systems.find import find_system
from tests.systems.drawing import asked, runner
from tests.systems.pipelines.test_hub import FIRST

LORA = "pytorch_lora_weights.safetensors"


@pytest.fixture(scope="module")
def trained(families, tmp_path_factory) -> Callable[[int], Path]:
    """Folders with adapters of the tiny Stable Diffusion 1, as diffusers saves them: one for each number."""
    from diffusers import StableDiffusionPipeline
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    root = tmp_path_factory.mktemp("adapters")

    def made(number: int) -> Path:
        folder = root / str(number)
        if not folder.exists():
            loaded: Any = StableDiffusionPipeline.from_pretrained(families("sd1"))
            config = LoraConfig(r=2, lora_alpha=2, init_lora_weights=False, target_modules=["to_q", "to_v"])
            torch.manual_seed(number)
            loaded.unet.add_adapter(config)
            StableDiffusionPipeline.save_lora_weights(folder, unet_lora_layers=get_peft_model_state_dict(loaded.unet))
        return folder

    return made


@pytest.fixture
def subject(families, declare) -> Callable[..., Any]:
    def made(*adapters: dict, **keys: object) -> Any:
        said = {"path": str(families("sd1")), "steps": 2, "width": 16, "height": 16} | keys
        return find_system("tiny", declare(**said, adapters=list(adapters)))

    return made


def drawn(system: Any) -> list[bytes | None]:
    images = [outcome.image for outcome in system.generate(asked(2))]
    system.close()
    return images


def test_a_base_and_its_adapter_are_two_versions_that_draw_two_pictures(subject, trained):
    base, with_it = subject(), subject({"path": str(trained(1))})
    assert "adapters" not in base.identity().document
    document = with_it.identity().document
    assert {key: value for key, value in document.items() if key != "adapters"} == base.identity().document
    (factor,) = identity_factors(base.identity().document, document)
    assert (factor.kind, factor.factor) == ("weights", "adapters")
    assert "peft" in with_it.environment()["packages"]
    assert drawn(base) != drawn(with_it)


def test_its_picture_is_the_one_that_the_bare_pipeline_draws_with_it(subject, trained, families):
    from diffusers import DiffusionPipeline

    bare: Any = DiffusionPipeline.from_pretrained(families("sd1"), dtype=torch.float32)
    bare.set_progress_bar_config(disable=True)
    for number, name in ((1, "a"), (2, "b")):
        bare.load_lora_weights(str(trained(number)), weight_name=LORA, adapter_name=name)
    bare.set_adapters(["a", "b"], [0.5, 2.0])
    system = subject({"path": str(trained(1)), "scale": 0.5}, {"path": str(trained(2) / LORA), "scale": 2.0})
    generators = [torch.Generator("cpu").manual_seed(seed) for seed in range(2)]
    expected = bare(
        ["a nurse"] * 2, generator=generators, num_inference_steps=2, height=16, width=16, output_type="np"
    ).images
    system.environment()
    found = runner(system)._pictures(asked(2), runner(system)._arguments)
    assert (torch.tensor(expected) == torch.tensor(found)).all()
    system.close()


def test_everything_of_it_is_in_the_identity_and_nothing_else(subject, trained, tmp_path):
    one = {"path": str(trained(1))}
    version = subject(one).identity().version
    moved = shutil.copytree(trained(1), tmp_path / "elsewhere")
    assert subject({"path": "elsewhere"}).identity().version == version, "where it lies does not count"
    others = [subject(), subject(one | {"scale": 0.5}), subject(one, one), subject({"path": str(trained(2))})]
    assert len({version, *(other.identity().version for other in others)}) == 5
    tensors = load_file(moved / LORA)
    name = next(iter(tensors))
    save_file(tensors | {name: tensors[name] + 1}, moved / LORA)
    assert subject({"path": "elsewhere"}).identity().version != version


def test_one_that_is_replaced_while_it_is_used_is_noticed(subject, trained, tmp_path):
    folder = shutil.copytree(trained(1), tmp_path / "mine")
    system = subject({"path": "mine"})
    system.identity()
    shutil.copyfile(trained(2) / LORA, folder / LORA)
    with pytest.raises(BadInput, match=r"pytorch_lora_weights\.safetensors: changed"):
        system.generate(asked(1))


def test_one_of_the_hub_is_taken_at_its_commit(subject, trained, hub):
    hub.push(FIRST, {LORA: (trained(1) / LORA).read_bytes(), "README.md": b"words"})
    at = {"repo": "org/tiny", "revision": FIRST}
    assert subject(at).identity().version == subject({"path": str(trained(1))}).identity().version


def other_shape(file: Path) -> None:
    save_file({name: torch.zeros(3, 3) for name in load_file(file)}, file)


def of_another_part(file: Path) -> None:
    save_file({name.replace("unet.", "prior."): value for name, value in load_file(file).items()}, file)


def of_another_model(file: Path) -> None:
    renamed = {name.replace("attentions.0", "attentions.7"): value for name, value in load_file(file).items()}
    save_file(renamed, file)


@pytest.mark.parametrize("spoil", [other_shape, of_another_part, of_another_model])
def test_one_of_another_model_is_refused_and_not_left_out_in_silence(subject, trained, tmp_path, spoil):
    folder = Path(shutil.copytree(trained(1), tmp_path / "mine"))
    spoil(folder / LORA)
    with pytest.raises(
        BadInput, match=r"(cannot be put on|is no adapter of) the pipeline.*Put it on the model that it was"
    ):
        subject({"path": "mine"}).generate(asked(1))


def test_a_family_that_takes_no_adapters_says_so(trained, families, declare):
    said = {"path": str(families("latent-diffusion")), "width": 32, "height": 32, "steps": 1}
    system = find_system("tiny", declare(**said, adapters=[{"path": str(trained(1))}]))
    with pytest.raises(BadInput, match=r"cannot be put on the pipeline.*load_lora_weights"):
        system.environment()


@pytest.mark.parametrize(
    ("adapter", "says"),
    [
        ({"path": "none"}, r"none: adapters: is not there. Correct the path"),
        ({"path": "mine", "weight_name": "x.safetensors"}, "Correct weight_name"),
        ({"path": "empty"}, "holds no adapter"),
        ({"path": "two"}, r"several adapters \(a.safetensors, b.safetensors\). Say which: weight_name: a.safetensors"),
        ({"path": "mine/whole.safetensors"}, "is no adapter: it is the weights of one part"),
        ({"scale": 1.0}, "adapters.0: one of path and repo is needed"),
        ({"repo": "a/b"}, "adapters.0.revision: is missing"),
        ({"path": "mine", "scale": 1000.0}, "scale"),
        ({"path": "mine", "strength": 1.0}, "strength"),
    ],
)
def test_each_wrong_use_is_told(subject, trained, tmp_path, adapter, says):
    shutil.copytree(trained(1), tmp_path / "mine")
    save_file({"conv_in.weight": torch.zeros(1)}, tmp_path / "mine" / "whole.safetensors")
    (tmp_path / "empty").mkdir()
    (tmp_path / "two").mkdir()
    for name in "ab":
        shutil.copyfile(trained(1) / LORA, tmp_path / "two" / f"{name}.safetensors")
    with pytest.raises(BadInput, match=says):
        subject(adapter).identity()


def test_without_what_puts_them_on_the_extra_is_named(subject, trained, monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match=r"an adapter: needs accelerate, peft.*--extra adapters"):
        subject({"path": str(trained(1))}).identity()


def test_one_in_the_folder_of_its_base_is_said_to_be_left_unused_until_it_is_named(subject, trained, pipeline, caplog):
    shutil.copyfile(trained(1) / LORA, pipeline / LORA)
    subject(path="tiny").identity()
    assert "left unused" in caplog.text
    assert f"adapters: [{{path: {pipeline / LORA}}}]" in caplog.text
    caplog.clear()
    subject({"path": f"tiny/{LORA}"}, path="tiny").identity()
    assert caplog.text == ""
