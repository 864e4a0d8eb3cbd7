"""Whatever file a person or a model brings: reading it is an error with a remedy or an outcome, never anything else."""

import io
import json
import random
import shutil
import tarfile
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from mcas_assets.core.errors import BadInput
from mcas_assets.core.outcomes import OUTCOMES
from mcas_assets.core.paths import DATA
from mcas_assets.core.pictures import NotAPicture, decode
from mcas_assets.embedders.find import find_embedder
from mcas_assets.systems.find import find_system
from mcas_assets.systems.protocol import Limited
from tests.mutations import spoil_files, spoiled

PROMPTS = ("an image of a man", "an image of a nurse")
CONTAINERS = {
    "PNG": {}, "JPEG": {}, "WEBP": {"lossless": True}, "GIF": {}, "BMP": {}, "TIFF": {}, "AVIF": {}, "JPEG2000": {}, "ICO": {},
    "TGA": {}, "PPM": {}, "PCX": {},
}  # fmt: skip


def picture(number: int, format: str = "PNG", **keys) -> bytes:
    samples = np.random.default_rng(number).integers(0, 256, (16, 16, 3)).astype("uint8")
    file = io.BytesIO()
    Image.fromarray(samples).save(file, format, **keys)
    return file.getvalue()


def rows() -> list[tuple[str, str, bytes]]:
    return [(f"{number}.png", PROMPTS[number % 2], picture(number)) for number in range(4)]


def run(tries) -> None:
    """So many tries as time allows."""
    deque(tries, maxlen=0)


# Image sets -----------------------------------------------------------------------------------------------------------


def csv_set(folder: Path) -> dict:
    lines = ["file_name,prompt,seed", *(f"{name},{prompt},{i}" for i, (name, prompt, _) in enumerate(rows()))]
    (folder / "metadata.csv").write_text("\n".join([*lines, ""]))
    write_pictures(folder)
    return {"format": "image-folder", "seed": "seed"}


def jsonl_set(folder: Path) -> dict:
    lines = [json.dumps({"file_name": name, "prompt": prompt, "seed": i}) for i, (name, prompt, _) in enumerate(rows())]
    (folder / "metadata.jsonl").write_text("\n".join(lines))
    write_pictures(folder)
    return {"format": "image-folder", "seed": "seed"}


def table_set(folder: Path) -> dict:
    names, prompts, _ = zip(*rows(), strict=True)
    parquet.write_table(
        pa.table({"file_name": names, "prompt": prompts, "seed": range(4)}), folder / "metadata.parquet"
    )
    write_pictures(folder)
    return {"format": "image-folder", "seed": "seed"}


def parquet_set(folder: Path) -> dict:
    _, prompts, data = zip(*rows(), strict=True)
    parquet.write_table(pa.table({"prompt": prompts, "image": data, "seed": range(4)}), folder / "a.parquet")
    return {"format": "parquet", "seed": "seed"}


def tar_set(folder: Path) -> dict:
    with tarfile.open(folder / "0000.tar", "w") as archive:
        for i, (_, prompt, data) in enumerate(rows()):
            for ending, content in (
                ("png", data),
                ("txt", prompt.encode()),
                ("json", json.dumps({"seed": i}).encode()),
            ):
                member = tarfile.TarInfo(f"{i:04d}.{ending}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return {"format": "webdataset", "prompt": "txt", "seed": "seed"}


def tree_set(folder: Path) -> dict:
    for name, prompt, data in rows():
        (folder / prompt.replace(" ", "_")).mkdir(exist_ok=True)
        (folder / prompt.replace(" ", "_") / name).write_bytes(data)
    return {"format": "tree", "prompt": None}


def write_pictures(folder: Path) -> None:
    for name, _, data in rows():
        (folder / name).write_bytes(data)


@pytest.mark.parametrize("build", [csv_set, jsonl_set, table_set, parquet_set, tar_set, tree_set])
def test_a_spoiled_set_is_an_error_or_outcomes(build: Callable[[Path], dict], tmp_path, sets):
    folder = tmp_path / "set"
    folder.mkdir()
    keys = build(folder)

    def read() -> None:
        system = sets.declared(folder, **keys)
        assert {outcome for _, _, outcome in sets.outcomes(system)} <= set(OUTCOMES)

    read()
    run(spoil_files([file for file in folder.rglob("*") if file.is_file()], read, BadInput))


TAR_SIZES = (
    "-0000000001",
    "77777777777",
    "\x80" + "\xff" * 11,
    "\xff" * 12,
    "abc",
    " " * 12,
    "00000000000",
    "0" * 11 + "9",
)


@pytest.mark.parametrize("size", TAR_SIZES)
def test_a_tar_member_of_an_impossible_size_is_an_error_or_outcomes(size, tmp_path, sets):
    folder = tmp_path / "set"
    folder.mkdir()
    keys = tar_set(folder)
    file = folder / "0000.tar"
    head = bytearray(file.read_bytes()[:512])
    head[124:136] = size.encode("latin-1").ljust(12, b"\0")
    head[148:156] = b" " * 8
    head[148:156] = f"{sum(head):06o}\0 ".encode()
    file.write_bytes(bytes(head) + file.read_bytes()[512:])
    try:
        found = sets.outcomes(sets.declared(folder, **keys))
    except BadInput:
        return
    assert {outcome for _, _, outcome in found} <= set(OUTCOMES)


ODD_COLUMNS = {
    "lists": pa.array([[1], [2], [], None]),
    "structs": pa.array([{"a": 1}] * 4),
    "maps": pa.array([[("a", 1)]] * 4, pa.map_(pa.string(), pa.int64())),
    "nothing": pa.nulls(4),
    "decimals": pa.array([1] * 4, pa.decimal256(70, 3)),
    "times": pa.array([2**62] * 4, pa.timestamp("us")),
    "zones": pa.array([0] * 4, pa.timestamp("us", tz="X/Y")),
    "durations": pa.array([2**62] * 4, pa.duration("us")),
    "bytes": pa.array([b"\xff"] * 4),
    "numbers": pa.array([1.5, float("nan"), float("inf"), -1]),
    "large": pa.array([2**64 - 1] * 4, pa.uint64()),
    "words": pa.array(["²1", "0x" + "f" * 10_000, "\0", "1_0"]),
    "flags": pa.array([True] * 4),
}


@pytest.mark.parametrize("column", ["image", "prompt", "seed"])
@pytest.mark.parametrize("odd", ODD_COLUMNS)
def test_a_parquet_column_of_any_type_is_an_error_or_outcomes(odd, column, tmp_path, sets):
    folder = tmp_path / "set"
    folder.mkdir()
    _, prompts, data = zip(*rows(), strict=True)
    table = {"prompt": prompts, "image": data, "seed": range(4)} | {column: ODD_COLUMNS[odd]}
    parquet.write_table(pa.table(table), folder / "a.parquet")
    try:
        found = sets.outcomes(sets.declared(folder, format="parquet", seed="seed", image="image"))
    except BadInput:
        return
    assert {outcome for _, _, outcome in found} <= set(OUTCOMES)


@pytest.mark.parametrize(
    "name", ["²1.png", "1_0.png", "-1.png", "١.png", "9" * 200 + ".png", "0x1.png", "con.png", "=1.png", "[b].png"]
)
def test_a_file_of_any_name_is_an_error_or_outcomes(name, tmp_path, sets):
    folder = tmp_path / "set" / "an_image_of_a_man"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(picture(1))
    system = sets.declared(tmp_path / "set", format="tree", prompt=None)
    assert {outcome for _, _, outcome in sets.outcomes(system)} <= set(OUTCOMES)


# Pictures -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_spoiled_picture_is_a_picture_or_none(container, tmp_path):
    file = tmp_path / "picture"
    file.write_bytes(picture(1, container, **CONTAINERS[container]))
    run(spoil_files([file], lambda: decode(file.read_bytes(), most_pixels=1_000_000), NotAPicture))


# Models ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def pipeline(tmp_path) -> Path:
    """The phantom's folder with weights that stand for themselves: nothing is drawn here."""
    folder = tmp_path / "pipeline"
    shutil.copytree(DATA / "phantom" / "stereotyped", folder)
    return folder


@pytest.mark.parametrize(("pattern", "head"), [("*.json", None), ("*.txt", None), ("*.safetensors", 3000)])
def test_a_spoiled_pipeline_folder_is_an_error_or_another_version(pattern, head, pipeline):
    def read() -> None:
        system = find_system(pipeline)
        system.identity()
        system.size()
        assert isinstance(system, Limited)
        for limit in system.text_limits():
            limit.ids("an image of a man")

    read()
    if files := [file for file in pipeline.rglob(pattern) if file.is_file()]:
        run(spoil_files(files, read, BadInput, head))


SHARDS = (
    "[" * 100_000,
    '{"weight_map": [1]}',
    *(json.dumps({"weight_map": {"a": name}}) for name in ("\0.x", "../../x", 1, "x" * 5000)),
)


@pytest.mark.parametrize("text", SHARDS, ids=range(len(SHARDS)))
def test_a_list_of_shards_of_any_content_is_an_error(text, pipeline):
    weights = pipeline / "unet" / "diffusion_pytorch_model.safetensors"
    weights.unlink()
    (weights.parent / f"{weights.name}.index.json").write_text(text)
    with pytest.raises(BadInput):
        find_system(pipeline).identity()


def test_a_spoiled_embedder_is_an_error_or_another_one(tmp_path):
    folder = tmp_path / "clip"
    shutil.copytree(DATA / "phantom" / "clip-balanced", folder)
    (tmp_path / "embedders.yaml").write_text(
        json.dumps({"embedders": {"mine": {"kind": "open_clip", "folder": "clip"}}})
    )

    def read() -> object:
        return find_embedder("mine", path=tmp_path / "embedders.yaml").id

    read()
    run(spoil_files([file for file in folder.rglob("*.json") if file.is_file()], read, BadInput))


def test_spoiling_is_the_same_each_time():
    data = bytes(range(256)) * 4
    assert spoiled(data, random.Random(3)) == spoiled(data, random.Random(3)) != data
