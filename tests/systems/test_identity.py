"""A version is its content: whatever would change the images changes it, and nothing else does."""

import hashlib
import json
import os
import shutil
import time
from pathlib import Path

import pytest

from mcas_assets.core.digests import plain
from mcas_assets.core.errors import BadInput
from mcas_assets.systems.find import find_system
from mcas_assets.systems.identity import DigestCache
from tests.systems.versions import version


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


def test_the_device_told_without_torch_is_the_one_that_torch_finds():
    from mcas_assets.systems.pipelines import devices

    assert devices.expected_device() == devices.best_device().type
