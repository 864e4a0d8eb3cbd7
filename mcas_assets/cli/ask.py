"""`mcas sql`, `mcas systems`, `mcas ui`: looking at what was measured."""

import os
from pathlib import Path
from typing import Annotated

import typer

from mcas_assets.cli.common import FORMATS, require_format
from mcas_assets.core import paths
from mcas_assets.core.errors import BadInput
from mcas_assets.core.extras import require_extra
from mcas_assets.core.hosts import is_loopback
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


def ui(
    port: Annotated[int, typer.Option(help="Port on this machine.", min=0, max=65535)] = 3000,
    host: Annotated[
        str, typer.Option(help="Address to listen on. One that other machines reach wants the token that is printed.")
    ] = "127.0.0.1",
    write: Annotated[
        bool, typer.Option(help="Let the UI launch runs and change things, and run the daemon that does so.")
    ] = False,
    watch: Annotated[
        bool, typer.Option(help="Audit every declared system whenever it moves, which may cost money. Implies --write.")
    ] = False,
) -> None:
    """Open the Dagster UI on the history of this home. It starts and changes nothing, unless it is asked to.

    Example: mcas ui --port 3001
    """
    require_extra("ui", "mcas ui")
    from mcas_assets.orchestration.webserver import listen, names_of, serve
    from mcas_assets.servers.guard import new_token

    home, writes = paths.home(), write or watch
    if writes:
        from mcas_assets.orchestration.restart import make_ready

        make_ready(home)
    elif not (home / "dagster").is_dir():
        raise BadInput(home, "holds no history yet", "Run an audit first: mcas audit. Or start with --write")
    os.environ.update(
        DAGSTER_HOME=str(home / "dagster"),
        MCAS_HOME=str(home),
        **({"MCAS_PROJECT": str(of_project)} if (of_project := paths.project()) else {}),
        MCAS_WATCH="on" if watch else "off",
        DAGSTER_DISABLE_TELEMETRY="1",
    )
    # A look may have to read large weights through.
    os.environ.setdefault("DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS", "3600")
    token = None if is_loopback(host) else new_token()
    with listen(host, port) as listening:
        names, port = names_of(host), listening.getsockname()[1]
        shown = f"[{names[0]}]" if ":" in names[0] else names[0]
        say(
            f"Dagster UI: http://{shown}:{port}{f'/?token={token}' if token else ''}  (home {home}; Ctrl+C ends it)",
            err=True,
            always=True,
        )
        if token:
            say(
                f"warning: other machines reach {host}. Whoever has this address sees everything"
                f"{' and starts audits' if writes else ''}; it travels unencrypted, so put TLS before it.",
                err=True,
                always=True,
            )
        say(_what_it_does(write, watch), err=True)
        serve(home, listening, names, token, writes)


def _what_it_does(write: bool, watch: bool) -> str:
    if watch:
        return f"watching the systems of {paths.systems_file()}: each audit that one declares is run whenever it moves"
    if write:
        return "runs can be launched; no system is watched (--watch: each audit that one declares is run whenever it moves)"
    return "for reading: nothing is started or changed (--write: runs can be launched; --watch: systems are audited as they move)"
