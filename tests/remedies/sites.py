"""Where the product words an error that a user can mend: every call of the source that states a remedy, and which of them ran."""

import ast
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import pytest

from mcas_assets.core import errors
from mcas_assets.declare import mistakes

PACKAGE = Path(errors.__file__).parents[1]
WORDING = {"BadInput", "StoreError", "ImageLost", "SystemMoved", "Mistake", "fault", "_refuse"}
"""What takes a problem and a remedy. `_refuse` is that of the reader of YAML; the guard of servers has one that answers HTTP."""


class Site(NamedTuple):
    """One call: its file below the package, the lines that it spans, and its source."""

    file: str
    first: int
    last: int
    source: str

    def __str__(self) -> str:
        return f"{self.file}:{self.first}: {self.source[:160]}"


def all_sites() -> list[Site]:
    """Every call that states a remedy of its own; one that passes on the words of another (`error.remedy`) states none."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and _name(node.func) in WORDING and path.name != "guard.py":
                source = " ".join((ast.get_source_segment(text, node) or "").split())
                if not any(passed in source for passed in (".remedy", "_words(", "at, problem, remedy")):
                    file = path.relative_to(PACKAGE).as_posix()
                    found.append(Site(file, node.lineno, node.end_lineno or node.lineno, source))
    return found


def _name(function: ast.expr) -> str:
    return getattr(function, "id", None) or getattr(function, "attr", "")


class Worded(NamedTuple):
    """Words that were put together: where, and what they say."""

    file: str
    line: int
    problem: str


@contextmanager
def watched() -> Generator[list[Worded]]:
    """Notes each place that words an error while it is open."""
    noted: list[Worded] = []
    with pytest.MonkeyPatch.context() as patch:
        for owner, of_problem in ((errors.BadInput, 2), (mistakes.Mistake, 2)):
            patch.setattr(owner, "__init__", _noting(owner.__init__, of_problem, noted))
        custom: Any = mistakes.PydanticCustomError

        def noting(kind: str, text: str, words: dict[str, str]) -> object:
            _note(sys._getframe(1), words["problem"], noted)
            return custom(kind, text, words)

        patch.setattr(mistakes, "PydanticCustomError", noting)
        yield noted


def _noting(init, of_problem: int, noted: list[Worded]):
    def noting(self, *args, **keys) -> None:
        _note(sys._getframe(1), str(args[of_problem - 1] if len(args) >= of_problem else keys["problem"]), noted)
        init(self, *args, **keys)

    return noting


def _note(frame: FrameType | None, problem: str, noted: list[Worded]) -> None:
    """Every frame of the package above the words: a helper that words for others (`_refuse`) and who called it."""
    while frame is not None and len(noted) < 100_000:
        file = Path(frame.f_code.co_filename)
        if PACKAGE in file.parents:
            noted.append(Worded(file.relative_to(PACKAGE).as_posix(), frame.f_lineno, problem))
        elif frame.f_code.co_filename == __file__:
            pass
        else:
            return
        frame = frame.f_back


def executed(sites: list[Site], noted: list[Worded], said: str) -> set[Site]:
    """The sites whose words the error that reached the user says."""
    return {
        site
        for worded in noted
        if worded.problem in said
        for site in sites
        if site.file == worded.file and site.first <= worded.line <= site.last
    }
