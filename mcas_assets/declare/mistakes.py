"""What is wrong with a document: each mistake with its key, its line and what to do about it, all of them at once.

Belongs here: the words, also those for what a pydantic model refuses. Reading the document is `documents`; what one kind
of document may say belongs to its own module (`audit`, ...).
"""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from mcas_assets.core.errors import BadInput

KeyPath = tuple[str | int, ...]
_KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false"}


@dataclass(frozen=True)
class Mistake:
    """One thing wrong in a document: `at` is the key path, `line` counts from 1 (None: not known)."""

    at: KeyPath
    problem: str
    remedy: str
    line: int | None = None

    @property
    def key(self) -> str:
        """The key path as a person writes it, for example `concepts.3.prompts` (list items count from 0)."""
        return ".".join(str(part) for part in self.at)


class BadDocument(BadInput):
    """A file with one or more mistakes; the message lists all of them, one a line."""

    def __init__(self, path: str | Path, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        first = self.mistakes[0]
        super().__init__(path, first.problem, first.remedy, first.key or None)

    def __str__(self) -> str:
        lines = [f"{self._place(m)}: {m.problem}. {m.remedy}" for m in self.mistakes]
        if len(lines) == 1:
            return lines[0]
        return "\n  ".join([f"{self.where}: {len(lines)} mistakes", *lines])

    def _place(self, mistake: Mistake) -> str:
        line = f":{mistake.line}" if mistake.line else ""
        return f"{self.where}{line}" + (f": {mistake.key}" if mistake.at else "")


def fault(problem: str, remedy: str) -> PydanticCustomError:
    """What a validator raises: it reaches the reader as one `Mistake` with these words."""
    return PydanticCustomError("fault", "{problem}. {remedy}", {"problem": problem, "remedy": remedy})


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """A remedy for a name that is not known: the nearest one that is, and all there are."""
    known = sorted(options)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    listed = f"Known: {', '.join(known)}" if known else "There are none"
    return (f"Did you mean {near[0]!r}? " if near else "") + listed


def explain(error: ValidationError, model: type[BaseModel]) -> Iterator[Mistake]:
    """What pydantic refused, one `Mistake` each."""
    for detail in error.errors(include_url=False):
        at = tuple(part for part in detail["loc"] if part != "[key]")
        yield Mistake(at, *_words(detail, model))


def _words(detail: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    kind, given, limits = detail["type"], detail["input"], detail.get("ctx", {})
    kinds = {dict: "is a mapping", list: "is a list", type(None): "is empty"}
    description = kinds.get(type(given), f"is {given!r}"[:80])
    if kind == "fault":
        return limits["problem"], limits["remedy"]
    if kind == "extra_forbidden":
        known = _fields_around(model, detail["loc"])
        return "is not a known key", did_you_mean(str(detail["loc"][-1]), known)
    if kind == "missing":
        return "is missing", f"Add {detail['loc'][-1]!r}"
    if kind == "too_short":
        return "has too few entries", f"Give at least {limits['min_length']}"
    if kind == "string_type":
        return f"{description}, not text", "Put it in quotes" if isinstance(given, int | float) else "Write text"
    if kind in ("tuple_type", "list_type"):
        return f"{description}, not a list", "Write it as a list: [first, second]"
    if kind in ("dict_type", "model_type"):
        return f"{description}, not a mapping", "Write it as keys with values"
    wanted = _KINDS.get(kind.partition("_")[0]) if kind.endswith(("_type", "_parsing")) else None
    return description, f"It must be {wanted or detail['msg'].removeprefix('Input should be ')}"


def _fields_around(model: type[BaseModel], loc: KeyPath) -> list[str]:
    """The keys that the mapping which holds `loc` may have, found by walking the annotations of `model`."""
    here: Any = model
    for part in loc[:-1]:
        if isinstance(here, type) and issubclass(here, BaseModel):
            here = here.model_fields[str(part)].annotation
        else:
            here = get_args(here)[1 if get_origin(here) is dict else 0]
        while get_origin(here) in (Annotated, Union, UnionType):
            here = get_args(here)[0]
    return list(here.model_fields)
