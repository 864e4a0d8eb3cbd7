"""Where the image files of a home lie: in its folder `images`, or in a bucket. A home knows it by itself, once it has images there.

`images.json` in the home says so; without it they are in the folder. A declaration only begins a home, and one that says
otherwise later is refused, so that a variable that was forgotten never makes images of a home seem lost. In the bucket an
object names the home that it is of: of two homes at one address each would prune the other's images.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from mcas_assets.core.drafts import replace_text, sync_file, sync_folder
from mcas_assets.core.errors import BadInput, StoreError
from mcas_assets.declare.project import IN_THE_HOME, declared_images
from mcas_assets.store.faults import explain
from mcas_assets.store.objects import Objects, open_objects

FOLDER = "images"
RECORD = "images.json"
OWNER = "mcas-home.json"
"""The object below an address that names the home whose images are there."""


class _Place(NamedTuple):
    """Of a home: the address, the home's own mark, and whether the bucket is known to bear it: until then no image was put."""

    address: str
    home: str
    is_settled: bool


def objects_of(home: Path) -> Objects | None:
    """Where the image files of a home lie if that is a bucket, or None for its folder `images`. No request is made.

    Raises:
        StoreError: Its `images.json` cannot be read.
        BadInput: The extra is not installed, or the environment lacks what the address needs.
    """
    place = _recorded(home)
    return open_objects(place.address) if place is not None and place.is_settled else None


def settle_images(home: Path) -> None:
    """Before images are made: see that they can be kept where they are declared to lie, by one write if need be, and record it.

    Raises:
        BadInput: The home has images elsewhere already, the bucket holds those of another home, or cannot be used.
        StoreError: The store of objects refuses, or does not answer.
    """
    declared, where = declared_images()
    place = _recorded(home)
    if place is not None and place.is_settled:
        if where is not None and declared != place.address:
            problem = f"is {declared}, but this home has its images at {place.address}"
            remedy = f"Write {place.address}; or, once all that is there is copied, names as they are, remove {home / RECORD}"
            raise BadInput(where, problem, remedy)
        _claim(open_objects(place.address), place, f", and remove {home / RECORD}")
        return
    if declared == IN_THE_HOME:
        return
    if any((home / FOLDER).glob("[!.]*/*")):
        problem = f"is {declared}, but this home has its images in {home / FOLDER}"
        remedy = (
            f"Copy what that folder holds to {declared}, names as they are, and move it away; or write {IN_THE_HOME}"
        )
        raise BadInput(str(where), problem, remedy)
    objects = open_objects(declared)
    # The mark is on the disk before it is in the bucket: killed in between, or told nothing, the home knows it for its own.
    place = _Place(declared, uuid4().hex if place is None else place.home, is_settled=False)
    _record(home, place)
    _claim(objects, place)
    _record(home, place._replace(is_settled=True))


def _claim(objects: Objects, place: _Place, further: str = "") -> None:
    document = json.dumps({"home": place.home}).encode()
    if not objects.put_if_absent(OWNER, document) and objects.get(OWNER) != document:
        problem = f"holds the images of another home, as {OWNER} there says"
        raise BadInput(place.address, problem, f"Name another prefix, in MCAS_IMAGES or mcas.yaml{further}")


def _record(home: Path, place: _Place) -> None:
    try:
        replace_text(home / RECORD, json.dumps(place._asdict()) + "\n")
        sync_file(home / RECORD)
        sync_folder(home)
    except OSError as error:
        raise explain(home / RECORD, error) or error from error


def _recorded(home: Path) -> _Place | None:
    file = home / RECORD
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError) as error:
        raise _damaged(file) from error
    try:
        return _parsed(text)
    except (ValueError, TypeError, KeyError) as error:
        raise _damaged(file) from error


@lru_cache(16)
def _parsed(text: str) -> _Place:
    document = json.loads(text)
    place = _Place(document["address"], document["home"], document["is_settled"])
    if not (isinstance(place.address, str) and isinstance(place.home, str) and isinstance(place.is_settled, bool)):
        raise ValueError("no such place")
    return place


def _damaged(file: Path) -> StoreError:
    document = '{"address": "s3://...", "home": "...", "is_settled": true}'
    remedy = f"Put it back from a backup, or write {document} with the address, and for home what {OWNER} there says."
    return StoreError(file, "it does not say where this home has its images", remedy)
