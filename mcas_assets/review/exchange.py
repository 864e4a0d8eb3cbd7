"""Votes as files: CSV, and the task JSON of Label Studio. What comes in is read whole, and kept whole or not at all.

Neither file says what model drew an image, or for what prompt: an image is its id, a draw 12 digits.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from mcas_assets.core.errors import BadInput
from mcas_assets.core.office import office_table
from mcas_assets.declare.audit import Audit
from mcas_assets.review.queue import answers_of, require_rater
from mcas_assets.store import votes
from mcas_assets.store.database import Store

COLUMNS = ("draw", "axis", "image_id", "rater", "answer", "is_adjudication", "voted_at")
CHOICE = "answer"
"""The `from_name` of the choices in Label Studio."""

_MOST = 64 << 20
_ROWS = "Export the file again, change nothing but rater and answer, and import that"
Vote = dict[str, Any]


def of_local_files(path: str) -> str:
    """The address of an image where Label Studio serves MCAS_HOME as its folder of local files."""
    return f"/data/local-files/?d={path}"


def write_votes(
    path: Path,
    audit: Audit,
    draw: pl.DataFrame,
    given: pl.DataFrame,
    axis: str,
    address: Callable[[str], str] = of_local_files,
) -> int:
    """Write the votes on one axis that count, and the images that have none yet, to be filled in.

    Args:
        path: A file that ends in .csv or .json.
        audit: The declaration.
        draw: Rows of `review_draws`.
        given: Rows of `review_votes` that count.
        axis: What is asked about.
        address: Where Label Studio finds an image, of the path of its row.

    Returns:
        How many votes were written.

    Raises:
        BadInput: The file cannot be written, or has another ending.
    """
    kept = given.filter(axis=axis)
    lines = {".csv": _csv, ".json": partial(_tasks, address)}.get(path.suffix.lower())
    if lines is None:
        raise BadInput(path, "ends in neither .csv nor .json", "Name it so: CSV, or the task JSON of Label Studio")
    try:
        path.write_text(lines(audit, draw, kept, axis), encoding="utf-8")
    except OSError as error:
        raise BadInput(path, f"cannot be written ({error.strerror})", "Name a place that can") from error
    return len(kept)


def _csv(audit: Audit, draw: pl.DataFrame, kept: pl.DataFrame, axis: str) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for vote in kept.iter_rows(named=True):
        table.writerow(
            [*(vote[name] for name in COLUMNS[:5]), str(vote["is_adjudication"]).lower(), vote["voted_at"].isoformat()]
        )
    rest = draw.filter(~pl.col("image_id").is_in(kept["image_id"].implode())).sort("image_id")
    table.writerows([draw["draw"][0], axis, image, "", "", "false", ""] for image in rest["image_id"])
    return text.getvalue()


def _tasks(address: Callable[[str], str], audit: Audit, draw: pl.DataFrame, kept: pl.DataFrame, axis: str) -> str:
    """A task an image."""
    by_image = {image: rows for (image,), rows in kept.group_by("image_id")}
    tasks = [
        {
            "data": {
                "image": address(row["path"]),
                "image_id": row["image_id"],
                "draw": row["draw"],
                "axis": axis,
            },
            "annotations": [
                _annotation(vote) for vote in by_image.get(row["image_id"], kept.clear()).iter_rows(named=True)
            ],
        }
        for row in draw.sort("image_id").iter_rows(named=True)
    ]
    return json.dumps(tasks, indent=1) + "\n"


def _annotation(vote: Mapping[str, Any]) -> dict:
    about = {
        "rater": vote["rater"],
        "is_adjudication": vote["is_adjudication"],
    }  # kept there of a result, not of an annotation
    choice = {
        "from_name": CHOICE,
        "to_name": "image",
        "type": "choices",
        "value": {"choices": [vote["answer"]]},
        "meta": about,
    }
    return {"result": [choice], "was_cancelled": False, "created_at": vote["voted_at"].isoformat()}


def labelling_config(audit: Audit, axis: str) -> str:
    """The labelling interface of Label Studio that such tasks are shown in."""
    choices = "".join(f'<Choice value="{answer}" hotkey="{n}"/>' for n, answer in enumerate(answers_of(audit, axis), 1))
    view = f'<Image name="image" value="$image"/><Choices name="{CHOICE}" toName="image" choice="single">{choices}</Choices>'
    return f"<View>{view}</View>"


def read_votes(path: Path, audit: Audit, draw: pl.DataFrame, rater: str | None) -> pl.DataFrame:
    """The votes of a file, as rows of `review_votes`.

    Args:
        path: CSV or task JSON.
        audit: The declaration.
        draw: Rows of `review_draws` that votes may be about.
        rater: Whose votes they are, where the file does not say; it goes before what the file says.

    Raises:
        BadInput: The file cannot be read, or a row of it is at fault: named by its place, with what is wrong.
    """
    try:
        if path.stat().st_size > _MOST:
            raise BadInput(path, f"is larger than {_MOST >> 20} MiB", "Split it")
        rows = list(_from_csv(path) if path.suffix.lower() == ".csv" else _from_tasks(path))
    except OSError as error:
        raise BadInput(
            path, f"cannot be read ({error.strerror})", "Name a CSV file, or task JSON of Label Studio"
        ) from error
    except (UnicodeError, csv.Error, json.JSONDecodeError, RecursionError) as error:
        raise BadInput(path, f"is neither CSV nor JSON in UTF-8 ({error})", "Save it so") from error
    images, name = set(draw["image_id"]), draw["draw"][0] if len(draw) else ""
    found = [_checked(path, place, row, audit, name, images, rater) for place, row in rows]
    schema = {"voted_at": pl.Datetime("us", "UTC"), "is_adjudication": pl.Boolean}
    return pl.DataFrame(found, schema={name: schema.get(name, pl.String) for name in (*COLUMNS, "source")})


def keep_new(store: Store, audit: Audit, system_version: str, found: pl.DataFrame) -> int:
    """Keep the votes that do not stand already, all of them or none. Returns how many."""
    key = ["axis", "image_id", "rater", "is_adjudication", "answer"]
    with store.open() as con:
        standing = votes.read_votes(con, audit.audit, system_version)
        new = found.join(standing, on=key, how="anti", maintain_order="left")
        return votes.append_votes(con, new) if len(new) else 0


def _from_csv(path: Path) -> Iterator[tuple[str, Vote]]:
    with office_table(path) as (stream, separator):
        table = csv.DictReader(stream, delimiter=separator)
        lacking = [
            name for name in ("draw", "axis", "image_id", "rater", "answer") if name not in (table.fieldnames or ())
        ]
        if lacking:
            raise BadInput(path, f"lacks the column {', '.join(lacking)}", f"Its columns are {', '.join(COLUMNS)}")
        for row in table:
            if (row["answer"] or "").strip():
                yield f"line {table.line_num}", {name: (row.get(name) or "").strip() for name in COLUMNS}


def _from_tasks(path: Path) -> Iterator[tuple[str, Vote]]:
    tasks = json.loads(path.read_text(encoding="utf-8-sig"))
    if not isinstance(tasks, list):
        raise BadInput(path, "is no list of tasks", "Export it from Label Studio as JSON")
    for number, task in enumerate(tasks, 1):
        try:
            about = {name: str(task["data"][name]) for name in ("draw", "axis", "image_id")}
            for note in task.get("annotations", []):
                if not note.get("was_cancelled"):  # skipped there: no vote
                    yield f"task {number}", about | _of_annotation(note)
        except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
            problem = f"has no data with draw, axis and image_id, or an annotation without a choice ({error!r})"
            raise BadInput(path, problem, _ROWS, f"task {number}") from error


def _of_annotation(note: Mapping[str, Any]) -> Vote:
    """The one choice of an annotation. Who made it: what we wrote there, or the mail address or number of the user."""
    (result,) = (one for one in note["result"] if one["type"] == "choices")
    (answer,) = result["value"]["choices"]
    meta, by = result.get("meta") or {}, note.get("completed_by")
    by = by.get("email") or by.get("id") if isinstance(by, dict) else by
    rater = meta.get("rater") or (
        "" if by is None else f"user-{by}" if isinstance(by, int) else str(by).partition("@")[0].lower()
    )
    told = {"rater": rater, "answer": answer, "voted_at": note.get("created_at") or ""}
    return {name: str(value) for name, value in told.items()} | {
        "is_adjudication": str(meta.get("is_adjudication", False)).lower()
    }


def _checked(path: Path, place: str, row: Vote, audit: Audit, draw: str, images: set[str], rater: str | None) -> Vote:
    vote = row | {"rater": rater or row["rater"]}
    if vote["draw"] != draw or vote["image_id"] not in images:
        raise BadInput(path, f"{vote['image_id'][:16]!r} is no image that was drawn for review here", _ROWS, place)
    if vote["axis"] not in audit.axes or vote["answer"] not in (answers := answers_of(audit, vote["axis"])):
        known = ", ".join(answers) if vote["axis"] in audit.axes else f"axes are {', '.join(audit.axes)}"
        raise BadInput(
            path, f"{vote['answer'][:40]!r} is no answer on {vote['axis'][:40]!r}", f"Answers: {known}", place
        )
    if vote["is_adjudication"] not in ("", "true", "false"):
        raise BadInput(path, "is_adjudication is neither true nor false", _ROWS, place)
    try:
        require_rater(vote["rater"])
        moment = (
            datetime.fromisoformat(vote["voted_at"].replace("Z", "+00:00")) if vote["voted_at"] else datetime.now(UTC)
        )
    except BadInput as error:
        raise BadInput(path, f"rater {error.problem}", error.remedy, place) from error
    except ValueError as error:
        raise BadInput(
            path, f"voted_at is {vote['voted_at'][:40]!r}, no time in ISO 8601", "Write it so, or leave it out", place
        ) from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return vote | {
        "is_adjudication": vote["is_adjudication"] == "true",
        "voted_at": moment.astimezone(UTC),
        "source": path.name,
    }
