r"""The one place where text reaches a terminal: `say` a line, or print to a `console`.

Cells, paths, messages, names and prompts come from elsewhere, and to a terminal some signs are commands: they would move the
cursor, hide what was printed, make a link that leads elsewhere, or turn a line around. Each is written as what it is
called (`\\x1b`). Nothing in a text is markup either: what is bold is said beside the text, by styles.
"""

import json
import re
import sys
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.segment import Segment

_COMMANDS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and line feed, delete, C1
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # marks and turns of direction, separators, what is invisible
    "\ufff9-\ufffb\U000e0000-\U000e007f"  # annotations, and tags that nobody sees
    "\ud800-\udfff]"  # halves of signs, which no stream can write
)


def escaped(text: str) -> str:
    r"""A text in which every sign that is a command to a terminal is written out: ESC as `\\x1b`. Tabs and line feeds stay."""
    return _COMMANDS.sub(_written, text)


def escaped_json(text: str) -> str:
    r"""The same JSON, in which a terminal finds no command: within its texts, such signs are `\\u` and four digits."""
    return _COMMANDS.sub(lambda sign: json.dumps(sign.group())[1:-1] if ord(sign.group()) != 0x7F else "\\u007f", text)


def _written(sign: re.Match[str]) -> str:
    code = ord(sign.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_is_quiet = False


def be_quiet() -> None:
    """From now on nothing is printed to standard error but what is said `always`: no notes, no bars."""
    global _is_quiet
    _is_quiet = True


def say(text: object = "", *, err: bool = False, always: bool = False) -> None:
    """Print a line to standard output, or to standard error; there it is a note, left out where quiet, unless said `always`."""
    if err and _is_quiet and not always:
        return
    stream = sys.stderr if err else sys.stdout
    stream.write(f"{escaped(str(text))}\n")
    stream.flush()


def console(
    *, stderr: bool = False, width: int | None = None, file: TextIO | None = None, is_note: bool = False
) -> "Console":
    """A console of rich that takes no text for markup, and writes out what would be a command.

    Args:
        stderr: Print to standard error.
        width: In signs; None for that of the terminal.
        file: Print there instead.
        is_note: Whether what is printed may be left out where quiet, as all may that goes to standard error.
    """
    quiet = _is_quiet and (stderr or is_note)
    return _kind()(stderr=stderr, width=width, file=file, quiet=quiet, markup=False, emoji=False, highlight=False)


@cache
def _kind() -> type[Any]:
    from rich.console import Console
    from rich.segment import Segment

    class Escaping(Console):
        """Escapes each piece of text after it was laid out, and before its style becomes signs for the terminal."""

        def _render_buffer(self, buffer: "Iterable[Segment]") -> str:
            return super()._render_buffer(
                piece if piece.control else Segment(escaped(piece.text), piece.style) for piece in buffer
            )

    return Escaping
