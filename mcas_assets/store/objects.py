"""Image files as objects of a bucket: S3 and what speaks it, Google Cloud Storage, Azure. One request an object; never a listing.

The name of an object follows from its bytes, so it is put only if it is not there yet, and what is there already is as good. A put
is whole or nothing. Requests that are refused for the moment are made again, with growing pauses, for as long as `PATIENCE` says.
"""

import hashlib
import os
import re
from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from mcas_assets.core.errors import BadInput, StoreError
from mcas_assets.core.extras import require_extra

AT_ONCE = 16
"""Requests that are under way side by side: most of the time of each is waiting."""

PATIENCE: dict[str, Any] = {"max_retries": 10, "retry_timeout": timedelta(seconds=180)}
"""How often, and how long, a request is made again that is refused for the moment (429, 5xx) or not answered."""

_ANSWERS_WITHIN = {"connect_timeout": "10s", "timeout": "60s"}
_AGAIN = "Run the same command again once it answers: nothing was half-written, and what was done is kept."
_RIGHTS = (
    "Set credentials in the environment that may read and write there (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY;"
    " GOOGLE_SERVICE_ACCOUNT; AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY)."
)
_STATUS = re.compile(r"status code: (\d{3}[\w ]*)")
_CODE = re.compile(r"<Code>(\w+)</Code>")


class Stamp(NamedTuple):
    """What tells, without reading a file, that it is the one that was read: its bytes, and when it was written (or its e-tag)."""

    size: int
    written: str


class Objects:
    """The objects below one address. Safe to use from several threads.

    Attributes:
        address: `s3://BUCKET/PREFIX`, or of gs or az.
    """

    def __init__(self, address: str, store: Any) -> None:
        self.address, self._store = address, store

    def put(self, data: Mapping[str, bytes]) -> None:
        """Put what is not there yet, by name; when this returns, all of it is there.

        An object of that name whose bytes are others is put anew.

        Raises:
            StoreError: The store refuses, or does not answer.
        """
        self._side_by_side(self._put, data.items())

    def put_if_absent(self, name: str, data: bytes) -> bool:
        """Put one object unless one of that name is there. Returns whether it was put."""
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        with self._told():
            try:
                self._store.put(name, data, mode="create")
            except (AlreadyExistsError, PreconditionError):  # by another writer, or by this one, whose answer was lost
                return False
        return True

    def get(self, name: str) -> bytes | None:
        """The bytes of an object, or None where there is none of that name.

        Raises:
            StoreError: The store refuses, does not answer, or there is no such bucket.
        """
        with self._told():
            try:
                return bytes(self._store.get(name).bytes())
            except FileNotFoundError as error:
                self._require_bucket(error)
                return None

    def stamps(self, names: Iterable[str]) -> dict[str, Stamp]:
        """The stamp of each object that is there.

        Raises:
            StoreError: The store refuses, does not answer, or there is no such bucket.
        """
        names = list(names)
        stamps = dict(zip(names, self._side_by_side(self._stamp, names), strict=True))
        if (absent := next((name for name, stamp in stamps.items() if stamp is None), None)) is not None:
            self.get(
                absent
            )  # answers to HEAD have no body, and so do not tell an object that is not there from a bucket
        return {name: stamp for name, stamp in stamps.items() if stamp is not None}

    def delete(self, names: Iterable[str]) -> None:
        """Delete objects, whether or not they are there."""
        self._side_by_side(self._delete, names)

    def _put(self, item: tuple[str, bytes]) -> None:
        name, data = item
        if self.put_if_absent(name, data) or _digest(self.get(name)) == _digest(data):
            return
        with self._told():
            self._store.put(name, data, use_multipart=False)

    def _stamp(self, name: str) -> Stamp | None:
        with self._told():
            try:
                head = self._store.head(name)
            except FileNotFoundError:
                return None
        return Stamp(head["size"], head["e_tag"] or head["last_modified"].isoformat())

    def _delete(self, name: str) -> None:
        with self._told():
            try:
                self._store.delete(name)
            except FileNotFoundError as error:
                self._require_bucket(error)

    def _side_by_side(self, work: Any, items: Iterable[Any]) -> list[Any]:
        items = list(items)
        if len(items) < 2:
            return [work(item) for item in items]
        with ThreadPoolExecutor(min(AT_ONCE, len(items)), thread_name_prefix="objects") as pool:
            futures = [pool.submit(work, item) for item in items]
            try:
                return [future.result() for future in futures]
            finally:  # the first fault counts: what has not begun would only wait as long
                for future in futures:
                    future.cancel()

    def _require_bucket(self, error: FileNotFoundError) -> None:
        if (code := _CODE.search(str(error))) is not None and code[1] in ("NoSuchBucket", "ContainerNotFound"):
            raise error

    @contextmanager
    def _told(self) -> Generator[None]:
        from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

        try:
            yield
        except FileNotFoundError as error:
            raise StoreError(
                self.address, "there is no such bucket or container", "Make it, or name another in MCAS_IMAGES."
            ) from error
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise StoreError(self.address, f"the store of objects refuses ({_short(error)})", _RIGHTS) from error
        except (BaseError, OSError) as error:
            problem = f"the store of objects does not do what it is asked ({_short(error)})"
            raise StoreError(self.address, problem, _AGAIN) from error


@lru_cache(16)
def open_objects(address: str) -> Objects:
    """The objects below an address. No request is made.

    Raises:
        BadInput: The extra is not installed, or the environment lacks what the address needs.
    """
    require_extra("objects", address)
    from obstore.exceptions import BaseError
    from obstore.store import from_url

    # A server of one's own (MinIO, Ceph) is named with its scheme; only such a name makes plain HTTP of it.
    named = (os.environ.get(f"{name}{url}", "") for name in ("AWS_ENDPOINT", "AZURE_ENDPOINT") for url in ("", "_URL"))
    options = {**_ANSWERS_WITHIN, "allow_http": any(one.startswith("http://") for one in named)}
    try:
        return Objects(address, from_url(address, client_options=options, retry_config=PATIENCE))  # ty: ignore[no-matching-overload]
    except (BaseError, ValueError) as error:
        raise BadInput(address, f"cannot be used ({_short(error)})", _RIGHTS) from error


def _digest(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()


def _short(error: Exception) -> str:
    """What a store answered in a few words: its message may hold the whole request, and so more than is to be told."""
    text = str(error)
    told = [found[1].strip() for pattern in (_STATUS, _CODE) if (found := pattern.search(text))]
    return ", ".join(told) or " ".join(text.partition("\n")[0].split())[:160]
