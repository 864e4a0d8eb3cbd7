"""What stays: the UI for whoever looks, and the standing watch with daemon, UI and pages under one address.

Both run until a signal asks them to end, and leave nothing behind that works on: see core/tether.py.
"""

import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from mcas_assets.core import paths
from mcas_assets.orchestration.health import Health
from mcas_assets.orchestration.instance import dagster_home, open_instance
from mcas_assets.orchestration.logbook import Logbook
from mcas_assets.orchestration.restart import end_all, make_ready
from mcas_assets.orchestration.webserver import backstage, dagster_ui
from mcas_assets.pages.app import build_app
from mcas_assets.servers.door import Door
from mcas_assets.servers.guard import Guard
from mcas_assets.servers.run import EndAsked, Signals, run_until_asked
from mcas_assets.store.database import Store

UI = "/dagster"
"""Where the UI lies beside the pages."""

HEALTH = "/health"

Say = Callable[[str], None]


def show(home: Path, door: Door, signals: Signals, *, writes: bool, is_ready: Callable[[], None]) -> None:
    """`mcas ui`: the UI on the history of a home; with `writes` the daemon, too, that launches what a person asks for.

    Raises:
        McasError: A process of it ended by itself.
        StoreError: Dagster's history cannot be used.
    """
    _settle(home, is_watching=False)
    with suppress(EndAsked), ExitStack() as stack:
        if writes:
            make_ready(home, is_watching=False)
            stack.callback(end_all, home)
        instance = stack.enter_context(open_instance(home))
        behind = stack.enter_context(backstage(signals, with_daemon=writes))
        app = stack.enter_context(dagster_ui(instance, behind.workspace, door, writes=writes))
        is_ready()
        run_until_asked(app, door, signals, behind.require_alive)


def stand(home: Path, door: Door, signals: Signals, say: Say, *, writes: bool) -> None:
    """`mcas serve`: the daemon that looks and audits, with the UI and the pages beside it.

    Args:
        home: The MCAS home.
        door: Where it is called.
        signals: Say when to end.
        say: Told in words of what happens, a line each.
        writes: Whether people may launch runs and change things in the UI.

    Raises:
        McasError: A process of it ended by itself.
        StoreError: Dagster's history cannot be used.
    """
    _settle(home, is_watching=True)
    os.environ.setdefault(paths.PAGES, door.url)
    with suppress(EndAsked), ExitStack() as stack:
        make_ready(home, is_watching=True)
        stack.callback(end_all, home)
        instance = stack.enter_context(open_instance(home))
        behind = stack.enter_context(backstage(signals, with_daemon=True))
        ui = stack.enter_context(dagster_ui(instance, behind.workspace, door, writes=writes, prefix=UI))
        pages = Guard(build_app(Store(home), ui=f"{UI}/"), hosts=door.names, token=door.token)
        health, logbook = Health(home, instance, behind), Logbook(instance, home, say)
        say(f"watching; pages {door.url}/  Dagster UI {door.url}{UI}/")

        def look() -> None:
            behind.require_alive()
            health.look()
            logbook.look()

        beside = _beside({UI: ui, HEALTH: Guard(health.answer, hosts=door.names)}, pages)
        run_until_asked(beside, door, signals, look)
        say("ending; what is under way goes on when mcas serve is started again")


def _settle(home: Path, *, is_watching: bool) -> None:
    """Tell the processes that are started from here on where they work."""
    os.environ.update(
        DAGSTER_HOME=str(dagster_home(home)),
        MCAS_HOME=str(home),
        **({"MCAS_PROJECT": str(of_project)} if (of_project := paths.project()) else {}),
        MCAS_WATCH="on" if is_watching else "off",
        DAGSTER_DISABLE_TELEMETRY="1",
    )
    # A look may have to read large weights through.
    os.environ.setdefault("DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS", "3600")


def _beside(places: dict[str, ASGIApp], rest: ASGIApp) -> ASGIApp:
    """Several applications under one address, each below its path as it stands; what is below none is of `rest`."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        found = next((one for place, one in places.items() if path == place or path.startswith(f"{place}/")), rest)
        await found(scope, receive, send)

    return app
