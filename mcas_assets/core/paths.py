"""Where things lie: what ships with the product, what people declare of their own, and what runs produce.

What ships is read in a checkout from `data/` and `sql/`, in an installation from `mcas_assets/builtin/`, where the wheel
puts the same files. Nothing is ever written there by an installed product.
"""

import os
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parents[1]
IS_INSTALLED = (_PACKAGE / "builtin").is_dir()
"""Whether this is the package of a wheel, and not of a checkout."""
ROOT = _PACKAGE / "builtin" if IS_INSTALLED else _PACKAGE.parent
"""Holds `data/` and `sql/`."""
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
    """The folder for everything that runs produce: `MCAS_HOME`, by default `data/home` of a checkout.

    Of an installation it is a folder of the person's own, where their system keeps such (`~/.local/share/mcas-assets`).
    """
    return Path(os.environ.get("MCAS_HOME") or _default_home()).expanduser().resolve()


def _default_home() -> Path:
    return platformdirs.user_data_path("mcas-assets", appauthor=False) if IS_INSTALLED else DATA / "home"
