"""`mcas redraw`: a stored image drawn again."""

from pathlib import Path
from typing import Annotated

import typer

from mcas_assets.cli.common import FORMATS, require_format
from mcas_assets.core import paths
from mcas_assets.core.terminal import say

DIFFERENT = 3


def redraw(
    image_id: Annotated[str, typer.Argument(help="Id of an image, or as many of its first digits as are unique.")],
    alone: Annotated[bool, typer.Option("--alone", help="Draw it by itself, not in the batch it was made in.")] = False,
    system: Annotated[
        str | None, typer.Option(help="Name or folder of the system, if its version's name is not declared.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="File to write the new drawing to.")] = None,
    format: Annotated[str, typer.Option(help=f"One of {', '.join(FORMATS)}.")] = "table",
) -> None:
    """Draw a stored image again, and say how far it is from the stored one. Exit status 0 within tolerance, else 3."""
    require_format(format)
    from functools import partial

    from mcas_assets.embedders.find import find_embedder
    from mcas_assets.images.redraw import redraw as draw_again
    from mcas_assets.store.database import Store
    from mcas_assets.systems.find import find_system
    from mcas_assets.views.frames import write
    from mcas_assets.views.redraw import lines, table

    cache = paths.home() / "digests.json"
    redrawn = draw_again(
        Store(paths.home()),
        image_id,
        alone=alone,
        system=system,
        find=partial(find_system, cache=cache),
        find_instrument=partial(find_embedder, cache=cache),
    )
    if output is not None and redrawn.outcome.image is not None:
        output.write_bytes(redrawn.outcome.image)
    if format == "table":
        for line in lines(redrawn):
            say(line)
    else:
        write(table(redrawn), format)
    if redrawn.verdict == "different":
        raise typer.Exit(DIFFERENT)
