"""Vectors that depend on the image or text alone, by an instrument that is exactly the one identified."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.embedders.find import find_embedder, load_embedders
from mcas_assets.embedders.protocol import Embedder

KINDS = {
    "open_clip": ("open_clip", 8), "open_clip_siglip": ("open_clip", 64), "siglip": ("transformers", 16),
    "clip": ("transformers", 8),
}  # fmt: skip
TEXTS = [f"this is {word}" for word in ("a", "an image of a nurse", "a pilot", *"bcdefghijklmnopqrstuvwxyzabcdefghijk")]


@pytest.fixture(scope="module", params=KINDS)
def embedder(request, made, tmp_path_factory) -> Iterator[Embedder]:
    """One of each kind, loaded once. Its folder is not to be written to."""
    kind, dim = KINDS[request.param]
    path = tmp_path_factory.mktemp("declared") / "embedders.yaml"
    path.write_text(json.dumps({"embedders": {"tiny": {"kind": kind, "folder": str(made(request.param))}}}))
    instrument = find_embedder("tiny", path)
    assert instrument.dim == dim
    yield instrument
    instrument.close()


def test_vectors_are_float32_of_length_one_in_the_order_given(embedder, images):
    for vectors, count in ((embedder.embed_images(images[:5]), 5), (embedder.embed_texts(TEXTS), len(TEXTS))):
        assert vectors.dtype == np.float32
        assert vectors.shape == (count, embedder.dim)
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
        assert len(np.unique(vectors, axis=0)) > 1


def test_a_vector_does_not_depend_on_what_else_is_embedded_bit_for_bit(embedder, images):
    together, order = embedder.embed_images(images), np.random.default_rng(1).permutation(len(images))
    assert (embedder.embed_images([images[i] for i in order]) == together[order]).all()
    assert (np.vstack([embedder.embed_images([image]) for image in images[:3]]) == together[:3]).all()
    said, turned = embedder.embed_texts(TEXTS), embedder.embed_texts(TEXTS[::-1])
    assert (turned[::-1] == said).all()
    assert (embedder.embed_texts(TEXTS[-1:]) == said[-1:]).all()


def test_a_stream_gives_the_same_vectors_and_takes_files_only_so_far_ahead(embedder, images):
    taken, many = [], images[:4] * 72

    def files():
        for file in many:
            taken.append(file)
            yield file

    stream = embedder.stream_images(files())
    first = next(stream)
    assert len(taken) < len(many)
    rest = np.concatenate(list(stream))
    assert taken == many
    assert (np.concatenate([first, rest]) == np.tile(embedder.embed_images(images[:4]), (72, 1))).all()


def test_nothing_in_nothing_out(embedder):
    assert embedder.embed_images([]).shape == (0, embedder.dim)
    assert embedder.embed_texts([]).shape == (0, embedder.dim)


def test_after_closing_it_can_be_used_again(embedder):
    before = embedder.embed_texts(TEXTS[:2])
    embedder.close()
    embedder.close()
    assert (embedder.embed_texts(TEXTS[:2]) == before).all()


def test_an_image_that_cannot_be_decoded_is_bad_input(embedder, images):
    with pytest.raises(BadInput, match="no image in a format that is read"):
        embedder.embed_images([images[0], b"no image"])


def test_open_clip_vectors_are_those_of_the_bare_library(made, declare, images):
    import io

    import open_clip
    import torch
    from PIL import Image

    where = f"local-dir:{made('open_clip')}"
    model, _, preprocess = open_clip.create_model_and_transforms(where)
    model.eval()
    assert callable(preprocess)
    with torch.no_grad():
        pixels = torch.stack([preprocess(Image.open(io.BytesIO(image))) for image in images[:4]])
        seen = model.encode_image(pixels, normalize=True).numpy()
        said = model.encode_text(open_clip.get_tokenizer(where)(TEXTS[:4]), normalize=True).numpy()
    embedder = find_embedder("tiny", declare(kind="open_clip", folder=str(made("open_clip"))))
    assert np.allclose(embedder.embed_images(images[:4]), seen, atol=1e-6)
    assert np.allclose(embedder.embed_texts(TEXTS[:4]), said, atol=1e-6)


def test_siglip_vectors_are_those_of_the_bare_library(made, declare):
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = AutoModel.from_pretrained(made("siglip"))
    tokenizer: Any = AutoTokenizer.from_pretrained(made("siglip"))
    with torch.no_grad():
        tokens = tokenizer(TEXTS[:4], padding="max_length", max_length=16, truncation=True, return_tensors="pt")
        said = torch.nn.functional.normalize(model.get_text_features(**tokens).pooler_output).numpy()
    embedder = find_embedder("tiny", declare(kind="transformers", folder=str(made("siglip"))))
    assert np.allclose(embedder.embed_texts(TEXTS[:4]), said, atol=1e-6)


# Identity


@pytest.mark.parametrize("name", ["open_clip", "siglip", "clip"])
def test_the_scale_of_the_softmax_is_the_models_own_read_without_loading_it(made, declare, name):
    from safetensors import safe_open

    file = next(made(name).glob("*.safetensors"))
    with safe_open(file, framework="np") as weights:
        stated = float(weights.get_tensor("logit_scale").item())
    kind = "open_clip" if name == "open_clip" else "transformers"
    embedder = find_embedder("tiny", declare(kind=kind, folder=str(made(name))))
    assert embedder.logit_scale == pytest.approx(np.exp(stated), rel=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_the_scale_is_read_in_whatever_precision_it_was_stored(dtype, folder, declare):
    import torch
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "open_clip_model.safetensors")
    weights["logit_scale"] = torch.tensor(3.0, dtype=getattr(torch, dtype))
    save_file(weights, folder / "open_clip_model.safetensors")
    assert find_embedder("tiny", declare(kind="open_clip", folder="tiny")).logit_scale == pytest.approx(np.exp(3.0))


def test_weights_without_a_scale_have_none(folder, declare):
    from safetensors.numpy import load_file, save_file

    weights = load_file(folder / "open_clip_model.safetensors")
    del weights["logit_scale"]
    save_file(weights, folder / "open_clip_model.safetensors")
    assert find_embedder("tiny", declare(kind="open_clip", folder="tiny")).logit_scale is None


def test_the_identity_holds_preprocessing_precision_and_library_version(folder, declare):
    identity = find_embedder("tiny", declare(kind="open_clip", folder="tiny")).identity()
    assert identity["preprocess"] == {
        "mode": "RGB", "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25], "interpolation": "bilinear",
        "resize_mode": "squash", "fill_color": 0, "size": 16,
    }  # fmt: skip
    assert (identity["precision"], identity["batch"], identity["dim"]) == ("float32", 32, 8)
    assert identity["open_clip"].startswith("3.")
    json.dumps(identity, allow_nan=False)


def test_what_changes_the_vectors_changes_the_id_and_a_readme_does_not(folder, declare):
    path = declare(kind="open_clip", folder="tiny")
    ids = [find_embedder("tiny", path).id]
    (folder / "README.md").write_text("words")
    assert find_embedder("tiny", path).id == ids[0]
    config = json.loads((folder / "open_clip_config.json").read_text())
    config["preprocess_cfg"]["mean"] = [0.4, 0.4, 0.4]
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    ids.append(find_embedder("tiny", path).id)
    weights = folder / "open_clip_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    ids.append(find_embedder("tiny", path).id)
    (folder / "tokenizer_config.json").write_text("{}")
    ids.append(find_embedder("tiny", path).id)
    assert len(set(ids)) == 4
    assert all(one.startswith("tiny@") and len(one) == len("tiny@") + 12 for one in ids)


def test_weights_replaced_after_identification_are_noticed(folder, declare):
    embedder = find_embedder("tiny", declare(kind="open_clip", folder="tiny"))
    embedder.identity()
    weights = folder / "open_clip_model.safetensors"
    weights.write_bytes(weights.read_bytes())
    with pytest.raises(BadInput, match="changed since the audit began"):
        embedder.embed_texts(["a"])


# From the hub's cache


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """Lays a folder into an empty hub cache, offline, as main: `cached("org/name", folder, commit)`."""
    import hashlib
    from pathlib import Path

    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)

    def lay(repo: str, folder: Path, commit: str) -> None:
        home = tmp_path / "hub" / f"models--{repo.replace('/', '--')}"
        for made in (home / "blobs", home / "refs", home / "snapshots" / commit):
            made.mkdir(parents=True, exist_ok=True)
        for file in folder.iterdir():
            blob = home / "blobs" / hashlib.sha256(file.read_bytes()).hexdigest()
            if not blob.exists():
                blob.write_bytes(file.read_bytes())
            (home / "snapshots" / commit / file.name).symlink_to(Path("../../blobs") / blob.name)
        (home / "refs" / "main").write_text(commit)

    return lay


def retrained(folder):
    """Other weights of the same architecture."""
    from safetensors.torch import load_file, save_file

    file = folder / "open_clip_model.safetensors"
    save_file({name: value * 1.5 for name, value in load_file(file).items()}, file)


@pytest.mark.parametrize("kind", ["open_clip", "siglip"])
def test_a_repository_at_a_commit_is_the_embedder_that_its_copy_is(made, declare, cached, kind):
    kinds = {"kind": KINDS[kind][0]}
    local = find_embedder("tiny", declare(**kinds, folder=str(made(kind))))
    cached("org/tiny", made(kind), "1" * 40)
    pinned = find_embedder("tiny", declare(**kinds, repo="org/tiny", revision="1" * 40))
    assert pinned.id == local.id
    if kind == "siglip":
        assert (pinned.embed_texts(TEXTS[:2]) == local.embed_texts(TEXTS[:2])).all()


def test_a_tag_that_moves_after_identification_is_not_followed(folder, cached):
    """Its vectors are those of the weights in its id, until it is asked for anew."""
    config = json.loads((folder / "open_clip_config.json").read_text())
    config["model_cfg"]["quick_gelu"] = True
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    repo = "timm/vit_base_patch32_clip_224.openai"
    cached(repo, folder, "1" * 40)
    first = find_embedder("openai-vit-b-32")
    expected = find_embedder("openai-vit-b-32").embed_texts(TEXTS[:2])
    before = first.id
    retrained(folder)
    cached(repo, folder, "2" * 40)
    assert (first.embed_texts(TEXTS[:2]) == expected).all()
    second = find_embedder("openai-vit-b-32")
    assert second.id != before == first.id
    assert (second.embed_texts(TEXTS[:2]) != expected).any()


def test_a_tag_whose_configuration_lost_its_quickgelu_is_refused(folder, cached):
    cached("timm/vit_base_patch32_clip_224.openai", folder, "1" * 40)
    with pytest.raises(BadInput, match="says quick_gelu False, where ViT-B-32-quickgelu with openai needs True"):
        find_embedder("openai-vit-b-32").identity()


# Bad input


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


# Declarations


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
