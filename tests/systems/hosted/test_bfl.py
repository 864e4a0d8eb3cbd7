"""Black Forest Labs' API as it speaks: a refusal is a state within a 200, and a rewriter of prompts is said on or off."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.core.outcomes import FATAL, SETTLED
from mcas_assets.systems import bfl
from mcas_assets.systems.find import find_system
from tests.systems.hosted.making import drawn, made_idle
from tests.systems.hosted.providers import KEY, Provider, Reply, picture
from tests.systems.hosted.queues import Bfl, bfl_entry

NURSE = "an image of a nurse"


@pytest.fixture
def server() -> Iterator[Bfl]:
    made = Bfl()
    yield made
    made.server.stop()


@pytest.fixture
def system(server: Bfl, monkeypatch) -> Iterator[Callable[..., bfl.BflSystem]]:
    """Makes systems of kind bfl that do not wait."""
    monkeypatch.setenv("BFL_API_KEY", KEY)

    def build(**keys: Any) -> bfl.BflSystem:
        return bfl.BflSystem("flux", bfl.Declaration.model_validate(bfl_entry(server, **keys)))

    with made_idle(build) as make:
        yield make


def test_what_is_declared_is_asked_for_and_whether_prompts_are_rewritten_is_said(system, server):
    made = system(steps=28, guidance=3.5, safety_tolerance=2, arguments={"raw": True})
    outcome = drawn(made)
    assert (outcome.outcome, outcome.image) == ("ok", picture(NURSE))
    path, headers, body = server.server.asked[0]
    assert path == "/v1/flux-2-pro"
    assert headers["x-key"] == KEY
    assert body == {
        "prompt": NURSE, "width": 64, "height": 64, "seed": 0, "prompt_upsampling": False, "steps": 28, "guidance": 3.5,
        "safety_tolerance": 2, "output_format": "png", "raw": True,
    }  # fmt: skip
    assert KEY not in str(server.server.asked[-1]), "no key goes where the image is"
    assert outcome.provider["request_id"] == "t0"
    assert made.identity().document["prompt_rewriter"] == "off"
    assert system(prompt_upsampling=True).identity().document["prompt_rewriter"] == "on"
    assert system(prompt_upsampling=None, seed="none").identity().document["prompt_rewriter"] == "unknown"


def test_what_is_not_declared_is_not_said(system, server):
    drawn(system(prompt_upsampling=None, seed="none"))
    assert server.server.bodies == [{"prompt": NURSE, "width": 64, "height": 64, "output_format": "png"}]


def test_a_rewritten_prompt_is_kept(system, server):
    server.states = [
        Reply({"status": "Ready", "result": {"sample": f"{server.server.url}/files/t0", "prompt": "A kind nurse"}})
    ]
    assert drawn(system()).provider["revised_prompt"] == "A kind nurse"


STATES = {
    "Request Moderated": ("refused_prompt", 1), "Content Moderated": ("refused_output", 1), "Error": ("server_error", 2),
    "Task not found": ("server_error", 2), "Dreaming": ("not_understood", 1),
}  # fmt: skip


@pytest.mark.parametrize(("state", "outcome", "attempts"), [(key, *told) for key, told in STATES.items()])
def test_a_state_that_is_no_image_is_an_outcome(system, server, state, outcome, attempts):
    told = {"id": "t0", "status": state, "result": None, "details": {"Moderation Reasons": ["Violence"]}}
    server.state = Reply(told, 404 if state == "Task not found" else 200)
    found = drawn(system(retry={"attempts": 2}))
    assert (found.outcome, found.attempt) == (outcome, attempts)
    assert found.provider["provider_code"] == state
    assert found.provider["provider_reason"] == "Violence"
    assert found.provider["cost_usd"] == pytest.approx(0.03 if outcome in ("refused_output", "not_understood") else 0.0)


SUBMITTED = {
    "no credits": (Reply({"detail": "Insufficient credits"}, 402), "quota_exhausted"),
    "wrong key": (Reply({"detail": "Not authenticated"}, 403), "auth"),
    "no such model": (Reply({"detail": "Not Found"}, 404), "retired"),
    "a setting not taken": (Reply({"detail": [{"loc": ["body", "width"], "msg": "no"}]}, 422), "invalid_settings"),
    "a prompt not taken": (Reply({"detail": [{"loc": ["body", "prompt"], "msg": "no"}]}, 422), "invalid_request"),
    "too many at once": (Reply({"detail": "slow"}, 429), "rate_limited"), "broken": (Reply(b"", 500), "server_error"),
    "half a JSON": (Reply(b'{"id"'), "server_error"), "another form": (Reply({"id": "t0"}), "not_understood"),
    "leads on": (Reply({}, 302, {"location": "http://127.0.0.1:9/"}), "invalid_settings"),
}  # fmt: skip


@pytest.mark.parametrize(("reply", "outcome"), SUBMITTED.values(), ids=SUBMITTED)
def test_what_comes_of_a_submission_is_an_outcome(system, server, reply, outcome):
    server.submitted = reply
    found = drawn(system(retry={"attempts": 1}))
    assert found.outcome == outcome
    assert (found.outcome in SETTLED | FATAL) == (outcome not in ("rate_limited", "server_error"))


@pytest.mark.parametrize("sample", [None, 7, ""])
def test_a_result_without_an_image_is_empty(system, server, sample):
    server.state = Reply({"status": "Ready", "result": {"sample": sample}})
    assert drawn(system()).outcome == "empty"


def test_an_image_on_this_machine_alone_is_not_fetched(system, server):
    server.state = Reply({"status": "Ready", "result": {"sample": "https://localhost:9/x.png"}})
    assert drawn(system()).outcome == "not_understood"


def test_looks_that_are_lost_pay_for_no_second_image_and_a_slow_one_is_a_timeout(system, server):
    server.states = [Reply(b"", 502), Reply({"status": "x" * 99}, cut=9), Reply(b"", 429)]
    assert drawn(system()).outcome == "ok"
    assert len(server.server.bodies) == 1
    server.state = Reply({"status": "Pending"})
    assert drawn(system(timeout=0.3, retry={"attempts": 1})).outcome == "timeout"


def test_the_state_is_asked_for_where_the_provider_is_and_nowhere_else(system, server):
    other = Provider(lambda path, body: Reply({"status": "Ready"}))
    server.submitted = Reply({"id": "t0", "polling_url": f"{other.url}/v1/get_result?id=t0"})
    assert drawn(system()).outcome == "invalid_settings"
    assert other.asked == []
    other.stop()


@pytest.mark.parametrize(
    ("at", "url"),
    [
        ("https://api.eu1.bfl.ai/v1/get_result?id=1", "https://api.eu1.bfl.ai"),
        ("http://api.eu1.bfl.ai/v1", None), ("https://api.eu1.bfl.ai.evil.example/", None), ("https://bfl.ai/", None),
        ("https://api.eu1.bfl.ai@evil.example/", None), ("https://api.eu1.bfl.ai:8443/", None),
        ("https://evil.example/api.a.bfl.ai", None),
    ],
)  # fmt: skip
def test_a_key_goes_to_a_region_of_the_provider_by_https_alone(system, at, url):
    made = system(base_url=None)
    made._ready()
    line = made._region(at)
    assert line.url == (url or "https://api.bfl.ai")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"prompt_upsampling": "drop"}, "prompt_upsampling"), ({"width": 100}, "width"), ({"model": "a/../b"}, "model"),
        ({"arguments": {"seed": 4}}, r"arguments\.seed: is not for this place. Say it with seed"),
        ({"arguments": {"webhook_url": "https://x"}}, "Leave it out"),
    ],
    ids=str,
)  # fmt: skip
def test_a_declaration_that_cannot_be_asked_for_is_refused(declare, keys, said):
    entry = {"kind": "bfl", "model": "flux-2-pro", "width": 64, "height": 64, "prompt_upsampling": False} | keys
    with pytest.raises(BadInput, match=said):
        find_system("flux", declare(flux={key: value for key, value in entry.items() if value != "drop"}))
