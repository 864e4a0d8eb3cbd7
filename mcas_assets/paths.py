"""Where things lie: what ships with the project, and what runs produce."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "data"
SQL = ROOT / "sql"


def home() -> Path:
    """The folder for everything that runs produce: `MCAS_HOME`, by default `data/home` of the checkout."""
    return Path(os.environ.get("MCAS_HOME") or DATA / "home").expanduser().resolve()
