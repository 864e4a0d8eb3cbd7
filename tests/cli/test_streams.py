"""A terminal that cannot write every sign gets the ones that it can, and no command ends by it."""

import io
import os
import subprocess
import sys

import pytest

from mcas_assets.cli.streams import tolerate
from mcas_assets.store.database import Store
from mcas_assets.store.publication import publish


@pytest.mark.parametrize(
    ("encoding", "written"), [("ascii", "woman < > man |##= ?"), ("utf-8", "woman ◀ ▶ man │██━ é")]
)
def test_signs_are_replaced_by_others_of_their_width_where_they_must_be(encoding, written):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    tolerate(stream)
    stream.write("woman ◀ ▶ man │██━ é")
    stream.flush()
    assert raw.getvalue().decode(encoding) == written


@pytest.fixture
def published_home(new_home):
    publish(Store(new_home))
    return new_home


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8", "cp932"])
def test_an_answer_with_signs_of_every_kind_is_printed_on_every_stream(published_home, encoding):
    done = subprocess.run(
        [sys.executable, "-m", "mcas_assets", "sql", "select 'a█—é字😀' as signs"],
        env={**os.environ, "MCAS_HOME": str(published_home), "PYTHONUTF8": "0", "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"signs" in done.stdout


def test_what_leads_elsewhere_in_mid_run_leads_back_at_the_end(tmp_path):
    lost = tmp_path / "lost"
    script = (
        "import os, sys; from mcas_assets.cli.streams import keep_own, restore_own; keep_own(); "
        f"os.dup2(os.open({str(lost)!r}, os.O_WRONLY | os.O_CREAT), 2); os.write(2, b'elsewhere'); "
        "restore_own(); sys.stderr.write('here')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == "here"
    assert lost.read_text() == "elsewhere"
