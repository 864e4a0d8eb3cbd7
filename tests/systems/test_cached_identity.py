"""The version of a repository in the hub's cache: told by the bytes of its weights, whatever is noted beside them."""

import hashlib
import json
import time
from pathlib import Path

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.systems.find import find_system
from mcas_assets.systems.identity import DigestCache
from tests.systems.versions import version

REVISION = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub(tmp_path, monkeypatch) -> Path:
    """An empty hub cache, offline."""
    from huggingface_hub import constants

    cache = tmp_path / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return cache


def cached(hub: Path, folder: Path) -> None:
    """Lay a pipeline folder into the hub's cache, as a download would."""
    repo = hub / "models--org--tiny"
    (repo / "blobs").mkdir(parents=True)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = file.read_bytes()
        large = file.suffix == ".safetensors"
        blob = hashlib.sha256(data).hexdigest() if large else hashlib.sha1(data).hexdigest()
        (repo / "blobs" / blob).write_bytes(data)
        link = repo / "snapshots" / REVISION / file.relative_to(folder)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(repo / "blobs" / blob)


def test_a_repository_in_the_cache_is_the_same_version_as_a_copy_of_it(pipeline, hub, declare):
    local = version("tiny", declare(path="tiny"))
    cached(hub, pipeline)
    assert find_system("tiny", declare(repo="org/tiny", revision=REVISION)).identity().version == local


def altered(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


def noted(folder: Path, name: str, digest: str) -> None:
    """What the hub's client writes beside a download, with a time that has not come yet."""
    note = folder / ".cache" / "huggingface" / "download" / f"{name}.metadata"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(f"{REVISION}\n{digest}\n{time.time() + 1e6}\n")


@pytest.mark.parametrize("name", ["unet/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors"])
def test_a_forged_note_of_a_download_does_not_keep_the_version(pipeline, name):
    honest = version(pipeline)
    noted(pipeline, name, hashlib.sha256((pipeline / name).read_bytes()).hexdigest())
    assert version(pipeline) == honest
    altered(pipeline / name)
    assert version(pipeline) != honest


def test_a_forged_name_of_a_blob_does_not_keep_the_version(pipeline, hub, declare):
    cached(hub, pipeline)
    declaration = declare(repo="org/tiny", revision=REVISION)
    honest = version("tiny", declaration)
    snapshot = hub / "models--org--tiny" / "snapshots" / REVISION
    link = snapshot / "unet" / "diffusion_pytorch_model.safetensors"
    altered(link)
    target = link.readlink()
    link.unlink()
    link.symlink_to(target)  # made after its blob, whose name is as it was
    assert version("tiny", declaration) != honest


def test_a_folder_of_links_that_looks_like_the_hubs_cache_is_told_by_its_bytes(tmp_path):
    """The digest that the name of the blob claims is of other bytes."""
    blobs, snapshot = tmp_path / "m" / "blobs", tmp_path / "m" / "snapshots" / REVISION
    for folder in (blobs, snapshot):
        folder.mkdir(parents=True)
    claimed, data = hashlib.sha256(b"audited").hexdigest(), b"something else"
    (blobs / claimed).write_bytes(data)
    (snapshot / "model.safetensors").symlink_to(blobs / claimed)
    assert DigestCache().sha256(snapshot / "model.safetensors") == hashlib.sha256(data).hexdigest()


def test_a_record_of_digests_in_a_folder_that_is_not_the_home_is_not_read(pipeline, tmp_path):
    honest = version(pipeline)
    file = pipeline / "unet" / "diffusion_pytorch_model.safetensors"
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    altered(file)
    status = file.stat()
    entry = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, before]
    (pipeline / "digests.json").write_text(json.dumps({str(file.resolve()): entry}))
    assert version(pipeline, cache=tmp_path / "home" / "digests.json") != honest


def test_a_repository_that_is_not_in_the_cache_is_one_clear_error_offline(hub, declare):
    system = find_system("tiny", declare(repo="org/tiny", revision=REVISION))
    with pytest.raises(BadInput, match=r"org/tiny: cannot be had at revision 0123456789ab.*Connect to the hub once"):
        system.identity()


def test_of_a_repository_only_what_the_pipeline_loads_is_fetched(tmp_path, monkeypatch, declare):
    """The listing is that of a Stable Diffusion 1.5 repository, 40 GB of which are of no use here."""
    from huggingface_hub.utils import filter_repo_objects

    listing = [
        "README.md", "model_index.json", "v1-5-pruned.ckpt", "v1-5-pruned-emaonly.safetensors", "unet/config.json",
        "unet/diffusion_pytorch_model.bin", "unet/diffusion_pytorch_model.fp16.bin",
        "unet/diffusion_pytorch_model.fp16.safetensors", "unet/diffusion_pytorch_model.non_ema.safetensors",
        "unet/diffusion_pytorch_model.safetensors", "tokenizer/merges.txt", "text_encoder/model.safetensors",
        "text_encoder/model.onnx", "safety_checker/flax_model.msgpack",
    ]  # fmt: skip
    (tmp_path / "model_index.json").write_text("{}")
    fetched: list[str] = []

    def snapshot(repo, revision, allow, ignore=()):
        fetched[:] = filter_repo_objects(listing, allow_patterns=list(allow), ignore_patterns=list(ignore))
        return tmp_path

    monkeypatch.setattr("mcas_assets.systems.diffusers.snapshot", snapshot)
    with pytest.raises(BadInput, match="names no pipeline class"):
        find_system("tiny", declare(repo="org/tiny", revision=REVISION)).identity()
    assert fetched == [
        "model_index.json", "unet/config.json", "unet/diffusion_pytorch_model.safetensors", "tokenizer/merges.txt",
        "text_encoder/model.safetensors",
    ]  # fmt: skip
