"""What many tests share: one real audit of the phantom, run once a session on an ephemeral Dagster instance; image sets."""

import gc
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import yaml
from filelock import FileLock
from PIL import Image

from mcas_assets.__main__ import FULL_COLLECTIONS
from mcas_assets.declare.audit import Audit, load_audit
from mcas_assets.plan.requests import build_plan
from mcas_assets.store.database import Store
from mcas_assets.systems.find import find_system
from mcas_assets.systems.imported import ImportedSystem
from tests.homes import Home

if TYPE_CHECKING:  # Dagster takes seconds to import, and most tests need none
    import dagster as dg

    from mcas_assets.orchestration.runs import Ran
    from tests.buckets import Bucket, Server

# A core for each worker: with threads for every core in each of them they would only wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")
gc.set_threshold(*gc.get_threshold()[:2], FULL_COLLECTIONS)  # as the command does

TINY = Path(__file__).parent / "data" / "tiny.yaml"
SMALLEST = TINY.with_name("smallest.yaml")


LONGEST_FIRST = ("orchestration", "compare", "pages", "cli", "project", "api")
"""Packages of whole runs, whose files take longest. A worker that begins one of them last would go on alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.parent.name, len(rank)))


@pytest.fixture(scope="session")
def tiny() -> Audit:
    return load_audit(TINY)


@pytest.fixture(scope="session")
def blank_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose store is made and empty. See `new_home`."""
    home = tmp_path_factory.mktemp("blank")
    with Store(home).open():
        pass
    return home


@pytest.fixture
def new_home(blank_home: Path, tmp_path: Path) -> Path:
    """The folder `home` of a test with an empty store: copied, since making the tables takes a fifth of a second."""
    return Path(shutil.copytree(blank_home, tmp_path / "home"))


@pytest.fixture
def instance() -> "Iterator[dg.DagsterInstance]":
    import dagster as dg

    with dg.DagsterInstance.ephemeral() as made:
        yield made


class Audited:
    """A home after one whole audit. Tests read it, and copy it before they change anything."""

    def __init__(self, home: Path, ran: "Ran") -> None:
        self.home, self.ran = home, ran
        self.store = Store(home)

    def rows(self, sql: str) -> list[tuple]:
        with self.store.open() as con:
            return con.execute(sql).fetchall()


MakeHome = Callable[[Path], dict[str, Any]]


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, MakeHome], tuple[Path, dict[str, Any]]]:
    """A home that is made once for all workers of a session, and copied for each: `made_once(name, make)`.

    `make` fills the folder that it is given, and returns what is to be known of it, as JSON. Gives the copy, and that.
    """
    own = tmp_path_factory.getbasetemp()
    common = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def made(name: str, make: MakeHome) -> tuple[Path, dict[str, Any]]:
        home, known = common / name / "home", common / name / "known.json"
        home.parent.mkdir(exist_ok=True)
        with FileLock(common / name / "lock"):
            if not known.exists():
                shutil.rmtree(home, ignore_errors=True)  # of a worker that failed at it
                told = make(home)
                known.write_text(json.dumps(told))
        copy = tmp_path_factory.mktemp(f"copy-of-{name}") / "home"
        return Path(shutil.copytree(home, copy)), json.loads(known.read_text())

    return made


@pytest.fixture(scope="session")
def audited(tiny: Audit, made_once: Any) -> Audited:
    def audit(home: Path) -> dict[str, Any]:
        import dagster as dg

        from mcas_assets.orchestration.runs import run_audit
        from mcas_assets.stages.workplace import Workplace

        with dg.DagsterInstance.ephemeral() as instance:
            return asdict(run_audit(tiny, find_system("phantom-stereotyped"), Workplace(home=home), instance))

    home, ran = made_once("audited", audit)
    from mcas_assets.orchestration.runs import Ran

    return Audited(home, Ran(**ran))


@pytest.fixture(scope="session")
def audited_twice(made_once: Any) -> Home:
    """A home in which two versions of the phantom were audited, compared and published. Do not write to it."""

    def audit(home: Path) -> dict[str, Any]:
        from mcas_assets.orchestration.instance import open_instance
        from mcas_assets.orchestration.runs import run_audit
        from mcas_assets.stages.workplace import Workplace

        smallest, workplace = load_audit(SMALLEST), Workplace(home=home)
        with open_instance(home) as instance:
            before, after = (
                run_audit(smallest, find_system("phantom-stereotyped", steps=steps), workplace, instance).system_version
                for steps in (1, 2)
            )
        return {"before": before, "after": after}

    home, versions = made_once("audited-twice", audit)
    return Home(home, **versions)


# Small image sets made on the spot, and the system that a declaration makes of one ------------------------------------


def picture(n: int, format: str = "PNG", size: tuple[int, int] = (8, 6)) -> bytes:
    """A small picture that differs from that of any other number."""
    image = Image.new("RGB", size)
    image.putdata([((37 * n + 11 * i) % 256, (n * 5 + i) % 256, (255 - 3 * i) % 256) for i in range(size[0] * size[1])])
    buffer = io.BytesIO()
    image.save(buffer, format)
    return buffer.getvalue()


def declared(path: Path, *, cache: Path | None = None, **keys: Any) -> ImportedSystem:
    """The system `mine` of a YAML file beside the set."""
    entry = {"kind": "import", "path": str(path), "model": "a-model", "prompt": "prompt", **keys}
    entry = {key: value for key, value in entry.items() if value is not None}
    file = path.parent / f"{path.name}.yaml"
    file.write_text(yaml.safe_dump({"systems": {"mine": entry}}))
    system = find_system("mine", file, cache=cache)
    assert isinstance(system, ImportedSystem)
    return system


def records(system: ImportedSystem) -> pl.DataFrame:
    """All records of a set."""
    system.identity()
    return pl.concat(system.records())


def outcomes(system: ImportedSystem) -> list[tuple[str | None, int | None, str]]:
    """(prompt, seed, outcome) of all records, each looked at."""
    rows = records(system)
    found = [outcome.outcome for outcome in system.take(rows)]
    return list(zip(rows["prompt"], rows["seed"], found, strict=True))


@pytest.fixture
def sets() -> SimpleNamespace:
    """What tests make and look at sets with: `picture`, `declared`, `records`, `outcomes`, as above."""
    return SimpleNamespace(picture=picture, declared=declared, records=records, outcomes=outcomes)


@pytest.fixture
def image_folder(tmp_path: Path) -> Callable[..., Path]:
    """A folder with some pictures and a table of them: rows as JSON objects, `name` of the metadata file."""

    def make(rows: list[dict[str, Any]], files: dict[str, bytes] | None = None, name: str = "metadata.jsonl") -> Path:
        folder = tmp_path / "set"
        folder.mkdir(exist_ok=True)
        for file, data in ({"0.png": picture(0), "1.png": picture(1)} if files is None else files).items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(data)
        if name.endswith(".jsonl"):
            (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        else:
            frame = pl.DataFrame(rows, infer_schema_length=None)
            frame.write_csv(folder / name) if name.endswith(".csv") else frame.write_parquet(folder / name)
        return folder

    return make


LETTERS = {"o": "ok", "p": "refused_prompt", "x": "refused_output", "b": "blanked", "t": "timeout", "e": "empty"}


@pytest.fixture(scope="session")
def pictures() -> Callable[..., pl.DataFrame]:
    """Makes rows of `images` of an audit: `pictures(audit, gender_b="pooooo", nurse="oot")`, a letter an outcome."""

    def make(audit: Audit, **outcomes: str) -> pl.DataFrame:
        rows = []
        for row in build_plan(audit).iter_rows(named=True):
            subject = f"{row['axis']}_{row['pole']}" if row["role"] == "attribute" else row["concept"]
            named = {key: row[key] for key in ("prompt_id", "prompt", "role", "axis", "pole", "category", "concept")}
            image = {"image_id": f"{row['prompt_id']}/{row['replicate']}", "system_version": "hosted@0123456789ab"}
            letters = outcomes.get(subject, "o" * (row["replicate"] + 1))
            rows.append(named | image | {"outcome": LETTERS[letters[row["replicate"]]]})
        return pl.DataFrame(rows, infer_schema_length=None)

    return make


@pytest.fixture(scope="session")
def s3_server() -> "Iterator[Server]":
    from tests.buckets import serving

    with serving() as server:
        yield server


@pytest.fixture
def bucket(s3_server: "Server", monkeypatch: pytest.MonkeyPatch) -> "Iterator[Bucket]":
    """A bucket of a server that speaks S3, whose credentials are in the environment. See `tests/buckets.py`."""
    from tests.buckets import reached

    with reached(s3_server, monkeypatch) as made:
        yield made


@pytest.fixture
def home_in_a_bucket(bucket: "Bucket", new_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with an empty store whose images are declared to lie in the bucket."""
    monkeypatch.setenv("MCAS_IMAGES", bucket.address)
    return new_home
