"""`mcas sql`, `mcas systems`: asking what was measured."""

import os
from pathlib import Path
from typing import Annotated

import typer

from mcas_assets.cli.common import FORMATS, require_format
from mcas_assets.core import paths
from mcas_assets.core.errors import BadInput
from mcas_assets.core.terminal import say


def sql(
    query: Annotated[
        str, typer.Argument(help="A SELECT, or the name of a file in sql/. Without: lists the questions.")
    ] = "",
    format: Annotated[str, typer.Option(help=f"One of {', '.join(FORMATS)}.")] = "table",
    output: Annotated[Path | None, typer.Option(help="File to write, instead of the terminal.")] = None,
    rows: Annotated[
        int | None,
        typer.Option(help="Rows of a table at most, 0 for all. Without: 40 at a terminal, all in a pipe.", min=0),
    ] = None,
    whole: Annotated[bool, typer.Option("--whole", help="Print every column of a table, whatever the width.")] = False,
    seconds: Annotated[float, typer.Option(help="Time that the question may take.")] = 60.0,
    memory: Annotated[int, typer.Option(help="MiB of memory that the question, and its answer, may take.")] = 2048,
) -> None:
    """Query the published copy of the store: one statement that reads. It reaches no other file, and nothing is written.

    Example: mcas sql where-is-the-bias
    """
    from mcas_assets.store.database import Store
    from mcas_assets.store.publication import query as ask
    from mcas_assets.store.publication import questions, why_empty
    from mcas_assets.store.sandbox import Limits
    from mcas_assets.views.frames import write

    if not query:
        for name, path in questions().items():
            say(f"{name:<28} {path.read_text().splitlines()[0].removeprefix('--').strip()}")
        return
    require_format(format)
    query, known = typed(query), questions()
    name = query.removesuffix(".sql").removeprefix("sql/")
    text = known[name].read_text() if name in known else query
    if " " not in text.strip():
        raise BadInput("query", f"{query!r} is neither SQL nor a file in sql/", f"Files: {', '.join(known)}")
    answer = ask(Store(paths.home()), text, limits=Limits(seconds, memory))
    write(answer, format, output, rows=rows, whole=whole)
    if answer.is_empty() and name in known:
        say(why_empty(known[name]), err=True)


def typed(text: str) -> str:
    """A text of the command line as UTF-8, as terminals write it, whatever encoding the locale names.

    Raises:
        BadInput: It is none.
    """
    try:
        return os.fsencode(text).decode("utf-8")
    except UnicodeError as error:
        raise BadInput("query", "is not UTF-8 text", "Set the terminal to UTF-8, or ask without such signs") from error


def systems(
    format: Annotated[
        str, typer.Option(help=f"One of {', '.join(FORMATS)}; json gives whole identity documents.")
    ] = "table",
) -> None:
    """List every system version that this home knows, with its identity, and where its system is declared."""
    from mcas_assets.store.database import Store
    from mcas_assets.systems.find import load_systems
    from mcas_assets.views.frames import write
    from mcas_assets.views.systems import known_systems

    require_format(format)
    declared = {name: paths.origin(path) for name, path in load_systems().files.items()}
    write(known_systems(Store(paths.home()), declared, whole=format == "json"), format)
