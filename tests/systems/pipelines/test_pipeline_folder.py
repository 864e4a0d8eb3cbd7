"""A folder that is broken is refused before anything is loaded, with one message that names the file and the remedy."""

import json
from pathlib import Path

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.systems.find import find_system
from mcas_assets.systems.pipelines import signatures
from mcas_assets.systems.pipelines.pipeline_folder import inspect

UNET = "unet/diffusion_pytorch_model.safetensors"


def cut(folder: Path) -> None:
    file = folder / UNET
    file.write_bytes(file.read_bytes()[:-100])


def cut_in_header(folder: Path) -> None:
    file = folder / UNET
    file.write_bytes(file.read_bytes()[:200])


def edit(name: str, **values: object):
    def change(folder: Path) -> None:
        file = folder / name
        file.write_text(json.dumps(json.loads(file.read_text()) | values))

    return change


def replaced(name: str, data: bytes):
    return lambda folder: (folder / name).write_bytes(data)


def removed(name: str):
    return lambda folder: (folder / name).unlink()


def pickled(folder: Path) -> None:
    (folder / UNET).rename(folder / "unet" / "diffusion_pytorch_model.bin")


def only_a_variant(folder: Path) -> None:
    (folder / UNET).rename(folder / "unet" / "diffusion_pytorch_model.fp16.safetensors")


def without_folder(folder: Path) -> None:
    (folder / "vae").rename(folder / "vae-elsewhere")


def lost_shard(folder: Path) -> None:
    (folder / UNET).unlink()
    index = {"weight_map": {"a": "diffusion_pytorch_model-00001-of-00002.safetensors"}}
    (folder / "unet" / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))


@pytest.mark.parametrize(
    ("spoil", "where", "message"),
    [
        (cut, UNET, r"is cut short: [\d,]+ bytes, where its header promises"),
        (cut_in_header, UNET, "is cut short: 200 bytes are less than its header"),
        (replaced(UNET, b""), UNET, "is cut short"),
        (replaced(UNET, b"PK\x03\x04 this is no safetensors file at all"), UNET, "is not a safetensors file"),
        (replaced(UNET, b"\x02" + b"\0" * 7 + b"{}" + b"more"), UNET, "holds more than it should"),
        (replaced(UNET, b"version https://git-lfs.github.com/spec/v1\noid"), UNET, "Git LFS pointer.*`git lfs pull`"),
        (pickled, "unet/diffusion_pytorch_model.bin", "only as a pickle.*Convert it.*allow_pickle: true"),
        (only_a_variant, "unet", "no weights of the plain variant. Declare it with variant: fp16"),
        (removed(UNET), "unet", "has no weights"),
        (lost_shard, "unet/diffusion_pytorch_model-00001-of-00002.safetensors", "is missing"),
        (without_folder, "vae", r"is missing, though model_index.json names it \(AutoencoderKL\)"),
        (removed("unet/config.json"), "unet/config.json", "is missing"),
        (replaced("unet/config.json", b"{not json"), "unet/config.json", "is not valid JSON"),
        (removed("scheduler/scheduler_config.json"), "scheduler/scheduler_config.json", "is missing"),
        (removed("model_index.json"), "", "is no diffusers pipeline: it has no model_index.json"),
        (replaced("model_index.json", b"[]"), "model_index.json", "does not hold a JSON object"),
        (edit("model_index.json", _class_name="NoPipeline"), "model_index.json", "does not have.*upgrade diffusers"),
        (edit("model_index.json", _class_name=["x", "Y"]), "model_index.json", "code of their own"),
        (edit("model_index.json", _class_name="StableDiffusionImg2ImgPipeline"), "model_index.json", "needs an image"),
        (edit("model_index.json", _class_name="WanPipeline"), "model_index.json", "draws video"),
        (
            edit("model_index.json", _class_name="KandinskyPipeline"),
            "model_index.json",
            "needs what another pipeline made",
        ),
        (
            edit("model_index.json", _class_name="OnnxStableDiffusionPipeline"),
            "model_index.json",
            "runs on onnxruntime",
        ),
        (
            edit("model_index.json", _class_name="StableDiffusionAttendAndExcitePipeline"),
            "model_index.json",
            "cannot be called without token_indices. Give it: arguments: {token_indices: ",
        ),
        (
            edit("model_index.json", scheduler=["diffusers", "DPMSolverSDEScheduler"]),
            "scheduler",
            "ignores the seed.*Save the pipeline with another scheduler",
        ),
    ],
)
def test_a_broken_folder_is_refused(pipeline, spoil, where, message):
    spoil(pipeline)
    with pytest.raises(BadInput, match=f"(?s){message}") as refused:
        find_system(pipeline).identity()
    assert refused.value.where.startswith(str(pipeline / where).removesuffix("model_index.json").rstrip("/"))
    assert refused.value.remedy


def test_a_parent_of_pipelines_is_refused_with_their_names(pipeline):
    with pytest.raises(BadInput, match="Give a folder that holds one: tiny"):
        find_system(pipeline.parent).identity()


def test_an_argument_that_the_pipeline_does_not_take_is_refused(pipeline, declare):
    with pytest.raises(BadInput, match="StableDiffusionPipeline: max_sequence_length: takes no such argument"):
        find_system("tiny", declare(path="tiny", arguments={"max_sequence_length": 77})).identity()


def test_files_are_those_that_the_pipeline_loads(pipeline):
    (pipeline / "unet" / "notes.md").write_text("not loaded")
    (pipeline / "sample.png").write_bytes(b"not loaded")
    (pipeline / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"not loaded")
    (pipeline / "unet" / "diffusion_pytorch_model.fp16.safetensors").write_bytes(b"not loaded")
    found = inspect(pipeline)
    assert found.files == (
        "feature_extractor/preprocessor_config.json",
        "model_index.json",
        "safety_checker/config.json",
        "safety_checker/model.safetensors",
        "scheduler/scheduler_config.json",
        "text_encoder/config.json",
        "text_encoder/model.safetensors",
        "tokenizer/tokenizer.json",
        "tokenizer/tokenizer_config.json",
        "unet/config.json",
        UNET,
        "vae/config.json",
        "vae/diffusion_pytorch_model.safetensors",
    )


@pytest.mark.parametrize(
    ("family", "size"), [("sd1", 16), ("sdxl", 16), ("sd3", 16), ("flux", 256), ("pixart", 16), ("sana", 1024)]
)
def test_the_default_size_is_the_one_that_the_pipeline_itself_chooses(families, family, size):
    assert find_system(families(family)).size() == (size, size)


def test_steps_and_guidance_not_given_are_the_pipelines_defaults(pipeline):
    document = find_system(pipeline).identity().document
    assert (document["steps"], document["guidance"]) == (50, 7.5)


@pytest.mark.parametrize(
    "name", ["StableDiffusionPipeline", "StableDiffusionXLPipeline", "FluxPipeline", "SanaPipeline"]
)
def test_signatures_read_from_source_are_those_of_the_classes(name):
    import inspect as python_inspect

    import diffusers

    real = python_inspect.signature(getattr(diffusers, name).__call__).parameters
    read = signatures.parameters(name)
    assert read is not None
    assert list(read) == [key for key in real if key != "self" and key != "kwargs"]
    for key in ("num_inference_steps", "guidance_scale", "height"):
        assert read[key] == real[key].default
