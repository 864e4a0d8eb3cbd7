"""Making a project: the files of `data/project`, copied where there are none of their name, and the schemas beside them."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mcas_assets.core.errors import BadInput
from mcas_assets.core.paths import DATA, IS_INSTALLED, MARKER, ROOT
from mcas_assets.declare.project import load_project
from mcas_assets.project.schemas import schemas

TEMPLATE = DATA / "project"
DEPLOY = DATA / "deploy"
SCHEMAS = Path(".mcas") / "schemas"


class Made(NamedTuple):
    """What was made of a folder: the files that were written, and those that were there and were left as they are."""

    folder: Path
    written: list[Path]
    left: list[Path]


def make(folder: Path, *, with_deploy: bool = False) -> Made:
    """Make a folder a project. Nothing that lies there is changed, but for the schemas, which are written anew.

    A folder that is a project already gets what it lacks of the first three: `mcas.yaml`, `workspace.yaml`, `.gitignore`;
    examples that were deleted stay so.

    Args:
        folder: Made where it is not there.
        with_deploy: Whether `deploy/` is written, too: what runs `mcas serve` as a service.

    Raises:
        BadInput: It lies in what is installed, is a file, cannot be written, or holds a `mcas.yaml` that cannot be used.
    """
    folder = folder.expanduser().resolve()
    if folder.is_relative_to(DATA) or (IS_INSTALLED and folder.is_relative_to(ROOT.parent)):
        raise BadInput(folder, "is part of what ships", "Give a folder of your own: mcas init my-project")
    is_new, made = not (folder / MARKER).exists(), Made(folder, [], [])
    try:
        for name, source in _files(TEMPLATE, Path()):
            _copy(
                source, name, made, is_wanted=is_new or name.parts in ((MARKER,), ("workspace.yaml",), (".gitignore",))
            )
        if with_deploy:
            for name, source in _files(DEPLOY, Path("deploy")):
                _copy(source, name, made)
        _write_schemas(folder / SCHEMAS)
    except OSError as error:
        raise BadInput(folder, f"cannot be made a project ({error.strerror})", "Give another folder") from error
    load_project(folder)
    return made


def _files(folder: Path, below: Path) -> Iterator[tuple[Path, Path]]:
    """(where it goes within a project, where it is) of every file of a folder."""
    for source in sorted(path for path in folder.rglob("*") if path.is_file()):
        yield below / source.relative_to(folder), source


def _copy(source: Path, name: Path, made: Made, *, is_wanted: bool = True) -> None:
    target = made.folder / name
    if target.exists():
        made.left.append(name)
    elif is_wanted:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        made.written.append(name)


def _write_schemas(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        (folder / f"{name}.json").write_text(json.dumps(schema, indent=1) + "\n", encoding="utf-8")
