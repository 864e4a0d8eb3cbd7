"""A workflow on a ComfyUI server: filled, queued, looked for, and whatever keeps its nodes from drawing told with the node."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.core.outcomes import FATAL, SETTLED
from mcas_assets.systems import comfyui
from mcas_assets.systems.find import find_system
from tests.systems.hosted.comfy import SLOTS, STATS, WORKFLOW, Comfy, broken, comfy_entry, workflow
from tests.systems.hosted.making import drawn, made_idle
from tests.systems.hosted.providers import KEY, Reply, picture, requests_of

NURSE = "an image of a nurse"


@pytest.fixture
def comfy() -> Iterator[Comfy]:
    made = Comfy()
    yield made
    made.server.stop()


@pytest.fixture
def system(comfy: Comfy, tmp_path: Path) -> Iterator[Callable[..., comfyui.ComfyUISystem]]:
    """Makes systems of kind comfyui that do not wait, given changes of the workflow's inputs and keys of the entry."""

    def build(changes: dict | None = None, **keys: Any) -> comfyui.ComfyUISystem:
        entry = comfyui.Declaration.model_validate(comfy_entry(comfy, workflow(tmp_path, changes), **keys))
        return comfyui.ComfyUISystem("flow", entry, tmp_path)

    with made_idle(build) as make:
        yield make


def test_the_slots_are_filled_and_nothing_else_is_changed(system, comfy):
    outcome = drawn(system())
    assert (outcome.outcome, outcome.image) == ("ok", picture(NURSE))
    (body,) = comfy.server.bodies
    filled = json.loads(json.dumps(WORKFLOW))
    filled["6"]["inputs"]["text"] = NURSE
    filled["3"]["inputs"]["seed"] = 0
    filled["5"]["inputs"] |= {"width": 64, "height": 64}
    assert body["prompt"] == filled
    assert outcome.provider["request_id"] == "p0"
    assert "authorization" not in str(comfy.server.asked[0][1])
    assert any(path.startswith("/view?filename=p0.png&subfolder=a") for path, _, _ in comfy.server.asked)


def test_a_prompt_stands_in_every_slot_of_a_list_and_a_seed_in_none_where_there_is_none(system, comfy):
    made = system(slots={"prompt": ["6.text", "7.text"]})
    assert made.capabilities().seed == "none"
    assert drawn(made).outcome == "ok"
    sent = comfy.server.bodies[0]["prompt"]
    assert (sent["6"]["inputs"]["text"], sent["7"]["inputs"]["text"], sent["3"]["inputs"]["seed"]) == (NURSE, NURSE, 5)


def test_a_key_for_a_proxy_is_sent_to_the_server_alone(system, comfy):
    drawn(system(key_variable="HOUSE_KEY"))
    assert {headers.get("authorization") for _, headers, _ in comfy.server.asked} == {f"Bearer {KEY}"}


# What it is -----------------------------------------------------------------------------------------------------------


def test_the_workflow_and_the_hashes_of_its_files_are_the_version_and_what_is_filled_in_is_not(system, comfy):
    document = system().identity().document
    assert document["files"] == {"sd/v1-5.safetensors": {"declared": None, "server": "blake3:aa11"}}
    assert document["endpoint"] is None
    before = system().identity()
    assert system({"6.text": "a dog", "3.seed": 9, "5.width": 8}).identity() == before
    for changes, keys in (({"3.steps": 4}, {}), ({"7.text": "ugly"}, {}), ({}, {"output": "8"}), ({}, {"width": 128})):
        assert system(changes, **keys).identity() != before
    comfy.hashes = {"v1-5.safetensors": "blake3:bb22"}
    assert system().identity() != before


def test_where_the_server_tells_no_hash_the_entry_may_and_else_it_is_said_and_the_address_counts(system, comfy, caplog):
    comfy.hashes = None
    unknown = system()
    assert unknown.identity().document["files"] == {"sd/v1-5.safetensors": {"declared": None, "server": None}}
    assert unknown.identity().document["endpoint"] == comfy.server.url
    drawn(unknown)
    assert "nobody says which file sd/v1-5.safetensors is" in caplog.text
    caplog.clear()
    told = system(files={"sd/v1-5.safetensors": "ab" * 32})
    assert told.identity().document["endpoint"] is None
    drawn(told)
    assert caplog.text == ""


def test_a_file_of_another_folder_with_a_longer_name_is_another_file(system, comfy):
    comfy.hashes = {"not-v1-5.safetensors": "blake3:cc"}
    assert system().identity().document["files"]["sd/v1-5.safetensors"]["server"] is None


def test_files_that_moved_between_the_look_and_the_first_image_are_not_drawn_with(system, comfy):
    made = system()
    made.identity()
    comfy.hashes = {"v1-5.safetensors": "blake3:bb22"}
    with pytest.raises(BadInput, match=r"sd/v1-5.safetensors on the server is another file than was identified"):
        made.generate(requests_of(made))
    assert comfy.server.bodies == []


def test_the_server_is_named_in_the_environment(system):
    made = system()
    drawn(made)
    assert made.environment()["server"] == STATS["system"]


@pytest.mark.parametrize(
    "reply", [Reply(b"<html>"), Reply({"hello": 1}), Reply(b"", 500), Reply({}, 307, {"location": "/x"})]
)
def test_what_is_no_comfyui_is_told_before_anything_is_drawn(system, comfy, reply):
    comfy.stats = reply
    with pytest.raises(BadInput, match=r"correct base_url|Correct base_url"):
        system().identity()
    assert system().probe().state == "unreachable"
    comfy.stats = None
    assert system().probe().state == "available"


def test_a_server_that_is_not_there_is_told_with_the_remedy(system, comfy):
    comfy.server.stop()
    with pytest.raises(BadInput, match="Start ComfyUI, or correct base_url"):
        system().identity()
    comfy.server.start()


# What keeps it from drawing -------------------------------------------------------------------------------------------


def wrong(node: str, message: str, details: str = "") -> dict:
    return {node: {"errors": [{"type": "x", "message": message, "details": details}], "class_type": "?"}}


REFUSED = {
    "a missing model": (wrong("4", "Value not in list", "ckpt_name: 'v1-5' not in []"), "invalid_settings",
                        "node 4 (CheckpointLoaderSimple): Value not in list: ckpt_name"),
    "the prompt alone": (wrong("6", "Value too long"), "invalid_request", "node 6 (CLIPTextEncode)"),
    "the prompt and more": (wrong("6", "x") | wrong("3", "y"), "invalid_settings", "node 3 (KSampler): y"),
    "no word on nodes": ({}, "invalid_settings", "Cannot execute because a node is missing"),
    "errors that are none": ({"4": None, "5": {"errors": 7}}, "invalid_settings", "Cannot execute"),
}  # fmt: skip


@pytest.mark.parametrize(("errors", "outcome", "said"), REFUSED.values(), ids=REFUSED)
def test_a_workflow_that_is_not_run_is_told_with_its_nodes(system, comfy, errors, outcome, said):
    message = {"type": "missing_node_type", "message": "Cannot execute because a node is missing"}
    comfy.submitted = Reply({"error": message, "node_errors": errors}, 400)
    found = drawn(system())
    assert (found.outcome, found.attempt) == (outcome, 1)
    assert said in found.reason
    assert found.provider["provider_code"] == "missing_node_type"


def test_a_workflow_whose_output_alone_is_not_run_is_not_run(system, comfy):
    comfy.submitted = Reply({"prompt_id": "p0", "node_errors": wrong("9", "no images")})
    assert drawn(system()).outcome == "invalid_settings"


ERRORS = {
    "an error of a node": (broken("RuntimeError", "mat1 and mat2"), "failed", 1),
    "no memory": (broken("torch.OutOfMemoryError"), "server_error", 2),
    "interrupted": (broken("", event="execution_interrupted"), "server_error", 2),
    "no messages": ({"outputs": {}, "status": {"status_str": "error", "messages": None}}, "server_error", 2),
    "no output": ({"outputs": {}, "status": {"status_str": "success"}}, "empty", 2),
    "another node's output": ({"outputs": {"1": {"images": [{"filename": "x"}]}}, "status": None}, "empty", 2),
    "odd outputs": ({"outputs": {"9": {"images": [None]}}}, "empty", 2),
}  # fmt: skip


@pytest.mark.parametrize(("entry", "outcome", "attempts"), ERRORS.values(), ids=ERRORS)
def test_what_comes_of_an_execution_is_an_outcome(system, comfy, entry, outcome, attempts):
    comfy.entry = entry
    found = drawn(system(retry={"attempts": 2}))
    assert (found.outcome, found.attempt) == (outcome, attempts)
    if outcome == "failed":
        assert found.reason == "node 3 (KSampler) raised RuntimeError: mat1 and mat2"
        assert outcome not in SETTLED | FATAL


VIEWS = {
    "gone": (Reply(b"", 404), "HTTP 404"),
    "a page": (Reply(b"<html>"), "what was sent"),
    "huge": (Reply(bytes((1 << 26) + 1)), "64 MiB"),
}


@pytest.mark.parametrize(("reply", "said"), VIEWS.values(), ids=VIEWS)
def test_an_image_that_cannot_be_had_is_an_outcome(system, comfy, reply, said):
    comfy.view = reply
    found = drawn(system())
    assert found.outcome == "decode_error"
    assert said in found.reason


SUBMITTED = {
    "wrong key": (Reply({}, 401), "auth"), "no such address": (Reply(b"", 404), "invalid_settings"),
    "leads on": (Reply({}, 302, {"location": "http://127.0.0.1:9/"}), "invalid_settings"),
    "another form": (Reply({"id": 1}), "not_understood"), "broken": (Reply(b"", 500), "server_error"),
    "half a JSON": (Reply(b'{"prompt_id'), "server_error"), "cut": (Reply({"x": "y" * 99}, cut=9), "server_error"),
}  # fmt: skip


@pytest.mark.parametrize(("reply", "outcome"), SUBMITTED.values(), ids=SUBMITTED)
def test_an_odd_answer_to_a_submission_is_an_outcome(system, comfy, reply, outcome):
    comfy.submitted = reply
    assert drawn(system(retry={"attempts": 1})).outcome == outcome


def test_looks_that_are_lost_do_not_draw_a_second_image(system, comfy):
    comfy.history = [Reply(b"", 502), Reply({"x": "y" * 99}, cut=9), Reply(b"", 503)]
    assert drawn(system()).outcome == "ok"
    assert len(comfy.prompts) == 1


def test_a_server_that_was_started_anew_is_asked_again(system, comfy):
    comfy.forgets = True
    found = drawn(system(retry={"attempts": 2}))
    assert (found.outcome, found.attempt) == ("server_error", 2)
    assert "no longer knows of the request" in found.reason


def test_what_is_not_drawn_in_time_is_taken_out_of_the_queue(system, comfy):
    comfy.looks = 10**6
    assert drawn(system(timeout=0.3, retry={"attempts": 1})).outcome == "timeout"
    assert comfy.deleted == ["p0"]


# Workflows ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"slots": SLOTS | {"prompt": "60.text"}}, r"has no node 60\. Name one of .*6\.text"),
        ({"slots": SLOTS | {"prompt": "6.clip"}}, r"has a link at 6\.clip, where a text is to be filled in"),
        ({"slots": SLOTS | {"seed": "3.noise_seed"}}, r"no input 3\.noise_seed that holds a whole number.*3\.seed"),
        ({"slots": SLOTS | {"seed": "6.text"}}, "holds a whole number"),
        ({"output": "99"}, r"has no node 99\. Name one of"),
    ],
)
def test_a_slot_that_is_not_there_is_told_with_those_that_are(system, keys, said):
    with pytest.raises(BadInput, match=said):
        system(**keys).identity()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"nodes": [], "links": []}', r"as the editor keeps it.*Export \(API\)"), ("[]", "no workflow in the format of the API"),
        ('{"1": {"class_type": 3, "inputs": {}}}', "no workflow"), ("{", "is not valid JSON"), ("[" * 9999, "is not valid JSON"),
        (None, "cannot be read"), ("{}", "no workflow"), (" " * ((1 << 24) + 1), "larger than 16 MiB"),
        ('{"6": {"class_type": "x", "inputs": {"text": "a"}}}', "has no node that saves an image"),
        ('{"6": {"class_type": "SaveImage", "inputs": {"text": "a"}}, "7": {"class_type": "SaveImage", "inputs": {}}}',
         "has 2 nodes that save an image. Name the one whose image counts, of 6, 7"),
    ],
    ids=range(10),
)  # fmt: skip
def test_a_file_that_is_no_workflow_is_told_with_the_remedy(system, tmp_path, text, said):
    made = system(slots={"prompt": "6.text"})
    file = tmp_path / "workflow.json"
    file.unlink() if text is None else file.write_text(text)
    with pytest.raises(BadInput, match=said):
        made.identity()


def test_a_declaration_is_checked_and_its_workflow_lies_beside_it(declare, comfy, tmp_path):
    workflow(tmp_path)
    entry = comfy_entry(comfy, Path("workflow.json"))
    assert find_system("flow", declare(flow=entry)).identity().version.startswith("flow@")
    for keys, said in (({"slots": {"prompt": "text"}}, "slots.prompt"), ({"files": {"a": "b"}}, "files")):
        with pytest.raises(BadInput, match=said):
            find_system("flow", declare(flow=entry | keys))
