"""The tables of the model card, from what was measured."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from mcas_assets.phantom.world import CONCEPTS, WORLDS
from tools.phantom.measure import AXES, GUIDED

# What was aimed at, before anything was measured.
READABLE, FIGURE, HALF, CONCEPT, CORRELATION = 0.98, 0.98, 0.98, 0.90, 0.95
COMMANDS = (
    "decoder",
    "generator stereotyped",
    "generator updated",
    "generator fair",
    "instrument balanced",
    "instrument biased",
    "assemble",
    "card",
)


def fill(measured: dict) -> dict[str, str]:
    """Every placeholder of `card.md`.

    Args:
        measured: As `card.write_card` makes it.
    """
    worlds = measured["worlds"]
    shares = np.array([WORLDS["stereotyped"].planted[concept.slug] for concept in CONCEPTS])
    return {
        "megabytes": f"{measured['bytes'] / 1e6:.1f}",
        "n_concepts": str(len(CONCEPTS)),
        "planted_correlation": f"{np.corrcoef(shares.T)[0, 1]:.2f}",
        "lowest": f"{shares.min():.2f}",
        "highest": f"{shares.max():.2f}",
        "moved": _moves(),
        "aims": _aims(measured),
        "n": str(worlds["stereotyped"]["concepts"][0]["n"]),
        "steps": str(measured["steps"]),
        "guidance": f"{measured['guidance_scale']:g}",
        "first_seed": f"{measured['first_seed']:,}",
        "agreement": _agreements(worlds),
        **{name: _shares(world["concepts"]) for name, world in worlds.items()},
        "readable": _readable(worlds),
        "n_explicit": str(worlds["stereotyped"]["explicit"][0]["n"]),
        "explicit": _explicit(worlds),
        "n_guided": str(measured["guidance"][0]["n"]),
        "guided": ", ".join(GUIDED),
        "guidance_table": _guidance(measured["guidance"]),
        "update": _update(measured["update"]),
        "accuracy": _accuracy(measured["instruments"]),
        "components": _components(measured["instruments"]),
        "reader": _reader(measured["reader"]),
        "commands": "\n".join(f"python -m tools.phantom.train {command}" for command in COMMANDS),
        "versions": ", ".join(f"{name} {version}" for name, version in measured["versions"].items()),
    }


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _share(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{100 * value:.{digits}f} %"


def _number(value: float | None, sign: str = "") -> str:
    return "-" if value is None else f"{value:{sign}.2f}"


def _agreement(row: dict, chance: bool = True) -> list[str]:
    middle = [row["error"], row["chance"]] if chance else [row["error"]]
    return [*(_number(v) for v in (row["r"], row["slope"], *middle)), _number(row["bias"], "+")]


def _agreements(worlds: dict) -> str:
    rows = [
        (name, axis, *_agreement(row)) for name, world in worlds.items() for axis, row in world["agreement"].items()
    ]
    return table(("world", "axis", "r", "slope", "mean abs. error", "chance", "bias"), rows)


def _readable(worlds: dict) -> str:
    rows = [(name, *(_share(value) for value in _read(world["concepts"]).values())) for name, world in worlds.items()]
    return table(("world", "person", "person and concept", "the concept asked for"), rows)


def _explicit(worlds: dict) -> str:
    columns = [[_share(row["obeyed"] / row["n"]) for row in world["explicit"]] for world in worlds.values()]
    phrases = [row["phrase"] for row in worlds["stereotyped"]["explicit"]]
    return table(("an image of ...", *worlds), list(zip(phrases, *columns, strict=True)))


def _guidance(rows: list[dict]) -> str:
    head = [f"{axis}: {what}" for axis in AXES for what in ("r", "slope", "error", "bias")]
    cells = [
        (
            f"{row['guidance']:g}",
            *(cell for axis in AXES for cell in _agreement(row[axis], chance=False)),
            _share(row["concept_read"]),
        )
        for row in rows
    ]
    return table(("guidance", *head, "person and concept read"), cells)


def _accuracy(instruments: dict) -> str:
    rows = [
        (name, on, row[on]["n"], *(_share(row[on][key]) for key in ("figure", "half", "concept")))
        for name, row in instruments.items()
        for on in ("generated", "drawn")
    ]
    return table(("instrument", "pictures", "n", "figure", "tone half", f"concept (of {len(CONCEPTS)})"), rows)


def _reader(rows: list[dict]) -> str:
    head = ("noise", "person read", "concept read", "figure wrong", "half wrong", "tone wrong", "concept wrong")
    cells = [(f"{row['noise']:g}", *(_share(row[k], 2) for k in row if k not in ("noise", "n"))) for row in rows]
    return table(head, cells)


def _shares(rows: list[dict]) -> str:
    keys = [f"{kind}_{axis}" for axis in AXES for kind in ("planted", "realised")]
    head = ("concept", "category", "woman planted", "realised", "dark planted", "realised", "person read", "as asked")
    cells = [
        (
            row["concept"],
            row["category"],
            *(_number(row[key]) for key in keys),
            *(_share(row[key] / row["n"], 0) for key in ("person_read", "concept_as_asked")),
        )
        for row in rows
    ]
    return table(head, cells)


def _read(rows: list[dict]) -> dict[str, float]:
    total = sum(row["n"] for row in rows)
    return {k: sum(row[k] for row in rows) / total for k in ("person_read", "concept_read", "concept_as_asked")}


def _moves() -> str:
    before, after = WORLDS["stereotyped"], WORLDS["updated"]
    parts = []
    for slug in after.moved:
        for axis, old, new in zip(AXES, before.planted[slug], after.planted[slug], strict=True):
            if new != old:
                parts.append(f"{slug} ({axis} {old:.2f} to {new:.2f})")
    return ", ".join(parts)


def _update(update: dict) -> str:
    unmoved = update["held"]
    keys = [f"{kind}_{axis}" for axis in AXES for kind in ("planted", "realised")]
    rows = [(row["concept"], *(_number(row[key], "+") for key in keys)) for row in update["moved"]]
    return (
        table(("moved", "woman planted", "realised", "dark planted", "realised"), rows)
        + f"\n\nThe other {unmoved['concepts']}: the same figure in {_share(unmoved['same_figure'])} of the pictures and the same "
        f"tone half in {_share(unmoved['same_half'])}; pixels differ by {unmoved['pixel_difference']:.1f} of 255 on average. Their "
        f"realised shares moved by {unmoved['mean_change_woman']:.3f} (woman) and {unmoved['mean_change_dark']:.3f} (dark) on "
        f"average, at most {unmoved['largest_change_woman']:.2f} and {unmoved['largest_change_dark']:.2f}."
    )


def _components(instruments: dict) -> str:
    rows: dict[tuple, list[str]] = {}
    heads: dict[str, None] = {}
    for name, instrument in instruments.items():
        for row in instrument["components"]:
            head = f"{name}, {row['world']}, {row['n']} each: r (sd)"
            heads[head] = None
            rows.setdefault((row["axis"], row["component"].upper()), []).append(
                f"{_number(row['r'])} ({row['sd']:.4f})"
            )
    return table(("axis", "component", *heads), [(*key, *cells) for key, cells in rows.items()])


def _aims(measured: dict) -> str:
    """What was aimed at, what came out, and whether that is enough, as a table."""
    lines = []
    for name, world in measured["worlds"].items():
        value = _read(world["concepts"])["concept_read"]
        lines.append((f"person and concept can be read, {name}", READABLE, value))
    balanced = measured["instruments"]["balanced"]
    for what, key, aim in (("figure", "figure", FIGURE), ("tone half", "half", HALF), ("concept", "concept", CONCEPT)):
        lines.append((f"balanced instrument, {what}, generated pictures", aim, balanced["generated"][key]))
    rows = [(what, f"{100 * aim:.0f} %", _share(value), _verdict(value, aim)) for what, aim, value in lines]
    for row in balanced["components"]:
        is_aimed = row["axis"] == "gender" and row["component"] in ("iias", "itaas") and row["world"] == "stereotyped"
        if is_aimed:
            what = f"{row['component'].upper()} and realised share, gender, {row['n']} pictures a concept: r"
            rows.append((what, f"{CORRELATION:.2f}", f"{row['r'] or 0:.3f}", _verdict(abs(row["r"] or 0), CORRELATION)))
    return table(("figure", "aim", "measured", ""), rows)


def _verdict(value: float, aim: float) -> str:
    return "reached" if value >= aim else "**missed**"
