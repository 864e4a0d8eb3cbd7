"""The hub asked for what is there now, over its own wire format, and one fingerprint whichever way it is told."""

import hashlib
import json
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.systems.find import find_system, load_systems
from mcas_assets.systems.identity import DigestCache
from mcas_assets.systems.pipelines.hub import look_up, snapshot
from mcas_assets.systems.pipelines.hub_weights import laid_out
from mcas_assets.systems.protocol import Mirrored
from mcas_assets.watch.decide import Decision, Known, Seen, decide
from mcas_assets.watch.look import at_source, look
from tests.systems.pipelines.hub import FIRST, LARGE, SECOND, git_hash

UNET = "unet/diffusion_pytorch_model.safetensors"


def declared(declare: Callable[..., Path], revision: str = FIRST, **keys: object):
    return find_system("tiny", declare(repo="org/tiny", revision=revision, **keys))


def version_of(one: Seen) -> str:
    assert one.identity is not None
    return one.identity.version


# What the hub says


def test_a_repository_is_found_with_its_commit_and_the_metadata_of_its_files(hub, files):
    hub.push(FIRST, files)
    state = look_up("org/tiny")
    assert (state.standing, state.commit, state.reason, state.is_gated) == ("found", FIRST, None, False)
    assert state.last_modified is not None
    assert state.last_modified.year == 2026
    assert state.files[UNET].sha256 == hashlib.sha256(files[UNET]).hexdigest()
    assert state.files["model_index.json"].sha256 is None
    assert state.files["model_index.json"].blob_id == git_hash(files["model_index.json"])
    assert len(hub.asked) == 1, "one request, nothing downloaded"


@pytest.mark.parametrize(
    ("status", "headers", "body", "standing"),
    [
        (404, {"X-Error-Code": "RepoNotFound"}, b"{}", "withdrawn"),
        (401, {"X-Error-Message": "Invalid credentials in Authorization header"}, b"{}", "unreachable"),
        (404, {"X-Error-Code": "RevisionNotFound"}, b"{}", "withdrawn"),
        (403, {"X-Error-Message": "Access to this resource is disabled."}, b"{}", "withdrawn"),
        (200, {}, json.dumps({"id": "org/tiny", "sha": FIRST, "disabled": True}).encode(), "withdrawn"),
        (403, {"X-Error-Code": "GatedRepo"}, b"{}", "gated"),
        (500, {}, b"oh no", "unreachable"),
        (503, {}, b"", "unreachable"),
        (429, {}, b"{}", "unreachable"),
        (200, {}, b"<html>log in to this network</html>", "unreachable"),
        (200, {}, b'{"id": "org/ti', "unreachable"),
        (200, {}, b"[]", "unreachable"),
        (200, {}, b'{"id": "org/tiny", "sha": "main"}', "unreachable"),
        (200, {}, b'{"id": "org/tiny"}', "unreachable"),
        (200, {}, b'{"id": "org/tiny", "sha": "' + FIRST.encode() + b'", "siblings": [{"size": 1}]}', "unreachable"),
    ],
)
def test_what_is_gone_closed_or_silent_is_told_apart(hub, status, headers, body, standing):
    hub.instead = (status, headers, body)
    state = look_up("org/tiny")
    assert (state.standing, state.commit, dict(state.files)) == (standing, None, {})
    assert state.reason


def test_a_hub_that_does_not_listen_is_unreachable_and_so_is_one_that_is_not_to_be_asked(hub, monkeypatch):
    assert look_up("org/tiny", endpoint="http://127.0.0.1:9").standing == "unreachable"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert look_up("org/tiny").standing == "unreachable"
    assert hub.asked == []


def test_terms_that_hide_only_the_files_are_noted(hub, files):
    hub.push(FIRST, files)
    hub.gated = "manual"
    assert (look_up("org/tiny").standing, look_up("org/tiny").is_gated) == ("found", True)


def test_a_name_that_none_can_have_is_bad_input(hub):
    with pytest.raises(BadInput, match="is no name of a repository"):
        look_up("org/tiny/unet")


# One fingerprint


def test_metadata_cache_and_hashing_agree(hub, files, pipeline, declare):
    hub.push(FIRST, files)
    by_hashing = find_system("tiny", declare(path="tiny")).identity()
    _, by_metadata = declared(declare).upstream()
    assert by_metadata == by_hashing
    assert declared(declare).identity() == by_hashing


def test_of_weights_nothing_is_downloaded_and_of_what_is_in_the_cache_nothing_at_all(hub, files, declare):
    hub.push(FIRST, files)
    declared(declare).upstream()
    assert not [path for path in hub.asked if path.endswith(LARGE)]
    declared(declare).identity()
    hub.asked.clear()
    declared(declare).upstream()
    assert [path for path in hub.asked if "/resolve/" in path] == []


def test_a_readme_touches_the_repository_and_not_the_weights(hub, files, declare):
    hub.push(FIRST, files)
    system = declared(declare)
    before = system.identity()
    hub.push(SECOND, files | {"README.md": b"better words"})
    state, identity = system.upstream()
    assert (state.commit, identity) == (SECOND, before)
    assert system.upstream(FIRST)[0].commit == FIRST


@pytest.mark.parametrize("name", [UNET, "scheduler/scheduler_config.json", "tokenizer/tokenizer_config.json"])
def test_one_changed_byte_of_what_is_loaded_shows_upstream_and_is_the_version_it_becomes(hub, files, declare, name):
    hub.push(FIRST, files)
    system = declared(declare)
    before = system.identity()
    data = bytearray(files[name])
    if name == UNET:
        data[-1] ^= 1
    else:
        data += b" "
    hub.push(SECOND, files | {name: bytes(data)})
    _, told = system.upstream()
    assert told.document["weights"] != before.document["weights"]
    assert told.version != before.version
    assert declared(declare, revision=SECOND).identity() == told


def test_variant_and_checker_are_weighed_as_they_are_declared(hub, files, declare):
    hub.push(FIRST, files | {UNET.replace(".safe", ".fp16.safe"): files[UNET]})
    for keys in ({}, {"variant": "fp16"}, {"safety_checker": "none"}):
        system = declared(declare, **keys)
        assert system.upstream()[1] == system.identity()


def test_a_repository_that_is_gone_has_a_state_and_no_identity_and_what_was_audited_stays(hub, files, declare):
    hub.push(FIRST, files)
    before = declared(declare).identity()
    hub.instead = (404, {"X-Error-Code": "RepoNotFound"}, b"{}")
    state, identity = declared(declare).upstream()
    assert (state.standing, identity) == ("withdrawn", None)
    assert declared(declare).identity() == before, "from the cache"
    with pytest.raises(ValueError, match="nothing to lay out"), laid_out(state):
        pass


def test_a_folder_has_no_upstream(pipeline, declare):
    system = find_system("tiny", declare(path="tiny"))
    assert isinstance(system, Mirrored)
    assert system.upstream() is None


def test_a_repository_without_what_could_be_loaded_is_refused_by_its_own_name(hub, files, declare):
    hub.push(FIRST, {name: data for name, data in files.items() if name != UNET} | {"unet/model.bin": b"x"})
    with pytest.raises(BadInput, match=rf"^org/tiny@{FIRST[:12]}/unet.*only as a pickle"):
        declared(declare).upstream()


def test_a_small_file_that_is_not_what_its_metadata_says_is_refused(hub, files):
    hub.push(FIRST, files)
    state = look_up("org/tiny")
    hub.commits[FIRST] = files | {"model_index.json": files["model_index.json"] + b" "}
    with (
        pytest.raises(BadInput, match=r"model_index.json (is not what the hub's metadata says|cannot be had)"),
        laid_out(state),
    ):
        pass


# What the client noted is not believed: the bytes are read


def test_a_weight_flipped_in_the_hubs_cache_or_in_a_download_makes_another_version(hub, files, tmp_path, declare):
    from huggingface_hub import snapshot_download

    hub.push(FIRST, files)
    cached = snapshot("org/tiny", FIRST, ["*/*"]) / UNET
    folder = Path(snapshot_download("org/tiny", revision=FIRST, local_dir=tmp_path / "local"))
    before = find_system("tiny", declare(path=str(folder))).identity()
    assert before == find_system("tiny", declare(path="tiny")).identity()
    for file in (cached, folder / UNET):
        status, data = file.stat(), bytearray(file.read_bytes())
        data[-1] ^= 1
        file.write_bytes(data)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert DigestCache().sha256(file) == hashlib.sha256(data).hexdigest()
    assert find_system("tiny", declare(path=str(folder))).identity() != before


# What a watch makes of it


def test_a_watched_branch_is_another_version_when_its_weights_move_and_only_touched_when_its_readme_does(
    hub, files, declare
):
    hub.push(FIRST, files)
    path = declare(repo="org/tiny", revision=FIRST, watch="main", audits=["gender"])
    find = partial(find_system, path=path)

    def seen(known: Known) -> tuple[Seen, Decision]:
        hub.asked.clear()
        (one,) = look(load_systems(path), find, ["gender"], {}, {})
        assert not [path for path in hub.asked if path.endswith(LARGE)], (
            "weights are downloaded by the audit, not by a look"
        )
        return one, decide([one], known)

    first, decision = seen(Known())
    version = version_of(first)
    assert first.source == {"repo": "org/tiny", "revision": FIRST}
    assert [one.system_version for one in decision.request] == [version]

    known = Known(frozenset([version]), frozenset([("gender", version)]), states={"tiny": decision.states[0]})
    hub.push(SECOND, files | {"README.md": b"better words"})
    _, touched = seen(known)
    assert touched.request == ()
    assert touched.notes[0] == f"tiny: touched, weights same: {FIRST[:12]} to {SECOND[:12]}"

    third = "3" * 40
    hub.push(third, files | {UNET: files[UNET][:-1] + bytes([files[UNET][-1] ^ 1])})
    moved, decision = seen(known)
    assert version_of(moved) != version
    assert [one.system_version for one in decision.request] == [version_of(moved)]
    # Each version stands for its own commit, whatever the branch points to by now.
    for one, commit in ((first, FIRST), (moved, third)):
        assert one.source["revision"] == commit
        assert at_source(find, "tiny", one.source).identity() == one.identity

    hub.instead = (404, {"X-Error-Code": "RepoNotFound"}, b"{}")
    gone, decision = seen(replace(known, states={"tiny": decision.states[0]}))
    assert (gone.state, decision.states[0].state, decision.states[0].revision) == ("withdrawn", "withdrawn", third)
    assert decision.request == ()


def test_no_token_follows_where_a_hub_leads(hub, monkeypatch):
    """Another name of the same machine is another host to a client, as it is to a browser."""
    told: list[tuple[str, str | None]] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.append((self.path, self.headers["Authorization"]))
            self.send_response(404)
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            pass

    other = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    token = "hf_" + "q7Zx" * 9
    monkeypatch.setenv("HF_TOKEN", token)
    try:
        hub.instead = (302, {"Location": f"http://localhost:{other.server_port}/stolen"}, b"")
        assert look_up("org/tiny", endpoint=hub.url).standing in ("withdrawn", "unreachable")
        with pytest.raises(BadInput) as refused:
            snapshot("org/tiny", FIRST, ["*.json"])
    finally:
        other.shutdown()
        other.server_close()
    assert told
    assert {key for _, key in told} == {None}
    assert token not in str(refused.value)
