"""The `mcas` command as a process of its own, for tests of what a person meets."""

import os
import subprocess
import sys
from pathlib import Path

TINY = Path(__file__).parents[1] / "data" / "tiny.yaml"


def mcas(*words: str, home: Path, timeout: float = 240, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mcas_assets", *words],
        env={**os.environ, "MCAS_HOME": str(home), "COLUMNS": "140", **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The one message of a refused command."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, done.stderr
    return errors[0]
