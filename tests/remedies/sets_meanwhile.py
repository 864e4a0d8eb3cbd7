"""Image sets that change while they are read, and what of them counts for an audit."""

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl

from mcas_assets.declare.audit import load_audit
from mcas_assets.images.match_given import holding
from mcas_assets.systems.image_sets import manifest
from tests.remedies.declared import refusing
from tests.remedies.given_sets import LINE, ROWS, SMALLEST, folder, reading
from tests.remedies.situations import Step, situation


@situation
def an_image_that_may_not_be_read(place: Path, sets, monkeypatch) -> Iterator[Step]:
    at = folder(place, sets, metadata__csv=ROWS)
    known = sets.declared(at)
    rows = sets.records(known)
    monkeypatch.setattr(Path, "open", refusing(Path.open))
    yield lambda: list(known.take(rows)), "Check the set and its permissions, then run again"
    monkeypatch.undo()


@situation
def a_table_without_the_right_to_read(place: Path, sets, monkeypatch) -> Iterator[Step]:
    at = folder(place, sets, metadata__jsonl=LINE)
    monkeypatch.setattr(Path, "open", refusing(Path.open, ".jsonl"))
    yield reading(sets, at), "Check the file and its permissions"
    monkeypatch.undo()


def changed_behind(place: Path, sets: SimpleNamespace, change: Callable[[Path], object], words: str) -> Iterator[Step]:
    at = folder(place, sets, metadata__csv=ROWS)
    known = [sets.declared(at)]
    rows = [sets.records(known[0])]
    change(at / "0.png")
    yield lambda: list(known[0].take(rows[0])), words
    known[0] = sets.declared(at)
    rows[0] = sets.records(known[0])


@situation
def an_image_that_became_shorter(place: Path, sets) -> Iterator[Step]:
    yield from changed_behind(
        place,
        sets,
        lambda file: file.write_bytes(file.read_bytes()[:-9]),
        "Run again: it will count as another version",
    )


@situation
def an_image_that_is_another(place: Path, sets) -> Iterator[Step]:
    def change(file: Path) -> None:
        data = bytearray(file.read_bytes())
        data[-9] ^= 1
        file.write_bytes(data)

    yield from changed_behind(place, sets, change, "Run again: the set will count as another version")


@situation
def a_set_written_to_while_it_is_read(place: Path, sets, monkeypatch) -> Iterator[Step]:
    at = folder(place, sets, metadata__csv=ROWS)
    write = manifest._write

    def while_written(*given: Any) -> dict:
        (at / "1.png").write_bytes(sets.picture(9))
        return write(*given)

    monkeypatch.setattr(manifest, "_write", while_written)
    yield reading(sets, at), "Run again when nothing writes to it any more"
    monkeypatch.undo()


@situation
def what_was_read_is_gone(place: Path, sets) -> Iterator[Step]:
    at = folder(place, sets, metadata__csv=ROWS)
    known = [sets.declared(at, cache=place / "home" / "digests.json")]
    known[0].identity()
    known[0].manifest.table.unlink()
    yield lambda: pl.concat(known[0].records()), "Run again: the set is read anew"
    known[0] = sets.declared(at, cache=place / "home" / "digests.json")


@situation
def a_set_of_other_models(place: Path, sets) -> Iterator[Step]:
    at = folder(place, sets, metadata__csv="file_name,prompt,model\n0.png,a nurse,DALL-E\n")
    keys = {"model_column": "model", "model": "dalle"}
    yield lambda: sets.outcomes(sets.declared(at, **keys)), "See model and where"
    keys["model"] = "DALL-E"


@situation
def a_set_that_is_asked_for_its_size(place: Path, sets) -> Iterator[Step]:
    from mcas_assets.systems.find import find_system

    at = folder(place, sets, metadata__csv=ROWS)
    asked = [sets.declared(at)]
    yield lambda: asked[0].size(), "or name a system that generates"
    asked[0] = find_system("phantom-fair")


NURSE = "an image of a nurse"


@situation
def a_set_with_none_of_the_audits_prompts(place: Path, sets) -> Iterator[Step]:
    at, keys = folder(place, sets, metadata__csv=ROWS), {}
    audit = load_audit(SMALLEST)
    yield lambda: holding(audit, sets.declared(at, **keys)), "Map them with prompts: or rewrite:"
    keys["prompts"] = {"a nurse": NURSE}


@situation
def a_set_with_none_of_its_files(place: Path, sets) -> Iterator[Step]:
    at = folder(place, sets, metadata__jsonl=json.dumps({"file_name": "gone.png", "prompt": NURSE}))
    audit = load_audit(SMALLEST)
    yield lambda: holding(audit, sets.declared(at)), "Fetch or unpack the files"
    (at / "gone.png").write_bytes(sets.picture(3))


@situation
def a_set_that_moved(place: Path, sets) -> Iterator[Step]:
    from mcas_assets.images.match_given import match
    from mcas_assets.plan.requests import build_plan

    at = folder(place, sets, metadata__csv=f"file_name,prompt\n0.png,{NURSE}\n")
    audit = load_audit(SMALLEST)
    asked = [sets.declared(at).identity().version]
    (at / "0.png").write_bytes(sets.picture(5))
    yield (
        lambda: match(audit, build_plan(audit), sets.declared(at), asked[0]),
        "Audit what it is now (mcas audit --system mine)",
    )
    asked[0] = sets.declared(at).identity().version


@situation
def a_table_that_was_not_fetched(place: Path, sets) -> Iterator[Step]:
    at = folder(place, sets, metadata__csv="version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n")
    yield lambda: sets.outcomes(sets.declared(at, format="image-folder")), "Run `git lfs pull` in its repository"
    (at / "metadata.csv").write_text(ROWS)


def packed(place: Path, sets) -> Path:
    """A zip of a folder that is named for its prompt, alone in the set's folder."""
    (place / "set").mkdir()
    with zipfile.ZipFile(place / "set" / "images.zip", "w") as archive:
        archive.writestr("a_nurse/0.png", sets.picture(0))
    return place / "set" / "images.zip"


def unpack(archive: Path) -> None:
    with zipfile.ZipFile(archive) as content:
        content.extractall(archive.parent)


@situation
def a_folder_of_archives(place: Path, sets) -> Iterator[Step]:
    archive = packed(place, sets)
    yield lambda: sets.outcomes(sets.declared(archive.parent, prompt="folder")), "Unpack them there"
    unpack(archive)


@situation
def an_archive_for_a_set(place: Path, sets) -> Iterator[Step]:
    given = [packed(place, sets)]
    yield (
        lambda: sets.outcomes(sets.declared(given[0], prompt="folder")),
        "Unpack it, and give the folder that it makes",
    )
    unpack(given[0])
    given[0] = given[0].parent
