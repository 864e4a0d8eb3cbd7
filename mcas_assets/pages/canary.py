"""A window of the canary beside the one that it is held against: the answers that its numbers were made from."""

import polars as pl

from mcas_assets.core.errors import BadInput
from mcas_assets.pages.links import Links
from mcas_assets.pages.reader import NotThere, Reader, Row
from mcas_assets.pages.site import Section, short
from mcas_assets.watch.canary import Canary, load_canary, requests

AGAINST = ("previous", "reference")


def section(reader: Reader, links: Links, system: str, canary: str, window: str, against: str = "previous") -> Section:
    """The answers of a window above those of an earlier one, by prompt and seed.

    Args:
        reader: The published copy.
        links: Where things lie.
        system: Its name.
        canary: The canary's name.
        window: The window's name: the day on which it was asked.
        against: `previous`, the window before, or `reference`, the first since a change.

    Raises:
        NotThere: There is no such window, or it is held against nothing by that name.
    """
    windows = reader.table("canary", system=system, canary=canary).sort("window_number")
    row = _row(windows, window)
    if row is None:
        raise NotThere(window, f"is no window of canary {canary!r} of {system}", "The page of the system lists them")
    if against not in AGAINST:
        raise NotThere("against", f"is {against[:40]!r}", f"It is one of {', '.join(AGAINST)}")
    before = _row(windows.filter(pl.col("window_number") < row["window_number"]), row[against])
    declared, audited = _declared(row), reader.audited.filter(system=system).sort("version")
    keys = {"system": system, "canary": canary, "window": window}
    context = {
        "system": system, "row": row, "before": before, "against": against, "is_declared": declared is not None,
        "up": links.page("trend", audit=audited["audit"][-1], system=system) if len(audited) else None,
        "others": [(name, links.page("canary", **keys, against=name)) for name in AGAINST if row[name] and name != against],
        "prompts": _prompts(reader, links, declared, row, before) if declared else [],
        "version": short(row["system_version"]),
    }  # fmt: skip
    return Section("canary.html", f"Canary {canary} of {system}, window {window}", context)


def _row(windows: pl.DataFrame, name: str | None) -> Row | None:
    found = windows.clear() if name is None else windows.filter(window_name=name)
    return found.row(-1, named=True) if len(found) else None


def _declared(row: Row) -> Canary | None:
    """The canary that asked, or None where it is not declared any more, or asks something else now."""
    try:
        found = load_canary(row["canary"])
    except BadInput:
        return None
    return found if found.digest() == row["canary_digest"] else None


def _prompts(reader: Reader, links: Links, declared: Canary, row: Row, before: Row | None) -> list[Row]:
    """For each prompt its pairs. Ids of images are those that the window's requests have at some size that there is."""
    windows = [one for one in (before, row) if one is not None]
    versions = sorted({one["system_version"] for one in windows})
    given = reader.published.rows("canary-images", versions=versions, prompts=list(declared.prompts))
    sizes = given.select("width", "height").drop_nulls().unique().rows()
    known = {image["image_id"]: image for image in given.iter_rows(named=True)}

    def answers(window: Row) -> dict[tuple[str, int], Row]:
        asked = [requests(declared, window["system_version"], window["window_name"], size) for size in sizes]
        return {
            (one["prompt"], one["replicate"]): known[one["image_id"]]
            for frame in asked for one in frame.iter_rows(named=True) if one["image_id"] in known
        }  # fmt: skip

    now, former = answers(row), answers(before) if before else {}
    return [
        {"prompt": prompt, "pairs": [
            _pair(links, former.get((prompt, place)), now.get((prompt, place)), before is not None)
            for place in range(declared.images_per_prompt) if (prompt, place) in now or (prompt, place) in former
        ]}
        for prompt in declared.prompts
    ]  # fmt: skip


def _pair(links: Links, before: Row | None, after: Row | None, has_before: bool) -> Row:
    one = after or before or {}
    pair: Row = {"prompt": one["prompt"], "seed": one["seed"], "has_before": has_before}
    for side, image in (("before", before), ("after", after)):
        there = image is not None and image["sha256"] is not None
        pair |= {
            f"src_{side}": links.picture(image["sha256"], image["path"]) if there else None,
            f"url_{side}": links.original(image["sha256"], image["path"]) if there else None,
            f"outcome_{side}": image["outcome"] if image else "not asked",
            f"image_{side}": image["image_id"] if image else None,
            f"sha256_{side}": image["sha256"] if image else None,
        }  # fmt: skip
    return pair
