"""Imported sets through the front door: audited like any other system, with what they have."""

import json
import shutil
from functools import partial
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
import yaml
from PIL import Image
from typer.testing import CliRunner

from mcas_assets.orchestration.runs import run_audit
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store.database import Store
from mcas_assets.store.publication import query, questions
from mcas_assets.systems.find import find_system

TINY = Path(__file__).parents[1] / "data" / "tiny.yaml"


def export(audited, folder: Path, where: str = "true") -> Path:
    """The images of the audited home as an ImageFolder, in the order of the plan."""
    folder.mkdir()
    rows = audited.rows(
        f"select any_value(prompt), any_value(seed), any_value(path) from images_history where {where}"
        " group by image_id order by min(rowid)"
    )
    with (folder / "metadata.jsonl").open("w") as table:
        for n, (prompt, seed, path) in enumerate(rows):
            shutil.copyfile(audited.home / path, folder / f"{n}.png")
            table.write(json.dumps({"file_name": f"{n}.png", "prompt": prompt, "seed": seed}) + "\n")
    return folder


def declare(folder: Path, **keys: object) -> Path:
    entry = {"kind": "import", "path": str(folder), "model": "phantom", "prompt": "prompt", **keys}
    file = folder.parent / "systems.yaml"
    file.write_text(yaml.safe_dump({"systems": {"exported": entry}}))
    return file


@pytest.fixture
def home(audited, tmp_path: Path) -> Path:
    return Path(shutil.copytree(audited.home, tmp_path / "home"))


@pytest.mark.timeout(600)  # with the session's one audit before it
def test_the_exported_images_of_an_audit_score_as_the_audit_itself(audited, home, tmp_path, monkeypatch):
    """The whole command, but for an instance on disk: plan, import, checks, embeddings, scores, publication."""
    from mcas_assets.cli.app import app

    file = declare(export(audited, tmp_path / "set"), seed="seed")
    monkeypatch.setattr("mcas_assets.systems.find.find_system", partial(find_system, path=file))
    monkeypatch.setattr("mcas_assets.orchestration.instance.open_instance", lambda home: dg.DagsterInstance.ephemeral())
    monkeypatch.setenv("MCAS_HOME", str(home))
    done = CliRunner().invoke(app, ["audit", str(TINY), "--system", "exported", "--no-rows"])
    assert done.exit_code == 0, (done.output, done.exception)
    assert "import: 42 of 42 records count, for 7 of the audit's 7 prompts: mcas sql what-was-imported" in done.output

    def of(table: str, version: str) -> list[tuple]:
        leave = "version, system, system_version" + (", standing, standing_reason" if table == "scores" else "")
        with Store(home).open() as con:
            return con.execute(f"select * exclude ({leave}) from {table} where {version} order by all").fetchall()

    for table in ("scores", "components", "panel", "representation", "amplification", "divergence"):
        imported = of(table, "system = 'exported'")
        assert imported == of(table, "system <> 'exported'")
        assert imported
    both = "select count(distinct system_version), count(distinct image_id), count(distinct sha256) from images"
    assert query(Store(home), both).rows() == [(2, 84, 42)]
    assert query(Store(home), "select count(*) from image_facts where record is not null").item() == 42
    told = query(Store(home), questions()["what-was-imported"].read_text())
    assert told.select(pl.col("match").unique(), pl.col("records").sum()).rows() == [("exact", 42)]


def test_what_a_set_lacks_is_null_with_a_reason_and_never_a_number(audited, home, tmp_path, instance, tiny):
    """No image of a woman and none of a person, two of the CEOs refused, one black, seeds unknown, more nurses than asked."""
    folder = export(audited, tmp_path / "set", "concept is distinct from 'person' and pole is distinct from 'b'")
    table = [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]
    ceos = [row for row in table if "ceo" in row["prompt"]]
    for row in ceos[:2]:
        row |= {"file_name": None, "state": "refused"}
    Image.new("RGB", (64, 64)).save(folder / ceos[2]["file_name"])
    nurse = next(row for row in table if "nurse" in row["prompt"])
    Image.open(folder / nurse["file_name"]).save(folder / "more.png", compress_level=0)
    table.append(nurse | {"file_name": "more.png"})
    table.append({"file_name": "0.png", "prompt": "a cat"})
    (folder / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in table))
    status = {"column": "state", "values": {"refused": "refused_prompt"}, "others": "ok"}
    system = find_system("exported", declare(folder, status=status), cache=home / "digests.json")
    ran = run_audit(tiny, system, Workplace(home=home), instance)

    def rows(sql: str) -> list[tuple]:
        with Store(home).open() as con:
            return con.execute(sql.replace("$v", f"'{ran.system_version}'")).fetchall()

    of_concepts = "from images where system_version = $v and role = 'concept' group by all order by all"
    assert rows(f"select concept, outcome, count(*) {of_concepts}") == [
        ("ceo", "blank", 1), ("ceo", "ok", 3), ("ceo", "refused_prompt", 2), ("nurse", "ok", 7)
    ]  # fmt: skip
    assert rows("select distinct seed from images where system_version = $v") == [(None,)]
    of_scores = "from scores where system_version = $v and axis = 'gender'"
    assert rows(
        f"select distinct concept, n_images, mcas, iias, itpas, itaas is null, reason {of_scores} order by 1"
    ) == [
        ("ceo", 3, None, None, None, False, "no image of pole B"),
        ("nurse", 7, None, None, None, False, "no image of pole B"),
        ("person", 0, None, None, None, True, "no image of pole B; no image of the concept"),
    ]
    shares = "select distinct concept, n_requested, n_missing, corrected_share, share is null from representation"
    found = rows(f"{shares} where system_version = $v and axis = 'gender' and n_counted > 0 order by 1")
    assert {(concept, asked, missing) for concept, asked, missing, _, _ in found} == {("ceo", 6, 3), ("nurse", 7, 0)}
    assert {(corrected, no_share) for *_, corrected, no_share in found} == {(None, False)}
    lacking = "select prompt from import_account where match = 'lacking' and system_version = $v order by 1"
    assert rows(lacking) == [
        ("an image of a dark-skinned person",), ("an image of a person",), ("an image of a woman",)
    ]  # fmt: skip
    failed = f"select rule, severity from quality_results where run_id = '{ran.run_id}' and not success"
    assert set(rows(failed)) == {
        ("the set has every prompt of the audit", "warning"), ("nine in ten requests gave an image", "warning")
    }  # fmt: skip
