"""People as raters: who answers what, and votes that come in as files."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcas_assets.cli.app import app
from mcas_assets.declare.audit import Audit
from mcas_assets.review.draw import draw_images
from mcas_assets.review.exchange import COLUMNS, read_votes, write_votes
from mcas_assets.review.queue import Queue
from mcas_assets.store import votes
from mcas_assets.store.database import Store
from tests.remedies.conftest import SMALLEST
from tests.remedies.situations import Situation, Step, situation
from tests.review.conftest import VERSION, with_images


def rated(place: Path, tiny: Audit) -> tuple[Store, Any]:
    store = with_images(Store(place / "home"), tiny)
    return store, draw_images(store, tiny, VERSION, 9, 5)


@situation
def a_draw_by_another_seed(place: Path, tiny: Audit) -> Iterator[Step]:
    store, seed = rated(place, tiny)[0], [6]
    yield lambda: draw_images(store, tiny, VERSION, 9, *seed or [None]), "Leave it out: a second draw by another seed"
    seed.clear()


@situation
def a_rater_in_capitals(place: Path, tiny: Audit) -> Iterator[Step]:
    (store, draw), name = rated(place, tiny), ["Ada"]
    yield lambda: Queue(store, tiny, draw, "gender", name[0]), "Use up to 40 of a-z, 0-9, dot"
    name[0] = "ada"


@situation
def an_axis_that_is_none(place: Path, tiny: Audit) -> Iterator[Step]:
    (store, draw), axis = rated(place, tiny), ["age"]
    yield lambda: Queue(store, tiny, draw, axis[0], "ada"), "Use one of gender, skin_tone"
    axis[0] = "gender"


@situation
def an_answer_to_a_page_that_was(place: Path, tiny: Audit) -> Iterator[Step]:
    (store, draw), answer = rated(place, tiny), [99]
    queue = Queue(store, tiny, draw, "gender", "ada")
    yield lambda: queue.answer(answer[0], 0), "Load the page again"
    answer[0] = int(queue.state()["next"] or 0)


@situation
def disagreements_for_nobody(home) -> Iterator[Step]:
    """Followed as far as the person is known: what is asked then is whether there are votes in a file."""
    asked = ["review", "--audit", str(SMALLEST), "--disagreements", "--export", str(home.path / "votes.csv")]
    yield lambda: app([*asked], standalone_mode=False), "Say who: --rater NAME"
    asked += ["--rater", "ada"]


def _written(place: Path, tiny: Audit, name: str) -> Any:
    store, draw = rated(place, tiny)
    with store.open() as con:
        given = votes.read_votes(con, tiny.audit, VERSION)
    return lambda: write_votes(place / name, tiny, draw, given, "gender")


@situation
def votes_of_another_ending(place: Path, tiny: Audit) -> Iterator[Step]:
    name = ["votes.xlsx"]
    yield lambda: _written(place, tiny, name[0])(), "Name it so: CSV, or the task JSON of Label Studio"
    name[0] = "votes.csv"


@situation
def votes_where_nobody_may_write(place: Path, tiny: Audit) -> Iterator[Step]:
    name = ["none/votes.csv"]
    yield lambda: _written(place, tiny, name[0])(), "Name a place that can"
    name[0] = "votes.csv"


@situation
def votes_that_are_not_there(place: Path, tiny: Audit) -> Iterator[Step]:
    draw, file = rated(place, tiny)[1], [place / "none.csv"]
    (place / "votes.csv").write_text(",".join(COLUMNS) + "\n")
    yield lambda: read_votes(file[0], tiny, draw, None), "Name a CSV file, or task JSON of Label Studio"
    file[0] = place / "votes.csv"


def of_file(name: str, spoiled: str, good: str, words: str) -> Situation:
    """A file with a fault, in which DRAW and IMAGE stand for what was drawn; then one without."""

    def spoilt(place: Path, tiny: Audit) -> Iterator[Step]:
        draw, file = rated(place, tiny)[1], place / name

        def write(text: str) -> None:
            file.write_text(
                text.replace("DRAW", draw["draw"][0]).replace("IMAGE", draw["image_id"][0]), encoding="latin-1"
            )

        write(spoiled)
        yield lambda: read_votes(file, tiny, draw, None), words
        write(good)

    spoilt.__name__ = f"votes: {words} {spoiled[-20:]}"
    return spoilt


_HEAD = ",".join(COLUMNS) + "\n"
_GOOD = f"{_HEAD}DRAW,gender,IMAGE,ada,man,false,\n"
_TASK = {"data": {"draw": "DRAW", "axis": "gender", "image_id": "IMAGE"}, "annotations": []}
_TASKS = json.dumps([_TASK])
_AGAIN = "Export the file again, change nothing but rater and answer"
FILES_TABLE = [
    of_file("a.csv", "rater\nada\n", _GOOD, f"Its columns are {', '.join(COLUMNS)}"),
    of_file("a.csv", _GOOD.replace("ada", "\xe9"), _GOOD, "Save it so"),
    of_file("a.json", "{}", _TASKS, "Export it from Label Studio as JSON"),
    of_file("a.json", json.dumps([{"data": {}}]), _TASKS, _AGAIN),
    of_file("a.csv", _GOOD.replace("IMAGE", "0"), _GOOD, _AGAIN),
    of_file("a.csv", _GOOD.replace(",man,", ",robot,"), _GOOD, "Answers: man, woman, no group"),
    of_file("a.csv", _GOOD.replace("false", "maybe"), _GOOD, _AGAIN),
    of_file("a.csv", _GOOD.replace("false,", "false,yesterday"), _GOOD, "Write it so, or leave it out"),
]
