"""Entries of a YAML file whose keys depend on their `kind`, and the kinds as modules of a package.

Serves systems and embedders alike: `data/systems.yaml` holds `systems: {name: {kind: ..., ...}}`.
"""

import importlib
import importlib.metadata
import logging
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from mcas_assets.core.errors import BadInput, one_line
from mcas_assets.core.paths import layers
from mcas_assets.declare.documents import Parsed, Slug, check, parse_yaml, read_text
from mcas_assets.declare.mistakes import BadDocument, Mistake, did_you_mean, explain

log = logging.getLogger(__name__)

# `import` is no name for a module.
_MODULES = {"import": "imported"}


_OF_STRANGERS = (
    ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, NameError, OSError, RuntimeError, SyntaxError,
    TypeError, ValueError,
)  # fmt: skip
"""What a module of another package may raise when it is imported."""


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
    def local_paths(self) -> tuple[str, ...]:
        """All folders or files that it is read from, likewise."""
        return () if self.local_path is None else (self.local_path,)

    @property
    def watched_repo(self) -> str | None:
        """The hub repository that it follows, or None."""
        return None

    @property
    def key_variables(self) -> tuple[str, ...]:
        """The environment variables of which one holds the key that it needs; empty if it needs none."""
        return ()

    @classmethod
    def contradictions(cls, raw: dict[str, Any]) -> Iterable[Mistake]:
        """What is wrong with an entry that no single field shows; key paths relative to the entry."""
        return ()


@cache
def kinds(package: str) -> dict[str, ModuleType]:
    """The kinds that a package offers: its modules with a `Declaration`, and those of others.

    A package of a person's own gives a kind by an entry point: its group is the name of the package here, its name that of the
    kind, and it leads to a module with a model `Declaration` and a function `build`.
    """
    aliases = {module: kind for kind, module in _MODULES.items()}
    modules: dict[str, ModuleType] = {}
    for info in pkgutil.iter_modules(importlib.import_module(package).__path__):
        module = importlib.import_module(f"{package}.{info.name}")
        if hasattr(module, "Declaration"):
            modules[aliases.get(info.name, info.name)] = module
    for name, module in _given(package)[0].items():
        if modules.setdefault(name, module) is not module:
            log.warning("kind %s of %s is the one that ships, and not that of %s", name, package, module.__name__)
    return modules


@cache
def _given(package: str) -> tuple[dict[str, ModuleType], dict[str, str]]:
    """(the kinds that other packages give, why some of theirs are not there): what they cannot do stops nothing else."""
    modules, lacking = {}, {}
    for point in importlib.metadata.entry_points(group=package):
        try:
            given: Any = point.load()
        except _OF_STRANGERS as error:
            lacking[point.name] = f"{point.value} cannot be imported ({one_line(f'{type(error).__name__}: {error}')})"
        else:
            if hasattr(given, "Declaration") and hasattr(given, "build"):
                modules[point.name] = given
            else:
                lacking[point.name] = f"{point.value} has no Declaration and build"
    for name, reason in lacking.items():
        log.warning("kind %s of %s is not there: %s", name, package, reason)
    return modules, lacking


def kind_module(kind: str, package: str) -> ModuleType:
    """The module of a kind that exists."""
    return kinds(package)[kind]


def build_declared(entries: "Catalogue", name: str, what: str, file: Path, package: str, cache: Path | None) -> Any:
    """What the kind of an entry builds of it.

    Args:
        entries: The declared ones.
        name: Of the entry.
        what: What it is one of, for people.
        file: Where it would be declared.
        package: Of the kinds.
        cache: See `systems.identity.DigestCache`.

    Raises:
        BadInput: There is none of this name.
    """
    entry = entries.get(name)
    if entry is None:
        raise BadInput(file, f"declares no {what} {name!r}", did_you_mean(name, entries))
    return kind_module(entry.kind, package).build(name, entry, entries.base(name), cache)


class Catalogue(Mapping[str, Any]):
    """Entries by name, those of a project before those that ship. One that cannot be used is told where it is asked for.

    Attributes:
        files: Where each entry that was written is from.
        unusable: What is wrong with those that cannot be used; they count as not there in every loop.
    """

    def __init__(self) -> None:
        self._entries: dict[str, Any] = {}
        self.files: dict[str, Path] = {}
        self.unusable: dict[str, BadDocument] = {}

    def __getitem__(self, name: str) -> Any:
        """The entry.

        Raises:
            BadDocument: It cannot be used.
        """
        if name in self.unusable:
            raise self.unusable[name]
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def base(self, name: str) -> Path:
        """The folder that the paths of an entry are relative to."""
        return self.files[name].resolve().parent

    def put(self, name: str, path: Path, entry: Any, mistakes: list[Mistake]) -> None:
        """Write an entry of a file, in place of what a lower one says by its name."""
        self._entries.pop(name, None)
        self.unusable.pop(name, None)
        self.files[name] = path
        if mistakes:
            self.unusable[name] = BadDocument(path, mistakes)
        else:
            self._entries[name] = entry


def load_entries(path: Path, key: str, package: str) -> Catalogue:
    """The entries under `key` of a YAML file, each as the `Declaration` of its kind; of a project's, with those that ship.

    Raises:
        BadInput: The file cannot be read.
        BadDocument: It is no mapping with this key. A mistake within an entry stops that entry alone.
    """
    catalogue = Catalogue()
    for layer in reversed(layers(path)):
        _read_into(catalogue, layer, key, package)
    return catalogue


def _read_into(catalogue: Catalogue, path: Path, key: str, package: str) -> None:
    parsed = parse_yaml(read_text(path))
    fields: dict[str, Any] = {key: (dict[Slug, dict] | None, ...)}  # null where all that is below it is commented out
    outline = create_model("Outline", __config__=ConfigDict(extra="forbid"), **fields)
    _, mistakes = check(parsed, outline)
    entries = parsed.value.get(key) if isinstance(parsed.value, dict) else None
    written: dict[str, Any] = entries if isinstance(entries, dict) else {}
    if of_file := [one for one in mistakes if one.at[:1] != (key,) or len(one.at) < 2 or one.at[1] not in written]:
        raise BadDocument(path, of_file)
    for name, raw in written.items():
        wrong = [one for one in mistakes if one.at[1] == name]
        entry = None
        if isinstance(raw, dict):
            entry, more = _entry(parsed, (key, name), raw, package)
            wrong += more
        catalogue.put(name, path, entry, wrong)


def _entry(parsed: Parsed, at: tuple[str, str], raw: dict[str, Any], package: str) -> tuple[Any, list[Mistake]]:
    known = kinds(package)
    kind = raw.get("kind")
    line = parsed.lines.get((*at, "kind"), parsed.lines.get(at))
    if not isinstance(kind, str) or kind not in known:
        problem, remedy = (
            "is missing" if kind is None else f"is {kind!r}, which is no kind",
            did_you_mean(str(kind), known),
        )
        if reason := _given(package)[1].get(str(kind)):
            problem, remedy = f"{problem}: {reason}", "Mend the package that was to give it, or install what it needs"
        return None, [Mistake((*at, "kind"), problem, remedy, line)]
    lines = {path[2:]: number for path, number in parsed.lines.items() if path[:2] == at}
    model = known[kind].Declaration
    if not (isinstance(model, type) and issubclass(model, Entry)):
        problem = f"is {kind!r}, a kind of {known[kind].__name__}, whose Declaration is no mcas_assets.declare.catalogue.Entry"
        return None, [Mistake((*at, "kind"), problem, "Have its Declaration build upon Entry", line)]
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
