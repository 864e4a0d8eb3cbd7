"""Objects of a bucket, of a real server that speaks S3: put once, whole, and each fault told in one sentence."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from obstore.store import MemoryStore

from mcas_assets.core.errors import BadInput, StoreError
from mcas_assets.store.objects import Objects, open_objects


@pytest.fixture
def objects(bucket) -> Objects:
    return open_objects(bucket.address)


def test_what_is_put_is_there_under_its_name_and_is_never_listed(objects, bucket):
    objects.put({"ab/one.png": b"one", "cd/two.png": b"two"})
    assert (objects.get("ab/one.png"), objects.get("cd/two.png"), objects.get("ab/none.png")) == (b"one", b"two", None)
    assert {name: stamp.size for name, stamp in objects.stamps(["ab/one.png", "ab/none.png"]).items()} == {
        "ab/one.png": 3
    }
    assert all(path.startswith(f"/{bucket.name}/of/images/") for _, path in bucket.server.requests)
    assert bucket.names() == ["ab/one.png", "cd/two.png"]


def test_an_object_that_is_there_is_not_written_again_and_one_of_wrong_bytes_is_mended(objects, bucket):
    bucket.write("ab/one.png", b"one")
    bucket.write("cd/two.png", b"tw")
    before = objects.stamps(["ab/one.png"])
    bucket.server.requests.clear()
    objects.put({"ab/one.png": b"one", "cd/two.png": b"two"})
    assert bucket.count("PUT") == 3
    assert objects.stamps(["ab/one.png"]) == before
    assert bucket.read("cd/two.png") == b"two"


def test_of_many_writers_of_one_name_one_puts_it(objects):
    with ThreadPoolExecutor(8) as pool:
        was_put = list(pool.map(lambda writer: objects.put_if_absent("owner.json", b"%d" % writer), range(8)))
    assert was_put.count(True) == 1
    assert objects.get("owner.json") == b"%d" % was_put.index(True)


def test_a_stamp_differs_once_the_bytes_do(objects, bucket):
    objects.put({"ab/one.png": b"one"})
    before = objects.stamps(["ab/one.png"])
    bucket.write("ab/one.png", b"eno")
    assert objects.stamps(["ab/one.png"]) != before


def test_a_delete_takes_what_is_there_and_nothing_else(objects, bucket):
    objects.put({"ab/one.png": b"one", "cd/two.png": b"two"})
    objects.delete(["ab/one.png", "ab/none.png"])
    assert bucket.names() == ["cd/two.png"]


@pytest.mark.parametrize("method", ["PUT", "GET", "HEAD"])
def test_a_store_that_is_busy_for_a_while_is_asked_again(method, objects, bucket):
    bucket.write("cd/two.png", b"two")
    bucket.fail(method, 2)
    objects.put({"ab/one.png": b"one"})
    assert objects.get("cd/two.png") == b"two"
    assert objects.stamps(["cd/two.png"])["cd/two.png"].size == 3
    assert bucket.names() == ["ab/one.png", "cd/two.png"]


CALLS = {
    "PUT": lambda objects: objects.put({"ab/one.png": b"one"}),
    "GET": lambda objects: objects.get("ab/one.png"),
    "HEAD": lambda objects: objects.stamps(["ab/one.png"]),
}  # fmt: skip


@pytest.mark.parametrize("method", ["PUT", "GET", "HEAD"])
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (
            "503 Service Unavailable",
            r"does not do what it is asked \(503 Service Unavailable.*Run the same command again",
        ),
        ("403 Forbidden", r"refuses \(403 Forbidden.*AWS_ACCESS_KEY_ID"),
        ("401 Unauthorized", r"refuses \(401 Unauthorized.*AWS_ACCESS_KEY_ID"),
    ],
)
def test_a_store_that_goes_on_refusing_is_told_in_one_sentence_without_what_it_said(
    method, status, words, objects, bucket
):
    bucket.fail(method, 3, status, "Refused")
    with pytest.raises(StoreError, match=words) as raised:
        CALLS[method](objects)
    assert raised.value.where == bucket.address
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)
    bucket.server.faults.clear()
    assert bucket.names() == []


def test_a_server_that_does_not_answer_is_told(objects, bucket, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    open_objects.cache_clear()
    with pytest.raises(StoreError, match="does not do what it is asked"):
        open_objects(bucket.address).get("ab/one.png")


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_bucket_that_is_not_there_is_no_image_that_was_lost(call, bucket):
    with pytest.raises(StoreError, match="there is no such bucket"):
        call(open_objects("s3://no-such-bucket/of/images"))


def test_an_address_whose_account_the_environment_lacks_is_told(monkeypatch):
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(BadInput, match=r"az://c/images: cannot be used .*AZURE_STORAGE_ACCOUNT_NAME"):
        open_objects("az://c/images")


def test_what_holds_of_a_bucket_holds_of_another_kind_of_store():
    objects = Objects("memory://", MemoryStore())
    objects.put({"ab/one.png": b"one"})
    assert not objects.put_if_absent("ab/one.png", b"other")
    assert objects.get("ab/one.png") == b"one"
    objects.delete(["ab/one.png", "ab/none.png"])
    assert objects.stamps(["ab/one.png"]) == {}
