"""Replicate's predictions as they speak: made once, looked at until they end, and every way of no image told apart."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.core.outcomes import FATAL, SETTLED
from mcas_assets.systems import replicate
from mcas_assets.systems.find import find_system
from tests.systems.hosted.making import drawn, made_idle
from tests.systems.hosted.providers import FAST, KEY, Provider, Reply, picture, text

NURSE = "an image of a nurse"
VERSION = "ab" * 32


class Predictions:
    """A server that draws after some looks; `made`, `ended`: answered in place of what would be; `looked`: before that."""

    def __init__(self) -> None:
        self.looks, self.count = 2, 0
        self.made: Reply | None = None
        self.ended: dict | None = None
        self.looked: list[Reply] = []
        self.cancelled: list[str] = []
        self.server = Provider(self._speak)

    def _speak(self, path: str, body: dict) -> Reply:
        if path.endswith("/cancel"):
            self.cancelled.append(path)
            return Reply({"status": "canceled"})
        if body:
            at = f"{self.server.url}/v1/predictions/p0"
            return self.made or Reply(
                {"id": "p0", "status": "starting", "urls": {"get": at, "cancel": f"{at}/cancel"}}, 201
            )
        if path.startswith("/files/"):
            return Reply(picture(NURSE))
        if path.startswith("/v1/models/"):
            return Reply({"id": VERSION} if "/versions/" in path else {"latest_version": {"id": "cd" * 32}})
        if self.looked:
            return self.looked.pop(0)
        self.count += 1
        if self.count <= self.looks:
            return Reply({"id": "p0", "status": "processing"})
        done = {"status": "succeeded", "output": [f"{self.server.url}/files/0.png"], "metrics": {"predict_time": 2.5}}
        return Reply({"id": "p0", "version": VERSION} | (self.ended or done))


@pytest.fixture
def server() -> Iterator[Predictions]:
    made = Predictions()
    yield made
    made.server.stop()


@pytest.fixture
def system(server: Predictions, monkeypatch) -> Iterator[Callable[..., replicate.ReplicateSystem]]:
    """Makes systems of kind replicate that do not wait."""
    monkeypatch.setenv("REPLICATE_API_TOKEN", KEY)

    def build(**keys: Any) -> replicate.ReplicateSystem:
        entry = {
            "kind": "replicate", "model": "acme/painter", "version": VERSION, "base_url": f"{server.server.url}/v1", "width": 64,
            "height": 64, "price": 0.01, "timeout": 20.0, "retry": FAST,
        } | keys  # fmt: skip
        return replicate.ReplicateSystem("painter", replicate.Declaration.model_validate(entry))

    with made_idle(build) as make:
        yield make


def test_a_version_is_asked_for_what_is_declared(system, server):
    outcome = drawn(system(arguments={"num_inference_steps": 28, "guidance": None}))
    assert (outcome.outcome, outcome.image) == ("ok", picture(NURSE))
    path, headers, body = server.server.asked[0]
    assert path == "/v1/predictions"
    assert headers["authorization"] == f"Bearer {KEY}"
    wanted = {"prompt": NURSE, "width": 64, "height": 64, "seed": 0, "num_inference_steps": 28}
    assert body == {"version": VERSION, "input": wanted}
    assert KEY not in str(server.server.asked[-1]), "no key goes where the image is"
    assert (outcome.provider["model_reported"], outcome.provider["usage"]) == (VERSION, {"predict_time": 2.5})


def test_an_official_model_is_asked_by_its_name_and_says_which_version_answered(system, server):
    made = system(version=None, size_as="unsaid", seed="none")
    assert drawn(made).provider["model_reported"] == VERSION
    assert server.server.asked[0][0] == "/v1/models/acme/painter/predictions"
    assert server.server.bodies == [{"input": {"prompt": NURSE}}]
    assert made.probe().reported_version == "cd" * 32
    assert system().probe().reported_version == VERSION
    assert made.identity() != system().identity()


@pytest.mark.parametrize("form", ["text", "data URL"])
def test_an_output_is_taken_in_every_form(system, server, form):
    data = f"data:image/png;base64,{text(picture(NURSE))}"
    server.ended = {"status": "succeeded", "output": f"{server.server.url}/files/0.png" if form == "text" else [data]}
    assert drawn(system()).image == picture(NURSE)


ENDS = {
    "flagged": ({"status": "failed", "error": "The input or output was flagged as sensitive. (E005)"}, "refused_output", 1),
    "flagged prompt": ({"status": "failed", "error": "NSFW content detected in prompt"}, "refused_prompt", 1),
    "flagged image": ({"status": "failed", "error": "NSFW content detected. Try running it again."}, "refused_output", 1),
    "an error": ({"status": "failed", "error": "list index out of range"}, "failed", 1),
    "no memory": ({"status": "failed", "error": "CUDA out of memory"}, "server_error", 2),
    "cancelled": ({"status": "canceled"}, "server_error", 2), "no state": ({"status": None}, "not_understood", 1),
    "another state": ({"status": "dreaming"}, "not_understood", 1),
    "no output": ({"status": "succeeded", "output": None}, "empty", 2),
    "an empty list": ({"status": "succeeded", "output": []}, "empty", 2),
    "words": ({"status": "succeeded", "output": ["a", "b"]}, "not_understood", 1),
    "a mapping": ({"status": "succeeded", "output": {"image": "x"}}, "not_understood", 1),
    "on this machine alone": ({"status": "succeeded", "output": "https://10.0.0.1/x.png"}, "not_understood", 1),
}  # fmt: skip


@pytest.mark.parametrize(("ended", "outcome", "attempts"), ENDS.values(), ids=ENDS)
def test_how_a_prediction_ends_is_an_outcome(system, server, ended, outcome, attempts):
    server.ended = ended
    found = drawn(system(retry={"attempts": 2}))
    assert (found.outcome, found.attempt) == (outcome, attempts)
    assert found.reason


MADE = {
    "wrong key": (Reply({"title": "Unauthenticated", "detail": "no", "status": 401}, 401), "auth"),
    "no money": (Reply({"title": "Insufficient credit", "detail": "no", "status": 402}, 402), "quota_exhausted"),
    "no such version": (Reply({"detail": "The requested resource could not be found."}, 404), "retired"),
    "a setting not taken": (Reply({"detail": "- input.width: Must be less than 1440"}, 422), "invalid_settings"),
    "a prompt not taken": (Reply({"detail": "- input.prompt: too long"}, 422), "invalid_request"),
    "too many": (Reply({"detail": "slow"}, 429, {"retry-after": "1"}), "rate_limited"), "broken": (Reply(b"", 500), "server_error"),
    "half a JSON": (Reply(b'{"id"', 201), "server_error"), "another form": (Reply({"id": "p0"}, 201), "not_understood"),
    "leads on": (Reply({}, 307, {"location": "http://127.0.0.1:9/"}), "invalid_settings"),
}  # fmt: skip


@pytest.mark.parametrize(("reply", "outcome"), MADE.values(), ids=MADE)
def test_what_comes_of_asking_is_an_outcome(system, server, reply, outcome):
    server.made = reply
    found = drawn(system(retry={"attempts": 1}))
    assert found.outcome == outcome
    assert (found.outcome in SETTLED | FATAL) == (outcome not in ("rate_limited", "server_error"))


def test_looks_that_are_lost_pay_for_no_second_image(system, server):
    server.looked = [Reply(b"", 502), Reply({"status": "x" * 99}, cut=9), Reply(b"", 429)]
    assert drawn(system()).outcome == "ok"
    assert len(server.server.bodies) == 1


def test_what_is_not_drawn_in_time_is_cancelled(system, server):
    server.looks = 10**6
    assert drawn(system(timeout=0.3, retry={"attempts": 1})).outcome == "timeout"
    assert server.cancelled == ["/v1/predictions/p0/cancel"]


def test_the_key_does_not_go_to_another_host(system, server):
    other = Provider(lambda path, body: Reply({"status": "succeeded"}))
    server.made = Reply({"id": "p0", "urls": {"get": f"{other.url}/p0"}}, 201)
    assert drawn(system()).outcome == "invalid_settings"
    assert other.asked == []
    other.stop()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"version": "latest"}, "version"), ({"model": "painter"}, "model"),
        ({"arguments": {"prompt": "x"}}, "Leave it out: the audit"),
        ({"arguments": {"seed": 4}}, r"arguments\.seed: is not for this place. Say it with seed"),
    ],
    ids=str,
)  # fmt: skip
def test_a_declaration_that_cannot_be_asked_for_is_refused(declare, keys, said):
    entry = {"kind": "replicate", "model": "acme/painter", "width": 64, "height": 64} | keys
    with pytest.raises(BadInput, match=said):
        find_system("painter", declare(painter=entry))
