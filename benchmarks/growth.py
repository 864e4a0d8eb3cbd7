"""How a home grows over many small runs, what `mcas prune` gives back, and how fast a late run is beside the first.

    uv run python benchmarks/growth.py [--runs 300] [--folder FOLDER]

Each run is the smallest audit of the phantom with another run seed: ten new images, every stage, every check, a publication. With
--folder the home is kept there, and the same command goes on where it was. Prints sizes of the home's parts before and after
pruning down to the newest version, and the ratio of the median time of the last tenth of the runs to that of the first.
"""

import json
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


def grow(home: Path, runs: int, notes: Path) -> list[float]:
    """Seconds of each of so many runs, those that were made before first."""
    seconds = [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []
    audit, workplace = load_audit(str(SMALLEST)), Workplace(home=home)
    instance = open_instance(home)
    try:
        for number in range(len(seconds), runs):
            system = find_system("phantom-stereotyped", steps=1)
            begun = time.perf_counter()
            run_audit(audit.model_copy(update={"run_seed": number}), system, workplace, instance)
            seconds.append(time.perf_counter() - begun)
            with notes.open("a") as file:
                print(json.dumps(seconds[-1]), file=file)
    finally:
        instance.dispose()
    return seconds


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
        seconds = grow(place / "home", runs, place / "seconds.jsonl")
        instance = open_instance(place / "home")
        try:
            _prune(Store(place / "home"), instance)
        finally:
            instance.dispose()
        part = max(1, runs // 10)
        first, last = (statistics.median(some) for some in (seconds[1 : part + 1], seconds[-part:]))
        print(f"{runs} runs, median {first:.2f} s of the first {part}, {last:.2f} s of the last: {last / first:.2f}")


if __name__ == "__main__":
    typer.run(main)
