"""A daemon that is killed again and again, at random points, ends with the tables of one that was left alone.

    uv run python benchmarks/soak.py [--kills 100] [--seed 1] [--report soak.json]

The daemon watches systems that move step after step (soak_course.py), audits each new version and publishes it. Its whole process
group is killed with signal 9 after a random time, from start-up to publication, and it is started again. In the end it is left
to finish, and its home is compared with that of a daemon that did the same course undisturbed: every table bit for bit, what was
done twice, image files without rows, rows without files, drafts and locks left over. All the while a reader asks the published
copy, and holds its tables against its ledger. Status 1 if anything is amiss.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent))
from soak_course import Course, Reader, differences, doubled, leftovers, orphans, stage

from mcas_assets.store.database import Store

LOOK_EVERY = 0.3  # seconds between two looks at the published copy
PATIENCE = 600.0  # seconds that a step may take a daemon that is left alone
SPREAD = (
    0.8  # of the time of the first step, of two audits: a later one has one, which about a third of the lives see end
)
console = Console(stderr=True)
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Forge:
    """The warm process that daemons are forked from. See soak_daemon.py."""

    def __init__(self, folder: Path) -> None:
        seams = {
            "MCAS_SYSTEMS": str(folder / "systems.yaml"),
            "MCAS_AUDITS": str(folder / "audits"),
            "MCAS_WATCH": "on",
            "MCAS_WATCH_EVERY": "1",
            "DAGSTER_DISABLE_TELEMETRY": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("soak_daemon.py"))],
            env={**os.environ, **seams},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._group: int | None = None
        self._answer()

    def start(self, home: Path) -> None:
        """Start a daemon in `home`."""
        assert self._process.stdin is not None
        print(home, file=self._process.stdin, flush=True)
        self._group = int(self._answer())

    def kill(self) -> None:
        """Kill the daemon and its runs, all at once, and wait until they are gone."""
        if self._group is None:
            return
        group, self._group = self._group, None
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                os.killpg(group, signal.SIGKILL)
            except ProcessLookupError:
                return
            time.sleep(0.02)
        raise RuntimeError(f"process group {group} does not die")

    def close(self) -> None:
        """End everything."""
        self.kill()
        self._process.kill()
        self._process.wait()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            raise RuntimeError("the process that daemons are forked from has ended")
        return line


def finish(forge: Forge, course: Course, reader: Reader, until: int) -> None:
    """Let a daemon go on, undisturbed, to the end of step `until`."""
    forge.start(reader.store.home)
    since = time.monotonic()
    while True:
        if reader.shows(course):
            if course.step == until:
                break
            course.step += 1
            course.declare()
            since = time.monotonic()
        if time.monotonic() - since > PATIENCE:
            log = (reader.store.home / "daemon.log").read_text(errors="replace")
            raise RuntimeError(
                f"step {course.step} was not published in {PATIENCE:.0f} s: {course.expected}\n{log[-5000:]}"
            )
        time.sleep(LOOK_EVERY)


def rest(home: Path) -> None:
    """Wait until no run is under way: the last one says that it has ended after it has published."""
    since = time.monotonic()
    while stage(home) != "between runs" and time.monotonic() - since < PATIENCE:
        time.sleep(1)


def disturb(forge: Forge, course: Course, reader: Reader, lives: list[float], tick) -> Counter:
    """Start a daemon and kill it once for each of `lives`, seconds from start to kill. Returns where the kills fell."""
    where: Counter = Counter()
    for life in lives:
        forge.start(reader.store.home)
        end = time.monotonic() + life
        while (left := end - time.monotonic()) > 0:
            if reader.shows(course):
                course.step += 1
                course.declare()
            time.sleep(min(LOOK_EVERY, max(left, 0)))
        forge.kill()
        where[stage(reader.store.home)] += 1
        tick(course.step)
    return where


def soak(kills: int, seed: int, folder: Path) -> dict:
    """Both homes' courses, and how they compare. See the module."""
    dice = random.Random(seed)
    course, quiet, reader = Course(folder), Reader(Store(folder / "undisturbed")), Reader(Store(folder / "killed"))
    course.declare()
    console.print(f"loading; everything lies in {folder}", highlight=False)
    forge = Forge(folder)
    bars = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )
    began = time.monotonic()
    try:
        finish(forge, course, quiet, 0)  # how long a daemon takes from its start to its first publication
        took = time.monotonic() - began
        forge.kill()
        with bars:
            bar = bars.add_task(f"kills, 0 to {SPREAD * took:.0f} s after a start", total=kills)
            lives = [dice.uniform(0, SPREAD * took) for _ in range(kills)]
            course.step = 0
            course.declare()
            where = disturb(forge, course, reader, lives, lambda step: bars.advance(bar))
            last = course.step
            console.print(f"{last + 1} steps in all; letting it finish", highlight=False)
            finish(forge, course, reader, last)
            rest(reader.store.home)
            forge.kill()
            console.print("the same steps, undisturbed", highlight=False)
            course.step = 0
            course.declare()
            finish(forge, course, quiet, last)
            rest(quiet.store.home)
    finally:
        forge.close()
    return {
        "kills": kills,
        "seed": seed,
        "steps": last + 1,
        "first_step_seconds": round(took, 1),
        "seconds": round(time.monotonic() - began, 1),
        "where": dict(where.most_common()),
        "reads": reader.reads + quiet.reads,
        "torn_or_failed_reads": dict(reader.faults + quiet.faults),
        "differences": differences(reader.store, quiet.store),
        "doubled": doubled(reader.store.home),
        "orphans": orphans(reader.store.home),
        "leftovers": leftovers(reader.store.home),
    }


@app.command()
def main(
    kills: Annotated[int, typer.Option(help="How often the daemon is killed.", min=1)] = 100,
    seed: Annotated[int, typer.Option(help="Of the random times.")] = 1,
    report: Annotated[Path | None, typer.Option(help="JSON file to write the report to.")] = None,
    keep: Annotated[bool, typer.Option(help="Keep the folder with both homes.")] = False,
) -> None:
    """Kill a working daemon again and again, and compare what it ends with."""
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    found = soak(kills, seed, folder)
    if report is not None:
        report.write_text(json.dumps(found, indent=1))
    amiss = [name for name in ("torn_or_failed_reads", "differences", "doubled", "orphans", "leftovers") if found[name]]
    table = Table("", f"{kills} kills, {found['steps']} steps, {found['seconds']:.0f} s", box=None)
    for place, n in found["where"].items():
        table.add_row(f"killed in: {place}", str(n))
    for name in ("reads", "torn_or_failed_reads", "differences", "doubled", "orphans", "leftovers"):
        told = found[name]
        table.add_row(
            name.replace("_", " "), str(told) if isinstance(told, int) else "\n".join(map(str, told)) or "none"
        )
    Console().print(table)
    if amiss or keep:
        console.print(f"both homes: {folder}", highlight=False)
    else:
        shutil.rmtree(folder)
    raise typer.Exit(1 if amiss else 0)


if __name__ == "__main__":
    app()
