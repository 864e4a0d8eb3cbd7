"""The stages that there are: one for each module of `stages/audit`, each after those that it reads."""

import sys
from pathlib import Path

import pytest

import mcas_assets.stages.audit
from mcas_assets.stages import registry
from mcas_assets.stages.contract import Made, Stage
from mcas_assets.stages.reads import Declared
from mcas_assets.stages.registry import STAGES, current_versions, in_order, table_of

WEATHER = '''"""A stage that is one new file."""

from mcas_assets.stages.contract import Made, Stage

STAGE = Stage("weather", "What the weather was.", reads=("scores",), tables=(), make=lambda work: Made({}, ""))
'''


def stage(name: str, *reads: str) -> Stage:
    return Stage(name, "", reads=reads, tables=(), make=lambda work: Made({}, ""))


def test_each_module_of_the_folder_declares_the_stage_of_its_name():
    modules = {file.stem for path in mcas_assets.stages.audit.__path__ for file in Path(path).glob("[!_]*.py")}
    assert set(STAGES) == modules
    assert {name: one.name for name, one in STAGES.items()} == {name: name for name in modules}


def test_a_module_that_is_laid_beside_them_is_found(tmp_path, monkeypatch):
    (tmp_path / "weather.py").write_text(WEATHER)
    package = mcas_assets.stages.audit
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    monkeypatch.setattr(package, "weather", None, raising=False)  # both are taken away again after the test
    monkeypatch.setitem(sys.modules, f"{package.__name__}.weather", None)
    del sys.modules[f"{package.__name__}.weather"]
    found = registry._declared()
    assert set(found) - set(STAGES) == {"weather"}
    assert list(found).index("weather") > list(found).index("scores")


def test_stages_come_after_what_they_read():
    names = list(STAGES)
    for one in STAGES.values():
        assert set(one.reads) <= set(names[: names.index(one.name)])


def test_the_order_is_the_same_however_stages_are_found():
    found = [stage("d", "b", "c"), stage("c", "a"), stage("b", "a"), stage("a")]
    assert list(in_order(found)) == list(in_order(reversed(found))) == ["a", "b", "c", "d"]


def test_a_stage_that_reads_none_that_there_is_is_a_mistake():
    with pytest.raises(KeyError, match="weather"):
        in_order([stage("a", "weather")])


def test_a_table_is_found_by_its_name_and_made_by_one_stage():
    names = [table.name for one in STAGES.values() for table in one.tables]
    assert len(set(names)) == len(names)
    assert [table_of(name).name for name in names] == names
    with pytest.raises(KeyError):
        table_of("weather")


def test_each_stage_has_a_code_version_by_hand_and_of_what_it_reads_of_the_declarations(tiny):
    now = current_versions(tiny, Declared())
    assert list(now) == list(STAGES)
    assert {name: version.partition("+")[0] for name, version in now.items()} == {
        name: one.code_version for name, one in STAGES.items()
    }
    other = current_versions(tiny.model_copy(update={"run_seed": 8}), Declared())
    assert {name for name in now if now[name] != other[name]} == {"plan"}
    assert current_versions(tiny.model_copy(update={"title": "Another"}), Declared()) == now


def test_a_stage_is_recorded_under_the_system_version_unless_it_is_the_same_for_all():
    assert {name: one.partition("s@1") for name, one in STAGES.items() if one.partition("s@1") != "s@1"} == {
        "plan": "", "texts": ""
    }  # fmt: skip
