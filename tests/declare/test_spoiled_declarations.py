"""Whatever stands in a declaration: reading it is an error that names every mistake, never anything else."""

import json
import shutil
from collections import deque
from collections.abc import Callable
from pathlib import Path

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.core.paths import DATA, ROOT
from mcas_assets.declare.audit import load_audit
from mcas_assets.declare.populations import load_population
from mcas_assets.embedders.find import find_embedder, load_embedders
from mcas_assets.plan.requests import build_plan, build_texts
from mcas_assets.policy.load import load_policy
from mcas_assets.systems.find import find_system, load_systems
from mcas_assets.systems.identity import DigestCache
from mcas_assets.systems.image_sets.mapping import load_mapping
from mcas_assets.watch.canary import load_canary
from tests.mutations import ODD, spoil_files

SYSTEMS = """
systems:
  local: {kind: diffusers, path: phantom/stereotyped, steps: 4, guidance: 3.0, width: 64, height: 64, dtype: float32}
  hub: {kind: diffusers, repo: a/b, revision: 0123456789012345678901234567890123456789, variant: fp16, audits: []}
  gpt: {kind: openai, model: gpt-image-1, width: 1024, height: 1024, quality: low, price: 0.05, budget: {usd: 3.0, requests: 9}}
  gemini: {kind: google, model: gemini-x, aspect_ratio: "1:1", image_size: 1K, retry: {attempts: 3}, declines: ["sorry"]}
  set: {kind: import, path: phantom, model: m, format: tree, template: "an image of {x}", where: {a: b}, keep: [t]}
"""


def audit(path: Path) -> None:
    declared = load_audit(str(path))
    if max(vars(declared.images_per_prompt).values()) < 100:
        build_plan(declared)
        build_texts(declared)


def systems(path: Path) -> None:
    for name in load_systems(path):
        find_system(name, path)


def embedders(path: Path) -> None:
    for name in load_embedders(path):
        find_embedder(name, path=path)


KINDS: dict[str, tuple[Path | str, Callable[[Path], object]]] = {
    "audit": (DATA / "audits" / "phantom.yaml", audit),
    "skin-tone": (DATA / "audits" / "skin-tone.yaml", audit),
    "systems": (SYSTEMS, systems),
    "embedders": (DATA / "embedders.yaml", embedders),
    "policy": (DATA / "policies" / "release.yaml", lambda path: load_policy(str(path))),
    "update": (DATA / "policies" / "update.yaml", lambda path: load_policy(str(path))),
    "canary": (DATA / "canaries" / "hosted.yaml", lambda path: load_canary("hosted", path.parent)),
    "mapping": (DATA / "mappings" / "diffusiondb.yaml", lambda path: load_mapping("diffusiondb", path.parent)),
    "population": (DATA / "populations" / "us-bls-cps-2022.csv", lambda path: load_population(path.stem, path.parent)),
    "digests": (json.dumps({str(ROOT): ["0" * 64, 1, 2, 3]}), DigestCache),
}


@pytest.fixture
def declared(tmp_path: Path) -> Callable[[str], Path]:
    def make(kind: str) -> Path:
        source, _ = KINDS[kind]
        file = tmp_path / (source.name if isinstance(source, Path) else f"{kind}.yaml")
        if isinstance(source, Path):
            shutil.copy(source, file)
        else:
            file.write_text(source)
        return file

    return make


@pytest.mark.parametrize("kind", KINDS)
def test_a_spoiled_declaration_is_an_error_or_another_one(kind, declared):
    file, read = declared(kind), KINDS[kind][1]
    deque(spoil_files([file], lambda: read(file), BadInput), maxlen=0)


@pytest.mark.parametrize("kind", KINDS)
def test_each_odd_value_is_an_error_or_a_value_wherever_it_stands(kind, declared):
    """In turn at each fifth line, so that every key of a file has met many of them."""
    file, read = declared(kind), KINDS[kind][1]
    lines = file.read_text().splitlines()
    for place, odd in enumerate(ODD):
        number = (place * 5) % len(lines)
        key = lines[number].partition(":")[0]
        file.write_text(
            "\n".join([*lines[:number], f"{key}: {odd}", *lines[number + 1 :]]),
            encoding="utf-8",
            errors="surrogatepass",
        )
        try:
            read(file)
        except BadInput:
            continue
        except Exception as error:  # noqa: BLE001 - the test is that there is none
            pytest.fail(f"line {number + 1}, {key}: {odd[:80]!r}: {type(error).__name__}: {str(error)[:300]}")
