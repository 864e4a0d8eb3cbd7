"""What one rater is asked, image by image, in an order of their own: never by what model, for what prompt, or what others said."""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import Audit
from mcas_assets.measure.confusion import NO_GROUP
from mcas_assets.measure.people import settle
from mcas_assets.review.draw import shuffled
from mcas_assets.store import votes
from mcas_assets.store.database import Store

_RATER = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
PAGE = "page"


@dataclass(frozen=True)
class Shown:
    """An image as a rater meets it: its place in their order, from 0, and its file."""

    place: int
    image_id: str
    sha256: str
    path: str


class Queue:
    """The images that a rater has still to answer for. Several threads may use it.

    Attributes:
        axis: What is asked about.
        answers: The answers that there are, the one without a group last.
        rater: Who answers.
        is_adjudication: Whether only images are asked about on which raters differ.
        shown: All images, in the rater's order.
    """

    def __init__(
        self, store: Store, audit: Audit, draw: pl.DataFrame, axis: str, rater: str, *, is_adjudication: bool = False
    ) -> None:
        require_rater(rater)
        self.axis, self.rater, self.is_adjudication = axis, rater, is_adjudication
        self.answers = answers_of(audit, axis)
        self._store, self._draw, self._lock = store, draw["draw"][0], threading.Lock()
        with store.open() as con:
            given = votes.read_votes(con, audit.audit, draw["system_version"][0]).filter(axis=axis)
        mine = given.filter(rater=rater, is_adjudication=is_adjudication)
        asked = disputed(draw, given, rater, but_of=mine) if is_adjudication else draw
        order = sorted(asked.iter_rows(named=True), key=lambda row: shuffled(row["seed"], rater, row["image_id"]))
        self.shown: Sequence[Shown] = [
            Shown(place, row["image_id"], row["sha256"], row["path"]) for place, row in enumerate(order)
        ]
        known, places = (
            dict(mine.select("image_id", "answer").iter_rows()),
            {one.image_id: one.place for one in self.shown},
        )
        self._given = {one.place: known[one.image_id] for one in self.shown if one.image_id in known}
        self._steps = [places[image] for image in mine["image_id"] if image in places]

    def state(self) -> dict[str, int | None]:
        """`next` (the first place without an answer, or None), `done` and `all`; nothing of the images themselves."""
        following = next((one.place for one in self.shown if one.place not in self._given), None)
        return {"next": following, "done": len(self._given), "all": len(self.shown)}

    def answer(self, place: int, answer: int) -> dict[str, int | None]:
        """Keep an answer, by its number. One to an image that has one takes the place of that.

        Raises:
            BadInput: There is no such place or answer.
            StoreError: It could not be kept; nothing has changed.
        """
        if not 0 <= place < len(self.shown) or not 0 <= answer < len(self.answers):
            raise BadInput("answer", f"there is no image {place} or no answer {answer}", "Load the page again")
        with self._lock:
            self._keep(place, self.answers[answer])
            self._given[place] = self.answers[answer]
            self._steps.append(place)
            return self.state()

    def take_back(self) -> dict[str, int | None]:
        """Take back the last answer that stands, by a row of its own. Where none stands, nothing changes.

        Raises:
            StoreError: It could not be kept; nothing has changed.
        """
        with self._lock:
            while self._steps and self._steps[-1] not in self._given:
                self._steps.pop()
            if self._steps:
                self._keep(self._steps[-1], None)
                del self._given[self._steps.pop()]
                return self.state() | {
                    "next": min(place for place in range(len(self.shown)) if place not in self._given)
                }
            return self.state()

    def _keep(self, place: int, answer: str | None) -> None:
        row = {
            "draw": self._draw, "axis": self.axis, "image_id": self.shown[place].image_id, "rater": self.rater,
            "answer": answer, "is_adjudication": self.is_adjudication, "source": PAGE, "voted_at": datetime.now(UTC),
        }  # fmt: skip
        with self._store.open() as con:
            votes.append_votes(con, pl.DataFrame([row], schema_overrides={"answer": pl.String}))


def answers_of(audit: Audit, axis: str) -> tuple[str, ...]:
    """The groups of an axis, and that none of them can be told.

    Raises:
        BadInput: The audit has no such axis.
    """
    if axis not in audit.axes:
        raise BadInput("--axis", f"{audit.audit} has no axis {axis!r}", f"Use one of {', '.join(audit.axes)}")
    return (*(group.name for group in audit.axes[axis].groups), NO_GROUP)


def require_rater(rater: str) -> None:
    """See that a name is one of a rater, in one spelling only.

    Raises:
        BadInput: It is not.
    """
    if not _RATER.fullmatch(rater):
        problem = f"is {rater[:60]!r}"
        raise BadInput(
            "--rater", problem, "Use up to 40 of a-z, 0-9, dot, hyphen and underscore, a letter or digit first"
        )


def disputed(
    draw: pl.DataFrame, votes_of_axis: pl.DataFrame, rater: str, but_of: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The images that a third person is asked about: raters differ, nobody has settled it, and this person was none of them.

    Args:
        draw: Rows of `review_draws`.
        votes_of_axis: Rows of `review_votes` that count, of one axis.
        rater: Who is asked.
        but_of: What this person has settled already, which stays among the images.
    """
    settled = settle(votes_of_axis)
    mine = votes_of_axis.filter(~pl.col("is_adjudication"), rater=rater)["image_id"]
    own = but_of["image_id"] if but_of is not None else pl.Series(dtype=pl.String)
    is_asked = pl.col("image_id").is_in(settled.filter(said="open")["image_id"].implode()) & ~pl.col("image_id").is_in(
        mine.implode()
    )
    return draw.filter(is_asked | pl.col("image_id").is_in(own.implode()))
