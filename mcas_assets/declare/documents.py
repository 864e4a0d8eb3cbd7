"""Reading what people declare in YAML: strictly, and with every mistake named at once.

Belongs here: turning a text into plain values that know their line, and turning what a pydantic model
refuses into sentences a person can act on. What one kind of document may say belongs to its own module
(`audit`, ...).
"""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import yaml
import yaml.constructor
from pydantic import AfterValidator, BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from mcas_assets.core.errors import BadInput

KeyPath = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)
# The C parser reads an audit about ten times faster; both give the same nodes.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# No declaration is a tenth as deep. The composer recurses in C, and a deep enough text would end the process.
MAX_DEPTH = 100
_TAG = "tag:yaml.org,2002:"
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


@dataclass(frozen=True)
class Parsed:
    """A YAML text as plain values, the line of every key path in it, and what was wrong with its writing."""

    value: Any
    lines: dict[KeyPath, int]
    mistakes: tuple[Mistake, ...]

    def locate(self, mistake: Mistake) -> Mistake:
        """The mistake with its line: that of its key, else of the nearest enclosing key that was written."""
        known = (self.lines.get(mistake.at[:n]) for n in range(len(mistake.at), -1, -1))
        return mistake if mistake.line else replace(mistake, line=next((n for n in known if n), None))


def read_text(path: Path) -> str:
    """The UTF-8 text of a file (a byte order mark is dropped).

    Raises:
        BadInput: the file cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(path, f"is not UTF-8 text (byte {error.start})", "Save it as UTF-8") from error
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise BadInput(path, problem, "Check the path and its permissions") from error


def parse_yaml(text: str) -> Parsed:
    """Read one YAML document of mappings with text keys, lists, text, numbers, true/false and null.

    Duplicate keys, aliases and tags are mistakes: each lets a document say something other than it seems to.
    A date stays the text that was written.
    """
    try:
        if _is_too_deep(text):
            problem = f"is nested more than {MAX_DEPTH} deep"
            return Parsed(None, {}, (Mistake((), problem, "Look for brackets that are not closed"),))
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        return Parsed(None, {}, (_syntax_mistake(error, text),))
    if root is None:
        return Parsed(None, {}, (Mistake((), "is empty", "Write the declaration, or remove the file"),))
    reader = _Reader()
    return Parsed(reader.read(root, ()), reader.lines, tuple(reader.mistakes))


def _is_too_deep(text: str) -> bool:
    events = yaml.parse(text, Loader=_Loader)
    begins, ends = yaml.CollectionStartEvent, yaml.CollectionEndEvent
    steps = (isinstance(event, begins) - isinstance(event, ends) for event in events)
    try:
        return any(depth > MAX_DEPTH for depth in accumulate(steps))
    except yaml.YAMLError as error:
        if "nesting depth" not in str(getattr(error, "problem", None)):
            raise
        return True  # the C scanner looks ahead, and may meet a limit of its own first


def _syntax_mistake(error: yaml.YAMLError, text: str) -> Mistake:
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    line = mark.line + 1 if mark else text.count("\n", 0, getattr(error, "position", 0)) + 1
    column = f" at column {mark.column + 1}" if mark else ""
    remedy = "Look at this line and the one above: indentation, quotes, colons (quote a text that holds ': ')"
    return Mistake((), f"is not valid YAML: {said}{column}", remedy, line)


class _Reader:
    """Walks YAML nodes, which know their lines, where the ready-made loader would give values that do not."""

    def __init__(self) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.mistakes: list[Mistake] = []
        self._seen: set[int] = set()
        self._scalars = yaml.constructor.SafeConstructor()

    def read(self, node: yaml.Node, at: KeyPath) -> Any:
        self.lines.setdefault(at, node.start_mark.line + 1)
        if id(node) in self._seen:
            return self._refuse(at, "uses a YAML alias (*name)", "Write the value out here")
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(child, (*at, index)) for index, child in enumerate(node.value)]
        return self._scalar(node, at)

    def _mapping(self, node: yaml.MappingNode, at: KeyPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if key_node.tag not in (_TAG + "str", _TAG + "merge"):
                self._refuse(at, f"has the key {key[:40]}, which is not text", "Write it in quotes", line)
            elif key in values:
                problem = f"is given twice (first in line {self.lines[*at, key]})"
                self._refuse((*at, key), problem, "Keep one of the two", line)
            else:
                self.lines[*at, key] = line
                values[key] = self.read(value_node, (*at, key))
        return values

    def _scalar(self, node: yaml.Node, at: KeyPath) -> Any:
        kind = node.tag.removeprefix(_TAG)
        if kind in ("str", "timestamp", "value"):
            return node.value
        if kind in ("int", "float", "bool", "null"):
            try:
                return self._scalars.construct_object(node)
            except (ValueError, KeyError):
                pass
        return self._refuse(at, f"cannot be read as {kind}", "Write it plainly, without a tag")

    def _refuse(self, at: KeyPath, problem: str, remedy: str, line: int | None = None) -> None:
        self.mistakes.append(Mistake(at, problem, remedy, line or self.lines.get(at)))


Contradictions = Callable[[dict[str, Any]], Iterable[Mistake]]


def load_document(path: Path, model: type[Model], contradictions: Contradictions) -> Model:
    """Read a YAML file into a model, or name every mistake in it at once.

    Args:
        path: The file.
        model: What it must hold.
        contradictions: Given the raw mapping, the mistakes that no single field shows. Called also where
            single fields are wrong, so that one run shows all there is to mend.

    Raises:
        BadInput: the file cannot be read.
        BadDocument: what it says cannot be used.
    """
    document, mistakes = check(parse_yaml(read_text(path)), model, contradictions)
    if document is None:
        raise BadDocument(path, mistakes)
    return document


def check(
    parsed: Parsed, model: type[Model], contradictions: Contradictions = lambda raw: ()
) -> tuple[Model | None, list[Mistake]]:
    """What a parsed text says, or None and every mistake in it, in order of lines."""
    found, document = list(parsed.mistakes), None
    if isinstance(parsed.value, dict):
        unreadable, refused = {mistake.at for mistake in found}, []
        try:
            document = model.model_validate(parsed.value)
        except ValidationError as error:
            refused = [mistake for mistake in explain(error, model) if mistake.at not in unreadable]
        found += [mistake for mistake in refused if mistake.at]
        found += contradictions(parsed.value)
        found = found or refused  # of the whole: what contradictions say better, where they say anything
    elif not found:
        remedy = f"Begin with: {next(iter(model.model_fields))}: ..."
        found.append(Mistake((), "is not a mapping of keys to values", remedy))
    located = {(mistake.at, mistake.problem): mistake for mistake in map(parsed.locate, found)}
    return (None if found else document), sorted(located.values(), key=lambda mistake: mistake.line or 0)


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
    shown = kinds.get(type(given), f"is {given!r}"[:80])
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
        return f"{shown}, not text", "Put it in quotes" if isinstance(given, int | float) else "Write text"
    if kind in ("tuple_type", "list_type"):
        return f"{shown}, not a list", "Write it as a list: [first, second]"
    if kind in ("dict_type", "model_type"):
        return f"{shown}, not a mapping", "Write it as keys with values"
    wanted = _KINDS.get(kind.partition("_")[0]) if kind.endswith(("_type", "_parsing")) else None
    return shown, f"It must be {wanted or detail['msg'].removeprefix('Input should be ')}"


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


def _check_slug(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+([_-][a-z0-9]+)*", text):
        proper = re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-_") or "a-name"
        remedy = f"Use small letters, digits and hyphens, for example {proper!r}"
        raise fault(f"is {text!r}, not a name", remedy)
    return text


def _check_text(text: str) -> str:
    if not text.strip():
        raise fault("is an empty text", "Write the words, or remove the entry")
    if text != text.strip() or not text.isprintable():
        raise fault(f"is {text!r}, with space around it or characters that do not print", "Remove them")
    return text


# Safe in file names, partition keys and SQL.
Slug = Annotated[str, AfterValidator(_check_slug)]
# To be read exactly as written, so nothing invisible may be in it: it would change the id of the text.
Text = Annotated[str, AfterValidator(_check_text)]
