"""What an imported system is: what its declaration may say, and that any change of what it holds is another version."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from mcas_assets.core.errors import BadInput
from mcas_assets.declare.mistakes import BadDocument
from mcas_assets.systems.find import find_system
from mcas_assets.systems.image_sets import manifest
from mcas_assets.systems.image_sets.mapping import list_mappings, load_mapping
from mcas_assets.systems.image_sets.wording import fill, normal
from mcas_assets.systems.protocol import Request

ROWS = [{"file_name": f"{n}.png", "prompt": "a nurse", "seed": n, "model": "A"} for n in range(3)]


@pytest.fixture
def folder(sets: SimpleNamespace, image_folder) -> Path:
    return image_folder(ROWS, {f"{n}.png": sets.picture(n) for n in range(3)})


def refusal(tmp_path: Path, **keys: object) -> str:
    entry = {"kind": "import", "path": "set", "model": "a-model", "prompt": "prompt", **keys}
    file = tmp_path / "systems.yaml"
    file.write_text(yaml.safe_dump({"systems": {"mine": {k: v for k, v in entry.items() if v is not None}}}))
    with pytest.raises(BadDocument) as refused:
        find_system("mine", file)
    return str(refused.value)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"promt": "p"}, "mine.promt: is not a known key. Did you mean 'prompt'"),
        ({"prompt": None}, "mine.prompt: is missing. Name its column, or give a template"),
        ({"model": None}, "mine.model: is missing. Say which model made the images"),
        ({"prompt": "a {profession"}, "with a placeholder that cannot be filled. Write the name of a column in braces"),
        ({"mapping": "stable-bias"}, "mine.mapping: is 'stable-bias', which is no ready mapping. Did you mean 'stable-bias-"),
        ({"status": {"column": "s", "values": {"no": "refuse"}}}, "is 'refuse', which is no outcome. Did you mean 'refused_"),
        ({"rewrite": [{"pattern": "(", "by": ""}]}, "no regular expression"),
        ({"rewrite": [{"pattern": "a (b)", "by": "\\2"}]}, "cannot be filled"),
        ({"format": "tar"}, "mine.format: is 'tar'. It must be 'image-folder', 'tree', 'parquet' or 'webdataset'"),
        ({"format": "tree", "image": "img"}, "mine.image: is only for format: parquet"),
        ({"max_pixels": 10**9}, "mine.max_pixels: is 1000000000. It must be less than or equal to 89478485"),
        ({"mapping": "stable-bias-professions-v2", "prompt": None, "model": None}, "by the column model"),
    ],
)  # fmt: skip
def test_a_declaration_that_cannot_be_used_is_named_by_file_line_key_and_remedy(tmp_path, keys, said):
    message = refusal(tmp_path, **keys)
    assert said in message
    assert re.search(r"systems\.yaml:\d+: systems\.mine", message)


@pytest.mark.parametrize(
    ("keys", "key"),
    [
        ({"prompt": "promp"}, "prompt"),
        ({"prompt": "{x} of {prompt}"}, "prompt: x"),
        ({"seed": "sed"}, "seed"),
        ({"where": {"modle": "A"}}, "where.modle"),
        ({"keep": ["stps"]}, "keep: stps"),
        ({"status": {"column": "state", "values": {"no": "refused_prompt"}}}, "status.column"),
    ],
)
def test_a_column_that_the_set_lacks_is_named_with_the_key_that_wants_it(sets, folder, keys, key):
    with pytest.raises(BadInput, match="has no column") as refused:
        sets.declared(folder, **keys).identity()
    assert refused.value.key == key
    assert "Known: " in refused.value.remedy


def test_a_model_that_the_set_does_not_have_is_answered_with_those_it_has(sets, folder):
    with pytest.raises(BadInput, match=r"holds no image of B: its rows are of model=A \(3\)"):
        sets.declared(folder, model_column="model", model="B").identity()


def test_every_ready_mapping_loads_says_where_the_set_is_and_needs_no_more_than_path_and_model():
    assert len(list_mappings()) == 5
    for name in list_mappings():
        ready = load_mapping(name)
        assert ready.title
        assert ready.description
        assert ready.source.startswith("https://")
        assert ready.prompt


def test_the_version_is_of_the_set_and_its_mapping_and_of_nothing_else(sets, folder):
    first = sets.declared(folder, seed="seed").identity()
    assert first.document["parameters"] == "unknown"
    assert first.document["kind"] == "import"
    (folder / "README.md").write_text("words about the set")
    (folder / "0.png").touch()
    moved = folder.rename(folder.parent / "elsewhere")
    assert sets.declared(moved, seed="seed", licence="CC0", title="A set").identity().digest == first.digest


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(bytes(data))


def edit(path: Path, before: str, after: str) -> None:
    path.write_text(path.read_text().replace(before, after, 1))


CHANGES = {
    "a bit of an image": lambda folder: flip(folder / "1.png"),
    "a prompt": lambda folder: edit(folder / "metadata.jsonl", "a nurse", "a nurs"),
    "a seed": lambda folder: edit(folder / "metadata.jsonl", '"seed": 2', '"seed": 3'),
    "a missing image": lambda folder: (folder / "2.png").unlink(),
    "a row less": lambda folder: edit(folder / "metadata.jsonl", json.dumps(ROWS[2]), ""),
    "the order": lambda folder: (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, ROWS[::-1]))),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_changes_in_a_set_is_another_version(sets, folder, name):
    cache = folder.parent / "home" / "digests.json"
    before = sets.declared(folder, seed="seed", cache=cache).identity().version
    CHANGES[name](folder)
    assert sets.declared(folder, seed="seed", cache=cache).identity().version != before


@pytest.mark.parametrize(
    "keys",
    [
        {"seed": None},
        {"model": "another"},
        {"parameters": {"steps": 50}},
        {"prompt_rewriter": "on"},
        {"prompts": {"a nurse": "an image of a nurse"}},
        {"rewrite": [{"pattern": "^a ", "by": "the "}]},
        {"where": {"seed": [0, 1]}},
        {"max_pixels": 4},
        {"keep": ["model"]},
    ],
    ids=lambda keys: next(iter(keys)),
)
def test_whatever_changes_in_the_mapping_is_another_version(sets, folder, keys):
    before = sets.declared(folder, seed="seed").identity().version
    assert sets.declared(folder, **({"seed": "seed"} | keys)).identity().version != before


def test_a_set_that_nobody_touched_is_not_read_again(sets, folder, monkeypatch):
    cache = folder.parent / "home" / "digests.json"
    first = sets.declared(folder, cache=cache)
    first.identity()
    monkeypatch.setattr(manifest, "_write", None)  # reading it would call this
    again = sets.declared(folder, cache=cache)
    assert again.identity() == first.identity()
    assert sets.records(again).equals(sets.records(first))
    monkeypatch.undo()
    flip(folder / "1.png")
    assert sets.declared(folder, cache=cache).identity() != first.identity()
    assert len(list((folder.parent / "home" / "image-sets").iterdir())) == 1  # the former table went


def test_a_set_that_changes_while_it_is_read_is_not_identified(sets, folder, monkeypatch):
    write = manifest._write

    def meddled(*given):
        told = write(*given)
        flip(folder / "0.png")
        return told

    monkeypatch.setattr(manifest, "_write", meddled)
    with pytest.raises(BadInput, match="changed while it was being read"):
        sets.declared(folder).identity()


def test_a_set_draws_nothing_has_no_size_and_takes_no_settings(sets, folder):
    system = sets.declared(folder)
    assert system.capabilities().images == "given"
    with pytest.raises(BadInput, match="draws nothing"):
        system.generate([Request("a nurse", 1, 8, 8)])
    with pytest.raises(BadInput, match="whatever size"):
        system.size()
    with pytest.raises(BadInput, match="takes no such setting"):
        find_system("mine", folder.parent / "set.yaml", steps=3)


def test_a_status_column_tells_refusals_and_what_it_does_not_know_is_a_failure(sets, image_folder):
    rows = [{"file_name": "0.png", "prompt": "a nurse", "state": state, "why": why} for state, why in (
        ("ok", None), ("blocked", "policy"), ("blocked", None), ("eh", None), (None, None))]  # fmt: skip
    status = {"column": "state", "values": {"ok": "ok", "blocked": "refused_output"}, "reason": "why"}
    system = sets.declared(image_folder(rows), status=status)
    made = [(one.outcome, one.reason) for one in system.take(sets.records(system))]
    assert made == [
        ("ok", None), ("refused_output", "policy"), ("refused_output", "the set says so: state is blocked"),
        ("failed", "the set says so: state is 'eh', not a value that is declared"),
        ("failed", "the set says so: state is None, not a value that is declared"),
    ]  # fmt: skip


def test_a_key_that_only_some_json_rows_have_is_a_column(sets, image_folder):
    rows = [{"file_name": "0.png", "prompt": "a nurse"}] * 150 + [{"prompt": "a nurse", "state": "no"}]
    status = {"column": "state", "values": {"no": "refused_prompt"}, "others": "ok"}
    assert sets.outcomes(sets.declared(image_folder(rows), status=status))[-1] == ("a nurse", None, "refused_prompt")


def test_constants_fill_templates_and_kept_columns_stay_with_the_image(sets, folder):
    system = sets.declared(
        folder, prompt="{style} of {a} {model}", constants={"style": "photo"}, keep=["seed"], revised_prompt="prompt"
    )
    rows = sets.records(system)
    assert rows["prompt"].unique().to_list() == ["photo of an A"]
    assert json.loads(rows["extras"][2]) == {"seed": 2, "revised_prompt": "a nurse"}


@pytest.mark.parametrize(
    ("prompt", "same"),
    [
        ("A Nurse", True), ("a_nurse", True), ("  a   nurse ", True), ("a nurse.", True), ("ａ nurse", True),
        ("an nurse", False), ("nurse", False), ("a nurse, smiling", False), ("a nursé", False),
    ],
)  # fmt: skip
def test_prompts_count_as_one_wording_but_for_case_spaces_and_a_last_full_stop(prompt, same):
    assert (normal(prompt) == normal("a nurse")) is same


def test_templates_leave_no_gap_where_a_column_is_empty():
    assert fill("Photo of {a} {x} {y}", {"x": None, "y": "old_man"}) == "Photo of an old man"
    assert fill("Photo of {a} {x} {y}", {"x": None, "y": ""}) is None
    assert fill("part-{n:06d}/{f}", {"n": 7.0, "f": "a_b.png"}, is_path=True) == "part-000007/a_b.png"
