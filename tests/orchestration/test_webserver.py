"""What any other page may send to `mcas ui`, sent by real HTTP: none of it reads, starts or changes anything."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from mcas_assets.orchestration.instance import open_instance
from tests.core.test_tether import is_gone
from tests.served import serving

pytestmark = pytest.mark.timeout(600)
ADD = """mutation { addDynamicPartition(partitionsDefName: "system_version", partitionKey: "evil@000000000000",
  repositorySelector: {repositoryName: "__repository__", repositoryLocationName: "mcas_assets"}) { __typename } }"""
DELETE = """mutation { deleteDynamicPartitions(partitionsDefName: "system_version", partitionKeys: ["phantom@000000000000"],
  repositorySelector: {repositoryName: "__repository__", repositoryLocationName: "mcas_assets"}) { __typename } }"""
VERSION = "phantom@000000000000"
JSON = {"Content-Type": "application/json"}


def ask(address: str, path: str = "/graphql", headers: dict[str, str] | None = None, data: bytes | None = None):
    """(status, body) of a request that a browser, or anything else, may send."""
    request = urllib.request.Request(address + path, data, headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def graphql(address: str, query: str):
    status, body = ask(address, headers=JSON, data=json.dumps({"query": query}).encode())
    assert status == 200, body
    return json.loads(body)["data"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose history holds one version."""
    made = tmp_path_factory.mktemp("webserver")
    with open_instance(made) as instance:
        instance.add_dynamic_partitions("system_version", [VERSION])
    return made


def versions(home: Path) -> set[str]:
    """What the history holds, read past the server."""
    with open_instance(home) as instance:
        return set(instance.get_dynamic_partitions("system_version"))


@pytest.fixture(scope="module")
def ui(home) -> Iterator[str]:
    with serving(home) as (address, _):
        yield address


@pytest.fixture(scope="module")
def writable(home) -> Iterator[str]:
    with serving(home, "--write") as (address, _):
        yield address


WATCH = """{ instance { daemonHealth { allDaemonStatuses { lastHeartbeatTime } } }
  sensorsOrError(repositorySelector: {repositoryName: "__repository__", repositoryLocationName: "mcas_assets"}) {
    ... on Sensors { results { name sensorState { status } } } }
  schedulesOrError(repositorySelector: {repositoryName: "__repository__", repositoryLocationName: "mcas_assets"}) {
    ... on Schedules { results { name scheduleState { status } } } } }"""


def test_looking_runs_no_daemon_and_switches_nothing_on(ui):
    found = graphql(ui, WATCH)
    assert {one["lastHeartbeatTime"] for one in found["instance"]["daemonHealth"]["allDaemonStatuses"]} == {None}
    sensors, schedules = found["sensorsOrError"]["results"], found["schedulesOrError"]["results"]
    assert [(one["name"], one["sensorState"]["status"]) for one in sensors] == [("watch", "STOPPED")]
    assert [(one["name"], one["scheduleState"]["status"]) for one in schedules] == [("canary_weekly", "STOPPED")]


ATTACKS = {
    "a link or an image": lambda query: ("?query=" + quote(query), {}, None),
    "a link whose page is asked for": lambda query: ("?query=" + quote(query), {"Accept": "text/html"}, None),
    "a rebound name": lambda query: ("", {**JSON, "Host": "evil.example"}, json.dumps({"query": query}).encode()),
    "another page's script": lambda query: ("", {**JSON, "Origin": "http://evil.example"}, json.dumps({"query": query}).encode()),
    "a sandboxed frame": lambda query: ("", {**JSON, "Origin": "null"}, json.dumps({"query": query}).encode()),
    "a form": lambda query: ("?query=" + quote(query), {"Content-Type": "application/x-www-form-urlencoded"}, b"a=b"),
    "a form with files": lambda query: ("?query=" + quote(query), {"Content-Type": "multipart/form-data; boundary=x"}, b"--x--"),
    "a form of text": lambda query: ("", {"Content-Type": "text/plain; application/json"}, json.dumps({"query": query}).encode()),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_other_page_adds_or_deletes_a_version(writable, home, attack):
    for query in (DELETE, ADD):
        query_string, headers, data = ATTACKS[attack](query)
        status, body = ask(writable, "/graphql" + query_string, headers, data)
        assert status in (403, 405, 415, 421), body
        assert "__typename" not in body
    assert versions(home) == {VERSION}


def test_no_other_page_reports_an_asset_as_made(writable):
    for path in ("/report_asset_materialization/phantom/scores", "/report_asset_check/phantom/scores?passed=1"):
        assert ask(writable, path, {"Content-Type": "text/plain"}, b"{}")[0] == 415
        assert ask(writable, path, {**JSON, "Origin": "http://evil.example"}, b"{}")[0] == 403


def test_a_websocket_of_another_page_is_refused(writable):
    told = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol": "graphql-ws"}  # fmt: skip
    host, port = writable.removeprefix("http://").split(":")
    for origin, status in (("http://evil.example", b"403"), (writable, b"101")):
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**told, "Origin": origin}.items())
        with socket.create_connection((host, int(port)), timeout=30) as line:
            line.sendall(f"GET /graphql HTTP/1.1\r\nHost: {host}:{port}\r\n{lines}\r\n".encode())
            assert line.recv(64).split()[1] == status


def test_without_write_nothing_can_be_changed_by_anyone(ui, home):
    assert graphql(ui, DELETE)["deleteDynamicPartitions"]["__typename"] == "UnauthorizedError"
    assert graphql(ui, ADD)["addDynamicPartition"]["__typename"] == "UnauthorizedError"
    status, body = ask(ui, "/report_asset_materialization/phantom/scores", JSON, b"{}")
    assert status != 200, body
    assert versions(home) == {VERSION}


def test_an_address_that_others_reach_wants_the_token_that_is_printed(home):
    with serving(home, "--host", "0.0.0.0") as (address, printed):
        assert "warning: other machines reach 0.0.0.0" in printed
        shown = next(word for word in printed.split() if "?token=" in word)
        assert ask(address, "/server_info")[0] == 401
        bearer = {"Authorization": f"Bearer {shown.partition('?token=')[2]}"}
        assert ask(address, "/server_info", bearer)[0] == 200
        assert ask(address, "/server_info", {**bearer, "Host": "evil.example"})[0] == 421


def run_ui(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mcas_assets", "ui", *options],
        env={**os.environ, "MCAS_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_port_that_is_taken_is_told_before_anything_starts(home):
    with socket.create_server(("127.0.0.1", 0)) as other:
        done = run_ui(home, "--port", str(other.getsockname()[1]))
    assert done.returncode == 2
    assert "cannot be listened on" in done.stderr


def test_looking_at_a_home_that_holds_nothing_makes_nothing(tmp_path):
    done = run_ui(tmp_path / "home")
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "holds no history yet" in done.stderr


def test_its_own_page_changes_what_the_person_asks_for_where_writing_was_asked_for(writable, home):
    assert graphql(writable, ADD)["addDynamicPartition"]["__typename"] == "AddDynamicPartitionSuccess"
    assert versions(home) == {VERSION, "evil@000000000000"}


@pytest.mark.skipif(sys.platform != "linux", reason="children are found in /proc")
def test_ctrl_c_while_the_definitions_load_ends_within_seconds_and_leaves_nothing(home):
    words = [sys.executable, "-m", "mcas_assets", "ui", "--port", "0"]
    env = {**os.environ, "MCAS_HOME": str(home)}
    with subprocess.Popen(words, env=env, stderr=subprocess.PIPE, text=True) as looking:
        children = Path(f"/proc/{looking.pid}/task/{looking.pid}/children")
        while not (started := children.read_text().split()):  # the code server, which takes seconds to load
            assert looking.poll() is None
        looking.send_signal(signal.SIGINT)
        _, said = looking.communicate(timeout=60)
    assert looking.returncode == 130
    assert said == "interrupted; the same command goes on from here\n"
    assert all(is_gone(int(child)) for child in started)
