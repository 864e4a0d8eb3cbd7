"""`mcas plan`: what it says before anything is drawn, and that it makes nothing."""

import re
import shutil
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from mcas_assets.cli.app import app
from mcas_assets.core.errors import BadInput
from tests.cli.command import TINY


def plan(*words: str, home: Path) -> str:
    """What `mcas plan` prints."""
    done = CliRunner().invoke(app, ["plan", str(TINY), *words], env={"MCAS_HOME": str(home)})
    if done.exception:
        raise done.exception
    return done.stdout


def test_the_command_names_images_time_and_where_the_spread_is_from_and_makes_nothing(tmp_path):
    printed = plan("--detect", "0.3", home=tmp_path / "home")
    declared = printed.partition("For a change of 0.3")[0].splitlines()
    rows = dict(re.split(r"  +", line.strip(), maxsplit=1) for line in declared if "  " in line.strip())
    assert printed.startswith("tiny of phantom-stereotyped@")
    assert (rows["images"], rows["images of a concept"]) == ("42", "6")
    assert "For a change of 0.3" in printed
    assert "assumed" in printed
    assert not (tmp_path / "home").exists()


def test_the_command_uses_what_an_audit_left(audited, tmp_path):
    home = Path(shutil.copytree(audited.home, tmp_path / "home"))
    printed = plan(home=home)
    assert f"42 stored images of {audited.ran.system_version}" in printed
    assert re.search(r"pace +median of 42 images", printed)
    with duckdb.connect(str(home / "store.duckdb")) as con:
        assert con.execute("select count(*) from image_facts").fetchall() == [(42,)]


@pytest.mark.parametrize("detect", ["0", "-1", "9"])
def test_a_change_that_cannot_be_is_refused(tmp_path, detect):
    with pytest.raises(BadInput, match="--detect"):
        plan("--detect", detect, home=tmp_path)
