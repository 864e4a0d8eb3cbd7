"""Servers on this machine that draw by a queue: fal's, in whose answers a test can change whatever it likes."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from tests.systems.hosted.providers import FAST, Provider, Reply, picture

MODEL = "fal-ai/flux/dev"


class Fal:
    """A queue of one server.

    Attributes:
        looks: So often a request is not complete when it is looked at.
        submitted, state, result, file: Answered in place of what would be, if given.
    """

    def __init__(self) -> None:
        self.looks = 2
        self.submitted: Reply | None = None
        self.state: Reply | None = None
        self.result: Reply | Callable[[dict], Reply] | None = None
        self.file: Reply | None = None
        self.cancelled: list[str] = []
        self._asked: dict[str, dict] = {}
        self._looked: dict[str, int] = {}
        self.server = Provider(self._speak)

    def _speak(self, path: str, body: dict) -> Reply:
        if body:
            return self.submitted or self._queued(body)
        if path.startswith("/files/"):
            return self.file or Reply(picture(self._asked[path.split("/")[2]]["prompt"]))
        number, _, what = path.removeprefix("/fal-ai/flux/requests/").partition("/")
        if what == "cancel":
            self.cancelled.append(number)
            return Reply({"status": "CANCELLATION_REQUESTED"}, 202)
        if what == "status":
            return self.state or self._state(number)
        if isinstance(self.result, Reply):
            return self.result
        return self.result(self._asked[number]) if self.result else Reply(self.ok(number))

    def _queued(self, body: dict) -> Reply:
        number = f"r{len(self._asked)}"
        self._asked[number] = body
        at = f"{self.server.url}/fal-ai/flux/requests/{number}"
        urls = {"status_url": f"{at}/status", "response_url": at, "cancel_url": f"{at}/cancel"}
        return Reply({"request_id": number, "status": "IN_QUEUE", "queue_position": 0} | urls)

    def _state(self, number: str) -> Reply:
        self._looked[number] = self._looked.get(number, 0) + 1
        if self._looked[number] > self.looks:
            return Reply({"status": "COMPLETED", "request_id": number})
        return Reply({"status": "IN_QUEUE" if self._looked[number] == 1 else "IN_PROGRESS"}, 202)

    def ok(self, number: str, **more: Any) -> dict:
        asked = self._asked[number]
        image = {"url": f"{self.server.url}/files/{number}", "content_type": "image/png", "width": 64, "height": 64}
        told = {
            "images": [image],
            "seed": asked.get("seed", 7),
            "has_nsfw_concepts": [False],
            "prompt": asked["prompt"],
        }
        return told | {"timings": {"inference": 0.2}} | more

    @property
    def submissions(self) -> list[dict]:
        return self.server.bodies


@contextmanager
def fal_queue() -> Generator[Fal]:
    made = Fal()
    yield made
    made.server.stop()


def fal_entry(queue: Fal, **keys: Any) -> dict:
    entry = {
        "kind": "fal", "model": MODEL, "base_url": queue.server.url, "width": 64, "height": 64, "steps": 28, "price": 0.02,
        "timeout": 20.0, "retry": FAST,
    }  # fmt: skip
    return entry | keys


class Bfl:
    """Black Forest Labs' API of one server.

    Attributes:
        looks: So often a request is not ready when it is looked at.
        submitted, state: Answered in place of what would be, if given; `states` before that, one after the other.
    """

    def __init__(self) -> None:
        self.looks = 2
        self.submitted: Reply | None = None
        self.state: Reply | None = None
        self.states: list[Reply] = []
        self._asked: dict[str, dict] = {}
        self._looked = 0
        self.server = Provider(self._speak)

    def _speak(self, path: str, body: dict) -> Reply:
        if body:
            number = f"t{len(self._asked)}"
            self._asked[number] = body
            at = f"{self.server.url}/v1/get_result?id={number}"
            return self.submitted or Reply({"id": number, "polling_url": at, "cost": 3.0})
        if path.startswith("/files/"):
            return Reply(picture(self._asked[path.split("/")[2]]["prompt"]))
        self._looked += 1
        if self.states:
            return self.states.pop(0)
        number = path.rpartition("=")[2]
        return self.state or Reply(
            self.ready(number) if self._looked > self.looks else {"id": number, "status": "Pending"}
        )

    def ready(self, number: str, **more: Any) -> dict:
        asked = self._asked[number]
        told = {"sample": f"{self.server.url}/files/{number}", "prompt": asked["prompt"], "seed": asked.get("seed", 3)}
        return {"id": number, "status": "Ready", "result": told | more}


def bfl_entry(bfl: Bfl, **keys: Any) -> dict:
    entry = {
        "kind": "bfl", "model": "flux-2-pro", "base_url": bfl.server.url, "width": 64, "height": 64, "prompt_upsampling": False,
        "price": 0.03, "timeout": 20.0, "retry": FAST,
    }  # fmt: skip
    return entry | keys
