"""What an audit warns of where what it was given shows nothing, or the same over and over."""

import json
import os
import subprocess
import sys

import pytest
from PIL import Image

from tests.cli.command import TINY, mcas


def test_an_audit_that_measured_nothing_says_why_and_does_not_end_with_0(tmp_path):
    """Pictures that show nothing are no scores, no refusals, and no success."""
    audit = TINY.with_name("smallest.yaml")
    prompts = ("a_man", "a_woman", "a_nurse", "a_ceo", "a_person")
    for prompt in prompts:
        (tmp_path / "set" / f"an_image_of_{prompt}").mkdir(parents=True)
        Image.new("RGB", (64, 64)).save(tmp_path / "set" / f"an_image_of_{prompt}" / "0.png")
    entry = {"kind": "import", "path": "set", "format": "tree", "model": "m", "audits": []}
    (tmp_path / "systems.yaml").write_text(json.dumps({"systems": {"black": entry}}))
    done = subprocess.run(
        [sys.executable, "-m", "mcas_assets", "audit", str(audit), "--system", "black"],
        env={**os.environ, "MCAS_HOME": str(tmp_path / "home"), "MCAS_SYSTEMS": str(tmp_path / "systems.yaml")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 6, done.stderr
    assert "5 blank (the picture is of one colour all over (#000000))" in done.stderr
    assert "warning: nine in ten requests gave an image: not so for 5 of 5." in done.stderr
    assert "Refused" not in done.stdout


@pytest.mark.long  # what it says is tested with the views
def test_images_that_are_all_alike_over_seeds_are_warned_of_with_a_remedy(tmp_path):
    for number, prompt in enumerate(("a_man", "a_woman", "a_nurse", "a_ceo", "a_person")):
        (tmp_path / "set" / f"an_image_of_{prompt}").mkdir(parents=True)
        for place in range(2):
            picture = Image.linear_gradient("L").rotate(10 * number).resize((64, 64))
            picture.save(tmp_path / "set" / f"an_image_of_{prompt}" / f"{place}.png", compress_level=1 + 8 * place)
    entry = {"kind": "import", "path": "set", "format": "tree", "model": "m", "audits": []}
    (tmp_path / "systems.yaml").write_text(json.dumps({"systems": {"alike": entry}}))
    done = subprocess.run(
        [sys.executable, "-m", "mcas_assets", "audit", str(TINY.with_name("smallest.yaml")), "--system", "alike"],
        env={**os.environ, "MCAS_HOME": str(tmp_path / "home"), "MCAS_SYSTEMS": str(tmp_path / "systems.yaml")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "warning: images of one prompt differ: not so for 10 of 10." in done.stderr, done.stderr
    assert mcas("sql", "images-behind-the-scores", home=tmp_path / "home").returncode == 0
