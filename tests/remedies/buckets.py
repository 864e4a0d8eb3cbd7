"""Homes whose images lie in a bucket, of a server that speaks S3 and refuses."""

from collections.abc import Iterator
from pathlib import Path

from mcas_assets.store import files
from mcas_assets.store.image_place import OWNER, RECORD, objects_of, settle_images
from mcas_assets.store.objects import open_objects
from tests.remedies.situations import Step, situation


@situation
def a_place_that_is_none(new_home: Path, bucket, monkeypatch) -> Iterator[Step]:
    monkeypatch.setenv("MCAS_IMAGES", "s3:/bucket")
    yield lambda: settle_images(new_home), "Write s3://BUCKET/PREFIX"
    monkeypatch.setenv("MCAS_IMAGES", bucket.address)


@situation
def a_home_that_has_images_in_its_folder(home_in_a_bucket: Path, place: Path, bucket, monkeypatch) -> Iterator[Step]:
    monkeypatch.delenv("MCAS_IMAGES")
    sha256, path = files.write_image(home_in_a_bucket, b"an image", ".png")
    monkeypatch.setenv("MCAS_IMAGES", bucket.address)

    def settle_and_read() -> bytes:
        settle_images(home_in_a_bucket)
        return files.read_image(home_in_a_bucket, path, sha256)

    yield settle_and_read, f"Copy what that folder holds to {bucket.address}, names as they are, and move it away"
    bucket.write(f"{sha256[:2]}/{sha256}.png", (home_in_a_bucket / path).read_bytes())
    (home_in_a_bucket / "images").rename(place / "away")


@situation
def a_place_that_is_declared_otherwise(home_in_a_bucket: Path, bucket, monkeypatch) -> Iterator[Step]:
    settle_images(home_in_a_bucket)
    monkeypatch.setenv("MCAS_IMAGES", f"{bucket.address}/2")
    yield lambda: settle_images(home_in_a_bucket), f"remove {home_in_a_bucket / RECORD}"
    (home_in_a_bucket / RECORD).unlink()


@situation
def a_bucket_of_another_home(home_in_a_bucket: Path, place: Path, bucket, monkeypatch) -> Iterator[Step]:
    settle_images(home_in_a_bucket)
    (place / "other").mkdir()
    yield lambda: settle_images(place / "other"), "Name another prefix"
    monkeypatch.setenv("MCAS_IMAGES", f"{bucket.address}/2")


@situation
def a_record_that_is_damaged(home_in_a_bucket: Path, bucket) -> Iterator[Step]:
    settle_images(home_in_a_bucket)
    record = home_in_a_bucket / RECORD
    record.write_text("{")
    yield lambda: objects_of(home_in_a_bucket), f"for home what {OWNER} there says"
    mark = bucket.read(OWNER).decode().strip("{}")
    record.write_text(f'{{"address": "{bucket.address}", {mark}, "is_settled": true}}')
    settle_images(home_in_a_bucket)


@situation
def a_bucket_that_is_not_there(home_in_a_bucket: Path, bucket, monkeypatch) -> Iterator[Step]:
    monkeypatch.setenv("MCAS_IMAGES", "s3://not-there-yet/images")
    yield lambda: settle_images(home_in_a_bucket), "Make it, or name another in MCAS_IMAGES"
    bucket.client.create_bucket(Bucket="not-there-yet")


@situation
def credentials_that_may_not_write(home_in_a_bucket: Path, bucket) -> Iterator[Step]:
    bucket.fail("PUT", 1, "403 Forbidden", "AccessDenied")
    yield lambda: settle_images(home_in_a_bucket), "Set credentials in the environment that may read and write there"


@situation
def a_bucket_that_is_down(home_in_a_bucket: Path, bucket) -> Iterator[Step]:
    bucket.fail("PUT", 3)
    yield lambda: settle_images(home_in_a_bucket), "Run the same command again once it answers"


@situation
def an_address_without_an_account(monkeypatch) -> Iterator[Step]:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    yield lambda: open_objects("az://container/images"), "AZURE_STORAGE_ACCOUNT_NAME"
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "an-account")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "a2V5")
