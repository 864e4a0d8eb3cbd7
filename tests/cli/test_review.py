"""A rater's page that Ctrl+C ends: the answers are taken in by the same command, which ends well."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from mcas_assets.store.database import Store
from mcas_assets.store.publication import published_rows
from tests.cli.command import TINY


@pytest.mark.timeout(600)
def test_ctrl_c_ends_the_page_and_takes_the_answers_in(audited, tiny, tmp_path: Path):
    home = Path(shutil.copytree(audited.home, tmp_path / "home"))
    started = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "mcas_assets",
            "review",
            "phantom-stereotyped",
            "--rater",
            "ada",
            "--audit",
            str(TINY),
            "--images",
            "9",
        ],
        env={**os.environ, "MCAS_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stderr is not None
    address = next(found[1] for line in started.stderr if (found := re.match(r"review: (\S+)", line)))
    site, _, token = address.partition("?token=")
    with httpx2.Client(headers={"Authorization": f"Bearer {token}", "Origin": site.rstrip("/")}) as page:
        assert page.post(f"{site}answer", json={"place": 0, "answer": 1}).json()["done"] == 1
        started.send_signal(signal.SIGINT)  # with the connection of the page still open
        out, err = started.communicate(timeout=300)
    assert started.returncode == 0, err
    assert "People on gender: 1 rater, 0 of 9 drawn images answered by two or more" in out
    agreement = published_rows(Store(home), "rater_agreement", tiny.audit, audited.ran.system_version)
    assert agreement.select("axis", "n_raters", "n_single").rows() == [("gender", 1, 1)]
