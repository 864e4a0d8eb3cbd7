"""How a system is found by name or folder, and made ready. Loads nothing.

Nothing here imports torch or diffusers: what a system *is* can be told by reading files, only drawing needs the model.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from mcas_assets.core.errors import BadInput
from mcas_assets.core.paths import systems_file
from mcas_assets.declare.catalogue import Catalogue, Entry, kind_module, load_entries, revise
from mcas_assets.declare.mistakes import did_you_mean
from mcas_assets.systems.own_kinds import build_own, given_by, is_own
from mcas_assets.systems.pipelines.loose_weights import refusal
from mcas_assets.systems.protocol import System

KINDS = "mcas_assets.systems"


def load_systems(path: Path | None = None) -> Catalogue:
    """The declared systems by name.

    Raises:
        BadInput: The file cannot be read. An entry that cannot be used is told where it is asked for.
    """
    return load_entries(path or systems_file(), "systems", KINDS)


def find_system(
    name_or_folder: str | Path,
    path: Path | None = None,
    *,
    steps: int | None = None,
    guidance: float | None = None,
    width: int | None = None,
    height: int | None = None,
    dtype: str | None = None,
    revision: str | None = None,
    cache: Path | None = None,
    entries: Catalogue | None = None,
) -> System:
    """The system of a declared name, else that of a folder. Loads nothing yet.

    Args:
        name_or_folder: A name of `path`, or a pipeline folder; a folder that is declared is what its declaration says.
        path: The declarations, by default those of the project; folders in them are relative to where they lie.
        steps: In place of what is declared, as are the next four. Each makes another system version.
        guidance: Guidance scale.
        width: In pixels.
        height: In pixels.
        dtype: 'float32', 'float16' or 'bfloat16'.
        revision: Commit of a hub repository: that which a version of a watched branch stands for.
        cache: File that remembers the digests of large files (`systems.identity.DigestCache`).
        entries: What `path` was found to say, where it was read before: it may say something else by now.

    Raises:
        BadInput: There is no such system, or it cannot be what the arguments say.
    """
    name, entry, base = find_entry(name_or_folder, path, entries)
    overrides = {
        "steps": steps,
        "guidance": guidance,
        "width": width,
        "height": height,
        "dtype": dtype,
        "revision": revision,
    }
    entry = revise(name, entry, {key: value for key, value in overrides.items() if value is not None})
    module = kind_module(entry.kind, KINDS)
    if not is_own(module, KINDS):
        return module.build(name, entry, base, cache)
    return build_own(module, given_by(module, KINDS), name, entry, base, cache)


def find_entry(
    name_or_folder: str | Path, path: Path | None = None, entries: Catalogue | None = None
) -> tuple[str, Entry, Path]:
    """(name, declaration, folder that its paths are relative to) of a declared name, else of a folder.

    Raises:
        BadInput: There is no such system, or its declaration cannot be used.
    """
    given = str(name_or_folder)
    entries = load_systems(path) if entries is None else entries
    name = given if entries.get(given) is not None else _declared_folder(Path(given), entries)
    if name is not None:
        return name, entries[name], entries.base(name)
    return (*_undeclared(Path(given), entries, path or systems_file()), (path or systems_file()).resolve().parent)


def _declared_folder(folder: Path, entries: Catalogue) -> str | None:
    if not folder.is_dir():
        return None
    for name, entry in entries.items():
        if entry.local_path and (entries.base(name) / entry.local_path).resolve() == folder.expanduser().resolve():
            return name
    return None


def _undeclared(folder: Path, entries: Mapping[str, Entry], path: Path) -> tuple[str, Entry]:
    folder = folder.expanduser()
    if folder.is_dir():
        slug = re.sub(r"[^a-z0-9_]+", "-", folder.resolve().name.lower()).strip("-_") or "folder"
        return slug, kind_module("diffusers", KINDS).Declaration(kind="diffusers", path=str(folder.resolve()))
    if folder.exists():
        problem, remedy = "is a file, where a pipeline folder is needed", "Give the folder that holds model_index.json"
        if folder.suffix in (".safetensors", ".ckpt"):
            problem, remedy = refusal(folder)
        raise BadInput(folder, problem, remedy)
    remedy = did_you_mean(str(folder), entries)
    if len(folder.parts) > 1:
        remedy += f". A hub repository is declared in {path.name} with repo and revision"
    raise BadInput(str(folder), "is neither a declared system nor a folder", remedy)
