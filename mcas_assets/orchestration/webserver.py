"""Dagster's webserver in our own process, behind the guard; with its daemon beside it where work may be started.

`dagster dev` has no place for a middleware, so what it does is done here: a code server, the webserver on it, the daemon on it.
"""

import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import dagster as dg
import uvicorn
import yaml
from dagster._cli.proxy_server_manager import ProxyServerManager
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget, WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.version import __version__ as webserver_version

from mcas_assets.core.errors import BadInput, McasError
from mcas_assets.orchestration.instance import open_instance
from mcas_assets.servers.guard import LOOPBACK, Guard

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the UI may load: nothing from elsewhere. Which inline scripts run is narrowed further by the page's own policy."""

LOCATION = "mcas_assets"
"""The name of our definitions in Dagster's history; `workspace.yaml` gives it too, for `dagster dev`."""

DAEMON_GRACE = 60.0
"""Seconds that the daemon may take to put down what it does, as `dagster dev` gives it."""


def serve(home: Path, listening: socket.socket, hosts: Iterable[str], token: str | None, writes: bool) -> None:
    """Serve the Dagster UI on an MCAS home until Ctrl+C.

    Args:
        home: The MCAS home.
        listening: The socket to answer on, bound before anything is started.
        hosts: Names, beside those of this machine itself, by which the server may be called.
        token: What whoever asks must know; none on a loopback address.
        writes: Whether runs may be launched and things changed. The daemon, which launches them, runs then; without it,
            Dagster refuses every mutation.

    Raises:
        McasError: The daemon ended by itself.
    """
    instance = open_instance(home)
    with ExitStack() as stack:
        stack.callback(instance.dispose)
        # As Dagster's own command: 15 s a statement, connections kept for an hour, 20 of them.
        instance.optimize_for_webserver(15_000, 3600, 20)
        workspace = stack.enter_context(_code_server(instance))
        context = stack.enter_context(
            WorkspaceProcessContext(instance, WorkspaceFileTarget([workspace]), webserver_version, read_only=not writes)
        )
        app = create_app_from_workspace_process_context(context, "", 2000)
        guarded = Guard(app, hosts=[*LOOPBACK, *hosts], token=token, policy=POLICY, posts_only=["/graphql"])
        server = uvicorn.Server(
            uvicorn.Config(guarded, log_level="warning", server_header=False, timeout_graceful_shutdown=2)
        )
        daemon = stack.enter_context(_daemon(workspace, server)) if writes else None
        for ending in ("SIGTERM", "SIGHUP"):  # as Ctrl+C, so that what was started is ended; Windows has but the first
            if hasattr(signal, ending):
                signal.signal(getattr(signal, ending), signal.default_int_handler)
        server.run(sockets=[listening])
        if daemon is not None and daemon.poll() is not None:
            raise McasError(f"the daemon ended with status {daemon.returncode}, and the UI with it")


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on an address.

    Raises:
        BadInput: There is no such address on this machine, or something listens there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), port), family=family)
    except (OSError, OverflowError) as error:
        raise BadInput(
            f"--host {host} --port {port}", f"cannot be listened on: {error}", "Give another --port"
        ) from error


def names_of(host: str) -> list[str]:
    """The names by which a server on a host may be called: the host, and on all addresses each name and address of this machine."""
    if host not in ("0.0.0.0", "::", "[::]"):
        return [host]
    names = {socket.gethostname(), socket.getfqdn()}
    for name in tuple(names):
        with suppress(OSError):
            names |= {str(found[4][0]) for found in socket.getaddrinfo(name, None)}
    return sorted(names | {_way_out()} - {""})


def _way_out() -> str:
    """The address of this machine on its way to others. Nothing is sent: a datagram's socket is only pointed somewhere."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            way.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        return way.getsockname()[0]


@contextmanager
def _code_server(instance: dg.DagsterInstance) -> Generator[str]:
    """The server of our definitions, and the workspace file that leads webserver and daemon to it."""
    target = ModuleTarget("mcas_assets.definitions", None, None, LOCATION)
    with (
        ProxyServerManager(instance, target, code_server_log_level="warning") as servers,
        tempfile.TemporaryDirectory() as folder,
    ):
        file = Path(folder) / "workspace.yaml"
        file.write_text(yaml.safe_dump({"load_from": servers.get_code_server_specs()}))
        yield str(file)


@contextmanager
def _daemon(workspace: str, server: uvicorn.Server) -> Generator[subprocess.Popen]:
    """Dagster's daemon on the same code server. If it ends, the server is asked to end; when the server ends, so does it."""
    words = [sys.executable, "-W", "ignore", "-m", "dagster._daemon", "run", "-w", workspace]
    daemon = subprocess.Popen(words)

    def follow() -> None:
        daemon.wait()
        server.should_exit = True

    threading.Thread(target=follow, daemon=True).start()
    try:
        yield daemon
    finally:
        if daemon.poll() is None:
            daemon.send_signal(signal.SIGINT)
            try:
                daemon.wait(DAEMON_GRACE)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
