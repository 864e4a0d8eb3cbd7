"""Homes: stores, published copies, images, histories and backups that are missing, damaged, held by others or not ours."""

import errno
import json
import os
import shutil
import signal
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from filelock import FileLock

from mcas_assets.cli.app import app
from mcas_assets.images.generate import forget_lost, verify
from mcas_assets.orchestration import instance as instances
from mcas_assets.store import backup, facts, files, ledger, pruning
from mcas_assets.store.database import Store
from mcas_assets.store.files import write_images
from mcas_assets.store.home_lock import hold_home_lock
from mcas_assets.store.publication import publish, query, rebuild
from mcas_assets.store.reading import Published
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
def a_row_that_leads_out_of_the_home(new_home: Path) -> Iterator[Step]:
    store, file = with_an_image(new_home)
    stated = ["../../etc/passwd"]
    yield lambda: files.read_image(store.home, stated[0], file.stem), "Correct the row that states it"
    stated[0] = file.relative_to(store.home).as_posix()


# What is published ----------------------------------------------------------------------------------------------------


@situation
def nothing_published_to_ask(new_home: Path) -> Iterator[Step]:
    yield lambda: query(Store(new_home), "select 1"), "Run an audit first: mcas audit."
    publish(Store(new_home))  # as an audit does at its end


@situation
def nothing_published_to_look_at(new_home: Path) -> Iterator[Step]:
    yield lambda: Published(Store(new_home)).rows("audited", at=0), "Run an audit first: mcas audit."
    publish(Store(new_home))


@situation
def nothing_published_to_rebuild_from(new_home: Path, place: Path) -> Iterator[Step]:
    (new_home / "store.duckdb").rename(place / "lost")
    yield lambda: rebuild(Store(new_home)), "Put the home back from a backup"
    publish(Store(place / "kept"))
    shutil.copy(place / "kept" / "published.duckdb", new_home)


@situation
def another_store_than_what_is_published(home, blank_home: Path) -> Iterator[Step]:
    shutil.copy(blank_home / "store.duckdb", home.path / "store.duckdb")
    yield lambda: publish(home.store), "Make the store anew from it (mcas repair --from-published)"
    mcas("repair", "--from-published")


# Dagster's history ----------------------------------------------------------------------------------------------------


@situation
def a_history_that_is_damaged(home) -> Iterator[Step]:
    with (home.path / "dagster" / "history" / "runs.db").open("r+b") as content:
        content.write(b"\xa5" * 20_000)

    def open_it() -> None:
        with instances.instance_at_work(home.path) as instance:
            instance.get_runs()

    yield open_it, "mcas repair --history"
    mcas("repair", "--history")


@situation
def a_history_that_cannot_be_moved(home, monkeypatch) -> Iterator[Step]:
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", failing(errno.EBUSY))
        yield lambda: instances.begin_history_anew(home.path), "Move it away by hand"
    (home.path / "dagster").rename(home.path / "by-hand")


# Backups --------------------------------------------------------------------------------------------------------------


@situation
def a_backup_of_nothing(place: Path, blank_home: Path) -> Iterator[Step]:
    yield lambda: backup.back_up(Store(place / "home"), place / "copy"), "Run an audit first: mcas audit."
    shutil.copytree(blank_home, place / "home")


@situation
def a_backup_onto_what_is_there(place: Path, new_home: Path) -> Iterator[Step]:
    (place / "copy").mkdir()
    target = [place / "copy"]
    yield lambda: backup.back_up(Store(new_home), target[0]), "that is not there"
    target[0] = place / "copy.tar"


@situation
def a_backup_within_the_home(place: Path, new_home: Path) -> Iterator[Step]:
    target = [new_home / "copy"]
    yield lambda: backup.back_up(Store(new_home), target[0]), "Name a place outside of it"
    target[0] = place / "copy"


@situation
def a_backup_to_where_nobody_may_write(place: Path, new_home: Path) -> Iterator[Step]:
    (place / "file").write_text("x")
    target = [place / "file" / "copy"]
    yield lambda: backup.back_up(Store(new_home), target[0]), "Name a place that can be"
    target[0] = place / "copy"


@situation
def a_backup_that_is_not_what_was_written(place: Path, new_home: Path, monkeypatch) -> Iterator[Step]:
    with monkeypatch.context() as patch:
        patch.setattr(backup, "_digest", lambda content: "0" * 64)
        yield lambda: backup.back_up(Store(new_home), place / "copy.tar"), "Run the same command again"


@situation
def a_restoration_over_a_used_home(place: Path, new_home: Path) -> Iterator[Step]:
    backup.back_up(Store(new_home), place / "copy.tar")
    target = [new_home]
    yield lambda: backup.restore(place / "copy.tar", target[0]), "Point MCAS_HOME to a folder that is not there yet"
    target[0] = place / "restored"


def restoring(place: Path, new_home: Path, spoil: Callable[[Path], object], words: str) -> Iterator[Step]:
    """What is named is no backup; the remedy names one."""
    backup.back_up(Store(new_home), place / "copy.tar")
    spoil(place / "wrong.tar")
    source = [place / "wrong.tar"]
    yield lambda: backup.restore(source[0], place / "restored"), words
    source[0] = place / "copy.tar"


@situation
def a_restoration_from_nothing(place: Path, new_home: Path) -> Iterator[Step]:
    yield from restoring(place, new_home, lambda file: None, "Name what mcas backup made")


@situation
def a_restoration_from_no_archive(place: Path, new_home: Path) -> Iterator[Step]:
    yield from restoring(place, new_home, lambda file: file.write_bytes(b"no archive"), "that mcas backup made")


@situation
def a_restoration_from_an_empty_archive(place: Path, new_home: Path) -> Iterator[Step]:
    yield from restoring(place, new_home, lambda file: tarfile.open(file, "w").close(), "that mcas backup made")


@situation
def a_restoration_from_another_kind_of_backup(place: Path, new_home: Path) -> Iterator[Step]:
    def spoil(file: Path) -> None:
        file.mkdir()
        (file / "manifest.json").write_text(json.dumps({"format": "another", "files": {}}))

    yield from restoring(place, new_home, spoil, "that mcas backup made")


@situation
def a_restoration_from_a_damaged_backup(place: Path, new_home: Path) -> Iterator[Step]:
    def spoil(file: Path) -> None:
        backup.back_up(Store(new_home), file.with_suffix(""))
        file.with_suffix("").rename(file)
        (file / "store.duckdb").write_bytes(b"x")

    yield from restoring(place, new_home, spoil, "Use another backup")
