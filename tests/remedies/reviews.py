"""Reviews by people: whom they are asked about, and the files in which their votes come."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mcas_assets.cli.app import app
from mcas_assets.declare.audit import load_audit
from mcas_assets.pages import review as page
from mcas_assets.review import exchange
from mcas_assets.review.draw import draw_images
from mcas_assets.review.queue import Queue, answers_of, require_rater
from tests.remedies.asked import AUDIT
from tests.remedies.situations import Situation, Step, situation

HEAD = "draw,axis,image_id,rater,answer,is_adjudication,voted_at\n"
WHEN = "2026-11-29T12:00:00Z"


def drawn(home) -> Any:
    return draw_images(home.store, load_audit(AUDIT), home.after, 4, None)


def row_of(draw: Any) -> str:
    return f"{draw['draw'][0]},gender,{draw['image_id'][0]},ada,man,false,{WHEN}\n"


def votes(words: str, old: str, new: str, name: str = "votes.csv") -> Situation:
    """A file of votes in which `old` became `new`, and the same as it should be."""

    def of_a_file(place: Path, home) -> Iterator[Step]:
        draw, file = drawn(home), place / name
        task = {"data": {"draw": draw["draw"][0], "axis": "gender", "image_id": draw["image_id"][0]}}
        choice = {"type": "choices", "value": {"choices": ["man"]}, "meta": {"rater": "ada"}}
        tasks = json.dumps([task | {"annotations": [{"result": [choice], "created_at": WHEN}]}])
        sound = HEAD + row_of(draw) if name.endswith(".csv") else tasks
        assert old in sound
        file.write_text(sound.replace(old, new, 1))
        yield lambda: exchange.read_votes(file, load_audit(AUDIT), draw, None), words
        file.write_text(sound)

    of_a_file.__name__ = f"{name}: {words} {new}"
    return of_a_file


VOTES_TABLE = [
    votes("Its columns are draw, axis", "image_id", "image"),
    votes("is no image that was drawn for review here", "gender,", "gender,x"),
    votes("Answers: man, woman", ",man,", ",men,"),
    votes("is_adjudication is neither true nor false", ",false,", ",no,"),
    votes("Write it so, or leave it out", WHEN, "yesterday"),
    votes("Use up to 40 of a-z", ",ada,", ",Ada L,"),
    votes("Save it so", "[", "{[", "votes.json"),
    votes("has no data with draw, axis and image_id", '"image_id"', '"image"', "votes.json"),
]  # fmt: skip


@situation
def tasks_that_are_no_list(place: Path, home) -> Iterator[Step]:
    draw, file = drawn(home), place / "votes.json"
    file.write_text("{}")
    yield lambda: exchange.read_votes(file, load_audit(AUDIT), draw, None), "Export it from Label Studio as JSON"
    file.write_text("[]")


@situation
def votes_that_are_not_there(place: Path, home) -> Iterator[Step]:
    draw, file = drawn(home), place / "votes.csv"
    yield (
        lambda: exchange.read_votes(file, load_audit(AUDIT), draw, None),
        "Name a CSV file, or task JSON of Label Studio",
    )
    file.write_text(HEAD)


@situation
def votes_that_are_too_many(place: Path, home, monkeypatch) -> Iterator[Step]:
    draw, file = drawn(home), place / "votes.csv"
    file.write_text(HEAD + row_of(draw) * 2)
    monkeypatch.setattr(exchange, "_MOST", file.stat().st_size - 1)
    yield lambda: exchange.read_votes(file, load_audit(AUDIT), draw, None), "Split it"
    file.write_text(HEAD + row_of(draw))


def writing(place: Path, home, wrong: Path, words: str) -> Iterator[Step]:
    draw, audit = drawn(home), load_audit(AUDIT)
    target = [wrong]
    given = exchange.read_votes(sound_file(place, draw), audit, draw, None)
    yield lambda: exchange.write_votes(target[0], audit, draw, given, "gender"), words
    target[0] = place / "out.csv"


def sound_file(place: Path, draw: Any) -> Path:
    (place / "votes.csv").write_text(HEAD)
    return place / "votes.csv"


@situation
def votes_to_a_file_of_no_known_kind(place: Path, home) -> Iterator[Step]:
    yield from writing(place, home, place / "out.xlsx", "Name it so: CSV, or the task JSON of Label Studio")


@situation
def votes_to_where_nobody_may_write(place: Path, home) -> Iterator[Step]:
    (place / "file").write_text("x")
    yield from writing(place, home, place / "file" / "out.csv", "Name a place that can")


@situation
def a_draw_by_another_seed(home) -> Iterator[Step]:
    drawn(home)
    seed: list[int | None] = [99]
    yield lambda: draw_images(home.store, load_audit(AUDIT), home.after, 4, seed[0]), "Leave it out"
    seed[0] = None


@situation
def a_draw_of_what_was_not_audited(home) -> Iterator[Step]:
    version = ["phantom-fair@0123456789ab"]
    yield lambda: draw_images(home.store, load_audit(AUDIT), version[0], 4, None), "Audit it first: mcas audit"
    version[0] = home.after


@situation
def disagreements_of_nobody(home, monkeypatch) -> Iterator[Step]:
    monkeypatch.setattr("mcas_assets.cli.review._ask", lambda *given: None)
    monkeypatch.setattr("mcas_assets.cli.review._take_in", lambda *given: None)
    words = ["review", "--audit", AUDIT, "--disagreements"]
    yield lambda: app([*words], standalone_mode=False), "Say who: --rater NAME"
    words += ["--rater", "ada"]


@situation
def an_axis_that_there_is_not() -> Iterator[Step]:
    axis = ["gendr"]
    yield lambda: answers_of(load_audit(AUDIT), axis[0]), "Use one of gender"
    axis[0] = "gender"


@situation
def a_rater_of_no_name() -> Iterator[Step]:
    name = ["Ada L."]
    yield lambda: require_rater(name[0]), "Use up to 40 of a-z"
    name[0] = "ada-l"


@situation
def an_answer_that_there_is_not(home) -> Iterator[Step]:
    queue, place = Queue(home.store, load_audit(AUDIT), drawn(home), "gender", "ada"), [99]
    yield lambda: queue.answer(place[0], 0), "Load the page again"
    place[0] = 0


def sent(body: list[bytes]) -> Callable[[], object]:
    async def stream() -> AsyncIterator[bytes]:
        yield body[0]

    request: Any = SimpleNamespace(stream=stream)
    return lambda: page._whole(asyncio.run(page._told(request)), "place")


@situation
def an_answer_that_is_too_long() -> Iterator[Step]:
    yield from answering(b" " * 1_000_000)


@situation
def an_answer_that_is_no_json() -> Iterator[Step]:
    yield from answering(b"place 1")


@situation
def an_answer_of_no_number() -> Iterator[Step]:
    yield from answering(b'{"place": "1"}')


def answering(wrong: bytes) -> Iterator[Step]:
    body = [wrong]
    yield sent(body), "Load the page again"
    body[0] = b'{"place": 1}'  # as the page sends it
