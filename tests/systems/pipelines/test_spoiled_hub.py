"""A hub that answers anything at all: a state of its repository, or one clear error."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from mcas_assets.core.errors import BadInput
from mcas_assets.systems.pipelines.hub import look_up
from tests.mutations import spoil_files

COMMIT = "0123456789" * 4
LFS = {"sha256": "0" * 64, "size": 3, "pointerSize": 1}
SIBLINGS = [
    {"rfilename": "model_index.json", "size": 3, "blobId": COMMIT},
    {"rfilename": "unet/a.safetensors", "size": 3, "blobId": COMMIT, "lfs": LFS},
]
FLAGS = {"gated": False, "private": False, "disabled": False, "downloads": 1, "likes": 1, "tags": []}
DATES = dict.fromkeys(("lastModified", "createdAt"), "2026-01-01T00:00:00.000Z")
INFO = json.dumps({"id": "a/b", "modelId": "a/b", "sha": COMMIT, "siblings": SIBLINGS, **FLAGS, **DATES}).encode()


def test_a_spoiled_answer_of_a_hub_is_a_state(tmp_path):
    answer = tmp_path / "answer.json"
    answer.write_bytes(INFO)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answer.read_bytes()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        assert look_up("a/b", endpoint=address).standing == "found"
        for _ in spoil_files([answer], lambda: look_up("a/b", endpoint=address), BadInput):
            pass
    finally:
        server.shutdown()
