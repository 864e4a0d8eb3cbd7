"""Measure all models of the phantom and write it down: model card, `measured.json`, truth files, reference population.

What is measured, and how, is in `measure` and `measure_instruments`.
"""

import json
from pathlib import Path
from string import Template

from mcas_assets.core.progress import Progress
from mcas_assets.phantom.world import ALL, WORLDS, World
from tools.phantom import measure, measure_instruments
from tools.phantom.assemble import GENERATORS, INSTRUMENTS, weight_bytes
from tools.phantom.card_tables import fill
from tools.phantom.measure import FIRST_SEED, Sample, Setting

TEMPLATE = Path(__file__).with_name("card.md")
SETTING = Setting()
EACH, EACH_EXPLICIT, EACH_GUIDED = 64, 32, 32
# Pictures a concept for the correlations: as many as the default audit has, and all of them.
CORRELATED = 16
DRAWN = 1800
# axis: (group of pole A, group of pole B); the planted number is the share of B.
GROUPS = {"gender": ("man", "woman"), "skin_tone": ("light", "dark")}


def write_card(root: Path, progress: Progress, each: int = EACH) -> dict:
    """Measure everything under `root` and write `README.md`, `measured.json` and `truth-*.csv` there.

    Args:
        root: Folder of the phantom's models, complete.
        progress: Told of every picture.
        each: Pictures a concept.

    Returns:
        What `measured.json` holds.
    """
    measured, samples = _generators(root, progress, each)
    measured["reader"] = measure_instruments.reader_rows()
    measured["instruments"] = _instruments(root, samples, progress)
    measured["bytes"] = weight_bytes([root / name for name in (*GENERATORS, *INSTRUMENTS)])
    (root / "measured.json").write_text(json.dumps(measured, indent=1) + "\n")
    for name in GENERATORS:
        (root / f"truth-{name}.csv").write_text(truth_csv(name, measured["worlds"][name]["concepts"]))
    (root / "README.md").write_text(card_text(measured))
    return measured


def card_text(measured: dict) -> str:
    """The model card, from what `measured.json` holds."""
    return Template(TEMPLATE.read_text()).substitute(fill(measured))


def _generators(root: Path, progress: Progress, each: int) -> tuple[dict, dict[str, Sample]]:
    slugs = [concept.slug for concept in ALL]
    n_explicit = EACH_EXPLICIT * len(measure.EXPLICIT)
    samples, worlds, guidance = {}, {}, []
    for name in GENERATORS:
        pipeline, world = measure.load(root / name), WORLDS[name]
        with progress.task(f"{name}: concepts", each * len(slugs)) as advance:
            samples[name] = measure.sample(pipeline, slugs, each, SETTING, advance)
        with progress.task(f"{name}: explicit prompts", n_explicit) as advance:
            explicit = measure.explicit_rows(pipeline, EACH_EXPLICIT, SETTING, advance)
        worlds[name] = {
            "agreement": measure.world_agreement(world, samples[name]),
            "concepts": measure.concept_rows(world, samples[name]),
            "explicit": explicit,
        }
        if name == "stereotyped":
            total = EACH_GUIDED * len(measure.GUIDED) * len(measure.GUIDANCES)
            with progress.task(f"{name}: guidance", total) as advance:
                guidance = measure.guidance_rows(pipeline, world, EACH_GUIDED, SETTING, advance)
    measured = {
        "steps": SETTING.steps,
        "guidance_scale": SETTING.guidance,
        "first_seed": FIRST_SEED,
        "versions": versions(),
        "worlds": worlds,
        "guidance": guidance,
        "update": measure.update_rows(
            WORLDS["stereotyped"], WORLDS["updated"], samples["stereotyped"], samples["updated"]
        ),
    }
    return measured, samples


def _instruments(root: Path, samples: dict[str, Sample], progress: Progress) -> dict:
    """Accuracy and components of both instruments."""
    from mcas_assets.declare.audit import load_audit

    audit = load_audit("phantom")
    drawn, _ = measure_instruments.drawn_pictures(DRAWN)
    generated = measure_instruments.labelled_by_reader(samples["stereotyped"])
    n_attributes = audit.images_per_prompt.attribute * sum(
        len(pole.prompts) for axis in audit.axes.values() for pole in (axis.a, axis.b)
    )
    attributes = {}
    for name in ("stereotyped", "fair"):
        with progress.task(f"{name}: attributes", n_attributes) as advance:
            pipeline = measure.load(root / name)
            attributes[name] = measure_instruments.attribute_pictures(pipeline, audit, SETTING, advance)
    rows = {}
    for name in INSTRUMENTS:
        clip = measure_instruments.Clip(root / name, audit.profile.text_prefix)
        correlated = [("stereotyped", CORRELATED), ("stereotyped", samples["stereotyped"].each), ("fair", CORRELATED)]
        rows[name.removeprefix("clip-")] = {
            "generated": measure_instruments.accuracy(clip, audit, generated),
            "drawn": measure_instruments.accuracy(clip, audit, drawn),
            "components": [
                {"world": world, "n": n, **row}
                for world, n in dict.fromkeys(correlated)
                for row in measure_instruments.component_rows(clip, audit, samples[world].first(n), attributes[world])
            ],
        }
    return rows


def truth_csv(name: str, rows: list[dict]) -> str:
    """The truth file of one generator: planted and realised share of both groups of both axes, from `concept_rows`."""
    lines = [
        f"# What is known of phantom-{name}. Written by: python -m tools.phantom.train card",
        "# planted: the share in the drawn world that the model was trained on.",
        "# realised: the share among n generated pictures in which the truth reader read a person; "
        f"{SETTING.steps} steps, guidance {SETTING.guidance:g}.",
        "axis,concept,group,planted,realised,n",
    ]
    for (axis, groups), column in zip(GROUPS.items(), measure.AXES, strict=True):
        for row in rows:
            for group, turn in zip(groups, (True, False), strict=True):
                shares = (row[f"{kind}_{column}"] for kind in ("planted", "realised"))
                cells = ("" if share is None else f"{1 - share if turn else share:.4f}" for share in shares)
                lines.append(",".join((axis, row["concept"], group, *cells, str(row["person_read"]))))
    return "\n".join(lines) + "\n"


def population_csv(world: World) -> str:
    """The planted shares of a world as a reference population (`mcas_assets.declare.populations`)."""
    lines = [
        f"# title: What was planted in the phantom, {world.name}",
        "# source: mcas_assets/phantom/world.py",
        "# year: 2026",
        "# locale: the phantom's drawn world",
        "## Invented, to hold an audit against: the shares follow no population.",
        "axis,concept,group,share",
    ]
    for i, (axis, groups) in enumerate(GROUPS.items()):
        for concept in ALL:
            share = world.planted[concept.slug][i]
            lines += [f"{axis},{concept.slug},{g},{s:.2f}" for g, s in zip(groups, (1 - share, share), strict=True)]
    return "\n".join(lines) + "\n"


def versions() -> dict[str, str]:
    """Versions of the packages that the figures depend on."""
    from importlib.metadata import version

    return {name: version(name) for name in ("torch", "diffusers", "open-clip-torch", "transformers", "numpy")}
