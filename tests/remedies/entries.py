"""Systems, embedders, policies, canaries and mappings as they are declared."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcas_assets.declare.audit import load_audit
from mcas_assets.declare.catalogue import Catalogue
from mcas_assets.embedders.find import find_embedder, load_embedders
from mcas_assets.policy.load import load_policy, require_fit
from mcas_assets.systems.find import find_system, load_systems
from mcas_assets.systems.image_sets.mapping import load_mapping
from mcas_assets.watch.canary import load_canary
from tests.remedies.situations import Step, edits, situation

SMALLEST = Path(__file__).parents[1] / "data" / "smallest.yaml"
COMMIT = "0123456789012345678901234567890123456789"

LOCAL = """
systems:
  local: {kind: diffusers, path: x, steps: 4, width: 64, height: 64}
  hub: {kind: diffusers, repo: a/b, revision: COMMIT}
""".replace("COMMIT", COMMIT)


def systems(file: Path) -> object:
    return used(load_systems(file))


def embedders(file: Path) -> object:
    return used(load_embedders(file))


def used(catalogue: Catalogue) -> list[Any]:
    """Every entry of it, which tells its mistakes where it is asked for."""
    return [catalogue[name] for name in catalogue.files]


SYSTEMS_TABLE = edits("systems", "systems.yaml", LOCAL, systems, [
    ("kind: diffusers, path: x", "kind: difusers, path: x", "Did you mean 'diffusers'?"),
    ("path: x, steps: 4", "steps: 4", "Give path: FOLDER"),
    (f", revision: {COMMIT}", "", "Give the 40 hex digits of the commit"),
    (f"revision: {COMMIT}", "revision: main", "Give the 40 hex digits of the commit"),
    ("path: x,", f"path: x, revision: {COMMIT},", "Leave it out, or give repo in place of path"),
    ("path: x,", "path: x, watch: main,", "Leave it out: a folder is watched as it is"),
    ("width: 64, ", "", "Give both"),
    ("steps: 4", "strict: true, max_batch: 4", "Leave out one of the two", "strict: true"),
    ("steps: 4", "arguments: {num_inference_steps: 4}", "Say it with steps", "steps: 4"),
    ("steps: 4", "arguments: {prompt: x}", "Leave it out: the audit gives it for each image", "arguments: {}"),
])  # fmt: skip

HOSTED = """
systems:
  gpt: {kind: openai, model: gpt-image-2, base_url: https://a.example/v1, width: 1024, height: 1024, quality: low, price: 0.05, budget: {usd: 3.0}}
  gemini: {kind: google, model: gemini-x, aspect_ratio: "1:1", image_size: 1K}
  flux: {kind: fal, model: fal-ai/flux/dev, width: 64, height: 64, steps: 28, arguments: {strength: 1.0}}
  pro: {kind: bfl, model: flux-2-pro, width: 64, height: 64, prompt_upsampling: false, arguments: {raw: true}}
  painter: {kind: replicate, model: acme/painter, width: 64, height: 64, arguments: {guidance: 4.0}}
  gate: {kind: gateway, model: m, base_url: https://g.example/v1, width: 64, height: 64, extra_body: {steps: 4}}
"""  # noqa: E501

HOSTED_TABLE = edits("hosted systems", "systems.yaml", HOSTED, systems, [
    ("https://a.example/v1", "a.example/v1", "Write it as https://host/path"),
    ("https://a.example/v1", "https://me:secret@a.example/v1", "Keep keys and passwords in the environment"),
    ("https://a.example/v1,", "http://a.example/v1,", "Use https, or say plain_http: true",
     "http://a.example/v1, plain_http: true,"),
    ("price: 0.05, budget: {usd: 3.0}", "budget: {usd: 3.0}", "or budget.requests in place of budget.usd",
     "budget: {requests: 60}"),
    ("model: gpt-image-2, base_url: https://a.example/v1,", "model: dall-e-3,", "name a model that there is",
     "model: gpt-image-2,"),
    ("width: 1024", "width: 1000", "Use 992", "width: 992"),
    ("width: 1024", "width: 3840", "Use 1:3 to 3:1", "width: 3072"),
    ("quality: low", "quality: low, output_format: jpeg, background: transparent", "Use png or webp",
     "quality: low, output_format: webp, background: transparent"),
    ("quality: low", "quality: low, output_compression: 9", "Leave it out"),
    ("model: gemini-x", "model: imagen-4", "name a Gemini image model"),
    ('"1:1"', "61", "Put it in quotes"),
    ('"1:1"', '"square"', 'Write it as "1:1" or "16:9", in quotes'),
    ("{strength: 1.0}", "{guidance_scale: 1.0}", "Say it with guidance", "{}"),
    ("{strength: 1.0}", "{prompt: x}", "Leave it out: the audit gives it for each image", "{}"),
    ("{raw: true}", "{steps: 4}", "Say it with steps", "{}"),
    ("{raw: true}", "{webhook_url: x}", "Leave it out", "{}"),
    ("{guidance: 4.0}", "{seed: 4}", "Say it with seed", "{}"),
    ("{guidance: 4.0}", "{prompt: x}", "Leave it out: the audit gives it for each image", "{}"),
    ("base_url: https://g.example/v1, ", "", "Give base_url: of a gateway, or servers: [of a fleet]"),
    ("base_url: https://g.example/v1", "servers: ['g.example/v1']", "Write it as https://host/path",
     "servers: ['https://g.example/v1']"),
    ("{steps: 4}", "{}, key_variable: MCAS_TOKEN", "Name a variable with the key of this server alone",
     "{}, key_variable: HOUSE_KEY"),
    ("{steps: 4}", "{seed: 4}", "Say it with seed", "{}"),
    ("{steps: 4}", "{guidance: .nan}", "Give a number", "{guidance: 1.0}"),
    ("{steps: 4}", "{prompt: x}", "Leave it out: the audit gives it for each image", "{}"),
    ("base_url: https://g.example/v1, width: 64, height: 64, extra_body: {steps: 4}",
     "servers: ['https://g.example/v1'], width: 64, height: 64", "num_inference_steps: null if their default",
     "servers: ['https://g.example/v1'], width: 64, height: 64, extra_body: {num_inference_steps: null}"),
    ("https://g.example/v1", "https://openrouter.ai/api/v1", "Name the provider",
     "https://openrouter.ai/api/v1, upstream_provider: x"),
    ("quality: low", "quality: low, declines: ['(']", "Escape what is meant literally", "quality: low, declines: ['\\(']"),
])  # fmt: skip

IMPORT = """
systems:
  set: {kind: import, path: x, model: m, prompt: "an image of {x}", mapping: null, status: {column: s, values: {a: ok}}}
"""

IMPORT_TABLE = edits("image sets", "systems.yaml", IMPORT, systems, [
    ("{a: ok}", "{a: oks}", "Did you mean 'ok'?"),
    ("{x}", "{x!z}", "Write the name of a column in braces"),
    ("model: m,", "model: m, rewrite: [{pattern: a, by: '\\1'}],", "Refer to a group that the pattern has",
     "model: m, rewrite: [{pattern: (a), by: '\\1'}],"),
    ("mapping: null", "mapping: difusiondb", "Did you mean 'diffusiondb'?", "mapping: diffusiondb"),
    ('prompt: "an image of {x}", ', "", "Name its column, or give a template"),
    ("model: m,", "", "Say which model made the images"),
    ("model: m,", "model_column: c,", "the rows of one model are taken, by the column c", "model_column: c, model: m,"),
    ("model: m,", "model: m, format: tree, file: f,", "Leave it out, or give format: image-folder",
     "model: m, format: image-folder, file: f,"),
])  # fmt: skip

EMBEDDERS = """
embedders:
  folder: {kind: open_clip, folder: x}
  tag: {kind: open_clip, model: ViT-B-32-quickgelu, tag: openai}
  other: {kind: transformers, folder: y}
"""

EMBEDDERS_TABLE = edits("embedders", "embedders.yaml", EMBEDDERS, embedders, [
    ("kind: transformers, folder: y", "kind: transformers", "Give folder: or repo: with revision:"),
    ("folder: y", f"folder: y, revision: {COMMIT}", "Leave it out, or give repo in place of folder"),
    ("model: ViT-B-32-quickgelu", "folder: x, model: ViT-B-32-quickgelu", "Give one of folder, repo, or model and tag"),
    (", tag: openai", "", "Give both model and tag"),
    ("model: ViT-B-32-quickgelu", "model: ViT-B-32-quickglu", "Did you mean"),
    ("tag: openai", "tag: openia", "Did you mean 'openai'?"),
    ("model: ViT-B-32-quickgelu", "model: ViT-B-32", "Write model: ViT-B-32-quickgelu"),
    ("model: ViT-B-32-quickgelu, tag: openai", "model: ViTamin-S, tag: datacomp1b", "declare the folder with folder", "folder: x"),
    ("model: ViT-B-32-quickgelu, tag: openai", "model: ViT-B-32-quickgelu, tag: openai, revision: main", "Give the 40 hex digits"),
])  # fmt: skip

POLICY = """
policy: p
title: P
audits: [smallest]
requirements:
  - {requirement: one, kind: association, beyond: 0.1}
  - {requirement: two, kind: share, least: 0.2, most: 0.8, groups: [man]}
  - {requirement: three, kind: calibration}
"""


def policy(file: Path) -> object:
    read = load_policy(str(file))
    require_fit(read, load_audit(SMALLEST))
    return read


POLICY_TABLE = edits("policy", "p.yaml", POLICY, policy, [
    ("kind: association", "kind: asociation", "Did you mean 'association'?"),
    ("requirement: two", "requirement: one", "Rename one of the two"),
    ("requirement: two", "rule: two", "Rename it to requirement"),
    ("requirements:", "rules:", "Rename it to requirements, and the key rule of each entry to requirement"),
    ("beyond: 0.1", "beyond: 0.1, audits: [gender]", "Known: smallest", "beyond: 0.1, audits: [smallest]"),
    ("audits: [smallest]", "audits: [gender]", "Add it there, or name one of: gender", "audits: [gender, smallest]"),
    ("beyond: 0.1", "beyond: 0.1, axes: [gendr]", "Did you mean 'gender'?", "beyond: 0.1, axes: [gender]"),
    ("beyond: 0.1", "beyond: 0.1, evidence: interval, q_below: 0.1", "Set evidence: q_value, or leave it out",
     "beyond: 0.1, evidence: q_value, q_below: 0.1"),
    ("beyond: 0.1", "beyond: 0.1, stable: true, measure: mcas", "Judge adjusted, or leave it out",
     "beyond: 0.1, stable: true, measure: adjusted"),
    ("least: 0.2, most: 0.8, ", "", "Give least: 0.2, or most: 0.8, or both"),
    ("least: 0.2, most: 0.8", "least: 0.8, most: 0.2", "Exchange the two"),
    ("kind: calibration", "kind: calibration, figures: [scre]", "Known: "),
    ("kind: calibration", "kind: calibration, concepts: [nurse]", "Leave it out"),
])  # fmt: skip

CANARY = """
canary: c
title: C
images_per_prompt: 4
run_seed: 1
embedder: phantom-balanced
prompts: [a nurse, a ceo]
"""

CANARY_TABLE = edits("canary", "c.yaml", CANARY, lambda file: load_canary("c", file.parent), [
    ("[a nurse, a ceo]", "[a nurse, a nurse, a ceo]", "Keep one of the two"),
    ("[a nurse, a ceo]", "[a nurse]", "Give at least 2"),
])  # fmt: skip

MAPPING = "mapping: m\ntitle: M\ndescription: D\nprompt: p\n"

MAPPING_TABLE = edits("mapping", "m.yaml", MAPPING, lambda file: load_mapping("m", file.parent), [
    ("mapping: m", "mapping: n", "Give both one name"),
])  # fmt: skip


@situation
def a_canary_misspelt() -> Iterator[Step]:
    asked = ["hostd"]
    yield lambda: load_canary(asked[0]), "Did you mean 'hosted'?"
    asked[0] = "hosted"


@situation
def a_mapping_misspelt() -> Iterator[Step]:
    asked = ["difusiondb"]
    yield lambda: load_mapping(asked[0]), "Did you mean 'diffusiondb'?"
    asked[0] = "diffusiondb"


@situation
def an_embedder_misspelt() -> Iterator[Step]:
    asked = ["phantom-balancd"]
    yield lambda: find_embedder(asked[0]), "Did you mean 'phantom-balanced'?"
    asked[0] = "phantom-balanced"


@situation
def a_system_misspelt() -> Iterator[Step]:
    asked = ["phantom-fairr"]
    yield lambda: find_system(asked[0]), "Did you mean 'phantom-fair'?"
    asked[0] = "phantom-fair"


@situation
def a_setting_that_the_kind_does_not_take(place: Path) -> Iterator[Step]:
    file = place / "systems.yaml"
    file.write_text(HOSTED)
    settings: dict[str, Any] = {"steps": 4}
    yield lambda: find_system("gpt", file, **settings), "Leave it out"
    settings.clear()


@situation
def a_setting_of_no_possible_value(place: Path) -> Iterator[Step]:
    file = place / "systems.yaml"
    file.write_text(LOCAL)
    settings: dict[str, Any] = {"width": 3}
    yield lambda: find_system("local", file, **settings), "It must be greater than or equal to 8"
    settings["width"] = 8
