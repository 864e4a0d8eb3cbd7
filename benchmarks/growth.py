"""How a home grows over many small runs, what `mcas prune` gives back, and how fast a late run is beside the first.

    uv run python benchmarks/growth.py [--runs 300] [--folder FOLDER]

Each run is the smallest audit of the phantom with another run seed: ten new images, every stage, every check, a publication. With
--folder the home is kept there, and the same command goes on where it was. Prints sizes of the home's parts before and after
pruning down to the newest version, and how long a run takes in the grown home, in the pruned one and in a new one, in turn.
"""

import json
import shutil
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from dagster import DagsterInstance

from mcas_assets.declare.audit import load_audit
from mcas_assets.orchestration.instance import open_instance
from mcas_assets.orchestration.pruning import drop_runs, superfluous_runs
from mcas_assets.orchestration.runs import run_audit
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store.database import Store
from mcas_assets.store.pruning import drop, superfluous
from mcas_assets.store.publication import publish
from mcas_assets.store.sizes import Part, in_words, parts_of
from mcas_assets.systems.find import find_system

SMALLEST = Path(__file__).parents[1] / "tests" / "data" / "smallest.yaml"
TURNS = 5


def grow(home: Path, runs: int, notes: Path) -> None:
    """Make so many runs, less those that were made before."""
    for number in range(len(notes.read_text().splitlines()) if notes.exists() else 0, runs):
        seconds = run(home, number)
        with notes.open("a") as file:
            print(json.dumps(seconds), file=file)


def run(home: Path, seed: int) -> float:
    """Seconds of one run of the smallest audit with a run seed."""
    audit, system = load_audit(str(SMALLEST)), find_system("phantom-stereotyped", steps=1)
    with open_instance(home) as instance:
        begun = time.perf_counter()
        run_audit(audit.model_copy(update={"run_seed": seed}), system, Workplace(home=home), instance)
        return time.perf_counter() - begun


def compare(grown: Path, place: Path, first: int) -> None:
    """Print the median seconds of runs in a grown home and in a new one, in turn, and their ratio."""
    seconds: dict[str, list[float]] = {"grown": [], "new": []}
    for number in range(TURNS):
        seconds["grown"].append(run(grown, first + number))
        new = place / f"new-{first + number}"
        run(new, 0)  # a first run meets every text anew
        seconds["new"].append(run(new, 1))
        shutil.rmtree(new)
    one, other = (statistics.median(some) for some in seconds.values())
    print(f"a run takes {one:.2f} s here and {other:.2f} s as the second in a new home: {one / other:.2f}", flush=True)


def _prune(store: Store, instance: DagsterInstance) -> None:
    """What `mcas prune --yes` does, with the sizes before and after."""
    before = {part.name: part for part in parts_of(store.home)}
    begun = time.perf_counter()
    drop(store, superfluous(store, 1, None))
    publish(store)
    drop_runs(instance, store.home, superfluous_runs(instance, 1, None), datetime.now(UTC))
    seconds = time.perf_counter() - begun
    after = {part.name: part for part in parts_of(store.home)}
    for name, (_, files, size) in before.items():
        now = after.get(name, Part(name, 0, 0))
        print(f"{name:<18} {in_words(size):>10}, {files:>6,} files -> {in_words(now.size):>10}, {now.files:>6,} files")
    sums = [sum(part.size for part in parts.values()) for parts in (before, after)]
    print(f"{'all':<18} {in_words(sums[0]):>10} -> {in_words(sums[1])}, in {seconds:.0f} s")


def main(runs: Annotated[int, typer.Option()] = 300, folder: Annotated[Path | None, typer.Option()] = None) -> None:
    """Grow a home, prune it, and print both."""
    with tempfile.TemporaryDirectory() as scratch:
        place = folder or Path(scratch)
        place.mkdir(parents=True, exist_ok=True)
        grow(place / "home", runs, place / "seconds.jsonl")
        compare(place / "home", place, runs)
        with open_instance(place / "home") as instance:
            _prune(Store(place / "home"), instance)
        compare(place / "home", place, runs + TURNS)


if __name__ == "__main__":
    typer.run(main)
