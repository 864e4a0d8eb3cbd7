"""A remedy that is printed works: each situation is brought about, its error's remedy is followed, and what failed succeeds.

A situation prepares a folder and returns what fails, the words of the remedy, and the remedy as a person would follow it.
Those of a damaged home and of its copies are in test_keep.py.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from mcas_assets.cli.app import app
from mcas_assets.core.errors import BadInput
from mcas_assets.core.paths import DATA
from mcas_assets.declare.audit import load_audit
from mcas_assets.declare.populations import load_population
from mcas_assets.images.generate import forget_lost, verify
from mcas_assets.policy.load import load_policy
from mcas_assets.store.database import Store
from mcas_assets.store.files import write_images
from mcas_assets.store.publication import publish, query
from mcas_assets.systems.find import find_system

SMALLEST = Path(__file__).parents[1] / "data" / "smallest.yaml"
Situation = tuple[Callable[[], object], str, Callable[[], object]]


def mcas(*words: str) -> Callable[[], object]:
    return lambda: app([*words], standalone_mode=False)


def replaced(file: Path, old: str, new: str) -> Callable[[], object]:
    return lambda: file.write_text(file.read_text().replace(old, new))


def copy_of(source: Path, target: Path, old: str, new: str) -> Path:
    target.write_text(source.read_text().replace(old, new))
    return target


# What is declared -----------------------------------------------------------------------------------------------------


def a_key_of_an_audit_misspelt(place: Path) -> Situation:
    file = copy_of(SMALLEST, place / "a.yaml", "run_seed:", "run_sed:")
    return lambda: load_audit(str(file)), "run_seed", replaced(file, "run_sed:", "run_seed:")


def a_text_with_a_colon_not_quoted(place: Path) -> Situation:
    file = copy_of(SMALLEST, place / "a.yaml", "title: The smallest audit", "title: The: smallest audit")
    return (
        lambda: load_audit(str(file)),
        "quote a text that holds ': '",
        replaced(file, "The: smallest audit", "'The: smallest audit'"),
    )


def a_number_beyond_all_use(place: Path) -> Situation:
    file = copy_of(SMALLEST, place / "a.yaml", "run_seed: 7", f"run_seed: 0x{'f' * 9000}")
    return lambda: load_audit(str(file)), "Write a smaller one", replaced(file, f"0x{'f' * 9000}", "7")


def a_tag_in_a_yaml(place: Path) -> Situation:
    file = copy_of(SMALLEST, place / "a.yaml", "run_seed: 7", "run_seed: !!int7 7")
    return lambda: load_audit(str(file)), "without a tag", replaced(file, "!!int7 ", "")


def a_key_given_twice(place: Path) -> Situation:
    file = copy_of(SMALLEST, place / "a.yaml", "run_seed: 7", "run_seed: 7\nrun_seed: 8")
    return lambda: load_audit(str(file)), "Keep one of the two", replaced(file, "\nrun_seed: 8", "")


def an_alias_in_a_yaml(place: Path) -> Situation:
    file = copy_of(SMALLEST, place / "a.yaml", "run_seed: 7", "run_seed: &two 2")
    file.write_text(file.read_text().replace("batch_size: 2", "batch_size: *two"))
    return lambda: load_audit(str(file)), "Write the value out here", replaced(file, "*two", "2")


def a_share_that_is_no_number(place: Path) -> Situation:
    head = "# title: T\n# source: S\n# year: 2024\n# locale: DE\n# axis: gender\nconcept,group,share\n"
    (place / "p.csv").write_text(f"{head}nurse,woman,many\nnurse,man,0.15\n")
    return lambda: load_population("p", place), "share", replaced(place / "p.csv", "many", "0.85")


def a_kind_of_rule_that_there_is_not(place: Path) -> Situation:
    source = DATA / "policies" / "instrument.yaml"
    kind = next(
        line.split("kind:")[1].split(",")[0].strip() for line in source.read_text().splitlines() if "kind:" in line
    )
    file = copy_of(source, place / "p.yaml", f"kind: {kind}", f"kind: {kind}x")
    return lambda: load_policy(str(file)), kind, replaced(file, f"kind: {kind}x", f"kind: {kind}")


# What is given --------------------------------------------------------------------------------------------------------


def model(place: Path) -> Path:
    return Path(shutil.copytree(DATA / "phantom" / "stereotyped", place / "model"))


def weights_cut_short(place: Path) -> Situation:
    file = model(place) / "unet" / "diffusion_pytorch_model.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[:-100])
    return lambda: find_system(place / "model").identity(), "Copy or download it again", lambda: file.write_bytes(whole)


def weights_of_a_variant_alone(place: Path) -> Situation:
    folder = model(place) / "unet"
    (folder / "diffusion_pytorch_model.safetensors").rename(folder / "diffusion_pytorch_model.fp16.safetensors")
    systems = place / "systems.yaml"
    entry = {"kind": "diffusers", "path": "model", "width": 64, "height": 64}
    systems.write_text(json.dumps({"systems": {"mine": entry}}))
    declared = json.dumps({"systems": {"mine": entry | {"variant": "fp16"}}})
    return lambda: find_system("mine", systems).identity(), "variant: fp16", lambda: systems.write_text(declared)


def a_system_misspelt(place: Path) -> Situation:
    asked = ["phantom-fairr"]
    return lambda: find_system(asked[0]), "phantom-fair", lambda: asked.__setitem__(0, "phantom-fair")


def image_set(place: Path, sets, **keys) -> Callable[[], object]:
    return lambda: sets.records(sets.declared(place / "set", **keys))


def a_table_that_is_not_utf8(place: Path, sets) -> Situation:
    (place / "set").mkdir()
    (place / "set" / "0.png").write_bytes(sets.picture(0))
    file = place / "set" / "metadata.csv"
    file.write_bytes("file_name,prompt\n0.png,eine Ärztin\n".encode("latin-1"))
    read = image_set(place, sets, format="image-folder")
    return read, "Save it as UTF-8", lambda: file.write_text(file.read_text(encoding="latin-1"), encoding="utf-8")


def a_row_with_more_cells_than_the_header(place: Path, sets) -> Situation:
    (place / "set").mkdir()
    (place / "set" / "0.png").write_bytes(sets.picture(0))
    file = place / "set" / "metadata.csv"
    file.write_text("file_name,prompt\n0.png,a nurse, smiling\n")
    read = image_set(place, sets, format="image-folder")
    return read, "Put quotes around a cell", replaced(file, "a nurse, smiling", '"a nurse, smiling"')


def a_line_that_is_not_json(place: Path, sets) -> Situation:
    (place / "set").mkdir()
    (place / "set" / "0.png").write_bytes(sets.picture(0))
    file = place / "set" / "metadata.jsonl"
    file.write_text('{"file_name": "0.png", "prompt": "a nurse"\n')
    return image_set(place, sets, format="image-folder"), "Mend the line", replaced(file, '"a nurse"', '"a nurse"}')


def a_list_of_images_in_a_cell(place: Path, sets) -> Situation:
    (place / "set").mkdir()
    table = pa.table({"prompt": ["a nurse"], "images": [[sets.picture(0), sets.picture(1)]]})
    parquet.write_table(table, place / "set" / "a.parquet")
    exploded = pl.DataFrame({"prompt": ["a nurse"], "images": [[sets.picture(0), sets.picture(1)]]}).explode("images")
    read = image_set(place, sets, format="parquet", image="images")
    return read, "explode", lambda: exploded.write_parquet(place / "set" / "a.parquet")


# What is asked --------------------------------------------------------------------------------------------------------


def two_questions_at_once(place: Path) -> Situation:
    publish(Store(place / "home"))
    asked = ["select 1; select 2"]
    return (
        lambda: query(Store(place / "home"), asked[0]),
        "one question at a time",
        lambda: asked.__setitem__(0, "select 1"),
    )


def a_table_that_there_is_not(place: Path) -> Situation:
    publish(Store(place / "home"))
    asked = ["from no_such_table"]
    return lambda: query(Store(place / "home"), asked[0]), "show tables", lambda: asked.__setitem__(0, "show tables")


def an_answer_that_is_too_large(place: Path) -> Situation:
    publish(Store(place / "home"))
    words = [
        "sql",
        "select range, repeat('x', 100) from range(400000)",
        "--output",
        str(place / "o.csv"),
        "--format",
        "csv",
    ]
    words += ["--memory", "16"]
    return lambda: mcas(*words)(), "--memory", lambda: words.__setitem__(-1, "2048")


def a_format_that_there_is_not(place: Path) -> Situation:
    publish(Store(place / "home"))
    words = ["sql", "select 1 as x", "--format", "xlsx"]
    return lambda: mcas(*words)(), "csv", lambda: words.__setitem__(-1, "csv")


def an_image_that_was_deleted(place: Path) -> Situation:
    store = Store(place / "home")
    with store.open() as con:
        ((sha256, path),) = write_images(store.home, [b"an image"], ".png")
        con.execute(
            "insert into image_facts (image_id, system_version, prompt, outcome, sha256, path)"
            " values ('i', 's@1', 'p', 'ok', ?, ?)",
            [sha256, path],
        )
    (store.home / path).unlink()

    def look() -> None:
        with store.open() as con:
            verify(store, con.sql("select path, sha256 from image_facts").pl())

    return look, "mcas repair forgets it", lambda: forget_lost(store)


def a_store_that_is_no_store(place: Path) -> Situation:
    home = place / "home"
    publish(Store(home))
    (home / "store.duckdb").write_bytes(b"not a database" * 1000)

    def look() -> None:
        with Store(home).open():
            pass

    def move_away_and_repair() -> None:
        (home / "store.duckdb").rename(home / "moved")
        mcas("repair")()

    return look, "Move it away: mcas repair", move_away_and_repair


SITUATIONS = [value for name, value in list(globals().items()) if name.startswith(("a_", "an_", "two_", "weights_"))]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.__name__.replace("_", " "))
def test_what_is_done_as_the_error_says_works(situation, tmp_path, sets, monkeypatch):
    monkeypatch.setenv("MCAS_HOME", str(tmp_path / "home"))
    takes_sets = situation.__code__.co_argcount == 2
    fails, words, remedy = situation(tmp_path, sets) if takes_sets else situation(tmp_path)
    with pytest.raises(BadInput) as raised:
        fails()
    assert words in str(raised.value)
    remedy()
    fails()
