"""`mcas init` and `mcas list`: a project of one's own, and everything that is declared in it and beside it."""

from pathlib import Path
from typing import Annotated

import typer

from mcas_assets.cli.common import FORMATS, require_format
from mcas_assets.core.terminal import say


def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make, or to make a project of.")] = Path(),
    deploy: Annotated[
        bool, typer.Option("--deploy", help="Write deploy/, too: what runs mcas serve as a service.")
    ] = False,
) -> None:
    """Make a project: a folder for systems, audits and policies of your own, beside the built-in ones.

    Nothing that lies there is overwritten; in a project, the schemas for editors are written anew. Example: mcas init my-project
    """
    from mcas_assets.project.make import make

    made = make(folder, with_deploy=deploy)
    for path in made.written:
        say(f"made {path}")
    say(
        f"{made.folder} is a project: every mcas command below it finds it, and what runs produce lies in its home/\n"
        "  mcas list                        what is declared, and where\n"
        "  mcas plan my-audit               what an audit takes\n"
        "  mcas audit my-audit              the phantom, with a small audit of your own\n"
        "  systems.yaml                     the place for systems of your own"
    )


def list_(
    kind: Annotated[
        str,
        typer.Argument(
            help="systems, embedders, labellers, audits, populations, policies, canaries, mappings or questions; all without."
        ),
    ] = "",
    format: Annotated[str, typer.Option(help=f"One of {', '.join(FORMATS)}.")] = "table",
) -> None:
    """List everything that is declared: where it is from, and what is wrong with what cannot be used.

    Example: mcas list systems
    """
    from mcas_assets.views.declared import declared
    from mcas_assets.views.frames import write

    require_format(format)
    found = declared(kind)
    empty = [name for name in ("problem", "title") if not any(found[name])] if format == "table" else []
    write(found.drop(empty), format)
