"""Where things lie: what ships with the product, what people declare in a project of their own, and what runs produce.

What ships is read in a checkout from `data/` and `sql/`, in an installation from `mcas_assets/builtin/`, where the wheel
puts the same files. Nothing is ever written there by an installed product.
"""

import os
from pathlib import Path

import platformdirs

from mcas_assets.core.errors import BadInput

_PACKAGE = Path(__file__).resolve().parents[1]
IS_INSTALLED = (_PACKAGE / "builtin").is_dir()
"""Whether this is the package of a wheel, and not of a checkout."""
ROOT = _PACKAGE / "builtin" if IS_INSTALLED else _PACKAGE.parent
"""Holds `data/` and `sql/`."""
DATA = ROOT / "data"
SQL = ROOT / "sql"
MARKER = "mcas.yaml"
"""The file that makes a folder a project."""
PAGES_PORT = 3333
"""Where `mcas view` and `mcas serve` serve unless they are told otherwise."""
HISTORY = "MCAS_HISTORY"
"""Variable of the Postgres database that holds Dagster's history of a home. It holds a password, so it stands in no file."""
IMAGES = "MCAS_IMAGES"
"""Variable of the bucket in which image files of a home lie, if they do. It stands before `images` of `mcas.yaml`."""
PAGES = "MCAS_PAGES"
"""Variable of the address by which people reach the pages, where that is another: that of a proxy, say."""


def project() -> Path | None:
    """The project that is worked in: `MCAS_PROJECT`, else the nearest folder upwards that holds a `mcas.yaml`, if there is one.

    Raises:
        BadInput: `MCAS_PROJECT` names no project, or the one that is found is another user's: whoever can write to a folder
            above this one could have it read what they declare, and send what is found where they like.
    """
    if named := os.environ.get("MCAS_PROJECT"):
        folder = Path(named).expanduser().resolve()
        if not (folder / MARKER).is_file():
            raise BadInput("MCAS_PROJECT", f"is {named!r}, which holds no {MARKER}", f"Make it one: mcas init {named}")
        return folder
    try:
        here = Path.cwd()
    except FileNotFoundError:  # the folder was deleted
        return None
    folder = next((one for one in (here, *here.parents) if (one / MARKER).is_file()), None)
    if folder is not None and hasattr(os, "getuid") and (folder / MARKER).stat().st_uid != os.getuid():
        raise BadInput(folder / MARKER, "belongs to another user", f"If you trust it: MCAS_PROJECT={folder}")
    return folder


def place(name: str) -> Path:
    """Where declarations lie: a file or folder of the project, or of what ships."""
    return (project() or DATA) / name


def layers(own: Path) -> tuple[Path, ...]:
    """A place of declarations, and what ships of the same kind below it where it is of the project; those that are there.

    What lies in the first stands before what has the same name in the second.
    """
    of_project = project()
    if of_project is None or not own.is_relative_to(of_project):
        return (own,)
    return tuple(one for one in (own, DATA / own.relative_to(of_project)) if one.exists()) or (own,)


def origin(path: Path) -> str:
    """Where a declaration is from, for people: `built in`, or its path in the project or as it is."""
    if path.is_relative_to(DATA) or path.is_relative_to(SQL):
        return "built in"
    of_project = project()
    return str(path.relative_to(of_project) if of_project and path.is_relative_to(of_project) else path)


def pages_address() -> str:
    """The address that links to pages begin with, without a slash at its end."""
    return (os.environ.get(PAGES) or f"http://127.0.0.1:{PAGES_PORT}").rstrip("/")


def history_url() -> str:
    """The Postgres database of Dagster's history, `MCAS_HISTORY`, or nothing where that lies in files of the home."""
    return os.environ.get(HISTORY, "").strip()


def systems_file() -> Path:
    """The declared systems: `MCAS_SYSTEMS`, by default `systems.yaml`. Folders in it are relative to where it lies."""
    return Path(os.environ.get("MCAS_SYSTEMS") or place("systems.yaml")).expanduser().resolve()


def audits_folder() -> Path:
    """The folder of the declared audits: `MCAS_AUDITS`, by default `audits`."""
    return Path(os.environ.get("MCAS_AUDITS") or place("audits")).expanduser().resolve()


def embedders_file() -> Path:
    """The declared embedders."""
    return place("embedders.yaml")


def labellers_file() -> Path:
    """The declared labellers."""
    return place("labellers.yaml")


def populations_folder() -> Path:
    """The folder of the reference populations."""
    return place("populations")


def policies_folder() -> Path:
    """The folder of the policies."""
    return place("policies")


def canaries_folder() -> Path:
    """The folder of the canaries."""
    return place("canaries")


def mappings_folder() -> Path:
    """The folder of the ready mappings of image sets."""
    return place("mappings")


def home() -> Path:
    """The folder for everything that runs produce: `MCAS_HOME`, by default `home` of the project.

    Without a project it is `data/home` of a checkout; of an installation a folder of the person's own, where their system
    keeps such (`~/.local/share/mcas-assets`).
    """
    return Path(os.environ.get("MCAS_HOME") or _default_home()).expanduser().resolve()


def _default_home() -> Path:
    if (folder := project()) is not None:
        return folder / "home"
    return platformdirs.user_data_path("mcas-assets", appauthor=False) if IS_INSTALLED else DATA / "home"
