"""Exported tasks are what Label Studio documents: https://labelstud.io/guide/task_format and https://labelstud.io/tags/choices.

Its own package cannot be installed beside ours (it wants an older numpy), so its rules stand here: the types of its task
format, and what ties an annotation to the labelling interface.
"""

import json
from datetime import datetime
from xml.etree import ElementTree

import jsonschema
import pytest

from mcas_assets.review.draw import draw_images
from mcas_assets.review.exchange import labelling_config, read_votes, write_votes
from mcas_assets.review.queue import Queue
from mcas_assets.store import votes
from tests.review.conftest import VERSION

RESULT = {
    "type": "object",
    "required": ["from_name", "to_name", "type", "value"],
    "properties": {
        **{key: {"type": "string"} for key in ("id", "from_name", "to_name", "source", "origin")},
        "type": {"const": "choices"},
        "meta": {"type": "object"},
        "value": {
            "type": "object",
            "required": ["choices"],
            "properties": {"choices": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 1}},
        },
    },
}
TASKS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["data"],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "integer"},
            "data": {"type": "object", "required": ["image"], "additionalProperties": {"type": "string"}},
            "predictions": {"type": "array"},
            "annotations": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["result"],
                    "properties": {
                        "id": {"type": ["integer", "string"]},
                        "completed_by": {"type": ["integer", "object"]},
                        "was_cancelled": {"type": "boolean"},
                        "created_at": {"type": "string", "format": "date-time"},
                        "lead_time": {"type": "number"},
                        "result": {"type": "array", "items": RESULT},
                    },
                },
            },
        },
    },
}


@pytest.fixture
def tasks(pictured, tiny, tmp_path):
    draw = draw_images(pictured, tiny, VERSION, 9, None)
    for rater in ("ada", "ben"):
        for place in range(6):
            Queue(pictured, tiny, draw, "gender", rater).answer(place, place % 3)
    with pictured.open() as con:
        given = votes.read_votes(con, tiny.audit, VERSION)
    write_votes(tmp_path / "tasks.json", tiny, draw, given, "gender")
    return json.loads((tmp_path / "tasks.json").read_text())


def test_tasks_are_of_the_documented_types(tasks):
    checker = jsonschema.FormatChecker()
    checker.checks("date-time", ValueError)(lambda text: bool(datetime.fromisoformat(str(text))))
    jsonschema.validate(tasks, TASKS, format_checker=checker)
    assert sum(len(task["annotations"]) for task in tasks) == 12


def test_every_annotation_answers_the_question_of_the_labelling_interface(tasks, tiny):
    view = ElementTree.fromstring(labelling_config(tiny, "gender"))
    names = [tag.get("name") for tag in view.iter() if tag.get("name")]
    assert len(names) == len(set(names))
    image, choices = view.find("Image"), view.find("Choices")
    assert image is not None
    assert choices is not None
    assert choices.get("toName") == image.get("name")
    known = {choice.get("value") for choice in choices.iter("Choice")}
    keys = [choice.get("hotkey") for choice in choices.iter("Choice")]
    assert len(keys) == len(set(keys)) == len(known)
    for task in tasks:
        assert str(image.get("value")).removeprefix("$") in task["data"]
        for region in (region for note in task["annotations"] for region in note["result"]):
            assert (region["from_name"], region["to_name"]) == (choices.get("name"), image.get("name"))
            assert region["type"] == choices.tag.lower()
            assert set(region["value"]["choices"]) <= known


def test_what_label_studio_exports_after_a_person_has_answered_comes_in(tasks, pictured, tiny, tmp_path):
    """As it exports JSON (1.23.2 was tried): ids of its own, and the annotation of its user beside ours.

    Of ours it keeps the results alone, and takes all annotations for those of the user who imported them.
    """
    draw = draw_images(pictured, tiny, VERSION, 9, None)
    for number, task in enumerate(tasks, 1):
        region = {
            "id": f"r{number}", "type": "choices", "from_name": "answer", "to_name": "image", "origin": "manual",
            "value": {"choices": ["woman"]},
        }  # fmt: skip
        task |= {"id": number, "project": 1, "inner_id": number, "total_annotations": 1, "predictions": []}
        task["annotations"] = [
            {"id": 200 + number, "completed_by": 1, "result": note["result"], "was_cancelled": False}
            for note in task["annotations"]
        ]
        task["annotations"].append({
            "id": 100 + number, "completed_by": 1, "result": [region], "was_cancelled": False, "ground_truth": False,
            "created_at": "2026-11-29T10:00:00.000000Z", "lead_time": 1.5, "prediction": {}, "result_count": 1,
        })  # fmt: skip
    file = tmp_path / "project-1.json"
    file.write_text(json.dumps(tasks))
    found = read_votes(file, tiny, draw, None)
    assert found.filter(rater="user-1")["answer"].to_list() == ["woman"] * 9
    assert sorted(found["rater"].to_list()) == ["ada"] * 6 + ["ben"] * 6 + ["user-1"] * 9
