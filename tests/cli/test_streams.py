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
