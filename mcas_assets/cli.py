"""The `mcas` command. Exit status: 0 done, 1 a fault of the program, 2 bad input, 3 a blocking check failed, 130 interrupted."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from mcas_assets import paths
from mcas_assets.errors import BadInput, CheckFailed, McasError

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
                  help="Measure what a text-to-image model associates with whom.")  # fmt: skip

PIPE_WIDTH = 118
FORMATS = ("table", "csv", "json", "parquet")


@app.command()
def audit(
    audit: Annotated[str, typer.Argument(help="Name in data/audits, or path of a YAML file.")] = "phantom",
    system: Annotated[
        str, typer.Option(help="Name in data/systems.yaml, or folder of a diffusers pipeline.")
    ] = "phantom-stereotyped",
    steps: Annotated[int | None, typer.Option(help="Sampling steps, instead of the declared ones.")] = None,
    guidance: Annotated[float | None, typer.Option(help="Guidance scale, instead of the declared one.")] = None,
    rows: Annotated[bool, typer.Option(help="Print the table of concepts.")] = True,
) -> None:
    """Run an audit of a system: generate, embed, check, score, publish. Killed, it goes on where it was."""
    from rich.console import Console

    from mcas_assets.audit import load_audit
    from mcas_assets.planner import estimate
    from mcas_assets.store import Store
    from mcas_assets.systems import find_system

    # A pipe has no width; a page of the width of a large terminal keeps the table whole.
    console = Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)
    note = Console(stderr=True)
    declared = load_audit(audit)
    subject = find_system(system, steps=steps, guidance=guidance, cache=paths.home() / "digests.json")
    note.print(f"[bold]{declared.title}[/bold]\n{declared.audit} of {subject.name}, in {paths.home()}", highlight=False)
    note.print(estimate(declared, subject, Store(paths.home())).line(), highlight=False, markup=False, soft_wrap=True)
    note.print("[dim]loading...[/dim]", highlight=False)
    from mcas_assets.summary import truth_of

    truth = truth_of(subject.identity().version)
    from mcas_assets.orchestration.resources import Workplace
    from mcas_assets.orchestration.running import open_instance, run_audit
    from mcas_assets.progress import BothProgress, LogProgress, TerminalProgress

    instance = open_instance(paths.home())
    try:
        with _interruptible(), _only_one(), TerminalProgress() as bars:
            ran = run_audit(declared, subject, Workplace(progress=BothProgress(LogProgress(), bars)), instance)
    finally:
        instance.dispose()
    _show(console, declared, ran.system_version, truth, rows)
    note.print(_next(declared.audit, ran.system_version), highlight=False)


@contextmanager
def _interruptible() -> Generator[None]:
    """Dagster turns Ctrl+C within a step into an error of its own: what was interrupted is told as such."""
    from dagster import DagsterExecutionInterruptedError

    try:
        yield
    except DagsterExecutionInterruptedError:
        raise KeyboardInterrupt from None


def _only_one():  # noqa: ANN202 - a context manager of filelock
    """Two audits of one home would take turns at the store and share two cores: the second is told to wait instead."""
    from filelock import FileLock, Timeout

    @contextmanager
    def alone():  # noqa: ANN202
        paths.home().mkdir(parents=True, exist_ok=True)
        lock = FileLock(paths.home() / "audit.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise BadInput(
                paths.home(), "another audit is running here", "Wait for it, or set MCAS_HOME to another folder"
            ) from None
        try:
            yield
        finally:
            lock.release()

    return alone()


def _show(console, declared, system_version: str, truth, rows: bool) -> None:  # noqa: ANN001
    from mcas_assets.store import Store
    from mcas_assets.store.publication import query
    from mcas_assets.summary import print_summary

    quoted = system_version.replace("'", "''")
    scores = query(
        Store(paths.home()), f"select * from scores where audit = '{declared.audit}' and system_version = '{quoted}'"
    )
    counts = query(
        Store(paths.home()),
        f"select outcome, count(distinct image_id) n from images where audit = '{declared.audit}' and system_version = '{quoted}'"
        " group by 1 order by 2 desc",
    )
    told = ", ".join(f"{n} {outcome}" for outcome, n in counts.iter_rows())
    console.print(f"\n[bold]{system_version}[/bold]  images: {told}\n", highlight=False)
    if rows:
        print_summary(console, declared, scores, truth)


def _next(audit: str, system_version: str) -> str:
    return (
        "Where to look next\n"
        "  mcas ui                          lineage, checks and history in the browser\n"
        "  mcas sql where-is-the-bias       one of the questions in sql/\n"
        f"  mcas sql \"select concept, mcas from scores where audit = '{audit}' order by mcas\"\n"
        "  mcas systems                     every version that was audited"
    )


@app.command()
def plan(
    audit: Annotated[str, typer.Argument(help="Name in data/audits, or path of a YAML file.")] = "phantom",
    system: Annotated[
        str, typer.Option(help="Name in data/systems.yaml, or folder of a diffusers pipeline.")
    ] = "phantom-stereotyped",
    detect: Annotated[float, typer.Option(help="Change of MCAS that should be found, with 80 % power.")] = 0.02,
) -> None:
    """Say how many images an audit takes, how long they take, and what change they can show. Makes nothing."""
    from mcas_assets.audit import load_audit
    from mcas_assets.planner import estimate
    from mcas_assets.store import Store
    from mcas_assets.systems import find_system

    if not 0 < detect < 8:
        raise BadInput("--detect", f"is {detect:g}", "Give a change of MCAS above 0 and below 8, for example 0.02")
    for line in estimate(load_audit(audit), find_system(system), Store(paths.home()), detect).lines():
        typer.echo(line)


@app.command()
def calibrate(
    audit: Annotated[str, typer.Option(help="Audit to calibrate with: one like phantom.")] = "phantom",
    system: Annotated[str, typer.Option(help="Phantom to draw with.")] = "phantom-stereotyped",
    format: Annotated[str, typer.Option(help=f"One of {', '.join(FORMATS)}.")] = "table",
) -> None:
    """Hold the whole measurement against the phantom, whose truth is known. Killed, it goes on where it was."""
    _require_format(format)
    from mcas_assets.audit import load_audit
    from mcas_assets.orchestration.calibration import run_calibration
    from mcas_assets.orchestration.resources import Workplace
    from mcas_assets.orchestration.running import open_instance
    from mcas_assets.progress import BothProgress, LogProgress, TerminalProgress
    from mcas_assets.systems import find_system
    from mcas_assets.tables import write

    declared, subject = load_audit(audit), find_system(system)
    instance = open_instance(paths.home())
    try:
        with _interruptible(), _only_one(), TerminalProgress() as bars:
            table = run_calibration(declared, subject, Workplace(progress=BothProgress(LogProgress(), bars)), instance)
    finally:
        instance.dispose()
    columns = ["kind", "axis", "embedder", "name", "value", "low", "high", "goal", "met"]
    write(table.select(columns) if format == "table" else table, format)
    judged = table["met"].drop_nulls()
    typer.echo(
        f'{judged.sum()} of {len(judged)} goals are met; how each figure was found: mcas sql "from calibration"',
        err=True,
    )


@app.command()
def sql(
    query: Annotated[
        str, typer.Argument(help="A SELECT, or the name of a file in sql/. Without: lists the questions.")
    ] = "",
    format: Annotated[str, typer.Option(help=f"One of {', '.join(FORMATS)}.")] = "table",
    output: Annotated[Path | None, typer.Option(help="File to write, instead of the terminal.")] = None,
) -> None:
    """Query the published copy of the store."""
    from mcas_assets.store import Store
    from mcas_assets.store.publication import query as ask
    from mcas_assets.store.publication import questions
    from mcas_assets.tables import write

    if not query:
        for name, path in questions().items():
            typer.echo(f"{name:<28} {path.read_text().splitlines()[0].removeprefix('--').strip()}")
        return
    _require_format(format)
    known = questions()
    name = query.removesuffix(".sql").removeprefix("sql/")
    text = known[name].read_text() if name in known else query
    if " " not in text.strip():
        raise BadInput("query", f"{query!r} is neither SQL nor a file in sql/", f"Files: {', '.join(known)}")
    write(ask(Store(paths.home()), text), format, output)


@app.command()
def systems(
    format: Annotated[
        str, typer.Option(help=f"One of {', '.join(FORMATS)}; json gives whole identity documents.")
    ] = "table",
) -> None:
    """List every system version that this home knows, with its identity."""
    from mcas_assets.store import Store
    from mcas_assets.systems_view import known_systems
    from mcas_assets.tables import write

    _require_format(format)
    write(known_systems(Store(paths.home()), whole=format == "json"), format)


def _require_format(format: str) -> None:
    if format not in FORMATS:
        raise BadInput("--format", f"is {format!r}", f"Use one of {', '.join(FORMATS)}")


@app.command()
def ui(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 3000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Open the Dagster UI, with daemon, on the same instance and history."""
    from mcas_assets.orchestration.running import dagster_home

    os.environ.update(
        DAGSTER_HOME=str(dagster_home(paths.home())), MCAS_HOME=str(paths.home()), DAGSTER_DISABLE_TELEMETRY="1"
    )
    workspace = paths.ROOT / "workspace.yaml"
    words = [sys.executable, "-W", "ignore", "-m", "dagster", "dev", "-w", str(workspace), "-h", host, "-p", str(port)]
    typer.echo(f"Dagster UI: http://{host}:{port}  (home {paths.home()}; Ctrl+C ends it)", err=True)
    os.execv(sys.executable, words)


@app.command()
def repair() -> None:
    """Forget images whose files were changed or deleted, so that the next audit makes them again."""
    from mcas_assets.generate import forget_lost
    from mcas_assets.store import Store

    lost = forget_lost(Store(paths.home()))
    typer.echo(
        f"{lost} images forgotten; run the audit again to make them anew"
        if lost
        else "every kept file is as it was made"
    )


def main() -> None:
    """Entry point: errors that a user can mend are one message, without a traceback."""
    _quieten()
    try:
        app()
    except SystemExit as left:
        _leave(left.code if isinstance(left.code, int) else 1)
    except KeyboardInterrupt:
        typer.echo("interrupted; the same command goes on from here", err=True)
        _leave(130)
    except CheckFailed as error:
        typer.echo(f"check failed, what comes after it was not made\n{error}", err=True)
        _leave(3)
    except BadInput as error:
        typer.echo(f"error: {error}", err=True)
        _leave(2)
    except McasError as error:
        typer.echo(f"error: {error}", err=True)
        _leave(1)


def _leave(status: int) -> NoReturn:
    """End at once: the interpreter's own ending would let DuckDB's bindings print pages about objects that outlive them."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _quieten() -> None:
    """Keep libraries' bars and notices off the terminal; our own progress and errors are what people read."""
    import logging
    import warnings

    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")
    warnings.filterwarnings("ignore")
    logging.getLogger("mcas_assets").setLevel(logging.INFO)
    # With a handler in place, a library's logging.basicConfig() does not add one that prints to the terminal.
    logging.getLogger().addHandler(logging.NullHandler())
