"""What views draw with: one kind of table, and bars on two sides of 0, pole B to the left and pole A to the right.

Not here: numbers as text (`numbers`).
"""

from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from mcas_assets.declare.audit import Axis

NARROW = 106
"""A terminal of fewer columns gets fewer of a table's."""

A_COLOUR, B_COLOUR = "cyan", "magenta"


def plain_table(
    title: str | None = None, caption: str | None = None, *, show_header: bool = True, pad_edge: bool = True
) -> Table:
    """A table without lines, its heading and caption dim, its title at the left: what all views print."""
    return Table(
        title=title, title_style="bold", title_justify="left", caption=caption, caption_style="dim", caption_justify="left",
        header_style="dim", box=None, padding=(0, 1), show_header=show_header, pad_edge=pad_edge,
    )  # fmt: skip


def axis_title(name: str, axis: Axis) -> str:
    """The title of an axis's table: its name, and which pole is on which side."""
    return f"{name.replace('_', ' ')}: {axis.b.name} ◀ ▶ {axis.a.name}"


def poles_heading(axis: Axis, half: int) -> str:
    """The heading of a column of bars: the poles on their sides."""
    return f"{axis.b.name:>{half}} │ {axis.a.name}"


def lean_bar(value: float, widest: float, half: int, is_faint: bool) -> Text:
    """A bar from the middle towards the pole that `value` leans to, in that pole's colour.

    Args:
        value: Above 0 towards A.
        widest: The size of a value whose bar takes a whole side.
        half: Width of a side, in characters.
        is_faint: Draw it dim.
    """
    # Square roots of the shares would flatter small ones; a linear bar with eighths shows them as they are.
    eighths = round(min(abs(value) / widest, 1.0) * half * 8)
    full, rest = divmod(eighths, 8)
    faint = "dim " if is_faint else ""
    if value >= 0:
        bar = "█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")
        return Text.assemble(" " * half, ("│", "dim"), (f"{bar:<{half}}", faint + A_COLOUR))
    bar = ("▐" if rest >= 4 else "") + "█" * full
    return Text.assemble((f"{bar:>{half}}", faint + B_COLOUR), ("│", "dim"), " " * half)


def cell_of(value: float, widest: float, half: int) -> int:
    """The cell of a track of 2 `half` + 1 cells in which a value of size `widest` or less lies; 0 lies in cell `half`."""
    return half + round(max(-1.0, min(1.0, value / widest)) * half)


def track(cells: Mapping[int, tuple[str, str]], half: int) -> Text:
    """A track of 2 `half` + 1 cells with a line at 0 and the given (character, style) by cell."""
    empty = {half: ("│", "dim")}
    return Text.assemble(*((empty | dict(cells)).get(cell, (" ", "")) for cell in range(2 * half + 1)))
