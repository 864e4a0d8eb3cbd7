"""Where things lie: what ships with the project, and what runs produce."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"
SQL = ROOT / "sql"
PAGES_PORT = 3333
"""Where `mcas view` serves unless it is told otherwise, and where Dagster's UI sends people."""


def systems_file() -> Path:
    """The declared systems: `MCAS_SYSTEMS`, by default `data/systems.yaml`. Folders in it are relative to where it lies."""
    return Path(os.environ.get("MCAS_SYSTEMS") or DATA / "systems.yaml").expanduser().resolve()


def audits_folder() -> Path:
    """The folder of the declared audits: `MCAS_AUDITS`, by default `data/audits`."""
    return Path(os.environ.get("MCAS_AUDITS") or DATA / "audits").expanduser().resolve()


def home() -> Path:
    """The folder for everything that runs produce: `MCAS_HOME`, by default `data/home` of the checkout."""
    return Path(os.environ.get("MCAS_HOME") or DATA / "home").expanduser().resolve()
