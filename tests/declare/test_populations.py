"""Reference populations: what is read, what is refused, and in which words."""

from pathlib import Path

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import Audit, load_audit
from mcas_assets.declare.mistakes import BadDocument
from mcas_assets.declare.populations import list_populations, load_population, populations_of

HEAD = """\
# title: A town
# source: Its register
# year: 2020
# locale: Town
# axis: gender
"""
ROWS = """\
concept,group,share
nurse,woman,0.75
nurse,man,0.25
judge,woman,0.5
judge,man,0.5
"""


def write(folder: Path, text: str) -> None:
    (folder / "town.csv").write_text(text, encoding="utf-8")


def mistakes(folder: Path, text: str) -> list[tuple[int | None, str, str]]:
    write(folder, text)
    with pytest.raises(BadDocument) as caught:
        load_population("town", folder)
    return [(mistake.line, mistake.key, mistake.problem) for mistake in caught.value.mistakes]


def test_a_population_has_its_source_and_its_shares(tmp_path):
    write(tmp_path, HEAD + ROWS)
    town = load_population("town", tmp_path)
    assert (town.name, town.title, town.source, town.year, town.locale) == (
        "town", "A town", "Its register", 2020, "Town",
    )  # fmt: skip
    assert town.shares == {"gender": {"nurse": {"woman": 0.75, "man": 0.25}, "judge": {"woman": 0.5, "man": 0.5}}}
    assert town.axes == ("gender",)


def test_a_share_that_the_source_does_not_have_is_none_not_zero(tmp_path):
    write(tmp_path, HEAD + ROWS)
    town = load_population("town", tmp_path)
    groups = ["man", "woman", "non-binary"]
    assert town.share("gender", "nurse", "woman", groups) == 0.75
    assert town.share("gender", "pilot", "woman", groups) is None
    assert town.share("gender", "nurse", "non-binary", groups) is None
    assert town.share("skin_tone", "nurse", "light", groups) is None


def test_parity_gives_every_group_the_same_share_on_any_axis():
    parity = load_population("parity")
    assert parity.is_equal
    assert parity.share("gender", "nurse", "woman", ["man", "woman"]) == 0.5
    assert parity.share("skin_tone", "anything", "dark", ["light", "medium", "dark", "other"]) == 0.25


def test_one_file_can_hold_several_axes_by_a_column(tmp_path):
    rows = "gender,nurse,woman,1\nskin_tone,nurse,light,0.5\nskin_tone,nurse,dark,0.5\n"
    write(tmp_path, HEAD.replace("# axis: gender\n", "") + "axis,concept,group,share\n" + rows)
    town = load_population("town", tmp_path)
    assert town.axes == ("gender", "skin_tone")
    assert town.shares["skin_tone"]["nurse"] == {"light": 0.5, "dark": 0.5}


def test_remarks_notes_spaces_quotes_and_windows_line_ends_are_read(tmp_path):
    rows = 'concept, group, share, note\r\n\r\nnurse, woman, 1, "a, b"\r\n'
    (tmp_path / "town.csv").write_bytes(("\ufeff" + HEAD + "## a remark: any words\n" + rows).encode())
    assert load_population("town", tmp_path).shares["gender"]["nurse"] == {"woman": 1.0}


@pytest.mark.parametrize("end", ["", ",", ",,,"])
def test_columns_in_capitals_and_empty_ones_beside_the_table_are_read(tmp_path, end):
    rows = [f"Concept,GROUP, Share {end}", f"nurse,woman,0.75{end}", f"nurse,man,0.25{end}", end]
    write(tmp_path, HEAD + "\n".join(rows))
    assert load_population("town", tmp_path).shares["gender"]["nurse"] == {"woman": 0.75, "man": 0.25}


def test_a_cell_beside_the_table_is_named(tmp_path):
    told = mistakes(tmp_path, HEAD + "concept,group,share,,\nnurse,woman,0.75,,x\nnurse,man,0.25,,\n")
    assert told == [(7, "", "has more cells than there are columns")]


WEIGHED = (
    "concept,group,share,weight\nnurse,woman,0.75,1200.5\nnurse,man,0.25,1200.5\njudge,woman,0.5,68\njudge,man,0.5,68\n"
)


def test_concepts_may_have_sizes_in_the_population(tmp_path):
    write(tmp_path, HEAD + WEIGHED)
    town = load_population("town", tmp_path)
    assert (town.weight("gender", "nurse"), town.weight("gender", "judge")) == (1200.5, 68)
    assert town.weight("gender", "pilot") is None
    assert load_population("us-bls-cps-2022").weight("gender", "nurse") == 3363
    assert load_population("parity").weight("gender", "nurse") is None


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "problem"),
    [
        ("nurse,man,0.25,1200.5", "nurse,man,0.25,1200", 8, "gender.nurse", "has weights that differ"),
        ("68", "", 9, "gender.judge", "has no weight beside others that have"),
        ("68", "0", 9, "weight", "is 0, not a size"),
        ("68", "many", 9, "weight", "is 'many', no number"),
    ],
)
def test_a_size_that_cannot_be_one_is_named(tmp_path, old, new, line, key, problem):
    assert (line, key, problem) in mistakes(tmp_path, HEAD + WEIGHED.replace(old, new))


def test_every_shipped_population_loads():
    assert {"parity", "us-bls-cps-2022"} <= set(list_populations())
    for name in list_populations():
        assert load_population(name).source


def test_an_unknown_population_is_refused_with_those_there_are():
    with pytest.raises(BadInput, match=r"population 'partiy'.*Did you mean 'parity'.*us-bls-cps-2022"):
        load_population("partiy")


@pytest.mark.parametrize("key", ["title", "source", "year", "locale", "axis"])
def test_a_head_without_a_required_key_is_refused(tmp_path, key):
    head = "".join(line for line in HEAD.splitlines(keepends=True) if not line.startswith(f"# {key}:"))
    ((_, named, problem),) = mistakes(tmp_path, head + ROWS)
    assert (named, problem) == (key, "is missing")


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "problem"),
    [
        ("# year: 2020", "# year: soon", 3, "year", "is 'soon'"),
        ("# year: 2020", "# jear: 2020", 3, "jear", "is not a known key"),
        ("# year: 2020", "# year: 2020\n# year: 2021", 4, "year", "is given twice"),
        ("# source: Its register", "# source: Its: register", 2, "", "is not valid YAML"),
        ("# axis: gender", "# axis: gender\n# rule: equal", 8, "rule", "is 'equal', yet there are rows"),
        ("concept,group", "concept,groop", 6, "groop", "is not a known column"),
        ("concept,group,share", "concept,share", 6, "group", "is not among the columns"),
        ("concept,group,share", "concept,group,share,share", 6, "share", "is given twice"),
        ("nurse,woman,0.75", "nurse,woman,75", 7, "share", "is 75, not a share"),
        ("nurse,woman,0.75", "nurse,woman,-0.1", 7, "share", "is -0.1, not a share"),
        ("nurse,woman,0.75", "nurse,woman,nan", 7, "share", "is 'nan', no number"),
        ("nurse,woman,0.75", "nurse,woman,most", 7, "share", "is 'most'"),
        ("nurse,woman,0.75", "nurse,woman", 7, "share", "is empty"),
        ("nurse,woman,0.75", "nurse,woman,0,75", 7, "", "more cells than there are columns"),
        ("nurse,woman,0.75", "Nurse,woman,0.75", 7, "concept", "is 'Nurse', not a name"),
        ("judge,man,0.5", "judge,man,0.4", 9, "gender.judge", "has shares that sum to 0.9, not to 1"),
        ("judge,man,0.5\n", "judge,man,0.5\njudge,man,0.5\n", 11, "gender.judge.man", "is given twice"),
        ("judge,man,0.5", 'judge,"man,0.5', 10, "", "is not valid CSV"),
        ("concept,group,share", "axis,concept,group,share", 7, "group", "not a name"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_line_and_key(tmp_path, old, new, line, key, problem):
    found = mistakes(tmp_path, (HEAD + ROWS).replace(old, new))
    assert any((at, name) == (line, key) and problem in said for at, name, said in found), found


def test_shares_rounded_to_percents_may_miss_one_by_a_rounding(tmp_path):
    write(tmp_path, HEAD + "concept,group,share\nnurse,a,0.33\nnurse,b,0.33\nnurse,c,0.33\n")
    assert load_population("town", tmp_path).shares["gender"]["nurse"]["c"] == 0.33


def test_a_file_without_head_or_rows_is_refused(tmp_path):
    assert mistakes(tmp_path, ROWS)[0][2] == "does not say what it is"
    assert mistakes(tmp_path, HEAD)[0][2] == "has no rows"
    assert mistakes(tmp_path, HEAD + "concept,group,share\n")[0][2] == "has no rows"
    assert mistakes(tmp_path, "")[0][2] == "does not say what it is"


def test_an_axis_in_head_and_column_is_refused(tmp_path):
    found = mistakes(tmp_path, HEAD + "axis,concept,group,share\ngender,nurse,woman,1\n")
    assert found == [(7, "axis", "is given in the head and in the rows")]


def test_one_message_lists_the_mistakes_of_head_and_rows(tmp_path):
    text = (HEAD + ROWS).replace("2020", "soon").replace("0.75", "75").replace("judge,man,0.5", "judge,man,")
    assert [line for line, _, _ in mistakes(tmp_path, text)] == [3, 7, 10]


# ---- the populations of an audit


def naming(*names: str) -> Audit:
    return load_audit("gender").model_copy(update={"populations": names})


def strangers(folder: Path, text: str) -> list[tuple[str, str]]:
    write(folder, text)
    with pytest.raises(BadDocument) as caught:
        populations_of(naming("town"), folder)
    return [(mistake.key, mistake.problem) for mistake in caught.value.mistakes]


@pytest.mark.parametrize("name", ["phantom", "gender", "skin-tone"])
def test_the_populations_of_every_shipped_audit_speak_of_what_it_asks(name):
    audit = load_audit(name)
    assert [population.name for population in populations_of(audit)] == list(audit.populations)


def test_a_population_dropped_into_the_folder_is_used_by_its_name(tmp_path):
    write(tmp_path, HEAD + "concept,group,share\nnurse,woman,0.75\nnurse,man,0.25\n")
    (tmp_path / "parity.csv").write_text((list_populations()["parity"]).read_text())
    found = populations_of(naming("parity", "town"), tmp_path)
    assert [population.share("gender", "nurse", "woman", ("man", "woman")) for population in found] == [0.5, 0.75]


def test_an_audit_that_names_no_known_population_is_told_the_nearest():
    with pytest.raises(BadInput, match="us-bls-cps-2022"):
        populations_of(naming("us-bls-cps-2002"))


def test_a_population_of_other_axes_is_refused(tmp_path):
    text = (HEAD + ROWS).replace("# axis: gender", "# axis: age")
    assert strangers(tmp_path, text) == [("", "speaks of age, no axis of audit 'gender'")]


def test_a_population_of_other_concepts_is_refused(tmp_path):
    text = HEAD + "concept,group,share\nregistered-nurse,woman,0.75\nregistered-nurse,man,0.25\n"
    assert strangers(tmp_path, text) == [("", "has no concept of audit 'gender'")]


def test_groups_that_the_axis_does_not_declare_are_each_named(tmp_path):
    text = HEAD + "concept,group,share\nnurse,female,0.75\nnurse,male,0.25\n"
    problem = "is a group that axis gender of audit 'gender' does not declare"
    assert strangers(tmp_path, text) == [("gender.nurse.female", problem), ("gender.nurse.male", problem)]
