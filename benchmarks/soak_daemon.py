"""Dagster daemons that are at work within a second of being asked for: forked from one process that has imported everything.

    python benchmarks/soak_daemon.py     (started by soak.py, which writes the folder of an MCAS home to it, a line each)

For each line it starts a daemon in that home, as `mcas ui` does without its web pages, and answers with the id of the daemon's
process group. The daemon is Dagster's own, with the project's definitions loaded in its process; each run it launches has a
process of its own in the same group. Only the way from daemon to run differs from an installation: Dagster would ask a code
server over gRPC, which would start a Python that imports everything anew, twenty seconds for each kill.
"""

import importlib
import os
import select
import signal
import sys
from pathlib import Path

WARM = (
    "dagster",
    "dagster._daemon.controller",
    "dagster._cli.api",
    "diffusers",
    "duckdb",
    "great_expectations",
    "open_clip",
    "torch",
    "transformers",
    "mcas_assets.calibrate.run",
    "mcas_assets.cli.app",
    "mcas_assets.embedders.open_clip",
    "mcas_assets.orchestration.assets",
    "mcas_assets.orchestration.definitions",
    "mcas_assets.orchestration.runs",
    "mcas_assets.quality.adapter",
    "mcas_assets.systems.diffusers",
    "mcas_assets.systems.pipelines.pipeline_runner",
)
"""All but `mcas_assets.definitions` and what imports it: a forked process imports that for its own home."""


def serve() -> None:
    for module in WARM:
        importlib.import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system buries its children
    wanted, want = os.pipe()
    print("ready", flush=True)
    while True:
        for source in select.select([0, wanted], [], [])[0]:
            lines = os.read(source, 65_536).decode().splitlines()
            if source == 0 and not lines:
                return
            for line in lines:
                if source == 0:
                    print(_fork(lambda home=line: daemon(Path(home), want)), flush=True)
                else:
                    group, run_id, home = line.split("\t")
                    _fork(lambda run_id=run_id, home=home: run(run_id, Path(home)), int(group))


def _fork(work, group: int = 0) -> int:
    """The id of a new process in a process group that there is, or in one of its own."""
    child = os.fork()
    if child:
        return child
    try:
        os.setpgid(0, group)
    except OSError:  # its daemon was killed just now
        os._exit(0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        work()
    finally:  # whatever happened, this process must not go on as the one that it was forked from
        if failed := sys.exc_info()[0] is not None:
            sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
        os._exit(failed)


def settle(home: Path) -> None:
    """Make a forked process one of this home."""
    home.mkdir(parents=True, exist_ok=True)
    os.environ["MCAS_HOME"] = str(home)  # before the definitions are imported, which look it up
    from mcas_assets.orchestration.instance import dagster_home

    os.environ["DAGSTER_HOME"] = str(dagster_home(home))
    log = os.open(home / "daemon.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


def daemon(home: Path, want: int) -> None:
    settle(home)
    from dagster._core.remote_origin import InProcessCodeLocationOrigin
    from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
    from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
    from dagster._daemon.controller import create_daemon_of_type, daemon_controller_from_instance
    from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon

    from mcas_assets.orchestration.instance import open_instance
    from mcas_assets.orchestration.restart import make_ready

    make_ready(home)
    code = LoadableTargetOrigin(executable_path=sys.executable, module_name="mcas_assets.definitions")
    location = InProcessCodeLocationOrigin(code, location_name="mcas_assets")

    def daemons(instance):
        for kind in instance.get_required_daemon_types():
            queue = kind == QueuedRunCoordinatorDaemon.daemon_type()  # which looks every five seconds otherwise
            yield QueuedRunCoordinatorDaemon(interval_seconds=1) if queue else create_daemon_of_type(kind, instance)

    with open_instance(home) as instance:
        instance._run_launcher = _launcher(instance, home, want)
        with daemon_controller_from_instance(
            instance, InProcessWorkspaceLoadTarget(location), gen_daemons=daemons
        ) as controller:
            controller.check_daemon_loop()


def _launcher(instance, home: Path, want: int):
    from dagster._core.launcher import RunLauncher

    class Launcher(RunLauncher):
        """Asks for the process of a run from where daemons are forked."""

        def launch_run(self, context) -> None:
            os.write(want, f"{os.getpgid(0)}\t{context.dagster_run.run_id}\t{home}\n".encode())

        def terminate(self, run_id: str) -> bool:
            return False

    made = Launcher()
    made.register_instance(instance)
    return made


def run(run_id: str, home: Path) -> None:
    settle(home)
    from dagster._cli.api import _execute_run_command_body

    from mcas_assets.orchestration.instance import open_instance

    with open_instance(home) as instance:
        _execute_run_command_body(run_id, instance, lambda event: None, set_exit_code_on_failure=True)


if __name__ == "__main__":
    serve()
