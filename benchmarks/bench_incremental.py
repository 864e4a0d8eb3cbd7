"""What little changes cost beside a full audit: one more concept on 28, a new embedder, another population, nothing at all.

    uv run python benchmarks/bench_incremental.py [--rounds 1] [--images 16] [--steps 128]

Every round audits the phantom with 29 concepts from nothing, then with 28, and then makes each change to a copy of that home.
All in this process, in turn, after all imports, each on a Dagster instance with its history on disk. Printed are medians of
CPU seconds (neighbours on a shared machine do not count), their ratio to the full audit, and what was generated and embedded
(counted, not inferred).

At 8 steps the phantom draws an image in hundredths of a second, so what is fixed (reading the store, checks, inference over
all concepts, one load of each model) weighs as much as it ever can. At 128 steps an image costs some three quarters of a
second, as it does with a small model on a GPU, and all else stays as it is: some 20 minutes a round on two cores. The last line
says from which cost of an image on one concept more takes a twentieth of a full audit.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

import dagster as dg
import numpy as np
import torch

from mcas_assets.core.paths import DATA, embedders_file
from mcas_assets.declare.audit import Audit, load_audit
from mcas_assets.embedders.find import find_embedder
from mcas_assets.orchestration.runs import run_audit
from mcas_assets.stages.workplace import Workplace
from mcas_assets.systems.find import find_system
from mcas_assets.systems.protocol import Outcome, Request

SYSTEM = "phantom-stereotyped"
FULL, ONE_MORE = "full audit, 29 concepts", "one concept more (28 to 29)"


class Drawing:
    """A system that counts what it is asked for."""

    def __init__(self, steps: int) -> None:
        self._system = find_system(SYSTEM, steps=steps)
        self.asked, self.seconds = 0, 0.0

    def __getattr__(self, name: str) -> object:
        return getattr(self._system, name)

    def generate(self, requests: Sequence[Request]) -> list[Outcome]:
        """Draw and count."""
        begun = time.process_time()
        outcomes = self._system.generate(requests)
        self.asked, self.seconds = self.asked + len(requests), self.seconds + time.process_time() - begun
        return outcomes


class Embedding:
    """The declared embedders, counting the images that they embed."""

    def __init__(self) -> None:
        self.images = 0

    def find(self, name: str, **words: Path) -> object:
        """An embedder that reports here."""
        embedder = find_embedder(name, **words)
        stream = embedder.stream_images

        def counted(files: Iterable[bytes]) -> Generator[np.ndarray]:
            with closing(stream(files)) as found:
                for vectors in found:
                    self.images += len(vectors)
                    yield vectors

        embedder.stream_images = counted
        return embedder


class Cost(NamedTuple):
    """What a run took: CPU seconds in all and in drawing, images generated, images embedded."""

    seconds: float
    drawing: float
    generated: int
    embedded: int


def run(audit: Audit, home: Path, steps: int, **places: Path) -> Cost:
    """An audit in a home."""
    system, panel = Drawing(steps), Embedding()
    with dg.DagsterInstance.from_config(str(home)) as instance:
        begun = time.process_time()
        run_audit(audit, system, Workplace(home=home, find_embedder=panel.find, **places), instance)
        return Cost(time.process_time() - begun, system.seconds, system.asked, panel.images)


def in_copy(home: Path, job: Callable[[Path], Cost]) -> Cost:
    """A job in a copy of a home, so that each change starts from the same."""
    with tempfile.TemporaryDirectory() as folder:
        return job(Path(shutil.copytree(home, Path(folder) / "home")))


def other_embedders(folder: Path) -> Path:
    """Declarations that know the balanced embedder by one name more."""
    file = folder / "embedders.yaml"
    text = embedders_file().read_text().replace("phantom/clip", f"{DATA}/phantom/clip")
    file.write_text(text + f"  other:\n    kind: open_clip\n    folder: {DATA}/phantom/clip-balanced\n")
    return file


def other_populations(folder: Path) -> Path:
    """The populations, one share changed."""
    kept = Path(shutil.copytree(DATA / "populations", folder / "populations", dirs_exist_ok=True))
    file = kept / "phantom-planted.csv"
    text = file.read_text().replace("nurse,man,0.10", "nurse,man,0.20").replace("nurse,woman,0.90", "nurse,woman,0.80")
    file.write_text(text)
    return kept


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rounds", type=int, default=1)
    words.add_argument("--images", type=int, default=16, help="images of each prompt")
    words.add_argument("--steps", type=int, default=128, help="sampling steps of an image")
    given = words.parse_args()
    counts = dict.fromkeys(("concept", "attribute", "neutral"), given.images)
    whole = load_audit("phantom")
    whole = whole.model_copy(update={"images_per_prompt": whole.images_per_prompt.model_copy(update=counts)})
    former = whole.model_copy(update={"concepts": whole.concepts[:-1]})
    wider = former.model_copy(update={"embedders": (*former.embedders, "other")})
    found: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory() as folder:
        tiny = load_audit(DATA.parent / "tests" / "data" / "tiny.yaml")
        run(tiny, _new(Path(folder), "imports"), 2)  # imports and first calls, not counted
        embedders, populations = other_embedders(Path(folder)), other_populations(Path(folder))
        for n in range(given.rounds):
            found.setdefault(FULL, []).append(run(whole, _new(Path(folder), f"w{n}"), given.steps))
            home = _new(Path(folder), f"f{n}")
            run(former, home, given.steps)
            changes = {
                ONE_MORE: partial(run, whole, steps=given.steps),
                "one embedder more": partial(run, wider, steps=given.steps, embedder_file=embedders),
                "another population": partial(run, former, steps=given.steps, population_folder=populations),
                "nothing changed": partial(run, former, steps=given.steps),
            }
            for name, job in changes.items():
                found.setdefault(name, []).append(in_copy(home, job))
    base = statistics.median(cost.seconds for cost in found[FULL])
    print(f"\n{given.rounds} rounds in turn, {given.images} images a prompt, {given.steps} steps, ", end="")
    print(f"{torch.get_num_threads()} threads, imports excluded")
    print(f"  {'':<28} {'CPU s':>8} {'of full':>9} {'drawing':>8} {'generated':>10} {'embedded':>9}")
    for name, costs in found.items():
        median, drawing = (statistics.median(cost[i] for cost in costs) for i in (0, 1))
        counts = f"{costs[0].generated:10d} {costs[0].embedded:9d}"
        print(f"  {name:<28} {median:8.2f} {f'1/{base / median:.1f}':>9} {drawing:8.2f} {counts}")
    print(f"one concept more takes 1/20 of a full audit where an image takes {_break_even(found):.2f} s or more")


def _break_even(found: dict[str, list[Cost]]) -> float:
    """Seconds an image from which on adding a concept takes a twentieth, what is not drawing staying as it is."""
    fixed = {name: statistics.median(cost.seconds - cost.drawing for cost in found[name]) for name in (FULL, ONE_MORE)}
    n_full, n_more = (found[name][0].generated for name in (FULL, ONE_MORE))
    return max(0.0, (20 * fixed[ONE_MORE] - fixed[FULL]) / (n_full - 20 * n_more))


def _new(folder: Path, name: str) -> Path:
    home = folder / name
    home.mkdir()
    return home


if __name__ == "__main__":
    main()
