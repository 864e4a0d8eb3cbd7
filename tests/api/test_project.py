"""What `import mcas_assets` gives reads what was measured, runs what is asked, and says what cannot be."""

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import mcas_assets as mcas
from mcas_assets.cli.project import init
from tests.conftest import Audited

VERSION = "phantom-stereotyped"
ALL = pl.when(pl.col("value").is_null().any()).then(None).otherwise(pl.col("value").sum())


@pytest.fixture(scope="module")
def project(audited: Audited) -> mcas.Project:
    return mcas.open_project(home=audited.home)


def test_everything_that_is_public_is_listed_and_there():
    assert all(hasattr(mcas, name) for name in mcas.__all__)


def test_the_package_is_imported_without_torch_dagster_or_polars():
    loaded = "import sys, mcas_assets; print(sorted({'torch', 'dagster', 'polars', 'altair'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_scores_components_and_shares_are_those_of_the_published_copy(project, audited):
    version = audited.ran.system_version
    scores = project.scores("tiny", VERSION)
    assert scores.sort("axis", "embedder", "concept")["mcas"].to_list() == [
        mcas for (mcas,) in audited.rows("select mcas from scores order by axis, embedder, concept")
    ]
    assert set(scores["system_version"]) == set(project.shares("tiny")["system_version"]) == {version}
    parts = project.components("tiny", version[:-4]).group_by("axis", "embedder", "concept").agg(total=ALL)
    both = scores.join(parts, on=["axis", "embedder", "concept"])
    assert both.height == scores.height
    assert both["mcas"].to_list() == pytest.approx(both["total"].to_list(), nan_ok=True)


def test_images_say_where_their_files_lie(project):
    images = project.images("tiny").filter(outcome="ok")
    assert images.height
    assert all(Path(file).is_file() for file in images["file"])


def test_sql_answers_a_statement_with_values_and_a_question_by_its_name(project):
    counted = project.sql("select count(*) n from scores where audit = $audit", {"audit": "tiny"})
    assert counted["n"].item() == project.scores("tiny").height
    assert not project.sql("where-is-the-bias").is_empty()
    with pytest.raises(mcas.BadInput, match="DROP"):
        project.sql("drop table scores")


def test_what_is_declared_and_audited_is_listed(project, audited):
    assert VERSION in project.declared("systems")["name"].to_list()
    assert audited.ran.system_version in project.versions()["system_version"].to_list()
    with pytest.raises(mcas.BadInput, match="Use one of systems, embedders"):
        project.declared("poems")


def test_a_chart_holds_the_rows_that_the_page_draws_without_their_links(project):
    drawn = project.chart("scores", "tiny").to_dict()["datasets"]["rows"]
    scored = project.scores("tiny").filter(pl.col("category") != "neutral").drop_nulls("adjusted")
    assert {row["name"] for row in drawn} == set(scored["concept"])
    assert not any(row["url"] for row in drawn)
    shown = project.chart("shares", "tiny").to_dict()["datasets"]["rows"]
    assert {row["name"] for row in shown} == set(project.shares("tiny").drop_nulls("share")["concept"])


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"of": "pies"}, "Use one of scores, shares, changes"),
        ({"axis": "height"}, "'height', of which 'tiny' has no scores"),
        ({"version": "nobody"}, "no system version that 'tiny' has scores of"),
        ({"of": "changes"}, "first version of its system"),
    ],
)  # fmt: skip
def test_a_chart_of_what_is_not_there_is_refused_in_words(project, asked, problem):
    with pytest.raises(mcas.BadInput, match=problem):
        project.chart(**{"audit": "tiny", **asked})


def test_two_projects_are_each_read_by_their_own_declarations(tmp_path, monkeypatch):
    for name in ("one", "two"):
        init(tmp_path / name)
    audits = tmp_path / "two" / "audits"
    (audits / "second.yaml").write_text((audits / "my-audit.yaml").read_text().replace("my-audit", "second"))
    one, two = (mcas.open_project(tmp_path / name) for name in ("one", "two"))
    before = dict(os.environ)
    assert "second" in two.declared("audits")["name"].to_list()
    assert "second" not in one.declared("audits")["name"].to_list()
    assert one.home == tmp_path / "one" / "home"
    assert dict(os.environ) == before


def test_a_project_is_found_as_the_command_finds_it(tmp_path, monkeypatch):
    init(tmp_path / "mine")
    (inner := tmp_path / "mine" / "audits" / "deep").mkdir()
    monkeypatch.chdir(inner)
    monkeypatch.delenv("MCAS_HOME", raising=False)
    assert mcas.open_project().folder == tmp_path / "mine"
    with pytest.raises(mcas.BadInput, match=r"holds no mcas\.yaml\. Make it a project: mcas init"):
        mcas.open_project(tmp_path)
