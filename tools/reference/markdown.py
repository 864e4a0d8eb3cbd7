"""The little of Markdown that the reference pages are made of."""

from collections.abc import Iterable, Iterator, Sequence

Page = tuple[str, Iterator[str]]
"""The name of its file, and its parts."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; empty where it would have no rows."""
    lines = list(rows)
    cells = [head, ["---"] * len(head), *lines] if lines else []
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in cells)


def capital(text: str) -> str:
    """The text with a capital in front, the rest as it is."""
    return text[:1].upper() + text[1:]
