"""Entries of a YAML file whose keys depend on their `kind`, and the kinds as modules of a package.

Serves systems and embedders alike: `data/systems.yaml` holds `systems: {name: {kind: ..., ...}}`.
"""

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from mcas_assets.core.errors import BadInput
from mcas_assets.declare.documents import Parsed, Slug, check, parse_yaml, read_text
from mcas_assets.declare.mistakes import BadDocument, Mistake, did_you_mean, explain

# `import` is no name for a module.
_MODULES = {"import": "imported"}


class Entry(BaseModel):
    """What the entries of all kinds may say.

    Attributes:
        kind: Which keys the entry has beside these, and what makes of it what it is.
        title, description: For people.
        licence: Under which it may be used.
        source: Where it is from.
        truth: Of a system, its known shares: a CSV relative to the file, shown beside its scores and used for none of them.
        audits: Of a system, the audits that are run by themselves when it moves.
        canary: Of a system, the name in `data/canaries` of what it is asked every week; null asks nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: str
    title: str = ""
    description: str = ""
    licence: str = ""
    source: str = ""
    truth: str = ""
    audits: Annotated[tuple[Slug, ...], Field(strict=False)] = ("gender", "skin-tone")
    canary: Slug | None = None

    @property
    def local_path(self) -> str | None:
        """The folder or file that it is read from, relative to the file that declares it; None if it lies elsewhere."""
        return None

    @property
    def watched_repo(self) -> str | None:
        """The hub repository that it follows, or None."""
        return None

    @classmethod
    def contradictions(cls, raw: dict[str, Any]) -> Iterable[Mistake]:
        """What is wrong with an entry that no single field shows; key paths relative to the entry."""
        return ()


@cache
def kinds(package: str) -> dict[str, ModuleType]:
    """The kinds that a package offers: its modules with a `Declaration`."""
    aliases = {module: kind for kind, module in _MODULES.items()}
    modules = {}
    for info in pkgutil.iter_modules(importlib.import_module(package).__path__):
        module = importlib.import_module(f"{package}.{info.name}")
        if hasattr(module, "Declaration"):
            modules[aliases.get(info.name, info.name)] = module
    return modules


def kind_module(kind: str, package: str) -> ModuleType:
    """The module of a kind that exists."""
    return importlib.import_module(f"{package}.{_MODULES.get(kind, kind)}")


def load_entries(path: Path, key: str, package: str) -> dict[str, Any]:
    """The entries under `key` of a YAML file, each as the `Declaration` of its kind.

    Raises:
        BadInput: The file cannot be read.
        BadDocument: It cannot be used; lists every mistake.
    """
    parsed = parse_yaml(read_text(path))
    fields: dict[str, Any] = {key: (dict[Slug, dict], ...)}
    outline = create_model("Outline", __config__=ConfigDict(extra="forbid"), **fields)
    document, mistakes = check(parsed, outline)
    entries: dict[str, Entry] = {}
    for name, raw in (getattr(document, key) if document else {}).items():
        entry, wrong = _entry(parsed, (key, name), raw, package)
        entries[name] = entry
        mistakes += wrong
    if mistakes:
        raise BadDocument(path, mistakes)
    return entries


def _entry(parsed: Parsed, at: tuple[str, str], raw: dict[str, Any], package: str) -> tuple[Any, list[Mistake]]:
    known = kinds(package)
    kind = raw.get("kind")
    line = parsed.lines.get((*at, "kind"), parsed.lines.get(at))
    if not isinstance(kind, str) or kind not in known:
        problem = "is missing" if kind is None else f"is {kind!r}, which is no kind"
        return None, [Mistake((*at, "kind"), problem, did_you_mean(str(kind), known), line)]
    lines = {path[2:]: number for path, number in parsed.lines.items() if path[:2] == at}
    model = known[kind].Declaration
    entry, wrong = check(Parsed(raw, lines, ()), model, model.contradictions)
    return entry, [Mistake((*at, *m.at), m.problem, m.remedy, m.line) for m in wrong]


def revise(name: str, entry: Any, changes: dict[str, Any]) -> Any:
    """An entry with some of its fields replaced.

    Raises:
        BadInput: Its kind has no such field, or the value is not possible.
    """
    if not changes:
        return entry
    for key in changes:
        if key not in type(entry).model_fields:
            raise BadInput(name, f"a system of kind {entry.kind} takes no such setting", "Leave it out", key)
    try:
        return type(entry).model_validate(entry.model_dump() | changes)
    except ValidationError as error:
        mistake = next(iter(explain(error, type(entry))))
        raise BadInput(name, mistake.problem, mistake.remedy, mistake.key) from error
