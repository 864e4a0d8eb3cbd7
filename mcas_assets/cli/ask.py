"""`mcas sql`, `mcas systems`, `mcas ui`: looking at what was measured."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from mcas_assets.cli.common import FORMATS, require_format
from mcas_assets.core import paths
from mcas_assets.core.errors import BadInput


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
    """Query the published copy of the store: one statement that reads. It reaches no other file, and nothing is written."""
    from mcas_assets.store.database import Store
    from mcas_assets.store.publication import query as ask
    from mcas_assets.store.publication import questions, why_empty
    from mcas_assets.store.sandbox import Limits
    from mcas_assets.views.frames import write

    if not query:
        for name, path in questions().items():
            typer.echo(f"{name:<28} {path.read_text().splitlines()[0].removeprefix('--').strip()}")
        return
    require_format(format)
    known = questions()
    name = query.removesuffix(".sql").removeprefix("sql/")
    text = known[name].read_text() if name in known else query
    if " " not in text.strip():
        raise BadInput("query", f"{query!r} is neither SQL nor a file in sql/", f"Files: {', '.join(known)}")
    answer = ask(Store(paths.home()), text, limits=Limits(seconds, memory))
    write(answer, format, output, rows=rows, whole=whole)
    if answer.is_empty() and name in known:
        typer.echo(why_empty(known[name]), err=True)


def systems(
    format: Annotated[
        str, typer.Option(help=f"One of {', '.join(FORMATS)}; json gives whole identity documents.")
    ] = "table",
) -> None:
    """List every system version that this home knows, with its identity."""
    from mcas_assets.store.database import Store
    from mcas_assets.views.frames import write
    from mcas_assets.views.systems import known_systems

    require_format(format)
    write(known_systems(Store(paths.home()), whole=format == "json"), format)


def ui(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 3000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    watch: Annotated[bool, typer.Option(help="Audit every declared system whenever it moves.")] = True,
) -> None:
    """Open the Dagster UI, with daemon, on the same instance and history; the daemon audits systems whenever they move."""
    from mcas_assets.orchestration.instance import dagster_home
    from mcas_assets.orchestration.restart import make_ready

    make_ready(paths.home())
    os.environ.update(
        DAGSTER_HOME=str(dagster_home(paths.home())),
        MCAS_HOME=str(paths.home()),
        MCAS_WATCH="on" if watch else "off",
        DAGSTER_DISABLE_TELEMETRY="1",
    )
    # A look may have to read large weights through.
    os.environ.setdefault("DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS", "3600")
    workspace = paths.ROOT / "workspace.yaml"
    words = [sys.executable, "-W", "ignore", "-m", "dagster", "dev", "-w", str(workspace), "-h", host, "-p", str(port)]
    typer.echo(f"Dagster UI: http://{host}:{port}  (home {paths.home()}; Ctrl+C ends it)", err=True)
    typer.echo(
        f"watching the systems of {paths.systems_file()}: each audit that one declares is run whenever it moves (--no-watch: not)"
        if watch
        else "watching no systems; switch the sensor on under Automation, or leave out --no-watch",
        err=True,
    )
    os.execv(sys.executable, words)
