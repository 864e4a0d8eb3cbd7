"""Systems put together from the parts of two versions: the weights of one with the settings of the other.

Serves attribution: what a change of settings did is told by auditing the versions between, with the former settings and
nothing else changed.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcas_assets.core.digests import text_digest
from mcas_assets.core.errors import BadInput
from mcas_assets.declare.catalogue import kind_module, revise
from mcas_assets.systems.diffusers import DiffusersSystem
from mcas_assets.systems.find import find_entry
from mcas_assets.systems.pipelines.weights import read_json
from mcas_assets.systems.protocol import System

SETTINGS = ("steps", "guidance", "negative_prompt", "width", "height", "dtype", "variant", "rewriter")
"""Keys of an identity document that are settings of a declaration under the same name."""


def recombine(
    source: str | Path, document: Mapping[str, Any], name: str, *, path: Path | None = None, cache: Path | None = None
) -> System:
    """The system of a declared name or folder, with the settings of an identity document in place of its own.

    Args:
        source: Where its weights are: a name of `path`, or a pipeline folder.
        document: An identity document; only its settings count.
        name: What the system is to be called.
        path: The declarations, by default those of the project.
        cache: File that remembers the digests of large files.

    Raises:
        BadInput: There is no such system, it is of a kind that cannot be recombined, or it does not take the settings.
    """
    _, entry, base = find_entry(source, path)
    if entry.kind != "diffusers":
        raise BadInput(
            str(source), f"is of kind {entry.kind}, whose parts cannot be exchanged", "Nothing can be recombined of it"
        )
    known = ("num_inference_steps", "guidance_scale", "negative_prompt", "clean_caption")
    arguments = {key: value for key, value in (document.get("arguments") or {}).items() if key not in known}
    changes = {key: document.get(key) for key in SETTINGS if document.get(key) is not None}
    changes |= {"arguments": arguments, "safety_checker": "keep" if document.get("safety_checker") else "none"}
    return kind_module(entry.kind, "mcas_assets.systems").build(name, revise(name, entry, changes), base, cache)


def with_scheduler(system: System, other: System, home: Path) -> Path:
    """A pipeline folder of links: everything of one system but the scheduler, which is the other's.

    Args:
        system: Whose weights it holds.
        other: Whose scheduler.
        home: Where the folder is made, under `replays/`, by the digest of both; made once.

    Raises:
        BadInput: One of them is no diffusers pipeline.
    """
    if not isinstance(system, DiffusersSystem) or not isinstance(other, DiffusersSystem):
        raise BadInput(system.name, "has no scheduler of its own to exchange", "Only diffusers pipelines have")
    mine, theirs = system.folder, other.folder
    index = read_json(mine.path / "model_index.json") | {
        "scheduler": read_json(theirs.path / "model_index.json")["scheduler"]
    }
    key = json.dumps([system.identity().document, theirs.scheduler()], sort_keys=True)
    target = home / "replays" / text_digest(key)[:16]
    target.mkdir(parents=True, exist_ok=True)
    for part in sorted(mine.path.iterdir()):
        link = target / part.name
        if part.is_dir() and part.name != "scheduler" and not link.exists():
            link.symlink_to(part.resolve(), target_is_directory=True)
    if not (target / "scheduler").exists():
        (target / "scheduler").symlink_to((theirs.path / "scheduler").resolve(), target_is_directory=True)
    (target / "model_index.json").write_text(json.dumps(index))
    return target
