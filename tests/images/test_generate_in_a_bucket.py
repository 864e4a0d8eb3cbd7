"""Images that go to a bucket: whatever fails on the way, each is put whole and once, and rows say no more than is there."""

import hashlib
from collections.abc import Iterator

import pytest

from mcas_assets.core.errors import ImageLost, StoreError
from mcas_assets.images import generate
from mcas_assets.store import facts
from mcas_assets.store.database import Store
from tests.images.test_generate import BATCH, BATCHES, Pencil, kept, run

ALL = {f"{digest[:2]}/{digest}.png" for digest in (
    hashlib.sha256(f"picture {seed}".encode()).hexdigest() for seed in range(BATCH * BATCHES))}  # fmt: skip
WHOLE = dict.fromkeys(range(BATCHES), BATCH)


@pytest.fixture
def store(home_in_a_bucket) -> Iterator[Store]:
    store = Store(home_in_a_bucket)
    yield store
    assert not (home_in_a_bucket / "images").exists()


def first(store: Store) -> str:
    with store.open() as con:
        return con.execute("select path from image_facts where seed = 0").fetchall()[0][0].removeprefix("images/")


def test_every_image_is_put_once(store, bucket):
    assert run(store, Pencil()) == BATCH * BATCHES
    assert set(bucket.names()) == ALL
    assert bucket.count("PUT") == 1 + len(ALL)  # what says whose the bucket is
    assert kept(store) == WHOLE


def test_a_bucket_that_is_busy_for_a_while_changes_nothing(store, bucket):
    run(store, Pencil(lambda batch: bucket.fail("PUT", 2) if batch in (1, 4) else None))
    assert set(bucket.names()) == ALL
    assert kept(store) == WHOLE


@pytest.mark.parametrize("status", ["503 Service Unavailable", "403 Forbidden"])
def test_a_bucket_that_refuses_stops_the_drawing_and_the_next_run_makes_the_rest(status, store, bucket):
    def fail(batch: int) -> None:
        if batch == 3:
            bucket.fail("PUT", 1000, status, "Refused")

    system = Pencil(fail)
    with pytest.raises(StoreError, match="store of objects"):
        run(store, system)
    bucket.server.faults.clear()
    before = kept(store)
    assert 0 < sum(before.values()) < BATCH * BATCHES
    assert set(before.values()) == {BATCH}
    assert run(store, Pencil()) == BATCH * BATCHES - sum(before.values())
    assert kept(store) == WHOLE
    assert set(bucket.names()) == ALL


def test_a_bucket_that_cannot_be_written_is_told_before_anything_is_drawn(store, bucket):
    bucket.fail("PUT", 3, "403 Forbidden", "AccessDenied")
    system = Pencil()
    with pytest.raises(StoreError, match="refuses"):
        run(store, system)
    assert system.drawn == []


def test_a_run_killed_between_put_and_commit_leaves_objects_that_the_next_one_uses(store, bucket, monkeypatch):
    def die(*given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(facts, "append_images", die)
        with pytest.raises(KeyboardInterrupt):
            run(store, Pencil())
    there = bucket.names()
    assert there
    assert kept(store) == {}
    assert run(store, Pencil()) == BATCH * BATCHES
    assert set(bucket.names()) == ALL >= set(there)
    assert kept(store) == WHOLE


@pytest.mark.parametrize("spoil", ["deleted", "changed"])
def test_an_object_that_is_no_longer_what_was_kept_stops_the_next_run_and_repair_has_it_made_anew(spoil, store, bucket):
    run(store, Pencil())
    name = first(store)
    bucket.delete(name) if spoil == "deleted" else bucket.write(name, b"picture X")
    with pytest.raises(ImageLost, match=f"{bucket.address}/{name}: the image was {spoil} behind the store's back"):
        run(store, Pencil())
    assert generate.forget_lost(store) == 1
    assert run(store, Pencil()) == 1
    assert set(bucket.names()) == ALL
    assert bucket.read(name) == b"picture 0"


def test_a_bucket_that_does_not_answer_loses_no_image(store, bucket):
    run(store, Pencil())
    for method in ("GET", "HEAD"):
        bucket.fail(method, 1000)
    with pytest.raises(StoreError, match="does not do what it is asked"):
        generate.forget_lost(store)
    bucket.server.faults.clear()
    assert kept(store) == WHOLE
