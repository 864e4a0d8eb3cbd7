"""Generating with a writer behind: whatever stops it, what is whole is kept, once, and nothing else."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest

from mcas_assets.core.errors import McasError, StoreError
from mcas_assets.core.outcomes import OutcomeName
from mcas_assets.core.progress import LogProgress
from mcas_assets.images import generate
from mcas_assets.store import facts, files
from mcas_assets.store.database import Store
from mcas_assets.systems.protocol import Capabilities, Outcome, Request, SystemIdentity

BATCH, BATCHES = 3, 6


class Pencil:
    """A system whose images are a few bytes; `before` is called with the number of each batch before it is drawn."""

    name = "pencil"

    def __init__(self, before: Callable[[int], object] = lambda batch: None, outcome: OutcomeName = "ok") -> None:
        self._before, self._outcome = before, outcome
        self.drawn: list[int] = []
        self.encoded_by: set[int] = set()

    def identity(self) -> SystemIdentity:
        return SystemIdentity("pencil", {"kind": "pencil"})

    def capabilities(self) -> Capabilities:
        return Capabilities(seed="exact")

    def size(self) -> tuple[int, int]:
        return 8, 8

    def close(self) -> None:
        pass

    def generate(self, requests: Sequence[Request]) -> list[Outcome]:
        batch = requests[0].seed // BATCH
        self._before(batch)
        self.drawn.append(batch)
        if batch == 3 and self._outcome != "ok":
            return [Outcome(self._outcome, reason="no more") for _ in requests]
        return [Outcome("ok", image=lambda seed=request.seed: self._encode(seed)) for request in requests]

    def environment(self) -> dict:
        return {"device": "hand", "dtype": "lead"}

    def _encode(self, seed: int) -> bytes:
        self.encoded_by.add(threading.get_ident())
        return f"picture {seed}".encode()


def run(store: Store, system: Pencil) -> int:
    return generate.generate(store, wanted(), system, system.identity().version, LogProgress(), "run")


def wanted() -> pl.DataFrame:
    seeds = range(BATCH * BATCHES)
    return pl.DataFrame(
        {
            "image_id": [f"i{seed:02}" for seed in seeds], "prompt": "a nurse", "seed": list(seeds), "width": 8, "height": 8,
            "batch_id": [f"b{seed // BATCH}" for seed in seeds], "position": [seed % BATCH for seed in seeds],
        },
    )  # fmt: skip


def kept(store: Store) -> dict[int, int]:
    """Of each batch, how many rows there are; each with its file."""
    with store.open() as con:
        rows = con.execute("select seed, path, sha256 from image_facts where outcome = 'ok'").fetchall()
    for seed, path, sha256 in rows:
        assert files.read_image(store.home, path, sha256) == f"picture {seed}".encode()
    batches = [seed // BATCH for seed, _, _ in rows]
    return {batch: batches.count(batch) for batch in sorted(set(batches))}


@pytest.fixture
def store(new_home: Path) -> Store:
    return Store(new_home)


def test_every_batch_is_kept_whole_and_encoded_by_threads_that_do_not_draw(store):
    system = Pencil()
    assert run(store, system) == BATCH * BATCHES
    assert kept(store) == dict.fromkeys(range(BATCHES), BATCH)
    assert threading.get_ident() not in system.encoded_by
    with store.open() as con:
        rows = con.execute("select distinct device, dtype, batch_size, run_id from image_facts").fetchall()
    assert rows == [("hand", "lead", BATCH, "run")]


def test_drawing_goes_on_while_the_disk_is_slow_but_only_so_far(store, monkeypatch):
    go_on, system = threading.Event(), Pencil(lambda batch: go_on.set() if batch == generate.IN_HAND else None)
    real = files.write_images

    def slow(*given):
        assert go_on.wait(20), "drawing waited for the disk"
        return real(*given)

    monkeypatch.setattr(files, "write_images", slow)
    run(store, system)
    assert kept(store) == dict.fromkeys(range(BATCHES), BATCH)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("no picture")])
def test_what_was_drawn_is_kept_where_drawing_fails_or_is_interrupted_and_the_next_run_makes_the_rest(store, error):
    def fail(batch: int) -> None:
        if batch == 3:
            raise error

    with pytest.raises(type(error)):
        run(store, Pencil(fail))
    assert kept(store) == dict.fromkeys(range(3), BATCH)
    system = Pencil()
    assert run(store, system) == BATCH * (BATCHES - 3)
    assert system.drawn == [3, 4, 5]
    assert kept(store) == dict.fromkeys(range(BATCHES), BATCH)


def test_a_full_disk_stops_the_drawing_and_keeps_the_batches_before_it(store, monkeypatch):
    real, written = files.write_images, []

    def fill_up(home, images, suffix):
        if len(written) == 2:
            raise StoreError(home, "the disk is full", "Free some space")
        written.append(suffix)
        return real(home, images, suffix)

    monkeypatch.setattr(files, "write_images", fill_up)
    system = Pencil()
    with pytest.raises(StoreError, match="the disk is full"):
        run(store, system)
    assert kept(store) == dict.fromkeys(range(2), BATCH)
    assert len(system.drawn) <= 3 + generate.IN_HAND


def test_a_store_that_cannot_be_written_is_told_and_not_tried_again_and_again(store, monkeypatch):
    tried = []

    def locked(con, frame):
        tried.append(len(frame))
        raise StoreError(store.path, "the store is in use", "Wait")

    monkeypatch.setattr(facts, "append_images", locked)
    monkeypatch.setattr(generate, "COMMIT_EVERY", 0)
    with pytest.raises(StoreError, match="in use"):
        run(store, Pencil())
    assert tried == [BATCH]


def test_a_fatal_outcome_stops_after_its_batch_which_is_kept_with_those_before(store):
    system = Pencil(outcome="quota_exhausted")
    with pytest.raises(McasError, match="quota_exhausted: no more"):
        run(store, system)
    assert system.drawn == [0, 1, 2, 3]
    assert kept(store) == dict.fromkeys(range(3), BATCH)
    with store.open() as con:
        counts = con.execute("select count(*) from image_facts where outcome = 'quota_exhausted'").fetchall()
    assert counts == [(BATCH,)]


def test_a_run_killed_while_batches_wait_loses_only_those_and_doubles_none(store):
    code = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_generate as t
t.generate.COMMIT_EVERY = 0
system = t.Pencil(lambda batch: os.kill(os.getpid(), signal.SIGKILL) if batch == 4 else None)
t.run(t.Store(t.Path({str(store.home)!r})), system)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, timeout=120)
    assert done.returncode == -9, done.stderr
    before = kept(store)
    assert before == dict.fromkeys(range(len(before)), BATCH)
    assert len(before) >= 4 - generate.IN_HAND
    system = Pencil()
    run(store, system)
    assert system.drawn == list(range(len(before), BATCHES))
    assert kept(store) == dict.fromkeys(range(BATCHES), BATCH)


def test_an_outcome_makes_its_file_once_and_only_when_it_is_looked_at():
    made = []
    outcome = Outcome("ok", image=lambda: made.append(1) or b"picture")
    assert made == []
    assert outcome.image == outcome.image == b"picture"
    assert made == [1]
    assert Outcome("failed").image is None
    assert Outcome("ok", image=b"x") == Outcome("ok", image=lambda: b"x")
