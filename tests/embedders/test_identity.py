"""Which instrument it is: what its id holds, and that no other answers under it, also from the hub's cache."""

import json

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.embedders.find import find_embedder
from tests.embedders.tiny import KINDS, TEXTS


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


def test_a_tag_that_moves_after_identification_is_not_followed(folder, cached, declare):
    """Its vectors are those of the weights in its id, until it is asked for anew."""
    config = json.loads((folder / "open_clip_config.json").read_text())
    config["model_cfg"]["quick_gelu"] = True
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    repo = "timm/vit_base_patch32_clip_224.openai"
    cached(repo, folder, "1" * 40)
    declared = declare(kind="open_clip", model="ViT-B-32-quickgelu", tag="openai")
    first = find_embedder("tiny", declared)
    expected = find_embedder("tiny", declared).embed_texts(TEXTS[:2])
    before = first.id
    retrained(folder)
    cached(repo, folder, "2" * 40)
    assert (first.embed_texts(TEXTS[:2]) == expected).all()
    second = find_embedder("tiny", declared)
    assert second.id != before == first.id
    assert (second.embed_texts(TEXTS[:2]) != expected).any()


def test_a_tag_whose_configuration_lost_its_quickgelu_is_refused(folder, cached, declare):
    cached("timm/vit_base_patch32_clip_224.openai", folder, "1" * 40)
    with pytest.raises(BadInput, match="says quick_gelu False, where ViT-B-32-quickgelu with openai needs True"):
        find_embedder("tiny", declare(kind="open_clip", model="ViT-B-32-quickgelu", tag="openai")).identity()
