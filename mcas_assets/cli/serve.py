"""`mcas ui` and `mcas serve`: the history to look at, and the standing watch that makes it."""

import sys
import time
from typing import Annotated

import typer

from mcas_assets.core import paths
from mcas_assets.core.errors import BadInput
from mcas_assets.core.extras import require_extra
from mcas_assets.core.terminal import say

Host = Annotated[
    str, typer.Option(help="Address to listen on. One that other machines reach wants the token that is printed.")
]


def ui(
    port: Annotated[int, typer.Option(help="Port on this machine; 0 takes a free one.", min=0, max=65535)] = 3000,
    host: Host = "127.0.0.1",
    write: Annotated[
        bool, typer.Option(help="Let the UI launch runs and change things, and run the daemon that does so.")
    ] = False,
) -> None:
    """Open the Dagster UI on the history of this home. It starts and changes nothing, unless it is asked to.

    Systems are watched by mcas serve. Example: mcas ui --port 3001
    """
    require_extra("ui", "mcas ui")
    from contextlib import ExitStack

    from mcas_assets.orchestration.standing import show
    from mcas_assets.servers.door import open_door
    from mcas_assets.servers.run import ending_signals
    from mcas_assets.store.home_lock import hold_daemon_lock

    home = paths.home()
    if not write and not (home / "dagster").is_dir():
        raise BadInput(home, "holds no history yet", "Run an audit first: mcas audit. Or start with --write")
    with ExitStack() as stack:
        signals, door = stack.enter_context(ending_signals()), stack.enter_context(open_door(host, port))
        if write:
            stack.enter_context(hold_daemon_lock(home))

        def is_ready() -> None:
            say(f"Dagster UI: {door.shown}  (home {home}; Ctrl+C ends it)", err=True, always=True)
            _warn_of(door, writes=write)
            say(
                "runs can be launched; no system is watched (mcas serve does)"
                if write
                else "for reading: nothing is started or changed (--write: runs can be launched; mcas serve: systems are watched)",
                err=True,
            )

        show(home, door, signals, writes=write, is_ready=is_ready)
    raise typer.Exit(signals.status)


def serve(
    port: Annotated[
        int, typer.Option(help="Port on this machine; 0 takes a free one.", min=0, max=65535)
    ] = paths.PAGES_PORT,
    host: Host = "127.0.0.1",
    yes: Annotated[
        bool, typer.Option("--yes", help="Begin without asking. Wanted where no terminal is there to answer at.")
    ] = False,
    write: Annotated[bool, typer.Option(help="Let people launch runs and change things in the UI, too.")] = False,
) -> None:
    """Watch the declared systems: audit what is new, with pages and Dagster UI beside it, until it is ended.

    Says first at which systems it will look, what it would audit now, what that may cost and to which limit, and asks once.
    Whatever it started ends with it, and goes on when it is started again. Example: mcas serve --yes
    """
    require_extra("ui", "mcas serve")
    require_extra("view", "mcas serve")
    from mcas_assets.orchestration.standing import stand
    from mcas_assets.servers.door import open_door
    from mcas_assets.servers.run import ending_signals
    from mcas_assets.store.home_lock import hold_daemon_lock

    home = paths.home()
    with open_door(host, port) as door, hold_daemon_lock(home):
        _foretell(yes)
        with ending_signals() as signals:
            say(
                f"mcas serve: {door.shown}  (home {home}; Ctrl+C ends it, and all that it starts)",
                err=True,
                always=True,
            )
            _warn_of(door, writes=True)
            stand(home, door, signals, _log, writes=write)
    if signals.status:
        raise typer.Exit(signals.status)


def _foretell(yes: bool) -> None:
    """Say what would be begun, and ask. Ends the command where the answer is no.

    Raises:
        BadInput: Nobody is there to be asked, or a system would spend without a limit.
    """
    from mcas_assets.orchestration.definitions import declared_audits
    from mcas_assets.orchestration.instance import instance_to_look_at
    from mcas_assets.orchestration.sensor import consider, interval
    from mcas_assets.stages.workplace import Workplace
    from mcas_assets.systems.find import load_systems
    from mcas_assets.views.forecast import due, lines, require_limits

    if not yes and not sys.stdin.isatty():
        raise BadInput("mcas serve", "begins audits by itself, and nobody is here to be asked", "Give --yes")
    workplace = Workplace()
    entries = load_systems(workplace.system_file)
    require_limits(entries, workplace.system_file)
    say("looking at the systems...", err=True)
    with instance_to_look_at(workplace.home) as instance:
        decision, seen = consider(workplace, instance, [audit.audit for audit in declared_audits()])
    for line in lines(workplace, decision, list(due(workplace, decision, seen, entries)), entries, interval()):
        say(line, err=True, always=True)
    if not yes and not typer.confirm("Begin?", default=False, err=True):
        say("nothing was begun", err=True, always=True)
        raise typer.Exit


def _warn_of(door, *, writes: bool) -> None:  # noqa: ANN001 - imported late
    if door.is_open:
        host = door.listening.getsockname()[0]
        say(
            f"warning: other machines reach {host}. Whoever has this address sees everything"
            f"{' and starts audits' if writes else ''}; it travels unencrypted, so put TLS before it.",
            err=True,
            always=True,
        )


def _log(line: str) -> None:
    """A line of what happens, with its time. A terminal that is gone takes none, and ends nothing."""
    try:
        say(f"{time.strftime('%H:%M:%S')}  {line}", err=True, always=True)
    except OSError:
        sys.stderr = open_nowhere()


def open_nowhere():  # noqa: ANN201 - a stream that takes everything
    """A stream for what nobody reads."""
    import os

    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - for the rest of the process
