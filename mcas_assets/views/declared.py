"""What `mcas list` prints: everything that is declared, where from, and what is wrong with what cannot be used."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from mcas_assets.core.errors import BadInput, one_line
from mcas_assets.core.paths import DATA, origin
from mcas_assets.declare.audit import list_audits, load_audit
from mcas_assets.declare.catalogue import Catalogue
from mcas_assets.declare.populations import list_populations, load_population
from mcas_assets.embedders.find import load_embedders
from mcas_assets.labellers.find import load_labellers
from mcas_assets.policy.load import list_policies, load_policy
from mcas_assets.store.publication import questions
from mcas_assets.systems.find import load_systems
from mcas_assets.systems.image_sets.mapping import list_mappings, load_mapping
from mcas_assets.watch.canary import list_canaries, load_canary


class _Folder(NamedTuple):
    files: Callable[[], Mapping[str, Path]]
    load: Callable[[str], Any]
    built_in: Path


_FILES: dict[str, Callable[[], Catalogue]] = {
    "systems": load_systems,
    "embedders": load_embedders,
    "labellers": load_labellers,
}
_FOLDERS = {
    "audits": _Folder(list_audits, load_audit, DATA / "audits"),
    "populations": _Folder(list_populations, load_population, DATA / "populations"),
    "policies": _Folder(list_policies, load_policy, DATA / "policies"),
    "canaries": _Folder(list_canaries, load_canary, DATA / "canaries"),
    "mappings": _Folder(list_mappings, load_mapping, DATA / "mappings"),
}
KINDS = (*_FILES, *_FOLDERS, "questions")
COLUMNS = ("kind", "name", "title", "from", "problem")


def declared(kind: str = "") -> pl.DataFrame:
    """One row for each thing that is declared, of one of `KINDS` or of all: `COLUMNS`; `problem` says why it cannot be used.

    Raises:
        BadInput: There is no such kind.
    """
    if kind not in ("", *KINDS):
        raise BadInput("KIND", f"is {kind!r}", f"Use one of {', '.join(KINDS)}, or none")
    rows = [row for one in KINDS if kind in ("", one) for row in _rows(one)]
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")


def _rows(kind: str) -> Iterator[tuple[str, str, str, str, str]]:
    if kind in _FILES:
        yield from _of_file(kind)
    elif kind in _FOLDERS:
        yield from _of_folder(kind, _FOLDERS[kind])
    else:
        for name, path in questions().items():
            yield (
                kind,
                name,
                path.read_text(encoding="utf-8").splitlines()[0].removeprefix("--").strip(),
                origin(path),
                "",
            )


def _of_file(kind: str) -> Iterator[tuple[str, str, str, str, str]]:
    try:
        catalogue = _FILES[kind]()
    except BadInput as error:
        yield kind, "", "", origin(Path(error.where)), one_line(error)
        return
    for name, path in sorted(catalogue.files.items()):
        error = catalogue.unusable.get(name)
        title = "" if error else catalogue[name].title
        yield kind, name, title, origin(path), one_line(error) if error else ""


def _of_folder(kind: str, folder: _Folder) -> Iterator[tuple[str, str, str, str, str]]:
    for name, path in folder.files().items():
        title, problem = "", ""
        try:
            title = folder.load(name).title
        except BadInput as error:
            problem = one_line(error)
        where = origin(path)
        is_before = where != "built in" and (folder.built_in / path.name).exists()
        yield kind, name, title, f"{where}, before the built-in one" if is_before else where, problem
