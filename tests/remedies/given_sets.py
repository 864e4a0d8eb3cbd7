"""Image sets: what lies there, in which form, and what becomes of it while it is read."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pyarrow as pa
from pyarrow import parquet

from tests.remedies.declared import refusing
from tests.remedies.situations import Situation, Step, situation

SMALLEST = Path(__file__).parents[1] / "data" / "smallest.yaml"


def reading(sets: SimpleNamespace, at: Path, **keys: Any) -> Callable[[], object]:
    return lambda: sets.outcomes(sets.declared(at, **keys))


def folder(place: Path, sets: SimpleNamespace, **files: str | bytes) -> Path:
    """A folder `set` with two pictures and some files; `__` in a name stands for a point."""
    made = place / "set"
    made.mkdir()
    for n in range(2):
        (made / f"{n}.png").write_bytes(sets.picture(n))
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (made / name.replace("__", ".")).write_bytes(data)
    return made


def table(name: str, broken: str | bytes, words: str, mended: str | bytes, **keys: Any) -> Situation:
    """A table of a set that is broken, and as the remedy makes it."""

    def of_a_table(place: Path, sets: SimpleNamespace) -> Iterator[Step]:
        at = folder(place, sets, **{name.replace(".", "__"): broken})
        yield reading(sets, at, **({"format": "image-folder"} | keys)), words
        (at / name).write_bytes(mended if isinstance(mended, bytes) else mended.encode())

    of_a_table.__name__ = f"table {name}: {words}"
    return of_a_table


ROWS = "file_name,prompt\n0.png,a nurse\n1.png,a ceo\n"
LINE = '{"file_name": "0.png", "prompt": "a nurse"}\n'
BY_NAME = '{"0.png": {"p": "a nurse"}}'

TABLES_TABLE = [
    table("metadata.csv", ROWS.replace("nurse", "Ärztin").encode("latin-1"), "Save it as UTF-8", ROWS.replace("nurse", "Ärztin")),
    table("metadata.csv", ROWS.replace("a nurse", "a nurse, smiling"), "Put quotes around a cell",
          ROWS.replace("a nurse", '"a nurse, smiling"')),
    table("metadata.csv", ROWS.replace("a nurse", f'"{"x" * 140_000}"'), "Mend the line", ROWS),
    table("metadata.csv", f'"{"x" * 140_000}",prompt\n', "Save it as CSV UTF-8, with one separator in every line", ROWS),
    table("metadata.jsonl", LINE.replace("}", ""), "Mend the line", LINE),
    table("metadata.jsonl", '["0.png", "a nurse"]\n', 'Write each row as {"file_name": ..., ...}', LINE),
    table("all.json", BY_NAME[:-1], "Mend the file", BY_NAME, metadata="all.json", prompt="p"),
    table("all.json", '["0.png"]', 'It must be {"name.png": {"p": "a prompt"}, ...}', BY_NAME, metadata="all.json", prompt="p"),
    table("metadata.csv", ROWS.replace("file_name", "path"), "Say with file: which column", ROWS),
    table("metadata.csv", ROWS.replace("prompt", "promt"), "Did you mean 'promt'?", ROWS),
]  # fmt: skip


def declaration(
    words: str, wrong: dict[str, Any], right: dict[str, Any], table: Callable[[SimpleNamespace], pa.Table]
) -> Situation:
    """A parquet set whose declaration, or whose form, is changed as the remedy says."""

    def of_parquet(place: Path, sets: SimpleNamespace) -> Iterator[Step]:
        at = folder(place, sets)
        parquet.write_table(table(sets), at / "a.parquet")
        keys = {"format": "parquet"} | wrong
        yield lambda: sets.outcomes(sets.declared(at, **keys)), words
        keys |= right

    of_parquet.__name__ = f"parquet: {words}"
    return of_parquet


def two_of_images(sets: SimpleNamespace) -> pa.Table:
    return pa.table({"prompt": ["a nurse"], "front": [sets.picture(0)], "back": [sets.picture(1)]})


def with_odd_time(sets: SimpleNamespace) -> pa.Table:
    time = pa.array([0], pa.timestamp("us", tz="America/Nowhere"))
    return pa.table({"prompt": ["a nurse"], "image": [sets.picture(0)], "t": time})


PARQUET_TABLE = [
    declaration("Did you mean 'front'?", {"image": "fron"}, {"image": "front"}, two_of_images),
    declaration("Say with image: which column", {}, {"image": "back"}, two_of_images),
    declaration("Say with image: which column holds them", {"image": "n"}, {"image": "image"},
                lambda sets: pa.table({"prompt": ["a"], "image": [sets.picture(0)], "n": [1]})),
    declaration("leave it out of what the mapping names", {"keep": ["t"]}, {"keep": []}, with_odd_time),
]  # fmt: skip


@situation
def a_parquet_without_images(place: Path, sets) -> Iterator[Step]:
    at = folder(place, sets)
    parquet.write_table(pa.table({"prompt": ["a nurse"], "number": [1]}), at / "a.parquet")
    yield reading(sets, at, format="parquet"), "Give each image as bytes"
    parquet.write_table(pa.table({"prompt": ["a nurse"], "image": [sets.picture(0)]}), at / "a.parquet")


@situation
def a_list_of_images_in_a_cell(place: Path, sets) -> Iterator[Step]:
    at = folder(place, sets)
    frame = pl.DataFrame({"prompt": ["a nurse"], "images": [[sets.picture(0), sets.picture(1)]]})
    frame.write_parquet(at / "a.parquet")
    yield reading(sets, at, format="parquet", image="images"), "explode"
    frame.explode("images").write_parquet(at / "a.parquet")


@situation
def tables_with_other_columns(place: Path, sets) -> Iterator[Step]:
    at = folder(place, sets, metadata__csv=ROWS)
    (at / "more").mkdir()
    (at / "more" / "0.png").write_bytes(sets.picture(2))
    (at / "more" / "metadata.csv").write_text("file_name,prompt,seed\n0.png,a nurse,1\n")
    yield reading(sets, at, format="image-folder"), "Give all metadata files of a set the same columns"
    (at / "more" / "metadata.csv").write_text("file_name,prompt\n0.png,a nurse\n")


@situation
def parquet_files_with_other_columns(place: Path, sets) -> Iterator[Step]:
    at = folder(place, sets)
    whole = pa.table({"prompt": ["a nurse"], "image": [sets.picture(0)]})
    parquet.write_table(whole, at / "a.parquet")
    parquet.write_table(whole.append_column("seed", pa.array([1])), at / "b.parquet")
    yield reading(sets, at, format="parquet"), "Give all parquet files of a set the same columns"
    parquet.write_table(whole, at / "b.parquet")


@situation
def a_parquet_cut_short(place: Path, sets) -> Iterator[Step]:
    at = folder(place, sets)
    parquet.write_table(pa.table({"prompt": ["a nurse"], "image": [sets.picture(0)]}), at / "a.parquet")
    whole = (at / "a.parquet").read_bytes()
    (at / "a.parquet").write_bytes(whole[:-20])
    yield reading(sets, at, format="parquet"), "Download it again"
    (at / "a.parquet").write_bytes(whole)


@situation
def a_parquet_damaged_within(place: Path, sets) -> Iterator[Step]:
    at = folder(place, sets)
    parquet.write_table(
        pa.table({"prompt": ["a nurse"] * 9, "image": [sets.picture(n) for n in range(9)]}), at / "a.parquet"
    )
    whole = (at / "a.parquet").read_bytes()
    (at / "a.parquet").write_bytes(whole[:4] + b"\xff" * 60 + whole[64:])
    yield reading(sets, at, format="parquet"), "Download it again"
    (at / "a.parquet").write_bytes(whole)


@situation
def a_parquet_with_fewer_rows_by_now(place: Path, sets) -> Iterator[Step]:
    at = folder(place, sets)

    def write(count: int) -> None:
        rows = {"prompt": ["a nurse"] * count, "image": [sets.picture(n) for n in range(count)]}
        parquet.write_table(pa.table(rows), at / "a.parquet")

    write(40)
    known = [sets.declared(at, format="parquet")]
    rows = [sets.records(known[0])]
    write(20)
    yield lambda: list(known[0].take(rows[0])), "Run again: it will count as another version"
    known[0] = sets.declared(at, format="parquet")
    rows[0] = sets.records(known[0])


@situation
def an_archive_that_is_compressed(place: Path, sets) -> Iterator[Step]:
    at, plain = folder(place, sets), tar_of(place, sets)
    (at / "a.tar").write_bytes(gzip.compress(plain))
    yield reading(sets, at, format="webdataset", prompt="txt"), "Decompress it if it is a .tar.gz"
    (at / "a.tar").write_bytes(gzip.decompress((at / "a.tar").read_bytes()))


def tar_of(place: Path, sets: SimpleNamespace) -> bytes:
    import io
    import tarfile

    (place / "0.png").write_bytes(sets.picture(0))
    (place / "0.txt").write_text("a nurse")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(place / "0.png", "0.png")
        archive.add(place / "0.txt", "0.txt")
    return buffer.getvalue()


@situation
def a_set_that_is_not_there(place: Path, sets) -> Iterator[Step]:
    yield reading(sets, place / "set", format="tree", prompt=None), "Give the folder or file of the image set"
    (place / "set" / "a_nurse").mkdir(parents=True)
    (place / "set" / "a_nurse" / "0.png").write_bytes(sets.picture(0))


@situation
def a_set_without_a_metadata_file(place: Path, sets) -> Iterator[Step]:
    at, keys = folder(place, sets, about__csv=ROWS), {"format": "image-folder"}
    yield lambda: sets.outcomes(sets.declared(at, **keys)), "Name it with metadata:"
    keys["metadata"] = "about.csv"


@situation
def a_set_of_another_format_than_said(place: Path, sets) -> Iterator[Step]:
    at, keys = folder(place, sets, metadata__csv=ROWS), {"format": "parquet"}
    yield lambda: sets.outcomes(sets.declared(at, **keys)), "Correct format: or path:"
    keys["format"] = "image-folder"


@situation
def a_file_that_is_no_set(place: Path, sets) -> Iterator[Step]:
    at = [folder(place, sets, metadata__csv=ROWS) / "0.png"]
    yield lambda: sets.outcomes(sets.declared(at[0])), "Give the set's folder"
    at[0] = at[0].parent


@situation
def a_folder_of_no_known_format(place: Path, sets) -> Iterator[Step]:
    (place / "set").mkdir()
    (place / "set" / "pictures.dat").write_bytes(sets.picture(0))
    (place / "set" / "about.txt.csv").write_text("file_name,prompt\npictures.dat,a nurse\n")
    keys: dict[str, Any] = {}
    yield lambda: sets.outcomes(sets.declared(place / "set", **keys)), "Say with format: which one it is"
    keys |= {"format": "image-folder", "metadata": "about.txt.csv"}


@situation
def a_folder_that_may_not_be_read(place: Path, sets, monkeypatch) -> Iterator[Step]:
    at = folder(place, sets, metadata__csv=ROWS)
    monkeypatch.setattr(Path, "iterdir", refusing(Path.iterdir))
    yield reading(sets, at), "Check the path and its permissions"
    monkeypatch.undo()
