"""No image is ever attributed to another version than the one that made it, whatever is changed, and whenever."""

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import load_audit
from mcas_assets.images import generate
from mcas_assets.plan.requests import build_plan
from mcas_assets.store import files
from mcas_assets.store.database import Store
from mcas_assets.systems.find import find_system
from mcas_assets.systems.pipelines import pipeline_runner
from mcas_assets.systems.protocol import Request, System

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

MINIMAL = Path(__file__).parents[1] / "data" / "minimal.yaml"
IMAGES = 4  # two batches
UNET = "unet/diffusion_pytorch_model.safetensors"


def flip(folder: Path) -> None:
    data = bytearray((folder / UNET).read_bytes())
    data[-1] ^= 1
    (folder / UNET).write_bytes(data)


def flip_and_set_the_clock_back(folder: Path) -> None:
    before = (folder / UNET).stat()
    flip(folder)
    os.utime(folder / UNET, ns=(before.st_atime_ns, before.st_mtime_ns))


def flip_and_flip_back(folder: Path) -> None:
    flip(folder)
    flip(folder)


def reschedule(folder: Path) -> None:
    file = folder / "scheduler" / "scheduler_config.json"
    file.write_text(file.read_text().replace('"beta_end": 0.02', '"beta_end": 0.03'))


def swap_the_folder(folder: Path) -> None:
    """The folder is a link: it now points to an equal copy with another weight."""
    other = folder.with_name("other")
    shutil.copytree(folder.resolve(), other)
    flip(other)
    folder.unlink()
    folder.symlink_to(other)


MUTATIONS = (flip, flip_and_set_the_clock_back, flip_and_flip_back, reschedule, swap_the_folder)


class Interfering:
    """A progress that does something once the first batch was drawn."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act, self._done = act, False

    @contextmanager
    def task(self, name: str, total: int) -> Generator[Callable[[int], None]]:
        def advance(count: int) -> None:
            if not self._done:
                self._done = True
                self._act()

        yield advance


@pytest.fixture
def linked(pipeline: Path, tmp_path: Path) -> Path:
    link = tmp_path / "linked"
    link.symlink_to(pipeline)
    return link


@pytest.fixture(scope="module")
def reference(families) -> Iterator[System]:
    """What the unchanged weights draw: loaded once, its folder not to be written to."""
    system = find_system(families("sd1"), steps=1)
    yield system
    system.close()


def run(store: Store, system: System, version: str, act: Callable[[], None] = lambda: None) -> None:
    """Draw the first two batches of the minimal audit."""
    wanted = generate.requests(build_plan(load_audit(MINIMAL)), version, system.size()).head(IMAGES)
    generate.generate(store, wanted, system, version, Interfering(act), "run")


def stored(store: Store) -> list[tuple[str, str, int, str, str]]:
    with store.open() as con:
        return con.execute(
            "select system_version, prompt, seed, path, sha256 from image_facts order by prompt, position"
        ).fetchall()


@pytest.mark.parametrize("mutate", MUTATIONS)
@pytest.mark.parametrize("moment", ["before loading", "while loading", "between batches"])
def test_a_change_during_a_run_is_refused_and_what_was_kept_is_of_the_version_that_made_it(
    mutate, moment, linked, reference, declare, new_home, monkeypatch
):
    monkeypatch.setattr(generate, "COMMIT_EVERY", 0.0)
    declared = declare(path=str(linked), steps=1)
    store, system = Store(new_home), find_system("tiny", declared)
    identity = system.identity()
    if moment == "before loading":
        mutate(linked)
    elif moment == "while loading":
        load = pipeline_runner.load
        monkeypatch.setattr(pipeline_runner, "load", lambda *given: (load(*given), mutate(linked))[0])
    with pytest.raises(BadInput, match=r"changed (since the audit began|while it was)"):
        run(store, system, identity.version, lambda: mutate(linked) if moment == "between batches" else None)

    kept = stored(store)
    assert len(kept) == (2 if moment == "between batches" else 0)
    for outcome, (version, _, _, path, sha256) in zip(
        reference.generate([Request(prompt, seed, 16, 16) for _, prompt, seed, _, _ in kept]), kept, strict=True
    ):
        assert version == identity.version
        assert files.read_image(store.home, path, sha256) == outcome.image, "made by the weights that it is told to be"

    after = find_system("tiny", declared).identity()
    assert (after.version == identity.version) == (mutate is flip_and_flip_back)
    if mutate is not flip_and_flip_back:
        with pytest.raises(generate.SystemMoved, match=f"is {after.version} by now"):
            run(store, find_system("tiny", declared), identity.version)


@pytest.mark.parametrize("mutate", [flip_and_set_the_clock_back, reschedule])
def test_a_change_between_runs_is_another_version_and_shares_no_image_with_the_first(mutate, pipeline, new_home):
    store, cache = Store(new_home), new_home / "digests.json"
    for act in (mutate, lambda folder: None):
        system = find_system(pipeline, steps=1, cache=cache)
        run(store, system, system.identity().version)
        system.close()
        act(pipeline)
    versions = [version for version, *_ in stored(store)]
    assert {versions.count(version) for version in versions} == {IMAGES}
    assert len(set(versions)) == 2


def test_settings_changed_in_the_declaration_before_the_run_are_not_drawn_with(declare, pipeline, new_home):
    before = find_system("tiny", declare(path="tiny", steps=1)).identity().version
    changed = find_system("tiny", declare(path="tiny", steps=2))
    store = Store(new_home)
    with pytest.raises(generate.SystemMoved):
        run(store, changed, before)
    assert stored(store) == []
