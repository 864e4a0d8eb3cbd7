"""Names, folders and declarations: what is a system, and what one clear message says of what is none."""

from pathlib import Path

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.systems.diffusers import Declaration
from mcas_assets.systems.find import find_system, load_systems

PHANTOMS = {"phantom-stereotyped", "phantom-updated", "phantom-fair"}


def test_the_shipped_declarations_are_the_phantoms():
    systems = load_systems()
    assert set(systems) >= PHANTOMS
    for name in PHANTOMS:
        entry = systems[name]
        assert isinstance(entry, Declaration)
        assert (entry.kind, entry.steps, entry.guidance, entry.width, entry.height, entry.dtype) == (
            "diffusers", 8, 1.0, 64, 64, "float32",
        )  # fmt: skip
        assert entry.licence


def test_a_folder_is_a_system_named_after_it(pipeline):
    renamed = pipeline.rename(pipeline.with_name("My Model_v1.5"))
    assert find_system(renamed).name == "my-model_v1-5"
    assert find_system(renamed).identity().version.startswith("my-model_v1-5@")


def test_a_folder_that_is_declared_is_what_its_declaration_says(pipeline, declare):
    path = declare(path="tiny", steps=3)
    by_folder, by_name = find_system(pipeline, path), find_system("tiny", path)
    assert by_folder.name == "tiny"
    assert by_folder.identity() == by_name.identity()
    assert by_folder.identity().document["steps"] == 3


@pytest.mark.parametrize(
    "override", [{"steps": 9}, {"guidance": 2.5}, {"width": 24, "height": 24}, {"dtype": "float16"}], ids=str
)
def test_an_override_makes_another_version_of_the_same_system(pipeline, override):
    plain, other = find_system(pipeline).identity(), find_system(pipeline, **override).identity()
    assert plain.system == other.system == "tiny"
    assert plain.version != other.version
    assert {key: other.document[key] for key in override} == override


def test_an_override_that_cannot_be_is_refused_by_name(pipeline):
    with pytest.raises(BadInput, match=r"tiny: steps: is 0.*greater than or equal to 1"):
        find_system(pipeline, steps=0)
    with pytest.raises(BadInput, match=r"tiny: dtype: is 'float8'.*'float32', 'float16' or 'bfloat16'"):
        find_system(pipeline, dtype="float8")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("phantom-stereotypd", r"neither a declared system nor a folder. Did you mean 'phantom-stereotyped'\? Known: "),
        ("org/model", "A hub repository is declared in systems.yaml with repo and revision"),
        (__file__, "is a file, where a pipeline folder is needed"),
    ],
)
def test_what_is_no_system_is_said_to_be_none(name, message):
    with pytest.raises(BadInput, match=message):
        find_system(name)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{path: x}", r"systems\.a\.kind: is missing. Known: .*diffusers"),
        ("{kind: difusers, path: x}", r"kind: is 'difusers', which is no kind. Did you mean 'diffusers'\?"),
        ("{kind: diffusers}", r"systems\.a\.path: one of path and repo is needed"),
        ("{kind: diffusers, path: x, repo: a/b}", "one of path and repo is needed"),
        ("{kind: diffusers, path: x, stpes: 3}", r"systems\.a\.stpes: is not a known key. Did you mean 'steps'\?"),
        ("{kind: diffusers, repo: a/b}", r"systems\.a\.revision: is missing. Give the 40 hex digits"),
        ("{kind: diffusers, repo: a/b, revision: main}", "is 'main', not a commit"),
        ("{kind: diffusers, path: x, width: 64}", "only one of width and height is given"),
        ("{kind: diffusers, path: x, steps: 2.5}", r"systems\.a\.steps: is 2.5. It must be a whole number"),
        ("{kind: diffusers, path: x, safety_checker: off}", r"safety_checker: is False"),
        (
            "{kind: diffusers, path: x, arguments: {guidance_scale: 2}}",
            r"systems\.a\.arguments\.guidance_scale: is not for this place. Say it with guidance",
        ),
        ("just a text", r"systems\.a: is 'just a text', not a mapping"),
    ],
)
def test_a_declaration_is_refused_with_its_line_key_and_remedy(tmp_path: Path, entry, message):
    path = tmp_path / "systems.yaml"
    path.write_text(f"systems:\n  a: {entry}\n")
    with pytest.raises(BadInput, match=message) as refused:
        find_system("a", path)
    assert "systems.yaml:2" in str(refused.value)


def test_every_mistake_of_an_entry_is_listed_at_once(tmp_path: Path):
    path = tmp_path / "systems.yaml"
    path.write_text("systems:\n  b:\n    kind: diffusers\n    path: y\n    steps: 0\n    depth: 1\n")
    with pytest.raises(BadInput, match=r"2 mistakes\n.*:5: systems\.b\.steps.*\n.*:6: systems\.b\.depth"):
        find_system("b", path)


def test_an_entry_that_cannot_be_used_stops_itself_alone(tmp_path: Path):
    path = tmp_path / "systems.yaml"
    path.write_text("systems:\n  a: {kind: x}\n  b: {kind: diffusers, path: /models/x, steps: 4}\n  c: a text\n")
    systems = load_systems(path)
    assert list(systems) == ["b"]
    assert set(systems.unusable) == {"a", "c"}
    assert find_system("b", path).name == "b"
    with pytest.raises(BadInput, match=r":2: systems\.a\.kind: is 'x'"):
        find_system("a", path)


def test_a_file_whose_entries_are_all_commented_out_declares_none(tmp_path: Path):
    path = tmp_path / "systems.yaml"
    path.write_text("systems:\n#  a: {kind: diffusers}\n")
    assert len(load_systems(path)) == 0


@pytest.mark.parametrize("text", ["sytems: {}", "systems: [a]", "systems: {}\nmore: 1", "systems: {a: [}"])
def test_a_file_that_is_none_of_systems_is_no_file_without_systems(tmp_path: Path, text):
    path = tmp_path / "systems.yaml"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"systems\.yaml"):
        load_systems(path)
