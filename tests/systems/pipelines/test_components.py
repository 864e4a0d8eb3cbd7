"""What kind of part a folder of a pipeline is, as diffusers' own loader would say."""

import json

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.systems.find import find_system
from mcas_assets.systems.pipelines import quantised
from mcas_assets.systems.pipelines.components import GUIDER, MODEL, SCHEDULER, WORDS, kind_in, kind_of, loadable

CLASSES = {
    ("diffusers", "UNet2DConditionModel"): MODEL,
    ("diffusers", "DPMSolverMultistepScheduler"): SCHEDULER,
    ("diffusers", "ClassifierFreeGuidance"): GUIDER,
    ("transformers", "CLIPTextModelWithProjection"): MODEL,
    ("transformers", "Qwen2_5_VLForConditionalGeneration"): MODEL,
    ("transformers", "CLIPTokenizer"): WORDS,
    ("transformers", "Qwen2VLProcessor"): WORDS,
    ("transformers", "CLIPImageProcessor"): WORDS,
    ("transformers", "PreTrainedTokenizerFast"): WORDS,
    ("stable_diffusion", "StableDiffusionSafetyChecker"): MODEL,
    ("kandinsky", "MultilingualCLIP"): MODEL,
    ("transformers", "NoSuchModel"): None,
    ("stable_diffusion", "SafeStableDiffusionTokenizer"): None,
}


@pytest.mark.parametrize(("named", "kind"), CLASSES.items())
def test_a_component_is_what_its_class_is_derived_from(named, kind):
    assert kind_of(*named) == kind


@pytest.mark.parametrize(("library", "class_name"), [key for key, kind in CLASSES.items() if kind is not None])
def test_source_tells_what_the_loader_finds_by_importing(library, class_name):
    from diffusers import pipelines
    from diffusers.pipelines.pipeline_loading_utils import LOADABLE_CLASSES, get_class_obj_and_candidates

    is_module = hasattr(pipelines, library)
    importable = loadable_as_one(LOADABLE_CLASSES) if is_module else LOADABLE_CLASSES[library]
    found, candidates = get_class_obj_and_candidates(library, class_name, importable, pipelines, is_module)
    roots = {name for name, one in candidates.items() if one is not None and issubclass(found, one)}
    has_weights = bool(roots & {"ModelMixin", "PreTrainedModel"})
    kind = kind_of(library, class_name)
    assert kind is not None
    assert kind.has_weights == has_weights
    if kind.config:
        assert found.config_name == kind.config if hasattr(found, "config_name") else kind is MODEL


def loadable_as_one(table: dict[str, dict[str, list[str]]]) -> dict[str, list[str]]:
    return {name: methods for classes in table.values() for name, methods in classes.items()}


def test_the_loaders_table_is_the_one_that_diffusers_has():
    from diffusers.pipelines.pipeline_loading_utils import LOADABLE_CLASSES

    assert loadable() == {library: frozenset(classes) for library, classes in LOADABLE_CLASSES.items()}


@pytest.mark.parametrize("part", ["unet", "scheduler", "tokenizer", "feature_extractor"])
def test_where_the_class_does_not_tell_its_files_do(pipeline, part):
    expected = {"unet": MODEL, "scheduler": SCHEDULER}.get(part, WORDS)
    assert kind_in(pipeline / part) == expected


def test_a_model_whose_class_sounds_like_a_tokenizer_is_one_with_weights(pipeline):
    """Its name says nothing: without its weights it is not whole."""
    index = json.loads((pipeline / "model_index.json").read_text())
    config = json.loads((pipeline / "unet" / "config.json").read_text())
    (pipeline / "unet" / "config.json").write_text(json.dumps(config | {"_class_name": "UNetTokenizer"}))
    (pipeline / "model_index.json").write_text(json.dumps(index | {"unet": ["diffusers", "UNetTokenizer"]}))
    (pipeline / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(BadInput, match="has no weights"):
        find_system(pipeline).identity()


@pytest.mark.parametrize(
    ("method", "missing"), [("bitsandbytes", "bitsandbytes"), ("quanto", "optimum-quanto"), ("new one", "new one")]
)
def test_a_quantised_part_whose_reader_is_not_installed_is_told_with_its_package(pipeline, method, missing):
    file = pipeline / "unet" / "config.json"
    said = json.loads(file.read_text()) | {"quantization_config": {"quant_method": method}}
    file.write_text(json.dumps(said))
    with pytest.raises(BadInput, match=f"quantised by {method}.*uv pip install {missing}"):
        find_system(pipeline).identity()


def test_a_quantised_part_whose_reader_is_installed_is_taken(pipeline, monkeypatch):
    monkeypatch.setattr(quantised, "_is_installed", lambda module: True)
    file = pipeline / "unet" / "config.json"
    file.write_text(
        json.dumps(json.loads(file.read_text()) | {"quantization_config": {"quant_method": "bitsandbytes"}})
    )
    assert find_system(pipeline).identity().document["pipeline"] == "StableDiffusionPipeline"
