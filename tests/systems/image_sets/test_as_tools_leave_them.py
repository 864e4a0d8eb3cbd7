"""Sets as tools and people leave them: what they leave beside the data is no record, and nothing is chosen in silence."""

import io
import tarfile
from pathlib import Path

import pytest


def tar(folder: Path, *members: tuple[str, bytes]) -> Path:
    folder.mkdir()
    with tarfile.open(folder / "a.tar", "w") as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return folder


@pytest.mark.parametrize("end", [b"\r\n,,,\r\n,,,\r\n", b"\x1a", b"\n\n", b"\n , ,,\n"])
def test_rows_that_hold_nothing_are_no_records(sets, image_folder, end):
    folder = image_folder([])
    (folder / "metadata.csv").write_bytes(b"file_name,prompt,,\r\n0.png,a nurse,,\r\n1.png,a ceo,," + end)
    assert [outcome for _, _, outcome in sets.outcomes(sets.declared(folder, format="image-folder"))] == ["ok", "ok"]


def test_a_prompt_that_is_no_number_is_no_prompt(sets, image_folder):
    folder = image_folder([{"file_name": "0.png", "prompt": float("nan")}, {"file_name": "1.png", "prompt": "a ceo"}])
    assert sets.records(sets.declared(folder))["prompt"].to_list() == [None, "a ceo"]


def test_of_two_images_of_one_sample_none_is_taken_in_silence(sets, tmp_path):
    folder = tar(
        tmp_path / "set", ("0.jpg", sets.picture(0, "JPEG")), ("0.png", sets.picture(1)), ("0.txt", b"a nurse")
    )
    rows = sets.records(sets.declared(folder, prompt="txt"))
    assert rows["outcome"].to_list() == ["rejected"]
    assert rows["reason"].to_list() == ["the sample holds 2 images, and nothing says which is meant"]


def test_an_image_stands_before_those_that_are_named_for_a_part_of_it(sets, tmp_path):
    whole, mask = sets.picture(0), sets.picture(1)
    for place, members in enumerate(
        [[("0.mask.png", mask), ("0.png", whole)], [("0.png", whole), ("0.mask.png", mask)]]
    ):
        folder = tar(tmp_path / f"set{place}", *members, ("0.txt", b"a nurse"))
        system = sets.declared(folder, prompt="txt")
        (outcome,) = system.take(sets.records(system))
        assert outcome.image == whole


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_text_beside_an_image_is_read_as_it_is_marked(sets, tmp_path, encoding):
    folder = tar(tmp_path / "set", ("0.png", sets.picture(0)), ("0.txt", "eine Ärztin".encode(encoding)))
    assert sets.outcomes(sets.declared(folder, prompt="txt")) == [("eine Ärztin", None, "ok")]
