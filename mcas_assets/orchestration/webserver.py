"""Dagster's webserver in our own process, behind the guard; with its daemon beside it where work may be started.

`dagster dev` has no place for a middleware, so what it does is done here: a code server, the webserver on it, the daemon on it.
Both are processes of their own that end with this one (core/tether.py), and with them the runs that they have started.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import yaml
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._grpc.client import DagsterGrpcClient
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.version import __version__ as webserver_version
from starlette.types import ASGIApp

from mcas_assets.core.errors import McasError
from mcas_assets.core.tether import holding
from mcas_assets.servers.door import Door
from mcas_assets.servers.guard import Guard
from mcas_assets.servers.run import Signals

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the UI may load: nothing from elsewhere. Which inline scripts run is narrowed further by the page's own policy."""

LOCATION = "mcas_assets"
"""The name of our definitions in Dagster's history; `workspace.yaml` gives it too, for `dagster dev`."""

PATIENCE = 300.0
"""Seconds that the code server may take to load our definitions, on a slow disk."""

GRACE = 10.0
"""Seconds that a process may take to be gone once its tether is."""


@dataclass
class Backstage:
    """What works behind the UI: processes that end when the context that gave this is left.

    Attributes:
        workspace: The workspace file that leads to the code server.
        processes: Those that were started, by what they are called.
        client: Asks the code server.
    """

    workspace: Path
    client: DagsterGrpcClient
    processes: dict[str, subprocess.Popen] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> None:
        """Start a command of Dagster's in a group of its own: Ctrl+C in a terminal is for us, who then end it."""
        words = [sys.executable, "-W", "ignore", "-m", "mcas_assets.orchestration.tethered", *command]
        self.processes[name] = subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True)

    def require_alive(self) -> None:
        """See that every process is there.

        Raises:
            McasError: One has ended by itself.
        """
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise McasError(f"the {name} ended by itself with status {process.returncode}, and all else with it")

    def is_answering(self) -> bool:
        """Whether the code server answers for our definitions."""
        try:
            self.client.ping("")
        except dg.DagsterError:
            return False
        return True


@contextmanager
def backstage(signals: Signals, *, with_daemon: bool) -> Generator[Backstage]:
    """The code server of our definitions, and Dagster's daemon on it where that is wanted.

    Raises:
        EndAsked: Somebody asked to end while the code server was loading.
        McasError: The code server ended by itself, or takes too long.
    """
    with tempfile.TemporaryDirectory(prefix="mcas-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        port, path = (_free_port(), None) if os.name == "nt" else (None, str(place / "code.sock"))
        at = {"port": port} if path is None else {"socket": path}
        workspace = place / "workspace.yaml"
        workspace.write_text(
            yaml.safe_dump({"load_from": [{"grpc_server": {"location_name": LOCATION, "host": "localhost", **at}}]})
        )
        made = Backstage(workspace, DagsterGrpcClient(port=port, socket=path))
        try:
            with holding(place / "tether"):
                ((option, value),) = at.items()
                code = ("-m", "mcas_assets.definitions", "--location-name", LOCATION, "--log-level", "warning")
                made.start("code server", "dagster", "code-server", "start", f"--{option}", str(value), *code)
                _wait_for(made, signals)
                if with_daemon:
                    told = ("--log-level", "warning")
                    made.start("daemon", "dagster._daemon", "run", "-w", str(workspace), *told)
                yield made
        finally:
            for process in made.processes.values():
                _end(process)


@contextmanager
def dagster_ui(
    instance: dg.DagsterInstance, workspace: Path, door: Door, *, writes: bool, prefix: str = ""
) -> Generator[ASGIApp]:
    """Dagster's webserver as an application behind the guard.

    Args:
        instance: The history that it shows.
        workspace: See `Backstage`.
        door: Where it is called.
        writes: Whether runs may be launched and things changed; without, Dagster refuses every mutation.
        prefix: The path below which it lies.
    """
    # As Dagster's own command: 15 s a statement, connections kept for an hour, 20 of them.
    instance.optimize_for_webserver(15_000, 3600, 20)
    target = WorkspaceFileTarget([str(workspace)])
    with WorkspaceProcessContext(instance, target, webserver_version, read_only=not writes) as context:
        app = create_app_from_workspace_process_context(context, prefix, 2000)
        yield Guard(app, hosts=door.names, token=door.token, policy=POLICY, posts_only=[f"{prefix}/graphql"])


def _wait_for(made: Backstage, signals: Signals) -> None:
    deadline = time.monotonic() + PATIENCE
    while not made.is_answering():
        made.require_alive()
        signals.require_not_asked()
        if time.monotonic() > deadline:
            raise McasError(f"the code server does not answer after {PATIENCE:.0f} s")
        time.sleep(0.2)


def _end(process: subprocess.Popen) -> None:
    """See that a process that has lost its tether is gone, and all of its group: a run that it has started is of it too."""
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group of the dead
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]
