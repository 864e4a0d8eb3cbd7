"""What is published, Dagster's history, and backups."""

import errno
import json
import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb

from mcas_assets.orchestration import instance as instances
from mcas_assets.store import backup
from mcas_assets.store.database import Store
from mcas_assets.store.publication import publish, query, questions, rebuild
from mcas_assets.store.reading import Published
from tests.remedies.homes import failing, mcas
from tests.remedies.situations import Step, situation


@situation
def nothing_published_to_ask(new_home: Path) -> Iterator[Step]:
    yield lambda: query(Store(new_home), "select 1"), "Run an audit first: mcas audit."
    publish(Store(new_home))  # as an audit does at its end


@situation
def nothing_published_to_look_at(new_home: Path) -> Iterator[Step]:
    yield lambda: Published(Store(new_home)).rows("audited", at=0), "Run an audit first: mcas audit."
    publish(Store(new_home))


@situation
def what_an_older_installation_published(new_home: Path) -> Iterator[Step]:
    publish(Store(new_home))
    with duckdb.connect(str(new_home / "published.duckdb")) as con:
        con.execute("update store_schema set version = 4")
    yield lambda: Published(Store(new_home)).rows("audited", at=0), "Publish it anew: mcas audit"
    publish(Store(new_home))  # as an audit does, also where it finds all else as it would make it


@situation
def what_an_older_installation_published_is_asked_for_a_column_of_today(new_home: Path) -> Iterator[Step]:
    publish(Store(new_home))
    with duckdb.connect(str(new_home / "published.duckdb")) as con:
        con.execute("update store_schema set digest = 'former'")
        con.execute("alter table score_variances_history drop column variance_low")
        con.execute("drop view score_variances")
        con.execute("create view score_variances as from score_variances_history")
    text = questions()["what-the-score-depends-on"].read_text(encoding="utf-8")
    yield lambda: query(Store(new_home), text), "publish it anew: mcas audit"
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
