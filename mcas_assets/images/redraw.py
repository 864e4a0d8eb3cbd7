"""Drawing a stored image again, and what the difference is and where it may come from.

The same batch, on the same machine, by the same libraries, gives the same bytes. Anything else may change low bits, so
what cannot be equal is held against a tolerance, and what differs from the conditions of the time is named. Nothing
is written to the store.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl
from duckdb import DuckDBPyConnection

from mcas_assets.core.errors import BadInput, StoreError
from mcas_assets.embedders.find import find_embedder
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.images.distance import Distance, Verdict, cosine, distance
from mcas_assets.store import facts, files, image_facts
from mcas_assets.store.database import Store
from mcas_assets.store.registers import identity_of, read_embedders
from mcas_assets.systems.find import find_system
from mcas_assets.systems.protocol import Outcome, Request, System

_SETTINGS = ("steps", "guidance", "width", "height", "dtype")


class Difference(NamedTuple):
    """One condition that is not what it was; None where it was not recorded, or is no more."""

    key: str
    then: object
    now: object


@dataclass(frozen=True)
class Redrawn:
    """A stored image beside the same image drawn now.

    Attributes:
        row: The image's row of image_facts.
        verdict: 'equal' pixel by pixel, 'within tolerance' (see `distance`), or 'different'.
        outcome: What came of drawing it now.
        is_same_file: The files are equal byte by byte, and so are the pixels.
        distance: How far apart the pictures are, or None where none came out or it has another size.
        embedder: By which the distance's cosine is, or None.
        together: How many images it was drawn together with, itself included.
        note: Why that is not the batch in which it was made, or that no seed fixes an image of its version, or None.
        differences: Conditions that differ: device, packages, threads, scheduler, number drawn together ...
    """

    row: dict[str, Any]
    verdict: Verdict
    outcome: Outcome
    is_same_file: bool
    distance: Distance | None
    embedder: str | None
    together: int
    note: str | None
    differences: list[Difference]


class _Batch(NamedTuple):
    """What to draw: the requests, the place of the image among them, and why this is not the batch of the time."""

    requests: list[Request]
    place: int
    note: str | None


def redraw(
    store: Store,
    prefix: str,
    *,
    alone: bool = False,
    system: str | None = None,
    find: Callable[..., System] = find_system,
    find_instrument: Callable[[str], Embedder] = find_embedder,
) -> Redrawn:
    """Draw a stored image again, in the batch that it was made in if its other members are known.

    Args:
        store: Where the image is.
        prefix: Its id, or as many of its first digits as tell it from all others.
        alone: Draw it by itself.
        system: Name or folder of the system, where the version's own name is not declared.
        find: From a name and settings to a System.
        find_instrument: From a name to an Embedder, for the cosine.

    Raises:
        BadInput: There is no such image, or it cannot be drawn again: the system is another version by now, or one that
            no seed fixes the images of.
        StoreError: Its file was changed or deleted.
    """
    if not store.path.exists():
        raise StoreError(store.path, "nothing is stored yet", "Run an audit first: mcas audit")
    with store.open() as con:
        row = find_image(con, prefix)
        document = identity_of(con, row["system_version"])
        batch = _alone(row, "--alone") if alone else _batch(con, row)
    before = files.read_image(store.home, row["path"], row["sha256"])
    subject = find_version(row["system_version"], document, system, find)
    try:
        outcome = subject.generate(batch.requests)[batch.place]
        environment = subject.environment()
    finally:
        subject.close()
    differences = _differences(row, outcome, environment)
    together, note = outcome.provider.get("batch_size", len(batch.requests)), batch.note
    if together != len(batch.requests):
        note = f"{len(batch.requests)} at once do not fit into memory here"
    note = "; ".join(filter(None, (note, _seedless(row, environment)))) or None
    after = outcome.image
    if after is None:
        return Redrawn(row, "different", outcome, False, None, None, together, note, differences)
    far = distance(before, after)
    embedder = None
    if far is not None and not far.is_none:
        embedder, far = _with_cosine(store, row["sha256"], after, far, find_instrument)
    verdict = "different" if far is None else far.verdict
    return Redrawn(row, verdict, outcome, before == after, far, embedder, together, note, differences)


def find_image(con: DuckDBPyConnection, prefix: str) -> dict[str, Any]:
    """The row of the one stored image whose id begins so.

    Raises:
        BadInput: There is none, or several, or it holds no image.
    """
    rows = image_facts.find_images(con, prefix.lower(), most=4)
    if not prefix or rows.is_empty():
        raise BadInput(prefix or "IMAGE_ID", "is the beginning of no stored image's id", _HOW_TO_FIND)
    if len(rows) > 1:
        listed = ", ".join(image_id[: len(prefix) + 8] for image_id in rows["image_id"][:3])
        raise BadInput(prefix, f"is the beginning of several images' ids ({listed} ...)", "Give more digits")
    row = rows.row(0, named=True)
    if row["sha256"] is None:
        why = f": {row['reason']}" if row["reason"] else ""
        problem = f"holds no image to compare with: its outcome is {row['outcome']}{why}"
        raise BadInput(row["image_id"], problem, "Give an image whose outcome is ok")
    return row


_HOW_TO_FIND = 'Look it up: mcas sql "select image_id, prompt, outcome from images"'


def find_version(
    version: str, document: dict[str, Any], name: str | None, find: Callable[..., System] = find_system
) -> System:
    """The system that still is the version of an image, as declared or with the settings of the time.

    Raises:
        BadInput: It is another version by now (says in what), or its images cannot be drawn again.
    """
    name = name or version.rpartition("@")[0]
    if document.get("kind") == "import":
        problem = "was imported: its images were made elsewhere, and there is nothing to draw them with"
        raise BadInput(version, problem, _ONLY_LOCAL)
    subject = find(name)
    if subject.capabilities().seed != "exact":
        raise BadInput(version, f"cannot be drawn from again: no seed fixes an image of {name}", _ONLY_LOCAL)
    now = subject.identity()
    if now.version != version and document.get("kind") == now.document.get("kind") == "diffusers":
        # `mcas audit --steps 9` makes a version that no declaration states.
        subject = find(name, **{key: document[key] for key in _SETTINGS if document.get(key) is not None})
        now = subject.identity()
    if now.version != version:
        changed = compare(document, now.document)
        changes = "; ".join(f"{one.key}: {_short(one.then)} -> {_short(one.now)}" for one in changed)
        problem = f"{name} is {now.version} by now, so it cannot draw the image again ({changes or 'its identity is not stored'})"
        raise BadInput(version, problem, "Put the former weights and settings back, or name the system with --system")
    return subject


_ONLY_LOCAL = "Redraw images of a system of kind diffusers"


def compare(then: dict[str, Any], now: dict[str, Any]) -> list[Difference]:
    """The leaves of two documents that differ, by their dotted keys, in order."""
    before, after = _leaves(then), _leaves(now)
    keys = sorted(before.keys() | after.keys())
    return [Difference(key, before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)]


def _leaves(document: dict[str, Any], above: str = "") -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for key, value in document.items():
        if isinstance(value, dict):
            leaves |= _leaves(value, f"{above}{key}.")
        else:
            leaves[f"{above}{key}"] = value
    return leaves


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 20 else f"{text[:12]}..."


def _request(row: dict[str, Any]) -> Request:
    return Request(row["prompt"], row["seed"], row["width"], row["height"])


def _alone(row: dict[str, Any], note: str | None) -> _Batch:
    return _Batch([_request(row)], 0, note)


def _batch(con: DuckDBPyConnection, row: dict[str, Any]) -> _Batch:
    """The images that were drawn together with this one, in their order, or itself alone if they are not known.

    The rows of one run and batch were asked for together. One that came to nothing and was drawn by a later run in
    place of this one still tells what was asked. Where memory did not suffice for all, fewer were drawn at once, which
    the outcome says.
    """
    members = image_facts.read_batch(con, row["system_version"], row["batch_id"])
    asked = pl.col("run_id").eq_missing(row["run_id"]) & (pl.col("batch_size") == row["batch_size"])
    own = members.filter(asked)
    if len(own) < (row["batch_size"] or 0):
        later = members.filter(~pl.col("position").is_in(own["position"].to_list()))
        own = pl.concat([own, later]).sort("position")
    if len(own) != row["batch_size"]:
        return _alone(row, f"of the {row['batch_size']} images of its batch, {len(own)} are known")
    place = own["image_id"].to_list().index(row["image_id"])
    provider = json.loads(row["provider"] or "{}")
    count, position = provider.get("batch_size", len(own)), provider.get("batch_position", place)
    first = place - position
    if first < 0 or first + count > len(own):
        return _alone(row, "what it was drawn together with is not known")
    return _Batch([_request(one) for one in own[first : first + count].iter_rows(named=True)], position, None)


def _differences(row: dict[str, Any], outcome: Outcome, environment: dict[str, Any]) -> list[Difference]:
    """What differs between the conditions of the time and of now."""
    then, now = json.loads(row["environment"] or "{}"), json.loads(json.dumps(environment))
    provider = json.loads(row["provider"] or "{}")
    together = Difference(
        "drawn together", provider.get("batch_size", row["batch_size"]), outcome.provider.get("batch_size")
    )
    return [*([together] if together.then != together.now else []), *compare(then, now)]


def _seedless(row: dict[str, Any], environment: dict[str, Any]) -> str | None:
    """That no seed fixes an image of the version, as its first image told then or now."""
    then = json.loads(row["environment"] or "{}")
    seeds = {told.get("tested", {}).get("seed") for told in (then, environment)}
    return "best effort: no seed fixes an image of this version" if "best_effort" in seeds else None


def _with_cosine(
    store: Store, sha256: str, after: bytes, far: Distance, find: Callable[[str], Embedder]
) -> tuple[str | None, Distance]:
    """The distance with the cosine under the first embedder that has seen the stored image and is still what it was."""
    with store.open() as con:
        known = read_embedders(con)
        seen = [one for one in known if facts.have_vectors(con, one.embedder, one.dim, "image", [sha256])]
        vectors = {one.embedder: facts.read_vectors(con, one.embedder, one.dim, "image", [sha256])[0] for one in seen}
    for identity, name, _ in seen:
        try:
            embedder = find(name)
            if embedder.id != identity:
                continue
            vector = embedder.embed_images([after])[0]
        except BadInput:  # it is no longer declared, or not on this machine: the next one may be
            continue
        embedder.close()
        return name, far.with_cosine(cosine(vectors[identity], vector))
    return None, far
