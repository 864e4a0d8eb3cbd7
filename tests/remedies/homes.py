"""Homes: stores, published copies, images, histories and backups that are missing, damaged, held by others or not ours."""

import errno
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from filelock import FileLock

from mcas_assets.cli.app import app
from mcas_assets.images.generate import forget_lost, verify
from mcas_assets.store import facts, files, ledger, pruning
from mcas_assets.store.database import Store
from mcas_assets.store.files import write_images
from mcas_assets.store.home_lock import hold_home_lock
from mcas_assets.store.publication import publish, query
from tests.remedies.situations import Step, situation

NOT_A_DATABASE = b"not a database" * 1000


def mcas(*words: str) -> None:
    app([*words], standalone_mode=False)


def look(home: Path, wait: float = 0.0) -> Callable[[], None]:
    def opened() -> None:
        with Store(home, wait=wait).open():
            pass

    return opened


def failing(number: int) -> Callable[..., Any]:
    def fail(*given: object, **keys: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


# The store ------------------------------------------------------------------------------------------------------------


@situation
def a_store_that_is_no_store(new_home: Path) -> Iterator[Step]:
    publish(Store(new_home))
    (new_home / "store.duckdb").write_bytes(NOT_A_DATABASE)
    yield look(new_home), "Move it away: mcas repair"
    (new_home / "store.duckdb").rename(new_home / "moved")
    mcas("repair")


@situation
def a_store_that_is_missing_beside_what_is_published(new_home: Path) -> Iterator[Step]:
    publish(Store(new_home))
    (new_home / "store.duckdb").unlink()
    yield look(new_home), "Make it anew from the published copy: mcas repair"
    mcas("repair")


@situation
def a_store_that_is_damaged(home) -> Iterator[Step]:
    with (home.path / "store.duckdb").open("r+b") as content:
        content.seek(0)
        content.write(b"\xa5" * 4096)
    yield look(home.path), "mcas repair"
    (home.path / "store.duckdb").rename(home.path / "moved")
    mcas("repair")


@situation
def a_home_that_is_a_file(place: Path, monkeypatch) -> Iterator[Step]:
    (place / "file").write_text("x")
    given = [place / "file"]
    yield lambda: look(given[0])(), "Point MCAS_HOME to a folder."
    given[0] = place / "folder"


@situation
def a_database_of_someone_else(new_home: Path) -> Iterator[Step]:
    (new_home / "store.duckdb").unlink()
    with duckdb.connect(str(new_home / "store.duckdb")) as con:
        con.execute("create table theirs (x int)")
    yield look(new_home), "Move it away, or point MCAS_HOME to another folder"
    (new_home / "store.duckdb").rename(new_home / "theirs")


@situation
def a_store_of_a_newer_release(new_home: Path, monkeypatch) -> Iterator[Step]:
    from mcas_assets.store import schema

    with duckdb.connect(str(new_home / "store.duckdb")) as con:
        con.execute("update store_schema set version = 99")
    yield look(new_home), "Update MCAS Assets"
    monkeypatch.setattr(schema, "SCHEMA_VERSION", 99)  # as the newer release has it


@situation
def a_store_that_another_process_holds(new_home: Path, start) -> Iterator[Step]:
    code = "import duckdb, sys, time; con = duckdb.connect(sys.argv[1]); print('held', flush=True); time.sleep(600)"
    holder = start(code, new_home / "store.duckdb")
    assert holder.stdout.readline() == "held\n"
    yield look(new_home), "Wait for it to finish, or end it"
    holder.send_signal(signal.SIGKILL)
    holder.wait()


@situation
def a_full_disk(place: Path, monkeypatch) -> Iterator[Step]:
    with monkeypatch.context() as patch:
        patch.setattr("mcas_assets.store.database.sync_file", failing(errno.ENOSPC))
        yield look(place / "home"), "Free some space, then run the same command again"


@situation
def a_home_without_the_right_to_write(place: Path, monkeypatch) -> Iterator[Step]:
    with monkeypatch.context() as patch:
        patch.setattr("mcas_assets.store.database.sync_file", failing(errno.EACCES))
        yield look(place / "home"), "Give this user the right to write there"


@situation
def a_run_that_is_under_way(new_home: Path) -> Iterator[Step]:
    def work() -> None:
        with hold_home_lock(new_home, wait=False):
            pass

    other = FileLock(new_home / "audit.lock", is_singleton=False)
    other.acquire()
    yield work, "Wait for it, or set MCAS_HOME to another folder"
    other.release()


@situation
def a_version_that_the_ledger_does_not_know(home) -> Iterator[Step]:
    asked = [10**6]

    def read() -> None:
        with home.store.open() as con:
            ledger.read_table(con, "scores", asked[0])

    yield read, "Look it up in materialisations"
    asked[0] = query(
        home.store, "select max(version) from materialisations where list_contains(tables, 'scores')"
    ).item()


@situation
def a_version_that_is_not_registered(new_home: Path) -> Iterator[Step]:
    def mark() -> None:
        with Store(new_home).open() as con:
            facts.mark_audited(con, "s@1")

    yield mark, "Register it first"
    with Store(new_home).open() as con:
        facts.register_system(con, "s@1", "s", {})


@situation
def an_embedder_of_another_length(new_home: Path) -> Iterator[Step]:
    yield from another_embedder(new_home, dim=4)


@situation
def an_embedder_of_another_identity(new_home: Path) -> Iterator[Step]:
    yield from another_embedder(new_home, identity={"weights": "b"})


def another_embedder(new_home: Path, **changed: Any) -> Iterator[Step]:
    given: dict[str, Any] = {"embedder": "e@1", "name": "e", "dim": 8, "identity": {"weights": "a"}}

    def register() -> None:
        with Store(new_home).open() as con:
            facts.register_embedder(con, **given)

    register()
    given |= changed
    yield register, "or give this one its own name"
    given |= {"embedder": "mine@1", "name": "mine"}


@situation
def vectors_of_an_embedder_that_is_not_registered(new_home: Path) -> Iterator[Step]:
    name = ["e@1"]

    def append() -> None:
        with Store(new_home).open() as con:
            facts.append_vectors(con, name[0], "image", ["a"], None, np.ones((1, 8), np.float32))

    yield append, "Restore the files of the embedder that was used before"
    with Store(new_home).open() as con:
        facts.register_embedder(con, "e@1", "e", 8, {})


@situation
def vectors_that_are_not_stored(new_home: Path) -> Iterator[Step]:
    def read() -> None:
        with Store(new_home).open() as con:
            facts.read_vectors(con, "e@1", 8, "image", ["a"])

    with Store(new_home).open() as con:
        facts.register_embedder(con, "e@1", "e", 8, {})
    yield read, "Run the audit again: it embeds what is missing"
    with Store(new_home).open() as con:
        facts.append_vectors(con, "e@1", "image", ["a"], None, np.ones((1, 8), np.float32))


@situation
def a_stage_that_was_never_made(blank_home: Path, home) -> Iterator[Step]:
    from mcas_assets.declare.audit import load_audit
    from mcas_assets.stages.contract import Work
    from mcas_assets.stages.registry import STAGES
    from mcas_assets.stages.workplace import Workplace
    from tests.remedies.conftest import SMALLEST

    where = [blank_home]
    yield (
        lambda: Work(STAGES, load_audit(SMALLEST), Workplace(home=where[0]), home.after, "").newest("scores"),
        "or run mcas audit",
    )
    where[0] = home.path


@situation
def a_store_that_cannot_be_written_anew(new_home: Path, monkeypatch) -> Iterator[Step]:
    with monkeypatch.context() as patch:
        patch.setattr(pruning, "sync_file", failing(errno.EBUSY))
        yield lambda: pruning._compact(Store(new_home)), "Give this user the right to write there"


# Images ---------------------------------------------------------------------------------------------------------------


def with_an_image(new_home: Path) -> tuple[Store, Path]:
    store = Store(new_home)
    with store.open() as con:
        ((sha256, path),) = write_images(store.home, [b"an image"], ".png")
        con.execute(
            "insert into image_facts (image_id, system_version, prompt, outcome, sha256, path)"
            " values ('i', 's@1', 'p', 'ok', ?, ?)",
            [sha256, path],
        )
    return store, store.home / path


def a_lost_image(new_home: Path, lose: Callable[[Path], object]) -> Iterator[Step]:
    store, file = with_an_image(new_home)
    lose(file)

    def look_at_images() -> None:
        with store.open() as con:
            verify(store, con.sql("select path, sha256 from image_facts").pl())

    yield look_at_images, "mcas repair forgets it"
    forget_lost(store)


@situation
def an_image_that_was_deleted(new_home: Path) -> Iterator[Step]:
    yield from a_lost_image(new_home, Path.unlink)


@situation
def an_image_that_was_changed(new_home: Path) -> Iterator[Step]:
    yield from a_lost_image(new_home, lambda file: file.write_bytes(b"another"))


@situation
def an_image_that_cannot_be_read(new_home: Path) -> Iterator[Step]:
    def lose(file: Path) -> None:
        file.unlink()
        file.mkdir()

    yield from a_lost_image(new_home, lose)


@situation
def an_image_that_this_user_may_not_read(new_home: Path, monkeypatch) -> Iterator[Step]:
    store, file = with_an_image(new_home)
    path = file.relative_to(new_home).as_posix()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", failing(errno.EACCES))
        yield lambda: files.read_image(store.home, path, file.stem), "Give this user the right to read it"


@situation
def a_row_that_leads_out_of_the_home(new_home: Path) -> Iterator[Step]:
    store, file = with_an_image(new_home)
    stated = ["../../etc/passwd"]
    yield lambda: files.read_image(store.home, stated[0], file.stem), "Correct the row that states it"
    stated[0] = file.relative_to(store.home).as_posix()
