"""Servers on this machine that speak OpenAI's Images API as gateways and GPU servers do."""

from typing import Any

from tests.systems.hosted.providers import FAST, Provider, Reply, picture, text

RUNS = {"pipeline_class": "ZImagePipeline", "dit_precision": "bf16", "num_inference_steps": 8}


def speak_images(path: str, body: dict) -> Reply:
    """A server that draws, lists its model, says what it runs, and holds a picture to be fetched."""
    if path == "/server":
        return Reply({"runs": RUNS, "created": id(body), "uptime": id(path)})
    if path == "/v1/models":
        return Reply({"object": "list", "data": [{"id": "z-image", "object": "model", "created": 1}]})
    if path.startswith("/files/"):
        return Reply(picture("a nurse"), headers={"content-type": "image/png"})
    return Reply(images_ok({"b64_json": text(picture(body["prompt"]))}))


def images_ok(*entries: Any, **more: Any) -> dict:
    return {"created": 1, "data": list(entries)} | more


def gateway_entry(provider: Provider, **keys: Any) -> dict:
    entry = {
        "kind": "gateway", "model": "z-image", "base_url": f"{provider.url}/v1", "key_variable": "HOUSE_KEY",
        "width": 64, "height": 64, "price": 0.01, "timeout": 20.0, "retry": FAST,
    }  # fmt: skip
    return entry | keys
