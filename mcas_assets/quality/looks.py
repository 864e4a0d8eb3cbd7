"""Looking at image files: what each holds, read once and remembered for as long as the file is as it was."""

import hashlib
from collections.abc import Iterable
from functools import partial
from typing import Any

import polars as pl

from mcas_assets.core.errors import StoreError
from mcas_assets.core.overlap import ahead
from mcas_assets.core.pictures import NotAPicture, decode, decoder
from mcas_assets.store import file_facts, files
from mcas_assets.store.database import Store
from mcas_assets.store.file_facts import Held
from mcas_assets.store.image_place import objects_of

SCHEMA = pl.Schema({
    "path": pl.String, "file_exists": pl.Boolean, "file_sha256": pl.String, "decodable": pl.Boolean, "shows": pl.String,
    "decoded_width": pl.Int64, "decoded_height": pl.Int64,
})  # fmt: skip

AT_ONCE = 1024
"""Files whose looks are committed together: a killed run has looked at no more in vain."""


def looks(store: Store, paths: Iterable[str]) -> pl.DataFrame:
    """What the files at some paths hold: rows of `SCHEMA`, one for each that is there and can be read.

    Only those are read that were not, or are not as they were then; what they hold is recorded.

    Raises:
        StoreError: The store of objects refuses or does not answer, or the store cannot be written.
    """
    stamps, reads = files.stamps(store.home, paths), decoder()
    with store.open() as con:
        known = {path: held for path, held in file_facts.unchanged(con, stamps).items() if held.decoder == reads}
    unread = [path for path in stamps if path not in known]
    threads = files.readers(store.home)
    for start in range(0, len(unread), AT_ONCE):
        chunk = unread[start : start + AT_ONCE]
        found = zip(chunk, ahead(partial(_look_at, store, reads), chunk, 2 * threads, threads), strict=True)
        held = {path: one for path, one in found if one is not None}
        rows = [(path, *stamps[path], *one) for path, one in held.items()]
        with store.open() as con:
            file_facts.record(con, pl.DataFrame(rows, schema=file_facts.SCHEMA, orient="row"))
        known |= held
    return pl.DataFrame([look(path, held) for path, held in known.items()], schema=SCHEMA)


def look(path: str, held: Held) -> dict[str, Any]:
    """A row of `SCHEMA`."""
    return {
        "path": path, "file_exists": True, "file_sha256": held.sha256, "decodable": held.shows is not None,
        "shows": held.shows, "decoded_width": held.width, "decoded_height": held.height,
    }  # fmt: skip


def held_by(data: bytes, reads: str) -> Held:
    """What a file of these bytes holds. One that cannot be decoded is a finding, not an error."""
    digest = hashlib.sha256(data).hexdigest()
    try:
        picture = decode(data)
    except NotAPicture:
        return Held(digest, reads, None, None, None)
    width, height = picture.size
    return Held(digest, reads, hashlib.sha256(picture.pixels().tobytes()).hexdigest(), width, height)


def _look_at(store: Store, reads: str, path: str) -> Held | None:
    """What a file holds. Of a file of this machine that cannot be read, it is found that there is none."""
    try:
        data = files.read_file(store.home, path)
    except StoreError:
        if objects_of(store.home) is not None:
            raise
        return None
    return None if data is None else held_by(data, reads)
