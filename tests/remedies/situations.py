"""What a situation is: it is brought about, gives what fails and the words of the remedy, and then does as these say.

`Situation` is a generator function: it yields (what fails, words of the remedy), and what stands after that follows the remedy.
Its arguments are `place`, a folder of its own, and fixtures by their names. `edits` makes many of a table.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

Step = tuple[Callable[[], object], str]
Situation = Callable[..., Iterator[Step]]


def in_module(names: dict[str, Any]) -> list[Situation]:
    """The situations that a module defines as functions, and those of its tables: lists whose name ends in `_TABLE`."""
    functions = [one for name, one in names.items() if getattr(one, "is_situation", False)]
    return [*functions, *(one for name, table in names.items() if name.endswith("_TABLE") for one in table)]


def name_of(one: Situation) -> str:
    """What a situation is called."""
    return getattr(one, "__name__", "")


def situation(function: Situation) -> Situation:
    """Marks a generator function as a situation."""
    function.is_situation = True  # ty: ignore[missing-attribute]
    return function


def edits(
    what: str, file_name: str, text: str, read: Callable[[Path], object], rows: Iterable[tuple[str, ...]]
) -> list[Situation]:
    """Situations of one file each: in `text`, `old` became `new`, and is `mended` as the remedy says (by default as it was).

    Args:
        what: A word for the kind of file.
        file_name: How it must be called.
        text: A file in which nothing is wrong.
        read: Reads it.
        rows: (old, new, words of the remedy), and what the remedy makes of `new` where that is not `old`.
    """
    return [_edit(what, file_name, text, read, *row) for row in rows]


def _edit(
    what: str,
    file_name: str,
    text: str,
    read: Callable[[Path], object],
    old: str,
    new: str,
    words: str,
    mended: str | None = None,
) -> Situation:
    def edited(place: Path) -> Iterator[Step]:
        assert not old or old in text, f"{old!r} is not in the text of {what}"
        file = place / file_name
        file.write_text(text.replace(old, new, 1) if old else new, encoding="utf-8")
        yield lambda: read(file), words
        file.write_text(
            text.replace(old, mended, 1) if old and mended is not None else mended or text, encoding="utf-8"
        )

    edited.__name__ = f"{what}: {words}"
    return edited
