"""Evidence that was changed is told from evidence that was not, and what it says of files leads nowhere out of its folder."""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from mcas_assets.core.errors import BadInput, Unsound
from mcas_assets.export.manifest import MANIFEST, STATEMENT, is_inside, write_manifest
from mcas_assets.export.verify import verify
from tests.mutations import spoiled


def kinds(folder: Path, **words) -> list[tuple[str, str]]:
    return [(one.kind, one.text) for one in verify(folder, **words).found]


def forge(folder: Path) -> None:
    """As someone does who changed a file: a manifest and a statement that fit."""
    digest = write_manifest(folder)
    stated = json.loads((folder / STATEMENT).read_text())
    stated["subject"][0]["digest"]["sha256"] = digest
    (folder / STATEMENT).write_text(json.dumps(stated))


def change(folder: Path, table: str, column: str, by=lambda value: value + 0.1, place: int = 0) -> None:
    """Another value in one cell of a table, with a manifest that fits."""
    file = folder / "tables" / f"{table}.parquet"
    rows = pl.read_parquet(file)
    place = next(i for i, value in enumerate(rows[column]) if value is not None and i >= place)
    values = rows[column].to_list()
    values[place] = by(values[place])
    rows.with_columns(pl.Series(column, values, rows.schema[column])).write_parquet(file)
    forge(folder)


def test_what_was_not_changed_agrees(filed):
    found = verify(filed.folder)
    assert found.found == ()
    assert (found.manifest, found.n_files) == (filed.manifest, filed.files)
    assert found.about.startswith("audit tiny of phantom-stereotyped@")
    assert "scores from the vectors of phantom-balanced, phantom-biased" in found.checked


def test_a_file_that_was_changed_is_missing_or_is_too_many_is_named(folder):
    (folder / "report/index.html").write_text("another")
    (folder / "tables/panel.parquet").unlink()
    (folder / "tables/more.parquet").write_bytes(b"")
    assert kinds(folder) == [
        ("extra", "tables/more.parquet"), ("changed", "report/index.html"), ("missing", "tables/panel.parquet"),
    ]  # fmt: skip


def test_a_manifest_that_was_made_to_fit_is_told_by_the_statement_and_by_a_digest_that_was_noted(folder, filed):
    (folder / "README.md").write_text("another")
    write_manifest(folder)
    assert [kind for kind, _ in kinds(folder)] == ["manifest"]
    forge(folder)
    assert kinds(folder) == []
    assert [kind for kind, _ in kinds(folder, manifest=filed.manifest)] == ["manifest"]


@pytest.mark.parametrize(
    ("table", "column", "by", "words"),
    [
        ("scores", "mcas", lambda value: value + 0.001, "scores: mcas of gender"),
        ("scores", "adjusted", lambda value: -value, "scores: adjusted of"),
        ("scores", "iias", lambda value: value + 0.001, "components: value of"),
        ("scores", "q_value", lambda value: value / 2, "scores: q_value of"),
        ("scores", "share_equivalent", lambda value: value + 0.1, "scores: share_equivalent of"),
        ("scores", "n_images", lambda value: value + 1, "scores: n_images of"),
        ("components", "value", lambda value: value * 1.01, "components: value of gender phantom-balanced nurse iias"),
        ("representation", "share", lambda value: 1 - value, "representation: share of"),
        ("representation", "share_low", lambda value: value + 0.01, "representation: share_low of"),
        ("representation", "n_group", lambda value: value - 1, "representation: n_group of"),
        ("representation", "n_requested", lambda value: value + 1, "representation: n_requested of"),
        ("image_labels", "label", lambda value: "woman" if value == "man" else "man", "representation: n_group of"),
        ("images", "outcome", lambda value: "refused_prompt", "scores: n_images of"),
        ("amplification", "difference", lambda value: value + 0.2, "amplification: difference of"),
        ("confusion", "rate", lambda value: value / 2 + 0.1, "confusion: rate of"),
        ("refusals", "n_refused", lambda value: value + 1, "refusals: n_requested of all"),
        ("impact_ratios", "impact_ratio", lambda value: value / 2, "impact_ratios: impact_ratio of"),
        ("impact_ratios", "four_fifths", lambda value: "below" if value == "not below" else "not below", "impact_ratios: four"),
    ],
)  # fmt: skip
def test_a_number_that_does_not_follow_from_its_rows_is_named_though_manifest_and_statement_fit(
    folder, table, column, by, words
):
    n_attributes = pl.read_parquet(folder / "tables/images.parquet")["role"].to_list().index("concept")
    change(folder, table, column, by, place=n_attributes if table in ("images", "image_labels") else 0)
    found = kinds(folder)
    assert found
    assert {kind for kind, _ in found} == {"number"}
    assert any(
        column in text or table in ("image_labels", "images") or "rate" in text or "mcas" in text for _, text in found
    )


def test_a_score_that_adds_up_and_is_not_that_of_the_vectors_is_named(folder):
    scores = folder / "tables/scores.parquet"
    rows = pl.read_parquet(scores).with_columns(
        pl.col("ttas", "mcas", "adjusted", "parity_adjusted") + 0.05
    ).with_columns(share_equivalent=pl.col("adjusted") / pl.col("gap"))  # fmt: skip
    rows.write_parquet(scores)
    parts = folder / "tables/components.parquet"
    pl.read_parquet(parts).with_columns(
        value=pl.when(pl.col("component") == "ttas").then(pl.col("value") + 0.05).otherwise("value")
    ).write_parquet(parts)
    forge(folder)
    found = kinds(folder)
    assert len(found) == len(rows)
    assert all(text.startswith("scores: ttas of ") for _, text in found)


def test_a_link_is_named_and_not_followed(folder, tmp_path):
    secret = tmp_path / "secret.parquet"
    pl.read_parquet(folder / "tables/panel.parquet").write_parquet(secret)
    (folder / "tables/panel.parquet").unlink()
    (folder / "tables/panel.parquet").symlink_to(secret)
    (folder / "elsewhere").symlink_to(tmp_path)
    (folder / "loop").symlink_to(folder)
    assert kinds(folder) == [
        ("link", "elsewhere is a link, which is not followed"), ("link", "loop is a link, which is not followed"),
        ("link", "tables/panel.parquet is a link, which is not followed"),
    ]  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
@pytest.mark.timeout(30)
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(folder):
    (folder / "evidence.json").unlink()
    os.mkfifo(folder / "evidence.json")
    assert ("link", "evidence.json is no plain file") in kinds(folder)
    (folder / MANIFEST).unlink()
    os.mkfifo(folder / MANIFEST)
    assert kinds(folder) == [("manifest", f"{MANIFEST}: is no plain file")]


@pytest.mark.parametrize(
    "name",
    ["../secret", "/etc/passwd", "tables/../../secret", "./README.md", "a//b", "C:/x", "a\\b", "..", "", "tables/"],
)
def test_a_manifest_that_names_a_file_outside_is_not_read_on(folder, name):
    with (folder / MANIFEST).open("a") as stream:
        stream.write(f"{'0' * 64}  {name}\n")
    (kind, text), *more = kinds(folder)
    assert (kind, more) == ("manifest", [])
    assert "outside of the folder" in text or "no sha256 and name" in text


@pytest.mark.parametrize("name", ["README.md", "report/index.html", ".eval_results/x.yaml", "a b/c.png", "images/..x"])
def test_a_name_within_a_folder_is_one(name):
    assert is_inside(name)


def test_a_manifest_that_is_missing_or_names_a_file_twice_is_said(folder):
    lines = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(lines + lines.splitlines()[0] + "\n")
    assert "a second time" in kinds(folder)[0][1]
    (folder / MANIFEST).unlink()
    assert kinds(folder) == [("manifest", f"{MANIFEST}: is missing")]


def test_a_statement_that_is_missing_or_states_nothing_is_named(folder):
    (folder / STATEMENT).write_text('{"subject": []}')
    assert [kind for kind, _ in kinds(folder)] == ["document"]
    (folder / STATEMENT).unlink()
    assert kinds(folder) == [("missing", STATEMENT)]


def test_a_signature_beside_the_statement_is_said_and_is_not_too_many(folder):
    (folder / f"{STATEMENT}.sig").write_text("signed")
    found = verify(folder)
    assert (found.found, found.signatures) == ((), (f"{STATEMENT}.sig",))


def test_tables_of_another_form_are_said_to_be(folder):
    pl.DataFrame({"x": [1]}).write_parquet(folder / "tables/scores.parquet")
    forge(folder)
    assert [kind for kind, _ in kinds(folder)] == ["document"]


def test_a_folder_without_evidence_is_bad_input(tmp_path):
    with pytest.raises(BadInput, match="holds no manifest"):
        verify(tmp_path)
    with pytest.raises(BadInput, match="is no folder"):
        verify(tmp_path / "none")


def test_whatever_is_done_to_a_file_is_named_and_raises_nothing(folder):
    dice, tried = random.Random(5), 0
    shutil.rmtree(folder / "report")  # which is most of the files, and is not read
    forge(folder)
    files = ["evidence.json", STATEMENT, MANIFEST, "tables/scores.parquet", "tables/images.parquet", "tables/image_labels.parquet",
             "tables/impact_ratios.parquet", "vectors/phantom-biased.parquet"]  # fmt: skip
    for name in files * 3:
        file = folder / name
        before, kept = file.read_bytes(), {one: (folder / one).read_bytes() for one in (MANIFEST, STATEMENT)}
        file.write_bytes(spoiled(before, dice))
        if name not in kept:
            forge(folder)  # so that what was spoiled is read
        tried += bool(verify(folder).found)
        file.write_bytes(before)
        for one, data in kept.items():
            (folder / one).write_bytes(data)
    assert verify(folder).found == ()
    assert tried > len(files)


def test_the_command_needs_no_home_and_leaves_none_and_ends_with_status_7_where_something_does_not_agree(
    folder, tmp_path
):
    (folder / "README.md").unlink()
    nowhere = tmp_path / "nowhere"
    done = subprocess.run(
        [sys.executable, "-m", "mcas_assets", "verify", str(folder)],
        env={**os.environ, "MCAS_HOME": str(nowhere)}, cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 7, done.stderr
    assert "missing    README.md" in done.stdout
    assert f"not sound: {folder}: 1 thing does not agree" in done.stderr
    assert not nowhere.exists()


def test_the_command_raises_what_gives_that_status(folder, mcas):
    shutil.rmtree(folder / "records")
    with pytest.raises(Unsound, match="things do not agree"):
        mcas("verify", str(folder))
