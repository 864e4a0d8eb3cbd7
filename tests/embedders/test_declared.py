"""Declarations and folders that cannot be: refused before anything is loaded, in words that say what to do."""

import json

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.embedders.find import find_embedder, load_embedders


def truncated(folder):
    file = folder / "open_clip_model.safetensors"
    file.write_bytes(file.read_bytes()[:-10])


def pickled(folder):
    (folder / "open_clip_model.safetensors").rename(folder / "open_clip_pytorch_model.bin")


def shadowed(folder):
    (folder / "open_clip_model.safetensors").rename(folder / "model.safetensors")
    (folder / "open_clip_pytorch_model.bin").write_bytes(b"")


def no_model(folder):
    (folder / "open_clip_config.json").write_text("{}")


def no_tokenizer(folder):
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").unlink()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (truncated, r"open_clip_model.safetensors: is cut short"),
        (lambda folder: (folder / "open_clip_model.safetensors").unlink(), "has no weights. Add open_clip_model"),
        (pickled, r"open_clip_pytorch_model.bin: is a pickle"),
        (shadowed, r"open_clip_pytorch_model.bin: is a pickle.*it is what open_clip would load"),
        (no_model, r"open_clip_config.json: model_cfg.embed_dim: is missing, so this is no open_clip model"),
        (lambda folder: (folder / "open_clip_config.json").unlink(), r"open_clip_config.json: is missing"),
        (no_tokenizer, "has no tokenizer, though its configuration names one"),
        (lambda folder: folder.rename(folder.with_name("gone")), "tiny: is not a folder"),
    ],
)
def test_a_broken_folder_is_refused_before_anything_is_loaded(folder, declare, spoil, message):
    embedder = find_embedder("tiny", declare(kind="open_clip", folder="tiny"))
    spoil(folder)
    with pytest.raises(BadInput, match=message):
        embedder.identity()


def test_weights_that_do_not_fit_the_configuration_are_bad_input(folder, declare):
    config = json.loads((folder / "open_clip_config.json").read_text())
    config["model_cfg"]["embed_dim"] = 12
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    with pytest.raises(BadInput, match=r"tiny: cannot be loaded \(RuntimeError: .*size mismatch"):
        find_embedder("tiny", declare(kind="open_clip", folder="tiny")).embed_texts(["a"])


def test_transformers_weights_that_a_file_lacks_are_not_made_up(made, tmp_path, declare):
    import shutil

    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(made("siglip"), tmp_path / "lacking")
    tensors = load_file(folder / "model.safetensors")
    lost = next(name for name in tensors if name.endswith("fc1.weight"))
    save_file({k: v for k, v in tensors.items() if k != lost}, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(BadInput, match="weights are missing"):
        find_embedder("tiny", declare(kind="transformers", folder=str(folder))).embed_texts(["a"])


def test_the_shipped_declarations_have_licences_and_the_phantoms():
    embedders = load_embedders()
    assert {"phantom-balanced", "phantom-biased", "openai-vit-b-32", "openai-vit-l-14"} <= set(embedders)
    assert all(entry.licence and entry.title for entry in embedders.values())


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"kind": "open_clip", "model": "ViT-L-14", "tag": "openai"},
            "tiny.model: is 'ViT-L-14', but the weights of 'openai' were trained with QuickGELU.*ViT-L-14-quickgelu",
        ),
        ({"kind": "open_clip", "model": "ViT-L-15", "tag": "openai"}, r"no weights for. Did you mean 'ViT-L-14'\?"),
        (
            {"kind": "open_clip", "model": "ViT-H-14", "tag": "openai"},
            "tiny.tag: is 'openai', which ViT-H-14 does not have",
        ),
        ({"kind": "open_clip", "model": "ViT-H-14"}, "tiny.tag: is missing. Give both model and tag"),
        ({"kind": "open_clip", "folder": "x", "model": "ViT-H-14", "tag": "laion2b_s32b_b79k"}, "given with a model"),
        (
            {"kind": "open_clip", "model": "ViT-H-14", "tag": "laion2b_s32b_b79k", "revision": "main"},
            "tiny.revision: is 'main', not a commit",
        ),
        ({"kind": "open_clip"}, "one of folder and repo is needed"),
        ({"kind": "transformers", "repo": "google/siglip2"}, "tiny.revision: is missing"),
        ({"kind": "openclip", "folder": "x"}, r"which is no kind. Did you mean 'open_clip'\?"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(declare, keys, message):
    with pytest.raises(BadInput, match=f"(?s){message}"):
        find_embedder("tiny", declare(**keys))


def test_the_quickgelu_table_is_open_clips_own():
    import open_clip

    from mcas_assets.embedders.open_clip_tags import tag_config

    for model, tag in (
        ("ViT-B-32-quickgelu", "openai"),
        ("ViT-H-14", "laion2b_s32b_b79k"),
        ("ViT-B-16-SigLIP2", "webli"),
    ):
        assert tag_config(model, tag) == open_clip.get_pretrained_cfg(model, tag)


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(BadInput, match=r"declares no embedder 'phantom-balancd'. Did you mean 'phantom-balanced'\?"):
        find_embedder("phantom-balancd")


def test_a_tag_is_one_clear_error_offline(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(
        BadInput, match=r"timm/vit_base_patch32_clip_224.openai: cannot be had.*Connect to the hub once"
    ):
        find_embedder("openai-vit-b-32").identity()
