"""A version is its content: whatever would change the images changes it, and nothing else does."""

import hashlib
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from mcas_assets.core.digests import plain
from mcas_assets.core.errors import BadInput
from mcas_assets.systems.find import find_system
from mcas_assets.systems.identity import DigestCache

REVISION = "0123456789abcdef0123456789abcdef01234567"


def version(*given: Any, **named: Any) -> str:
    return find_system(*given, **named).identity().version


def test_the_version_is_the_digest_of_the_canonical_document(pipeline):
    identity = find_system(pipeline).identity()
    text = json.dumps(identity.document, sort_keys=True, separators=(",", ":"))
    assert identity.digest == hashlib.sha256(text.encode()).hexdigest()
    assert identity.version == f"tiny@{identity.digest[:12]}"


def test_a_copy_elsewhere_is_the_same_version(pipeline, tmp_path):
    copied = shutil.copytree(pipeline, tmp_path / "elsewhere" / "tiny")
    assert version(pipeline) == version(copied)


def test_a_readme_does_not_change_the_version(pipeline):
    before = version(pipeline)
    (pipeline / "README.md").write_text("better words")
    (pipeline / "unet" / "README.md").write_text("better words")
    (pipeline / ".gitattributes").write_text("x")
    assert version(pipeline) == before


@pytest.mark.parametrize(
    "name",
    [
        "unet/diffusion_pytorch_model.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
        "text_encoder/model.safetensors",
        "safety_checker/model.safetensors",
    ],
)
def test_one_flipped_bit_of_a_weight_changes_the_version(pipeline, name):
    before = version(pipeline)
    data = bytearray((pipeline / name).read_bytes())
    data[-1] ^= 1
    (pipeline / name).write_bytes(data)
    assert version(pipeline) != before


def test_a_weight_flipped_behind_the_caches_back_changes_the_version(pipeline, tmp_path, monkeypatch):
    """Same size, same inode, same modification time: only the change time tells."""
    monkeypatch.setattr("mcas_assets.systems.identity._RACY", -1.0)
    file, cache = pipeline / "unet" / "diffusion_pytorch_model.safetensors", tmp_path / "home" / "digests.json"
    long_ago = time.time() - 3600
    os.utime(file, (long_ago, long_ago))
    before = version(pipeline, cache=cache)
    assert str(file) in json.loads(cache.read_text())
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    os.utime(file, (long_ago, long_ago))
    assert version(pipeline, cache=cache) != before


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("scheduler/scheduler_config.json", {"beta_end": 0.013}),
        ("unet/config.json", {"act_fn": "gelu"}),
        ("tokenizer/tokenizer_config.json", {"model_max_length": 8}),
        ("model_index.json", {"requires_safety_checker": False}),
    ],
)
def test_a_changed_configuration_changes_the_version(pipeline, name, values):
    before = version(pipeline)
    file = pipeline / name
    file.write_text(json.dumps(json.loads(file.read_text()) | values))
    assert version(pipeline) != before


# The scheduler, told without loading it


def saved(folder: Path, name: str, **config: object) -> None:
    """Put another scheduler into a pipeline folder, with only these keys said."""
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps({"_class_name": name, **config}))
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps(index | {"scheduler": ["diffusers", name]}))


def schedulers() -> list[str]:
    import diffusers

    from mcas_assets.systems.pipelines.pipeline_folder import SEEDLESS_SCHEDULERS

    return [name for name in dir(diffusers) if name.endswith("Scheduler") and name not in SEEDLESS_SCHEDULERS]


def test_the_configuration_of_every_scheduler_is_told_as_it_is_once_loaded(pipeline):
    """From nothing but its name: the defaults of the installed diffusers, read from its source."""
    import diffusers

    from mcas_assets.systems.pipelines.pipeline_folder import inspect

    told = 0
    for name in schedulers():
        scheduler = getattr(diffusers, name)
        if not hasattr(scheduler, "from_config"):
            continue
        try:
            loaded = scheduler.from_config({"_class_name": name})
        except (ImportError, TypeError, ValueError, NotImplementedError):
            continue  # needs a package, or arguments, that are not here: no pipeline of ours loads with it
        saved(pipeline, name)
        said = plain(inspect(pipeline).scheduler()["config"])
        known = {key: value for key, value in plain(dict(loaded.config)).items() if not key.startswith("_")}
        mended = {"steps_offset": 1, "clip_sample": False}
        assert said == known | {key: value for key, value in mended.items() if key in known}, name
        told += 1
    assert told > 30


def test_what_the_pipeline_itself_sets_in_an_old_configuration_is_in_the_identity(pipeline):
    saved(pipeline, "DDIMScheduler", beta_schedule="scaled_linear")
    system = find_system(pipeline, steps=2)
    config = system.identity().document["scheduler"]["config"]
    assert (config["steps_offset"], config["clip_sample"], config["timestep_spacing"]) == (1, False, "leading")
    assert system.environment()["scheduler"]["config"] == config


def test_a_default_that_a_release_of_diffusers_changes_makes_another_version(pipeline, monkeypatch):
    from mcas_assets.systems.pipelines import signatures

    saved(pipeline, "DDIMScheduler", beta_schedule="scaled_linear")
    before, read = version(pipeline), signatures.parameters
    newer = {"timestep_spacing": "trailing"}
    monkeypatch.setattr(
        signatures, "parameters", lambda name, method="__call__": (read(name, method) or {}) | (
            newer if method == "__init__" else {}
        )
    )  # fmt: skip
    assert version(pipeline) != before
    with pytest.raises(
        BadInput, match=r"scheduler: is another once loaded.*timestep_spacing is 'leading', not 'trailing'"
    ):
        find_system(pipeline, steps=2).environment()


def test_each_setting_makes_a_version_of_its_own(pipeline, declare):
    settings = [
        {},
        {"steps": 4},
        {"guidance": 3.0},
        {"width": 24, "height": 24},
        {"width": 24, "height": 16},
        {"dtype": "bfloat16"},
        {"safety_checker": "none"},
        {"negative_prompt": "a blur"},
        {"arguments": {"guidance_rescale": 0.5}},
    ]
    versions = [version("tiny", declare(path="tiny", **setting)) for setting in settings]
    assert len(set(versions)) == len(settings)


def test_words_about_a_system_and_the_batch_do_not_change_its_version(pipeline, declare):
    plain = version("tiny", declare(path="tiny"))
    assert plain == version("tiny", declare(path="tiny", title="T", description="D", licence="L", max_batch=2))


def test_the_identity_of_an_object_stays_what_it_was_found_to_be(pipeline):
    system = find_system(pipeline)
    before = system.identity()
    (pipeline / "unet" / "config.json").write_text("{}")
    assert system.identity() is before


def test_digests_are_remembered_between_processes(tmp_path, monkeypatch):
    file, kept = tmp_path / "weights", tmp_path / "home" / "digests.json"
    file.write_bytes(b"weights")
    monkeypatch.setattr("mcas_assets.systems.identity._RACY", -1.0)
    expected = hashlib.sha256(b"weights").hexdigest()
    assert DigestCache(kept).sha256(file) == expected
    monkeypatch.setattr("mcas_assets.systems.identity.file_digest", lambda file: pytest.fail("was read again"))
    assert DigestCache(kept).sha256(file) == expected


def test_a_file_written_a_moment_ago_is_not_remembered(tmp_path):
    file, kept = tmp_path / "weights", tmp_path / "digests.json"
    file.write_bytes(b"weights")
    DigestCache(kept).sha256(file)
    assert not kept.exists()


@pytest.mark.parametrize("damaged", [b"{", b"[]", b"\xff"])
def test_a_damaged_cache_only_costs_time(tmp_path, damaged):
    file, kept = tmp_path / "weights", tmp_path / "digests.json"
    file.write_bytes(b"weights")
    kept.write_bytes(damaged)
    assert DigestCache(kept).sha256(file) == hashlib.sha256(b"weights").hexdigest()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        DigestCache().sha256(tmp_path / "nothing")


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


# What lies beside the weights vouches for nothing


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


def test_the_device_told_without_torch_is_the_one_that_torch_finds():
    from mcas_assets.systems.pipelines import devices

    assert devices.expected_device() == devices.best_device().type
