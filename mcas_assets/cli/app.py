"""The `mcas` command.

Exit status: 0 done, 1 a fault of the program, 2 bad input, 3 a blocking check failed or a redrawn image differs, 4 a policy
or a goal of the calibration is not met, 5 a policy cannot be judged, 6 an audit measured nothing, 7 a home, or evidence, is not
sound, 130 interrupted.
"""

import contextlib
import logging
import os
import sys
from typing import Annotated, NoReturn

import typer

from mcas_assets.cli import (
    ask,
    audit,
    compare,
    export,
    gate,
    interrupts,
    keep,
    population,
    project,
    redraw,
    review,
    serve,
    view,
    watch,
)
from mcas_assets.cli.groups import Grouped
from mcas_assets.cli.streams import keep_own, restore_own, tolerate
from mcas_assets.core.errors import (
    BadInput,
    CannotJudge,
    CheckFailed,
    McasError,
    NothingMeasured,
    PolicyNotMet,
    Unsound,
)
from mcas_assets.core.paths import home
from mcas_assets.core.terminal import be_quiet, say
from mcas_assets.store.faults import explain, is_full

app = typer.Typer(cls=Grouped, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)


def _version(is_asked: bool) -> None:
    if is_asked:
        from importlib import metadata

        say(f"mcas-assets {metadata.version('mcas-assets')}")
        raise typer.Exit


@app.callback()
def _before(
    version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", callback=_version, is_eager=True)
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print what was asked for, warnings and errors; no notes, no bars.")
    ] = False,
) -> None:
    """Measure what a text-to-image model associates with whom. Each command has a --help of its own."""
    if quiet:
        be_quiet()


app.command("list")(project.list_)
for command in (
    project.init,
    population.population,
    audit.audit,
    audit.plan,
    audit.calibrate,
    compare.compare,
    compare.attribute,
    gate.gate,
    ask.sql,
    ask.systems,
    serve.ui,
    view.view,
    view.report,
    review.review,
    export.verify,
    keep.repair,
    redraw.redraw,
    serve.serve,
    watch.watch,
    watch.canary,
    keep.doctor,
    keep.backup,
    keep.restore,
    keep.prune,
):
    app.command()(command)
app.add_typer(export.export, name="export")


def main() -> None:
    """Entry point: errors that a user can mend are one message, without a traceback."""
    _quieten()
    tolerate()
    keep_own()
    try:
        app()
    except SystemExit as left:
        _leave(left.code if isinstance(left.code, int) else 1)
    except CheckFailed as error:
        _leave(3, f"check failed, what comes after it was not made\n{error}")
    except PolicyNotMet as outcome:
        _leave(4, f"not met: {outcome}")
    except CannotJudge as outcome:
        _leave(5, f"cannot be judged, which is no pass: {outcome}")
    except NothingMeasured as outcome:
        _leave(6, f"nothing was measured: {outcome}")
    except Unsound as outcome:
        _leave(7, f"not sound: {outcome}")
    except BadInput as error:
        _leave(2, f"error: {error}")
    except McasError as error:
        _leave(1, f"error: {error}")
    except OSError as error:
        # Dagster's file of what a step says lies on the same disk: where that is full, closing it raises once more, last.
        if not is_full(error):
            restore_own()
            raise
        _leave(2, f"error: {explain(home(), error)}")


def _leave(status: int, message: str = "") -> NoReturn:
    """End at once: the interpreter's own ending would let DuckDB's bindings print pages about objects that outlive them."""
    if status == interrupts.STATUS or interrupts.was_asked():  # typer makes an exit of Ctrl+C, without a word
        interrupts.end()
    restore_own()
    # Where the disk is full that the terminal itself is written to, nothing can be said.
    with contextlib.suppress(OSError):
        if message:
            say(message, err=True, always=True)
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)


class _ToTerminal(logging.Handler):
    """What we warn of is read by people, above the bars of progress where there are any."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        say(f"warning: {record.getMessage()}", err=True, always=True)


def _quieten() -> None:
    """Keep libraries' bars and notices off the terminal; our own progress and errors are what people read."""
    import warnings

    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")
    warnings.filterwarnings("ignore")
    ours = logging.getLogger("mcas_assets")
    ours.setLevel(logging.INFO)
    ours.addHandler(_ToTerminal(logging.WARNING))
    # With a handler in place, a library's logging.basicConfig() does not add one that prints to the terminal.
    logging.getLogger().addHandler(logging.NullHandler())
