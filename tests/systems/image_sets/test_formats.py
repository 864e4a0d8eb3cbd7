"""Image sets in every layout that is read: what their rows say, and that an image's bytes are those of the set."""

import gzip
import io
import json
import tarfile
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from mcas_assets.core.errors import BadInput

ROWS = [
    {"file_name": "0.png", "prompt": "a nurse", "seed": 7},
    {"file_name": "1.png", "prompt": "a ceo", "seed": None},
    {"file_name": None, "prompt": "a ceo", "seed": 9},
]
EXPECTED = [("a nurse", 7, "ok"), ("a ceo", None, "ok"), ("a ceo", 9, "empty")]


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.jsonl", "metadata.parquet"])
def test_an_image_folder_is_read_by_its_table_and_a_row_without_a_file_is_an_outcome(sets, image_folder, name):
    system = sets.declared(image_folder(ROWS, name=name), seed="seed")
    assert sets.outcomes(system) == EXPECTED


def test_bytes_are_kept_as_they_are_and_a_set_is_never_written_to(sets, image_folder):
    files = {"0.png": sets.picture(0), "1.jpg": sets.picture(1, "JPEG"), "2.webp": sets.picture(2, "WEBP")}
    folder = image_folder([{"file_name": name, "prompt": "a nurse"} for name in files], files)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*")}
    system = sets.declared(folder)
    taken = list(system.take(sets.records(system)))
    assert [outcome.image for outcome in taken] == list(files.values())
    assert [(outcome.suffix, outcome.size) for outcome in taken] == [
        (".png", (8, 6)),
        (".jpg", (8, 6)),
        (".webp", (8, 6)),
    ]
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*")} == before


def test_metadata_files_of_subfolders_name_files_of_their_own_folder(sets, tmp_path):
    for part in ("train", "test"):
        (tmp_path / "set" / part).mkdir(parents=True)
        (tmp_path / "set" / part / "0.png").write_bytes(sets.picture(len(part)))
        (tmp_path / "set" / part / "metadata.csv").write_text("file_name,prompt\n0.png,a nurse\n")
    assert sets.records(sets.declared(tmp_path / "set"))["file"].to_list() == ["test/0.png", "train/0.png"]


def test_metadata_files_with_other_columns_are_refused(sets, tmp_path):
    for part, header in (("a", "file_name,prompt"), ("b", "file_name,text")):
        (tmp_path / "set" / part).mkdir(parents=True)
        (tmp_path / "set" / part / "metadata.csv").write_text(f"{header}\n0.png,a nurse\n")
    with pytest.raises(BadInput, match=r"has other columns than metadata\.csv: prompt, text"):
        sets.declared(tmp_path / "set").identity()


def test_a_row_may_name_several_files(sets, image_folder):
    folder = image_folder([{"file_names": ["0.png", "1.png"], "prompt": "a nurse"}])
    assert sets.records(sets.declared(folder))["record"].to_list() == ["metadata.jsonl#1.1", "metadata.jsonl#1.2"]


def test_a_tree_takes_its_prompts_from_folders_and_its_order_from_numbers(sets, tmp_path):
    folder = tmp_path / "set" / "a_photo_of_a_nurse"
    folder.mkdir(parents=True)
    for n in (10, 2, 0):
        (folder / f"{n}.png").write_bytes(sets.picture(n))
    (folder / "notes.txt").write_text("no image")
    (tmp_path / "set" / "stray.png").write_bytes(sets.picture(99))
    system = sets.declared(tmp_path / "set", prompt=None, format="tree")
    rows = sets.records(system)
    assert rows["record"].to_list() == [f"a_photo_of_a_nurse/{n}.png" for n in (0, 2, 10)]
    assert rows["prompt"].unique().to_list() == ["a photo of a nurse"]
    assert system.manifest.unlisted == 2


def write_images(path: Path, images: list[bytes | None], **columns: list) -> None:
    """A parquet file as Hugging Face writes them, in several row groups."""
    structs = [None if data is None else {"bytes": data, "path": f"{i}.png"} for i, data in enumerate(images)]
    kind = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table({"image": pa.array(structs, kind), **columns}), path, row_group_size=2)


def test_parquet_images_are_found_again_across_row_groups_and_files(sets, tmp_path):
    images = [sets.picture(n) for n in range(7)]
    write_images(tmp_path / "set" / "data" / "train-00000.parquet", images[:5], prompt=["a nurse"] * 5)
    write_images(tmp_path / "set" / "data" / "train-00001.parquet", [*images[5:], None], prompt=["a ceo"] * 3)
    system = sets.declared(tmp_path / "set")
    rows = sets.records(system)
    assert [outcome.image for outcome in system.take(rows[:-1])] == images
    some = rows[[1, 4, 6, 0]]  # forward, past a row group, to the next file, and back
    assert [outcome.image for outcome in system.take(some)] == [images[n] for n in (1, 4, 6, 0)]
    assert [outcome.outcome for outcome in system.take(rows[-1:])] == ["empty"]


def test_one_parquet_file_is_a_set(sets, tmp_path):
    write_images(tmp_path / "some.parquet", [sets.picture(1)], prompt=["a nurse"])
    assert sets.outcomes(sets.declared(tmp_path / "some.parquet")) == [("a nurse", None, "ok")]


def test_a_cut_parquet_file_is_one_clear_error(sets, tmp_path):
    file = tmp_path / "some.parquet"
    write_images(file, [sets.picture(1)], prompt=["a nurse"])
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(BadInput, match=r"some.parquet: is not a whole parquet file .* Download it again"):
        sets.declared(file).identity()


def write_tar(path: Path, members: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def test_webdataset_samples_are_members_of_one_key(sets, tmp_path):
    members = {
        "0001.png": sets.picture(1),
        "0001.json": json.dumps({"prompt": "a nurse", "seed": 3}).encode(),
        "0002.json": json.dumps({"prompt": "a ceo", "seed": 4}).encode(),
    }
    write_tar(tmp_path / "set" / "shard-0.tar", members)
    write_tar(
        tmp_path / "set" / "shard-1.tar", {"a.b.jpg": b"not found", "z.png": sets.picture(2), "z.txt": b"a nurse\n"}
    )
    system = sets.declared(tmp_path / "set", seed="seed")
    assert sets.outcomes(system) == [
        ("a nurse", 3, "ok"),
        ("a ceo", 4, "empty"),
        (None, None, "decode_error"),
        (None, None, "ok"),
    ]
    texts = sets.declared(tmp_path / "set" / "shard-1.tar", prompt="txt")
    assert sets.outcomes(texts)[1] == ("a nurse", None, "ok")


def test_members_that_lead_out_of_an_archive_are_rejected_and_never_unpacked(sets, tmp_path):
    outside = {"../evil.png": sets.picture(1), "../evil.json": b'{"prompt": "a nurse"}'}
    write_tar(tmp_path / "set.tar", {**outside, "x.json": b'{"prompt": "a nurse"}'})
    assert sets.outcomes(sets.declared(tmp_path / "set.tar")) == [
        ("a nurse", None, "rejected"),
        ("a nurse", None, "empty"),
    ]
    assert not (tmp_path.parent / "evil.png").exists()


@pytest.mark.parametrize("damage", ["cut", "compressed"])
def test_an_archive_that_is_not_whole_or_not_plain_is_refused(sets, tmp_path, damage):
    write_tar(tmp_path / "set.tar", {f"{n}.png": sets.picture(n, size=(64, 64)) for n in range(3)})
    whole = (tmp_path / "set.tar").read_bytes()
    (tmp_path / "set.tar").write_bytes(whole[: 512 + 20] if damage == "cut" else gzip.compress(whole))
    with pytest.raises(BadInput, match="not a whole, plain tar archive"):
        sets.declared(tmp_path / "set.tar", prompt="__key__").identity()


BROKEN_TABLES = {
    "metadata.csv": ("file_name,prompt\n0.png,a nurse, tired\n", "line 2 has more cells than the header"),
    "metadata.jsonl": ('{"file_name": "0.png", "prompt": "x"}\n{"file_name"\n', "line 2 is not JSON"),
    "metadata.parquet": ("PAR1 no", "is not a whole parquet file"),
}


@pytest.mark.parametrize("name", BROKEN_TABLES)
def test_a_table_that_cannot_be_read_is_named_with_its_line(sets, tmp_path, name):
    text, problem = BROKEN_TABLES[name]
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / name).write_text(text)
    with pytest.raises(BadInput, match=problem) as refused:
        sets.declared(tmp_path / "set").identity()
    assert refused.value.where.endswith(name)


def test_what_is_no_image_set_is_refused_with_a_remedy(sets, tmp_path):
    with pytest.raises(BadInput, match="does not exist"):
        sets.declared(tmp_path / "nothing").identity()
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.txt").write_text("words")
    with pytest.raises(BadInput, match="holds no image set of a known format"):
        sets.declared(tmp_path / "set").identity()
    with pytest.raises(BadInput, match="its ending is none of"):
        sets.declared(tmp_path / "set" / "a.txt").identity()


def test_halves_of_characters_in_a_table_do_not_stop_an_import(sets, image_folder):
    folder = image_folder([{"file_name": "0.png", "prompt": "a \ud800 nurse"}])
    assert sets.outcomes(sets.declared(folder)) == [("a ? nurse", None, "ok")]


# The ready mappings, on small sets of exactly the columns that the originals have --------------------------------------


def test_stable_bias_professions_v2(sets, tmp_path):
    write_images(
        tmp_path / "set" / "data" / "train-00000-of-00001.parquet",
        [sets.picture(n) for n in range(4)],
        profession=["aerospace_engineer", "nurse", "nurse", "nurse"],
        model=["SD_14", "SD_14", "SD_2", "SD_14"],
        no=pa.array([0, 1, 1, 2], pa.int32()),
        seed=pa.array([46267, 48040, 7, 8], pa.int32()),
    )
    system = sets.declared(tmp_path / "set", mapping="stable-bias-professions-v2", model="SD_14", prompt=None)
    assert sets.outcomes(system) == [
        ("Photo portrait of an aerospace engineer", 46267, "ok"),
        ("Photo portrait of a nurse", 48040, "ok"),
        ("Photo portrait of a nurse", 8, "ok"),
    ]
    assert system.manifest.filtered == {"model=SD_2": 1}
    assert system.environment()["licence"] == "CC-BY-SA-4.0"
    assert json.loads(sets.records(system)["extras"][0]) == {"no": 0}


def test_stable_bias_professions_v1_has_adjectives_and_no_seed(sets, tmp_path):
    write_images(
        tmp_path / "set" / "train.parquet",
        [sets.picture(n, "JPEG") for n in range(2)],
        adjective=["ambitious", None],
        profession=["butcher", "butcher"],
        no=[4, 5],
        image_path=["Photo_portrait_of_an_ambitious_butcher/_4.jpg", "Photo_portrait_of_a_butcher/_5.jpg"],
        model=["SD_14", "SD_14"],
    )
    system = sets.declared(tmp_path / "set", mapping="stable-bias-professions", model="SD_14", prompt=None)
    assert sets.outcomes(system) == [
        ("Photo portrait of an ambitious butcher", None, "ok"),
        ("Photo portrait of a butcher", None, "ok"),
    ]


def test_stable_bias_identities_of_dalle_2_has_neither_model_nor_prompt_nor_seed(sets, tmp_path):
    write_images(
        tmp_path / "set" / "train.parquet",
        [sets.picture(n) for n in range(2)],
        ethnicity=["Native American", ""],
        gender=["non-binary", "woman"],
        no=pa.array([1, 2], pa.int32()),
        image_path=["a/1.png", "a/2.png"],
    )
    system = sets.declared(tmp_path / "set", mapping="stable-bias-identities-dalle-2", model=None, prompt=None)
    assert [prompt for prompt, _, _ in sets.outcomes(system)] == [
        "Photo portrait of a Native American non-binary at work",
        "Photo portrait of a woman at work",
    ]
    assert system.identity().document["model"] == "dall-e-2"


def test_diffusiondb_counts_what_was_blurred_as_refused(sets, tmp_path):
    folder = tmp_path / "set" / "images" / "part-000001"
    folder.mkdir(parents=True)
    for n in range(2):
        (folder / f"{n}.png").write_bytes(sets.picture(n))
    frame = pl.DataFrame(
        {
            "image_name": ["0.png", "1.png"],
            "prompt": ["a nurse", "a nurse, trending on artstation"],
            "part_id": pl.Series([1, 1], dtype=pl.UInt16),
            "seed": pl.Series([2614560423, 5], dtype=pl.UInt32),
            "step": pl.Series([50, 50], dtype=pl.UInt16),
            "cfg": pl.Series([7.0, 7.0], dtype=pl.Float32),
            "sampler": pl.Series([8, 8], dtype=pl.UInt8),
            "width": pl.Series([512, 512], dtype=pl.UInt16),
            "height": pl.Series([512, 512], dtype=pl.UInt16),
            "user_name": ["ab", "cd"],
            "timestamp": ["2022-08-07 22:57:00+00:00"] * 2,
            "image_nsfw": pl.Series([0.08, 2.0], dtype=pl.Float32),
            "prompt_nsfw": pl.Series([0.001, 0.9], dtype=pl.Float32),
        }
    )
    frame.write_parquet(tmp_path / "set" / "metadata.parquet")
    system = sets.declared(tmp_path / "set", mapping="diffusiondb", model=None, prompt=None)
    assert sets.outcomes(system) == [
        ("a nurse", 2614560423, "ok"),
        ("a nurse, trending on artstation", 5, "refused_output"),
    ]
    assert "image_nsfw is 2.0" in sets.records(system)["reason"][1]
    assert json.loads(sets.records(system)["extras"][0])["step"] == 50


def test_a_part_of_diffusiondb_is_read_by_its_json(sets, tmp_path):
    folder = tmp_path / "set" / "part-000001"
    folder.mkdir(parents=True)
    (folder / "0.png").write_bytes(sets.picture(0))
    part = {"0.png": {"p": "a nurse", "se": 38753269, "c": 12.0, "st": 50, "sa": "k_lms"}}
    (folder / "part-000001.json").write_text(json.dumps(part))
    system = sets.declared(tmp_path / "set", mapping="diffusiondb-part", model=None, prompt=None)
    assert sets.outcomes(system) == [("a nurse", 38753269, "ok")]
