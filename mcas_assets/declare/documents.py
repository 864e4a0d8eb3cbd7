"""Finding and reading what people declare in YAML: strictly, and with every mistake named at once.

Belongs here: the file of a name (`mcas audit phantom`) or path (`mcas audit ./mine.yaml`), turning its text into plain
values that know their line, and checking these. The words for what is wrong are `mistakes`; what one kind of document may
say belongs to its own module (`audit`, ...).
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
import yaml.constructor
from pydantic import AfterValidator, BaseModel, ValidationError

from mcas_assets.core.errors import BadInput
from mcas_assets.core.office import encoding_of
from mcas_assets.core.paths import layers
from mcas_assets.declare.mistakes import BadDocument, KeyPath, Mistake, did_you_mean, explain, fault

Model = TypeVar("Model", bound=BaseModel)
# The C parser reads an audit about ten times faster; both give the same nodes.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# No declaration is a tenth as deep. The composer recurses in C, and a deep enough text would end the process.
MAX_DEPTH = 100
_TAG = "tag:yaml.org,2002:"


_MOST_BITS = 1024
"""Of a whole number: Python itself refuses to print one of more than 4,300 digits."""


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
    """The text of a file: UTF-8, or what its byte order mark says, which is dropped.

    Raises:
        BadInput: the file cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding=encoding_of(path))
    except UnicodeDecodeError as error:
        remedy = "Save it as UTF-8 (in Excel: CSV UTF-8)"
        raise BadInput(path, f"is not UTF-8 text (byte {error.start})", remedy) from error
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
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    line = mark.line + 1 if mark else text.count("\n", 0, getattr(error, "position", 0)) + 1
    column = f" at column {mark.column + 1}" if mark else ""
    remedy = "Look at this line and the one above: indentation, quotes, colons (quote a text that holds ': ')"
    return Mistake((), f"is not valid YAML: {problem}{column}", remedy, line)


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
                value = self._scalars.construct_object(node)
            except (ValueError, KeyError, OverflowError):
                pass
            else:
                if not isinstance(value, int) or value.bit_length() <= _MOST_BITS:
                    return value
                return self._refuse(at, "is a number beyond all use", "Write a smaller one")
        return self._refuse(at, f"cannot be read as {kind}", "Write it plainly, without a tag")

    def _refuse(self, at: KeyPath, problem: str, remedy: str, line: int | None = None) -> None:
        self.mistakes.append(Mistake(at, problem, remedy, line or self.lines.get(at)))


def named_files(folder: Path, pattern: str = "*.yaml") -> dict[str, Path]:
    """The declarations of a folder by the names of their files, in order of name; those of a project before those that ship."""
    found = {path.stem: path for place in reversed(layers(folder)) for path in place.glob(pattern)}
    return dict(sorted(found.items()))


def find_document(name_or_path: str | Path, known: Mapping[str, Path], kind: str) -> tuple[Path, str | None]:
    """The file of a declaration.

    Args:
        name_or_path: A name in `known`, or the path of a YAML file (a `Path`, or text with a separator or a suffix).
        known: The files that have a name.
        kind: What is asked for, as a message calls it, and as the document names itself.

    Returns:
        Its path, and the name that it was asked for by; None if by path.

    Raises:
        BadInput: There is no such file. The message lists the names there are.
    """
    text = str(name_or_path)
    is_path = isinstance(name_or_path, Path) or Path(text).suffix in (".yaml", ".yml") or os.sep in text
    path = Path(text) if is_path else known.get(text)
    if path is None or not path.is_file():
        where = text if is_path else f"{kind} {text!r}"
        raise BadInput(where, "does not exist", did_you_mean(Path(text).stem, known))
    return path, None if is_path else text


def require_name(path: Path, stated: str, asked: str | None, kind: str) -> None:
    """See that a document states the name that its file has, if it was asked for by name.

    Raises:
        BadInput: It states another.
    """
    if asked is not None and stated != asked:
        raise BadInput(path, f"is {stated!r}, but its file is named {asked!r}", "Give both one name", kind)


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
    mistakes, document = list(parsed.mistakes), None
    if isinstance(parsed.value, dict):
        unreadable, refused = {mistake.at for mistake in mistakes}, []
        try:
            document = model.model_validate(parsed.value)
        except ValidationError as error:
            refused = [mistake for mistake in explain(error, model) if mistake.at not in unreadable]
        mistakes += [mistake for mistake in refused if mistake.at]
        mistakes += contradictions(parsed.value)
        mistakes = mistakes or refused  # of the whole: what contradictions say better, where they say anything
    elif not mistakes:
        remedy = f"Begin with: {next(iter(model.model_fields))}: ..."
        mistakes.append(Mistake((), "is not a mapping of keys to values", remedy))
    located = {(mistake.at, mistake.problem): mistake for mistake in map(parsed.locate, mistakes)}
    return (None if mistakes else document), sorted(located.values(), key=lambda mistake: mistake.line or 0)


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
