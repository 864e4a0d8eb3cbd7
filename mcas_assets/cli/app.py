"""The `mcas` command.

Exit status: 0 done, 1 a fault of the program, 2 bad input, 3 a blocking check failed or a redrawn image differs, 4 a policy
is not met, 5 a policy cannot be judged, 6 an audit measured nothing, 7 a home is not sound, 130 interrupted.
"""

import logging
import os
import sys
from typing import NoReturn

import typer

from mcas_assets.cli import ask, audit, compare, gate, keep, redraw, watch
from mcas_assets.cli.streams import tolerate
from mcas_assets.core.errors import (
    BadInput,
    CannotJudge,
    CheckFailed,
    McasError,
    NothingMeasured,
    PolicyNotMet,
    Unsound,
)

INTERRUPTED = 130
"""The exit status of a command that Ctrl+C ended: 128 and the number of the signal."""

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
                  help="Measure what a text-to-image model associates with whom.")  # fmt: skip

for command in (
    audit.audit,
    audit.plan,
    audit.calibrate,
    compare.compare,
    compare.attribute,
    gate.gate,
    ask.sql,
    ask.systems,
    ask.ui,
    audit.repair,
    redraw.redraw,
    watch.watch,
    watch.canary,
    keep.doctor,
    keep.backup,
    keep.restore,
    keep.prune,
):
    app.command()(command)


def main() -> None:
    """Entry point: errors that a user can mend are one message, without a traceback."""
    _quieten()
    tolerate()
    try:
        app()
    except (SystemExit, KeyboardInterrupt) as left:
        status = left.code if isinstance(left, SystemExit) else INTERRUPTED
        if status == INTERRUPTED:  # typer makes an exit of Ctrl+C, without a word
            typer.echo("interrupted; the same command goes on from here", err=True)
        _leave(status if isinstance(status, int) else 1)
    except CheckFailed as error:
        typer.echo(f"check failed, what comes after it was not made\n{error}", err=True)
        _leave(3)
    except PolicyNotMet as outcome:
        typer.echo(f"not met: {outcome}", err=True)
        _leave(4)
    except CannotJudge as outcome:
        typer.echo(f"cannot be judged, which is no pass: {outcome}", err=True)
        _leave(5)
    except NothingMeasured as outcome:
        typer.echo(f"nothing was measured: {outcome}", err=True)
        _leave(6)
    except Unsound as outcome:
        typer.echo(f"not sound: {outcome}", err=True)
        _leave(7)
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


class _ToTerminal(logging.Handler):
    """What we warn of is read by people, above the bars of progress where there are any."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        typer.echo(f"warning: {record.getMessage()}", err=True)


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
