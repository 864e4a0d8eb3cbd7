"""What a file holds is read once: again only where it was written anew, or pictures are read by another decoder."""

import os
from pathlib import Path

import pytest

from mcas_assets.core.errors import StoreError
from mcas_assets.images import generate
from mcas_assets.quality.looks import looks
from mcas_assets.store import facts, files
from mcas_assets.store.database import Store
from tests.images.test_generate import BATCH, BATCHES, Pencil, run
from tests.quality.test_files import WHOLE, png


@pytest.fixture
def reads(monkeypatch) -> list[str]:
    """The paths of the image files that are read, in order."""
    read, real = [], files.read_file

    def counted(home: Path, path: str) -> bytes | None:
        read.append(path)
        return real(home, path)

    monkeypatch.setattr(files, "read_file", counted)
    return read


@pytest.fixture
def store(new_home: Path) -> Store:
    return Store(new_home)


def paths(store: Store, count: int) -> list[str]:
    return [path for _, path in files.write_images(store.home, [png((8, 1 + n)) for n in range(count)], ".png")]


def test_a_second_look_reads_nothing_and_finds_the_same(store, reads):
    there = paths(store, 5)
    first = looks(store, there)
    assert sorted(reads) == sorted(there)
    reads.clear()
    assert looks(store, there).sort("path").equals(first.sort("path"))
    assert reads == []


def test_what_is_new_costs_its_own_reads_however_much_is_there(store, reads):
    old = paths(store, 40)
    looks(store, old)
    reads.clear()
    _, new = files.write_image(store.home, png((3, 3)), ".png")
    assert len(looks(store, [*old, new])) == 41
    assert reads == [new]


def test_a_file_that_was_written_anew_is_read_again(store, reads):
    path, other = paths(store, 2)
    looks(store, [path, other])
    reads.clear()
    (store.home / path).write_bytes(WHOLE[:-1] + b"!")
    os.utime(store.home / path, ns=(1, 1))
    assert looks(store, [path, other]).filter(path=path)["file_sha256"].to_list() != [Path(path).stem]
    assert reads == [path]
    reads.clear()
    looks(store, [path, other])
    assert reads == []


def test_a_file_that_is_gone_has_no_look_and_its_record_says_nothing(store):
    (path,) = paths(store, 1)
    looks(store, [path])
    (store.home / path).unlink()
    assert looks(store, [path]).is_empty()


def test_another_decoder_looks_again(store, reads, monkeypatch):
    there = paths(store, 3)
    looks(store, there)
    reads.clear()
    monkeypatch.setattr("mcas_assets.quality.looks.decoder", lambda: "another")
    looks(store, there)
    assert sorted(reads) == sorted(there)


def test_what_a_killed_run_looked_at_is_not_looked_at_again(store, reads, monkeypatch):
    there = paths(store, 6)
    monkeypatch.setattr("mcas_assets.quality.looks.AT_ONCE", 2)
    real = files.read_file

    def killed(home: Path, path: str) -> bytes | None:
        if len(reads) > 4:
            raise KeyboardInterrupt
        return real(home, path)

    with monkeypatch.context() as patch:
        patch.setattr(files, "read_file", killed)
        with pytest.raises(KeyboardInterrupt):
            looks(store, there)
    reads.clear()
    assert len(looks(store, there)) == 6
    assert 2 <= len(reads) <= 4


def known(store: Store) -> list[str]:
    with store.open() as con:
        return [path for (path,) in con.execute("select path from image_facts").fetchall()]


def test_a_run_that_finds_everything_there_reads_no_image_that_was_looked_at(store, reads):
    run(store, Pencil())
    looks(store, known(store))
    reads.clear()
    assert run(store, Pencil()) == 0
    assert reads == []


@pytest.mark.parametrize("spoil", ["deleted", "changed"])
def test_a_run_still_finds_what_was_deleted_or_changed(spoil, store):
    run(store, Pencil())
    looks(store, known(store))
    file = store.home / known(store)[0]
    file.unlink() if spoil == "deleted" else file.write_bytes(b"picture X")
    with pytest.raises(StoreError, match=f"{spoil} behind the store's back"):
        run(store, Pencil())


def test_a_row_of_another_digest_is_not_vouched_for_by_a_look(store):
    run(store, Pencil())
    looks(store, known(store))
    with store.open() as con:
        con.execute("update image_facts set sha256 = repeat('0', 64) where seed = 0")
    with pytest.raises(StoreError, match="its digest differs"):
        run(store, Pencil())


def test_bytes_that_rot_without_a_trace_are_found_by_reading_all(store):
    run(store, Pencil())
    looks(store, known(store))
    path = known(store)[0]
    before = (store.home / path).stat()
    (store.home / path).write_bytes(b"X" * before.st_size)
    os.utime(store.home / path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert run(store, Pencil()) == 0
    assert generate.forget_lost(store) == 1


def test_of_a_bucket_a_second_look_asks_only_whether_objects_are_what_they_were(home_in_a_bucket, bucket):
    store = Store(home_in_a_bucket)
    run(store, Pencil())
    first = looks(store, known(store))
    bucket.server.requests.clear()
    assert looks(store, known(store)).sort("path").equals(first.sort("path"))
    assert run(store, Pencil()) == 0
    count = BATCH * BATCHES
    assert (bucket.count("HEAD"), bucket.count("GET"), bucket.count("PUT")) == (2 * count, 1, 1)  # and whose it is


def test_of_a_bucket_that_does_not_answer_nothing_is_found(home_in_a_bucket, bucket):
    store = Store(home_in_a_bucket)
    run(store, Pencil())
    bucket.fail("GET", 1000)
    with pytest.raises(StoreError, match="does not do what it is asked"):
        looks(store, known(store))
    with store.open() as con:
        assert con.execute("select count(*) from file_facts").fetchall() == [(0,)]
        assert facts.have_images(con, ["i00"]) == {"i00"}
