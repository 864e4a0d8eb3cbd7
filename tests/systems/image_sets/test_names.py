"""Names that people cannot tell apart are one name; what packing leaves is no record."""

import unicodedata

import pytest

from mcas_assets.systems.image_sets.names import Names, is_beside, is_leftover, under

REAL = "Bilder/Köchin 1.PNG"


@pytest.fixture
def names(tmp_path):
    (tmp_path / "Bilder").mkdir()
    (tmp_path / REAL).write_bytes(b"x")
    return Names(tmp_path)


@pytest.mark.parametrize(
    "named",
    [
        REAL, "Bilder\\Köchin 1.PNG", "bilder/köchin 1.png", unicodedata.normalize("NFD", REAL), "./Bilder//Köchin 1.PNG",
        "Bilder/K%C3%B6chin%201.PNG", " Bilder/Köchin 1.PNG ",
    ],
)  # fmt: skip
def test_a_file_is_found_by_every_spelling_of_its_name(names, named):
    assert unicodedata.normalize("NFC", str(names.alike(named))) == REAL


def test_a_name_that_could_mean_two_files_means_none_and_an_exact_one_its_own(tmp_path):
    for name in ("a.png", "A.png"):
        (tmp_path / name).write_bytes(b"x")
    assert Names(tmp_path).alike("a.PNG") is None
    assert Names(tmp_path).alike("A.png") == "A.png"


@pytest.mark.parametrize(
    "name", ["__MACOSX", ".DS_Store", "._0.png", "Thumbs.db", "desktop.ini", "@eaDir", ".ipynb_checkpoints"]
)
def test_what_systems_leave_in_folders_is_none_of_the_set(name):
    assert is_leftover(name)
    assert is_beside(f"set/{name}/0.png")


def test_a_path_out_of_an_archive_is_not_passed_over_but_judged():
    assert not is_beside("../../0.png")
    assert not is_beside("./set/0.png")


@pytest.mark.parametrize("named", ["https://a.example//0.png", "s3://bucket/0.png", "/home/me/0.png", "C:\\me\\0.png"])
def test_an_address_and_an_absolute_path_are_shown_as_a_table_of_any_folder_writes_them(named):
    assert under("part", named) == under(".", named) == named


def test_a_name_is_relative_to_the_table_that_holds_it():
    assert under("part/one", "0.png") == "part/one/0.png"
    assert under(".", "0.png") == "0.png"
